"""`python -m ostro.autoreload`: see `main`."""

from ._command import main

main()
