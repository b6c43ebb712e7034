"""Tests and what they log: nothing is shown of those that pass, or nothing is let through but what
is expected.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import unittest
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from .errors import UnmatchedLogError

__all__ = ["ExpectLog", "LogTrapTestCase"]


class LogTrapTestCase(unittest.TestCase):
    """A test case that discards what is logged if the test passes.

    Some libraries can produce a lot of logging output even when the test succeeds, so this class
    can be useful to minimize the noise. It is safe to combine with AsyncTestCase:

        class MyTestCase(AsyncHTTPTestCase, LogTrapTestCase):
            ...

    It holds back what the StreamHandlers of the root logger write, such as those of
    `logging.basicConfig` and of `ostro.options`. Under pytest, which does the same by itself, it
    does nothing.
    """

    # Any: a TestResult of unittest or of pytest
    def run(self, result: Any = None) -> Any:
        """Run the test. Called by unittest."""
        if result is not None and not isinstance(result, unittest.TestResult):
            return super().run(result)
        if result is None:
            result = self.defaultTestResult()
        before = _count_failures(result)
        with _held_back() as held:
            super().run(result)
        if _count_failures(result) > before:
            for handler, text in held:
                handler.stream.write(text)
                handler.flush()
        return result


def _count_failures(result: unittest.TestResult) -> int:
    return len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)


_Handler = logging.StreamHandler[Any]  # Any: a stream of text


@contextlib.contextmanager
def _held_back() -> Iterator[list[tuple[_Handler, str]]]:
    """Give the root logger's handlers other streams; yield what becomes of their texts."""
    root = logging.getLogger()
    held: list[tuple[_Handler, str]] = []
    own = None
    if not root.handlers:  # what is logged goes to the handler of last resort
        own = logging.StreamHandler()
        root.addHandler(own)
    handlers = [handler for handler in root.handlers if type(handler) is logging.StreamHandler]
    streams = [handler.setStream(io.StringIO()) for handler in handlers]
    try:
        yield held
    finally:
        for handler, stream in zip(handlers, streams, strict=True):
            buffer = handler.setStream(stream)
            held.append((handler, buffer.getvalue() if buffer else ""))
        if own is not None:
            root.removeHandler(own)


class ExpectLog(logging.Filter):
    """Expect a log message in a block, and keep it out of the log.

        with ExpectLog("ostro.application", "Uncaught exception"):
            self.fetch("/broken")

    `logged_stack` tells whether any message of the logger came with a traceback, `matched` whether
    the expected one came.

    Args:
        logger: The logger, or its name; "" is the root logger. Loggers below it do not count.
        regex: What the message begins with: a regular expression. All that match are kept out.
        required: Raise UnmatchedLogError at the end of the block if there was none.
        level: A constant of `logging`: only messages of this level match, and the logger lets them
            through for the time of the block.

    Raises TypeError for a regular expression of bytes.
    """

    def __init__(
        self,
        logger: logging.Logger | str,
        regex: str | re.Pattern[str],
        required: bool = True,
        level: int | None = None,
    ) -> None:
        super().__init__()
        self.logger = logging.getLogger(logger) if isinstance(logger, str) else logger
        self.regex = re.compile(regex)
        pattern: object = self.regex.pattern
        if not isinstance(pattern, str):  # or it would be told to whoever logs something
            raise TypeError(f"the regex is {pattern!r:.200}, expected one of text: logs are text")
        self.required = required
        self.level = level
        self.matched = False
        self.logged_stack = False
        self._level_before: int | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Look at a message. Called by `logging`."""
        if record.exc_info:
            self.logged_stack = True
        if self.level is not None and record.levelno != self.level:
            return True
        if self.regex.match(record.getMessage()) is None:
            return True
        self.matched = True
        return False

    def __enter__(self) -> Self:
        if self.level is not None and self.level < self.logger.getEffectiveLevel():
            self._level_before = self.logger.level
            self.logger.setLevel(self.level)
        self.logger.addFilter(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.logger.removeFilter(self)
        if self._level_before is not None:
            self.logger.setLevel(self._level_before)
            self._level_before = None
        if error is None and self.required and not self.matched:
            raise UnmatchedLogError(self.regex.pattern, self.logger.name, self.level)
