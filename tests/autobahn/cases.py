"""The cases of the Autobahn test suite: which there are, how they are divided, which are quick."""

import json
from subprocess import run

from . import install

EXPECTED = 517
"""As many cases has the suite; less would mean that it did not start as a whole."""

RULES = "rules"
"""The group of the cases that test the rules of the protocol, with small messages."""

_LIST = """
import json
from autobahntestsuite.case import CaseCategories, Cases, CaseSubCategories
from autobahntestsuite.caseset import CaseSet

cases = CaseSet("Case", "Case", Cases, CaseCategories, CaseSubCategories)
print(json.dumps(cases.parseSpecCases({"cases": ["*"], "exclude-cases": []})))
"""

QUICK_BULK = (
    *("9.1.1", "9.2.1", "9.3.3", "9.4.3", "9.5.3", "9.6.3", "9.7.1", "9.8.1"),
    *("12.1.1", "12.1.6", "12.2.3", "12.3.1", "12.4.2", "12.5.4"),
    *("13.1.1", "13.2.2", "13.3.3", "13.4.1", "13.5.2", "13.6.3", "13.7.1"),
)
"""A few of those that take long because they send many messages, or large ones."""


def all_cases() -> list[str]:
    """Return the numbers of all cases, in the suite's order."""
    python = install.command()[0]
    found = run([python, "-c", _LIST], capture_output=True, text=True, check=True)
    cases = json.loads(found.stdout)
    if not isinstance(cases, list) or len(cases) != EXPECTED:
        raise RuntimeError(f"the suite does not have {EXPECTED} cases: {cases}")
    return [str(case) for case in cases]


def quick_cases(cases: list[str]) -> list[str]:
    """Return those that test all rules of the protocol, and a few of the bulk."""
    return [case for case in cases if not _is_bulk(case) or case in QUICK_BULK]


def groups(cases: list[str]) -> dict[str, list[str]]:
    """Divide cases so that those which take long do not stand in one group."""
    divided: dict[str, list[str]] = {}
    for case in cases:
        chapter, section, *_ = case.split(".")
        name = f"{chapter}.{section}" if _is_bulk(case) else RULES
        divided.setdefault(name, []).append(case)
    return divided


def _is_bulk(case: str) -> bool:
    return case.split(".")[0] in {"9", "12", "13"}
