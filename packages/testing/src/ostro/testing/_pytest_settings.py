"""What can be said about tests under pytest: ini options, a mark, and what they come to."""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

import pytest

from ._timeouts import get_async_test_timeout

__all__ = ["check_settings", "checks_leaks", "define_settings", "fixture_scope", "timeout_of"]

TIMEOUT = "ostro_async_timeout"
SCOPE = "ostro_fixture_scope"
LEAKS = "ostro_check_leaks"
MARK = "ostro_timeout"

Scope: TypeAlias = Literal["session", "package", "module", "class", "function"]

_SCOPES = ("function", "class", "module", "package", "session")


def define_settings(parser: pytest.Parser) -> None:
    """Define the ini options."""
    parser.addini(
        TIMEOUT,
        "Seconds that an asynchronous test may take, 0 for no limit. If not set, that is what the "
        "environment variable ASYNC_TEST_TIMEOUT says, or else 5.",
    )
    parser.addini(
        SCOPE,
        f"How long a loop, a server and a client last: {', '.join(_SCOPES)}. The fixture `app` has "
        "to last as long.",
        default="function",
    )
    parser.addini(
        LEAKS,
        "Whether each loop is looked at for tasks, streams, sockets and files that are left.",
        type="bool",
        default=False,
    )


def check_settings(config: pytest.Config) -> None:
    """Describe the mark, and look at the options that have to be known early.

    Raises UsageError for a scope that is none.
    """
    scope: str = config.getini(SCOPE)
    if scope not in _SCOPES:
        raise pytest.UsageError(f"{SCOPE} is {scope!r}, expected one of {', '.join(_SCOPES)}")
    config.addinivalue_line(
        "markers", f"{MARK}(seconds): what an asynchronous test may take; 0 for no limit."
    )


def fixture_scope(fixture_name: str, config: pytest.Config) -> Scope:
    """Return how long a fixture lasts."""
    return cast("Scope", config.getini(SCOPE))


def checks_leaks(config: pytest.Config) -> bool:
    """Tell whether each loop is looked at for what is left."""
    return bool(config.getini(LEAKS))


def timeout_of(item: pytest.Item) -> float:
    """Return how many seconds a test may take, 0 for no limit. Raises UsageError."""
    mark = item.get_closest_marker(MARK)
    if mark is not None:
        return _seconds(MARK, *mark.args, **mark.kwargs)
    text: str = item.config.getini(TIMEOUT)
    return _seconds(TIMEOUT, text) if text else get_async_test_timeout()


def _seconds(name: str, seconds: object = None) -> float:
    try:
        number = float(str(seconds))
    except ValueError:
        number = -1.0
    if not number >= 0:
        raise pytest.UsageError(f"{name} is {seconds!r}, expected seconds, 0 for no limit")
    return number
