"""Programs of their own for what must not happen inside pytest: forks and signals."""

import os
import subprocess
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packages import programs

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

def say(*words):
    # In one system call, and without a buffer that a signal handler might find in use.
    os.write(1, (" ".join(str(word) for word in words) + "\\n").encode())

def wait():
    # Not signal.pause: Python would run the handler of a signal that comes just before it sleeps
    # only when it wakes again. A byte in the pipe is not missed.
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    while True:
        os.read(woken, 1)

"""
"""What each program begins with."""


class Program:
    """A running Python program with its output."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self._process = process
        self._output = process.stdout.fileno()
        self.pid = process.pid

    def read_line(self) -> str:
        """The next line of output; "" at its end."""
        line = bytearray()
        # Byte by byte: `communicate` does not see what a buffer has read ahead.
        while (byte := os.read(self._output, 1)) not in (b"", b"\n"):
            line += byte
        return line.decode()

    def read_lines(self, count: int) -> list[str]:
        """Some lines, sorted: processes print in any order."""
        return sorted(self.read_line() for _ in range(count))

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def finish(self) -> tuple[int, list[str], str]:
        """Wait for the end: the exit status, the lines not read yet (sorted), standard error."""
        out, err = self._process.communicate(timeout=programs.DEADLINE)
        return self._process.returncode, sorted(out.splitlines()), err


@contextmanager
def running(source: str, folder: Path, *args: str) -> Iterator[Program]:
    """Run the text of a program; kill whatever is left of it and its children afterwards."""
    script = folder / "program.py"
    script.write_text(PRELUDE + textwrap.dedent(source))
    with programs.running(folder, script, *args, settings=COVERAGE_SETTINGS) as process:
        yield Program(process)


def run(source: str, folder: Path, *args: str) -> tuple[int, list[str], str]:
    """Run the text of a program to its end; what it gives is that of `Program.finish`."""
    with running(source, folder, *args) as program:
        return program.finish()
