"""Programs of their own for what must not happen inside pytest: forks, and signals to them."""

import subprocess
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packages import programs

DEADLINE = programs.DEADLINE
"""Seconds until a program must have ended."""

COVERAGE_SETTINGS = "[run]\nbranch = true\nparallel = true\nsource = ostro.web\n"


@contextmanager
def running(source: str, folder: Path, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """Run the text of a program; kill what is left of it and its children afterwards."""
    script = folder / "program.py"
    script.write_text(textwrap.dedent(source))
    with programs.running(folder, script, *arguments, settings=COVERAGE_SETTINGS) as process:
        yield process
