"""Programs of their own for what must not happen inside pytest: forks, and signals to them.

When these tests run under coverage, the programs do too, and what they cover is added to it.
"""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COVERAGE_SETTINGS = "[run]\nbranch = true\nparallel = true\nsource = ostro.web\n"


@contextmanager
def running(source: str, folder: Path, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """Run the text of a program, each warning an error; kill what is left of it afterwards."""
    script = folder / "program.py"
    script.write_text(textwrap.dedent(source))
    pipe = subprocess.PIPE
    command = [sys.executable, "-W", "error", *_coverage(folder), str(script)]
    process = subprocess.Popen(
        [*command, *map(str, arguments)],
        stdout=pipe,
        stderr=pipe,
        text=True,
        env={**os.environ, "COVERAGE_FILE": str(folder / "coverage")},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
        _take_coverage(folder)


def _coverage(folder: Path) -> list[str]:
    if not _is_covered():
        return []
    settings = folder / "coverage.ini"
    settings.write_text(COVERAGE_SETTINGS)
    return ["-m", "coverage", "run", f"--rcfile={settings}"]


def _take_coverage(folder: Path) -> None:
    if not _is_covered():
        return
    from coverage import Coverage, CoverageData

    current = Coverage.current()
    assert current is not None
    for file in folder.glob("coverage.*.*"):
        data = CoverageData(str(file))
        data.read()
        current.get_data().update(data)


def _is_covered() -> bool:
    if "coverage" not in sys.modules:
        return False
    from coverage import Coverage

    return Coverage.current() is not None
