"""What the tests here share: test cases that are run inside of a test, and an application."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any, TypeVar

from ostro.testing import AsyncTestCase

CaseType = TypeVar("CaseType", bound=type[unittest.TestCase])


def run_case(case: type[unittest.TestCase], name: str = "runTest") -> unittest.TestResult:
    """Run one test of a TestCase, and return what came of it."""
    result = unittest.TestResult()
    case(name).run(result)
    return result


def run_method(
    method: Callable[..., Any],  # Any: whatever a test returns
    base: type[AsyncTestCase] = AsyncTestCase,
    **members: object,
) -> unittest.TestResult:
    """Run a function as the only test of a TestCase."""
    case = type("Case", (base,), {"runTest": method, **members})
    return run_case(case)


def passes(result: unittest.TestResult) -> bool:
    """Tell whether the test was run, and passed."""
    assert result.testsRun == 1
    return result.wasSuccessful() and not result.skipped


def complaint_of(result: unittest.TestResult) -> str:
    """Return the traceback of a test that failed, once."""
    ((_, text),) = result.failures + result.errors
    return text
