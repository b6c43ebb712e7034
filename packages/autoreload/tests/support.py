"""Programs that restart themselves, each in a process of its own, told by what they print."""

import subprocess
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from packages import programs

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
        return self._process.wait(programs.DEADLINE)

    def finish(self) -> int:
        """Wait for the end; return the exit status."""
        self.output += self._lines.read().splitlines()
        return self._process.wait(programs.DEADLINE)


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
    with programs.running(
        folder,
        *arguments,
        options=options,
        environment={"OSTRO_AUTORELOAD": "", **(environment or {})},
        stderr=subprocess.STDOUT,
        fds=fds,
        settings=COVERAGE_SETTINGS if covered else "",
    ) as process:
        yield Program(process)


def write(path: Path, text: str) -> Path:
    """Write a program, as an editor does: what is there is there as a whole."""
    new = path.with_name(path.name + "~")
    new.write_text(textwrap.dedent(text))
    return new.replace(path)
