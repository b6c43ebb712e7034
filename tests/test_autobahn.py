"""The Autobahn test suite: all rules of the protocol, and a few of the cases that take long.

All 517 cases run with `hatch run autobahn`.
"""

import os
import sys
from functools import cache
from pathlib import Path

import pytest

from .autobahn import install
from .autobahn.cases import RULES, all_cases, groups, quick_cases
from .autobahn.suite import Verdict, judge_client, judge_server

HERE = Path(__file__).parent / "autobahn"
JUDGES = {"server": judge_server, "client": judge_client}
CHAPTERS = (RULES, "9", "12", "13")
SECONDS = 300


@cache
def quick() -> dict[str, list[str]]:
    """Return the quick cases by chapter; skip the test where the suite is not installed."""
    try:
        cases = quick_cases(all_cases())
    except install.MissingPythonError as missing:
        pytest.skip(str(missing))
    except install.NotInstalledError as missing:
        if os.environ.get("OSTRO_REQUIRE_SERVICES"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    chapters: dict[str, list[str]] = {}
    for group, members in groups(cases).items():
        chapters.setdefault(group.split(".")[0], []).extend(members)
    return chapters


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("chapter", CHAPTERS)
@pytest.mark.parametrize("role", JUDGES)
def test_autobahn_finds_nothing_to_complain_of(tmp_path: Path, role: str, chapter: str) -> None:
    cases = quick()[chapter]

    subject = [sys.executable, str(HERE / f"ostro_{role}.py")]
    verdicts = JUDGES[role](subject, cases, tmp_path, patient=True)

    assert [verdict for verdict in verdicts if not verdict.passed] == []


@pytest.mark.parametrize("bad", ["NON-STRICT", "FAILED", "WRONG CODE", "UNCLEAN", "MISSING"])
def test_only_good_verdicts_pass(bad: str) -> None:
    assert Verdict("1.1.1", "OK", "INFORMATIONAL", 0).passed
    assert not Verdict("1.1.1", bad, "OK", 0).passed
    assert not Verdict("1.1.1", "OK", bad, 0).passed


def test_the_quick_cases_leave_out_no_chapter() -> None:
    assert set(quick()) == set(CHAPTERS)
