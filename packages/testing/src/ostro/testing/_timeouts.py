"""How long a test may take."""

from __future__ import annotations

import os

__all__ = ["DEFAULT_TIMEOUT", "get_async_test_timeout"]

DEFAULT_TIMEOUT = 5.0
"""Seconds that `wait`, and an asynchronous test, may take: as has always been documented."""

VARIABLE = "ASYNC_TEST_TIMEOUT"


def get_async_test_timeout() -> float:
    """Return the seconds that a test may wait: the environment variable ASYNC_TEST_TIMEOUT, or 5.

    0 is no limit. Raises ValueError where the variable is no number of seconds.
    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        return DEFAULT_TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise ValueError(f"{VARIABLE} is {text!r}, expected seconds, 0 for no limit")
    return seconds
