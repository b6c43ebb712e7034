"""Compiles `_speedups` when the package is built or installed, where that is possible.

Without a compiler the package is as complete, and masks large messages more slowly. The module uses
the stable ABI, so that one serves all versions of Python.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "ostro.websocket._speedups"
FOLDER = Path("src/ostro/websocket")
ABI = "cp311"


class SpeedupsHook(BuildHookInterface):
    """What hatchling calls before it makes a wheel, and before an editable installation."""

    # Any: it is what hatchling says it is
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and have the wheel tagged for this platform."""
        if sys.implementation.name != "cpython":
            return
        try:
            compiled = _compile(Path(self.root))
        except Exception as error:  # noqa: BLE001 - whatever a compiler's absence looks like
            self.app.display_warning(f"{NAME} is not compiled: {error}")
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"{ABI}-abi3-{platform}"
        build_data["artifacts"].append(f"/{FOLDER.as_posix()}/{compiled}")


def _compile(root: Path) -> str:
    """Compile in place; return the name of the file that Python loads."""
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    source = root / FOLDER / "_speedups.c"
    extension = Extension(
        NAME,
        [str(source)],
        extra_compile_args=["/O2"] if sys.platform == "win32" else ["-O3"],
        py_limited_api=True,
    )
    with tempfile.TemporaryDirectory() as temporary:
        distribution = Distribution({"name": "speedups", "ext_modules": [extension]})
        command = build_ext(distribution)
        command.build_lib = temporary
        command.build_temp = temporary
        command.ensure_finalized()
        command.run()
        (made,) = Path(temporary).rglob("_speedups*.so" if sys.platform != "win32" else "*.pyd")
        # Beside it and then in its place: a program that has loaded the old one keeps it whole.
        beside = root / FOLDER / f"{made.name}.{os.getpid()}"
        beside.write_bytes(made.read_bytes())
        beside.replace(root / FOLDER / made.name)
    return made.name
