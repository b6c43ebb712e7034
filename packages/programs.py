"""Programs that the packages' tests run in a process of their own: what must not happen inside of
pytest, forks and signals and restarts, and what others serve.

When the tests run under coverage, a program can do so too, and what it covers is added to theirs.
It is killed with all of its children in the end: one that is left behind, with the pipe of its
output open, would make everybody wait who reads that.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

DEADLINE = 30.0
"""Seconds after which a program that hangs is killed, and its test failed."""


@contextmanager
def running(
    folder: Path,
    *arguments: object,
    options: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
    stderr: int = subprocess.PIPE,
    fds: tuple[int, ...] = (),
    settings: str = "",
) -> Iterator["subprocess.Popen[str]"]:
    """Run Python, each warning an error, with its output in pipes.

    Args:
        folder: Where it runs, and leaves what it covers.
        *arguments: A script, or "-m" and a module, and what follows that.
        options: Options of Python.
        environment: Variables to set besides.
        stderr: Where its complaints go, as `Popen` takes it.
        fds: Descriptors that it inherits.
        settings: A configuration file of coverage; "" where it is not to be covered.
    """
    covered = bool(settings) and _is_covered()
    coverage = _coverage_options(folder, settings) if covered else []
    process = subprocess.Popen(  # noqa: S603 - what a test of ours has written
        [sys.executable, *options, *coverage, *map(str, arguments)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        start_new_session=True,
        pass_fds=fds,
        env={
            **os.environ,
            "PYTHONWARNINGS": "error",
            # As they are for most people, whatever they are here.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": "",
            "PYTHONUNBUFFERED": "",
            **({"COVERAGE_FILE": str(folder / "coverage")} if covered else {}),
            **(environment or {}),
        },
    )
    with process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):  # all have ended
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=DEADLINE)
            if covered:
                _take_coverage(folder)


def _is_covered() -> bool:
    if "coverage" not in sys.modules:
        return False
    from coverage import Coverage

    return Coverage.current() is not None


def _coverage_options(folder: Path, settings: str) -> list[str]:
    file = folder / "coverage.ini"
    file.write_text(settings)
    return ["-m", "coverage", "run", f"--rcfile={file}"]


def _take_coverage(folder: Path) -> None:
    from coverage import Coverage, CoverageData

    current = Coverage.current()
    assert current is not None
    for file in folder.glob("coverage.*.*"):
        data = CoverageData(str(file))
        data.read()
        current.get_data().update(data)
