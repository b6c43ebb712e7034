"""What can be wrong with a test, as opposed to what it tests.

```text
TestingError
├── AsyncTestTimeoutError   (also AssertionError, TimeoutError) a test waited for too long
├── BlockingCallError       (also RuntimeError) a method that blocks was called in a coroutine
├── ForgottenAwaitError     (also AssertionError) a test made a coroutine and did not await it
├── LeakError               (also AssertionError) a test left something open
├── LoopNotMadeError        (also RuntimeError) an overridden setUp does not call the original
├── MissingExtraError       (also ImportError) a package is missing that an extra brings
├── ReturnValueError        (also TypeError) a test returned something
└── UnmatchedLogError       (also AssertionError) what should have been logged was not
```
"""

from __future__ import annotations

import builtins
import logging
from collections.abc import Sequence
from typing import ClassVar

__all__ = [
    "AsyncTestTimeoutError",
    "BlockingCallError",
    "ForgottenAwaitError",
    "LeakError",
    "LoopNotMadeError",
    "MissingExtraError",
    "ReturnValueError",
    "TestingError",
    "UnmatchedLogError",
]


class TestingError(Exception):
    """Root of every error that `ostro.testing` raises."""

    __test__: ClassVar[bool] = False  # its name begins as those of classes that pytest collects


class AsyncTestTimeoutError(TestingError, AssertionError, builtins.TimeoutError):
    """A test, or one `wait` in it, was not finished in time.

    `place` says where it was waiting, "" if that is not known.
    """

    def __init__(self, what: str, timeout: float, place: str = "") -> None:
        self.timeout = timeout
        self.place = place
        waiting = f", waiting at {place}" if place else ""
        super().__init__(
            f"{what} was not finished after {timeout:g} seconds{waiting} "
            "(the environment variable ASYNC_TEST_TIMEOUT sets the default)"
        )


class BlockingCallError(TestingError, RuntimeError):
    """A method that runs the loop was called while the loop runs."""

    def __init__(self, method: str, instead: str) -> None:
        self.method = method
        super().__init__(f"{method} blocks, and the loop is running; instead {instead}")


class ForgottenAwaitError(TestingError, AssertionError):
    """A test made coroutines, and did not await them."""

    def __init__(self, forgotten: Sequence[str]) -> None:
        self.forgotten = forgotten
        super().__init__("forgotten await: " + "; ".join(forgotten))


class LeakError(TestingError, AssertionError):
    """Something was left open that should have been closed.

    `leaks` describes each thing that was.
    """

    def __init__(self, leaks: Sequence[str], hint: str = "") -> None:
        self.leaks = leaks
        lines = [f"  - {leak}" for leak in leaks]
        super().__init__("\n".join(["left behind:", *lines, *([hint] if hint else [])]))


class LoopNotMadeError(TestingError, RuntimeError):
    """The `setUp` of a test case does not call that of its base class, which makes the loop."""

    def __init__(self, case: str) -> None:
        super().__init__(f"{case}.setUp() has made no loop: it has to call super().setUp()")


class MissingExtraError(TestingError, ImportError):
    """A package is not installed that one of the extras of this distribution brings.

    `package` and `extra` are their names.
    """

    def __init__(self, package: str, extra: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(f"{package} is missing: pip install 'ostro-testing[{extra}]'")


class ReturnValueError(TestingError, TypeError):
    """A test returned something that is neither None nor can be awaited."""

    def __init__(self, name: str, value: object) -> None:
        self.value = value
        super().__init__(
            f"{name} returned {value!r:.200}, expected None: is it meant to be a test?"
        )


class UnmatchedLogError(TestingError, AssertionError):
    """Nothing was logged that matches what was expected."""

    def __init__(self, pattern: str, logger: str, level: int | None = None) -> None:
        self.pattern = pattern
        how = "" if level is None else f" as {logging.getLevelName(level)}"
        super().__init__(f"nothing that was logged to {logger or 'root'}{how} matches {pattern!r}")
