"""Measure each package's branch coverage by its own tests alone.

    python -m tests.branch_coverage [NAME ...]

One package's tests say nothing about another's code: a line of `ostro.http1` that only the server's
tests reach counts as missed. Every package must reach REQUIRED; what is missing is listed by line.
"""

import os
import re
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen, TimeoutExpired
from typing import NamedTuple

from .layout import PACKAGES, ROOT, Package

REQUIRED = 100
"""Percent of the branches and lines of each package."""

DEADLINE = 1500
"""Seconds that the tests of one package have; alone on a machine they take less than a minute."""


class Outcome(NamedTuple):
    """What one package's measurement showed: `output` explains it where it failed."""

    package: Package
    passed: bool
    percent: str
    seconds: float
    output: str


def coverage(*arguments: object, data: Path) -> tuple[int, str]:
    """Run coverage.py on one data file; return the exit code and what was printed."""
    command = [sys.executable, "-m", "coverage", *(str(argument) for argument in arguments)]
    environment = {**os.environ, "COVERAGE_FILE": str(data)}
    # A file and a session of their own: what tests leave running must not keep this one waiting.
    with tempfile.TemporaryFile("w+") as output:
        process = Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=DEVNULL,
            stdout=output,
            stderr=STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(DEADLINE)
        except TimeoutExpired:
            output.write(f"killed after {DEADLINE} s\n")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        output.seek(0)
        return process.wait(), output.read()


def measure(package: Package, folder: Path) -> Outcome:
    """Run one package's tests under coverage.py and compare with REQUIRED."""
    started = time.perf_counter()
    data = folder / package.name
    tests = ("-m", "pytest", "-q", "-p", "no:cacheprovider", package.folder / "tests")
    failed, output = coverage(
        "run", f"--source={package.source}", "--parallel-mode", *tests, data=data
    )
    percent = "-"
    if not failed:
        coverage("combine", "--quiet", data=data)
        failed, output = coverage(
            "report", "--show-missing", "--skip-covered", f"--fail-under={REQUIRED}", data=data
        )
        total = re.search(r"^TOTAL.* (\d+)%$", output, re.MULTILINE)
        percent = f"{total[1]}%" if total else "-"
    return Outcome(package, not failed, percent, time.perf_counter() - started, output)


def main(chosen: list[str]) -> int:
    """Measure the packages named, or all; return the exit code."""
    packages = [package for package in PACKAGES if package.module]
    if unknown := set(chosen) - {package.name for package in packages}:
        print(f"no such package: {', '.join(sorted(unknown))}")
        return 2
    selected = [package for package in packages if not chosen or package.name in chosen]
    passed = True
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        for outcome in pool.map(lambda package: measure(package, Path(folder)), selected):
            passed = passed and outcome.passed
            mark = "ok  " if outcome.passed else "FAIL"
            print(
                f"{mark}  {outcome.package.name:20} {outcome.percent:>5}  {outcome.seconds:6.1f} s",
                flush=True,
            )
            if not outcome.passed:
                print(outcome.output, flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
