"""Context managers that last for a test."""

from __future__ import annotations

import unittest
from contextlib import AbstractContextManager
from typing import TypeVar

__all__ = ["setup_with_context_manager"]

_T = TypeVar("_T")


def setup_with_context_manager(testcase: unittest.TestCase, cm: AbstractContextManager[_T]) -> _T:
    """Enter a context manager in `setUp`; it is left after the test.

    It is the documented name of what `unittest.TestCase.enterContext` does.

        def setUp(self):
            super().setUp()
            setup_with_context_manager(self, warnings.catch_warnings())

    Args:
        testcase: The test case.
        cm: The context manager.

    Returns what the context manager gives.
    """
    return testcase.enterContext(cm)
