"""Programs of their own for what must not happen inside pytest: forks and signals.

When these tests run under coverage, the programs do too, and what they cover is added to it.
"""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEADLINE = 30.0
"""Seconds after which a program that hangs is killed, and its test failed."""

COVERAGE_SETTINGS = """
[run]
branch = true
parallel = true
source = ostro.process
patch = _exit
"""

PRELUDE = """
import os
import signal

# Whoever started the tests may have it ignored (nohup), which is inherited.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

def say(*words):
    # In one system call, and without a buffer that a signal handler might find in use.
    os.write(1, (" ".join(str(word) for word in words) + "\\n").encode())

"""
"""What each program begins with."""


class Program:
    """A running Python program with its output."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self._process = process
        self._lines = process.stdout
        self.pid = process.pid

    def read_line(self) -> str:
        """The next line of output; "" at its end."""
        return self._lines.readline().rstrip("\n")

    def read_lines(self, count: int) -> list[str]:
        """Some lines, sorted: processes print in any order."""
        return sorted(self.read_line() for _ in range(count))

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def finish(self) -> tuple[int, list[str], str]:
        """Wait for the end: the exit status, the lines not read yet (sorted), standard error."""
        out, err = self._process.communicate(timeout=DEADLINE)
        return self._process.returncode, sorted(out.splitlines()), err


@contextmanager
def running(source: str, folder: Path, *args: str, session: bool = False) -> Iterator[Program]:
    """Run the text of a program; kill whatever is left of it afterwards."""
    script = folder / "program.py"
    script.write_text(PRELUDE + textwrap.dedent(source))
    process = subprocess.Popen(
        [sys.executable, *_coverage_options(folder), str(script), *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=session,
        env={
            **os.environ,
            "PYTHONWARNINGS": "error",
            "PYTHONUNBUFFERED": "",
            "COVERAGE_FILE": str(folder / "coverage"),
        },
    )
    try:
        yield Program(process)
    finally:
        process.kill()
        process.communicate(timeout=DEADLINE)
        _take_coverage(folder)


def run(source: str, folder: Path, *args: str) -> tuple[int, list[str], str]:
    """Run the text of a program to its end; what it gives is that of `Program.finish`."""
    with running(source, folder, *args) as program:
        return program.finish()


def _coverage_options(folder: Path) -> list[str]:
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
