"""Compile modules in place: `compile_setup.py OPT_LEVEL FILE...`, run by `compiled` in a copy of
the source.
"""

import sys

from mypyc.build import mypycify
from setuptools import setup  # type: ignore[import-untyped]  # it has no types

MYPY_OPTIONS = ["--config-file=", "--strict", "--namespace-packages", "--explicit-package-bases"]
GROUP = "ostro"
"""The library that holds all the code, so that calls between its modules are calls in C."""


def main(opt_level: str, *files: str) -> None:
    extensions = mypycify([*MYPY_OPTIONS, *files], opt_level=opt_level, group_name=GROUP)
    setup(
        name="ostro-compiled",
        packages=[],
        py_modules=[],
        ext_modules=extensions,
        script_args=["--quiet", "build_ext", "--inplace"],
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
