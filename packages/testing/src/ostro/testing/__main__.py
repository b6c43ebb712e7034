"""Run tests: `python -m ostro.testing NAME...`."""

from . import main

if __name__ == "__main__":
    main()
