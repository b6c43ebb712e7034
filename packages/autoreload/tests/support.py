"""Programs that restart themselves, each in a process of its own, told by what they print.

When these tests run under coverage, the programs do too, and what they cover is added to it.
"""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

DEADLINE = 30.0
"""Seconds after which a program that hangs is killed, and its test failed."""

COVERAGE_SETTINGS = """
[run]
branch = true
parallel = true
source = ostro.autoreload
patch = _exit, execv
sigterm = true
disable_warnings = no-data-collected, module-not-imported, module-not-measured
"""


class Program:
    """A running program with its output, errors included."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self._process = process
        self._lines = process.stdout
        self.pid = process.pid
        self.output: list[str] = []

    def read_until(self, text: str) -> str:
        """Read up to a line that holds some text; return it."""
        for line in self._lines:
            self.output.append(line.rstrip("\n"))
            if text in line:
                return self.output[-1]
        raise AssertionError(f"the program ended before it said {text!r}: {self.output}")

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for the end of the first process; return its exit status."""
        return self._process.wait(DEADLINE)

    def finish(self) -> int:
        """Wait for the end; return the exit status."""
        self.output += self._lines.read().splitlines()
        return self._process.wait(DEADLINE)


@contextmanager
def running(
    folder: Path,
    *arguments: str,
    options: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
    fds: tuple[int, ...] = (),
    covered: bool = True,
) -> Iterator[Program]:
    """Run Python with a script, or with -m and a module; kill what is left of it afterwards."""
    process = subprocess.Popen(
        [sys.executable, *options, *(_coverage_options(folder) if covered else ()), *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        pass_fds=fds,
        env={
            **os.environ,
            "OSTRO_AUTORELOAD": "",
            "PYTHONWARNINGS": "error",
            **_coverage_environment(folder),
            **(environment or {}),
        },
    )
    try:
        yield Program(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=DEADLINE)
        _take_coverage(folder)


def write(path: Path, text: str) -> Path:
    """Write a program, as an editor does: what is there is there as a whole."""
    new = path.with_name(path.name + "~")
    new.write_text(textwrap.dedent(text))
    return new.replace(path)


def _coverage_options(folder: Path) -> list[str]:
    if not _is_covered():
        return []
    settings = folder / "coverage.ini"
    settings.write_text(COVERAGE_SETTINGS)
    return ["-m", "coverage", "run", f"--rcfile={settings}"]


def _coverage_environment(folder: Path) -> dict[str, str]:
    return {"COVERAGE_FILE": str(folder / "coverage")} if _is_covered() else {}


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
