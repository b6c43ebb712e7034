"""Run the Autobahn test suite against our WebSockets, or somebody else's.

    python -m tests.autobahn [--install] [--role server|client] [--subject NAME] [--quick]
                             [--jobs N] [--keep FOLDER] [CASE ...]

Without a case, all 517 run, for both roles; `9.*` names a group of them. Whatever is not OK or
INFORMATIONAL is a failure. `--install` prepares the suite, for which a Python 2.7 is needed, and
runs nothing.
"""

import argparse
import fnmatch
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import install
from .cases import RULES, all_cases, groups, quick_cases
from .suite import Verdict, judge_client, judge_server

HERE = Path(__file__).parent
SUBJECTS = ("ostro", "tornado", "websockets")
JUDGES = {"server": judge_server, "client": judge_client}


def judge(role: str, subject: str, cases: list[str], folder: Path) -> list[Verdict]:
    """Run cases against one of the programs beside this file."""
    folder.mkdir(parents=True)
    command = [sys.executable, str(HERE / f"{subject}_{role}.py")]
    return JUDGES[role](command, cases, folder)


def judge_all(
    role: str, subject: str, cases: list[str], jobs: int, folder: Path
) -> list[tuple[str, list[Verdict], float]]:
    """Run the groups of cases side by side; return each with its verdicts and seconds."""

    def one(group: tuple[str, list[str]]) -> tuple[str, list[Verdict], float]:
        started = time.monotonic()
        verdicts = judge(role, subject, group[1], folder / f"{role}-{group[0]}")
        return group[0], verdicts, time.monotonic() - started

    # What takes longest begins first, or it would be left over for one processor at the end.
    order = sorted(groups(cases).items(), key=lambda group: group[0] not in _LONGEST)
    with ThreadPoolExecutor(jobs) as pool:
        return sorted(pool.map(one, order), key=lambda result: _number(result[0]))


_LONGEST = ("12.2", "12.3", "12.4", "12.5", "13.3", "13.4", "13.5", "13.7", RULES)


def _number(group: str) -> tuple[int, ...]:
    return () if group == RULES else tuple(int(part) for part in group.split("."))


def report(role: str, subject: str, results: list[tuple[str, list[Verdict], float]]) -> int:
    """Print a line for each group, and one for each case that failed; return how many did."""
    failed = 0
    for name, verdicts, seconds in results:
        counts = Counter(verdict.behavior for verdict in verdicts)
        summary = ", ".join(f"{count} {behavior}" for behavior, count in counts.most_common())
        print(f"{subject} {role}  {name:>5}  {seconds:6.1f} s  {summary}")
        for verdict in verdicts:
            if not verdict.passed:
                failed += 1
                closing = f"closing {verdict.close_behavior}"
                print(f"    {verdict.case:8} {verdict.behavior}, {closing}")
    total = sum(len(verdicts) for _, verdicts, _ in results)
    print(f"{subject} {role}: {total - failed} of {total} cases are good, {failed} are not")
    return failed


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.autobahn", description="Run the Autobahn test suite."
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help="such as 9.1.2 or 9.*; or all")
    parser.add_argument("--install", action="store_true", help="install the suite, run nothing")
    parser.add_argument("--role", choices=list(JUDGES), help="both if it is not given")
    parser.add_argument("--subject", choices=SUBJECTS, default="ostro")
    parser.add_argument("--quick", action="store_true", help="only a few of the long cases")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="where the reports are left, a new folder")
    options = parser.parse_args()
    try:
        if options.install:
            install.install()
            return 0
        cases = all_cases()
    except install.MissingError as missing:
        print(missing, file=sys.stderr)
        return 2
    if options.quick:
        cases = quick_cases(cases)
    if options.cases:
        cases = [case for case in cases if any(fnmatch.fnmatch(case, p) for p in options.cases)]
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        for role in [options.role] if options.role else JUDGES:
            results = judge_all(role, options.subject, cases, options.jobs, folder.absolute())
            failed += report(role, options.subject, results)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
