"""AsyncTestCase: a unittest.TestCase with a loop of its own for each test.

This file owns the life of that loop, and how an exception finds its way from a callback to the
test. What a test needs besides a loop is added by subclasses.
"""

from __future__ import annotations

import datetime
import functools
import inspect
import unittest
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, ParamSpec, TypeVar

from ostro.ioloop import IOLoop

from ._failures import CallbackFailures
from ._leaks import LeakCheck
from ._runner import as_awaitable, refuse_result, run_on
from ._timeouts import get_async_test_timeout
from ._warning_trap import FORGOTTEN_AWAIT, WarningTrap
from .errors import (
    AsyncTestTimeoutError,
    BlockingCallError,
    ForgottenAwaitError,
    LoopNotMadeError,
)

__all__ = ["AsyncTestCase"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class AsyncTestCase(unittest.TestCase):
    """A TestCase for code that runs on an IOLoop.

    Each test has a new loop, `self.io_loop`, which is current while the test runs. A test is
    written in one of three ways:

        class MyTestCase(AsyncTestCase):
            async def test_with_await(self):
                response = await AsyncHTTPClient().fetch("http://example.com/")
                self.assertIn(b"Example", response.body)

            @gen_test
            def test_with_yield(self):
                response = yield AsyncHTTPClient().fetch("http://example.com/")
                self.assertIn(b"Example", response.body)

            def test_with_callbacks(self):
                AsyncHTTPClient().fetch("http://example.com/", self.stop)
                response = self.wait()
                self.assertIn(b"Example", response.body)

    An exception of a callback ends the `wait`, or the asynchronous test, and is raised there; those
    of `IOLoop.spawn_callback`, and of tasks that nobody waits for, are none of the test's and are
    logged. A test may take as long as `get_async_test_timeout` says.

    `asyncSetUp`, `asyncTearDown`, `addAsyncCleanup` and `enterAsyncContext` are those of
    unittest.IsolatedAsyncioTestCase. The loop is closed last, after all cleanups.
    """

    io_loop: IOLoop

    check_leaks: ClassVar[bool] = False
    """Whether a test fails that leaves tasks, streams, sockets or files behind: see `LeakCheck`."""

    # Any: unittest has its own name for the argument.
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # stop() was called, and no wait() has returned since; with which arguments.
        self._stopped = False
        self._stop_args: object = None
        # wait() runs the loop.
        self._waiting = False
        self._failures = CallbackFailures()

    # The loop

    def get_new_ioloop(self) -> IOLoop:
        """Return the loop for the test: a new one.

        Override it for tests that need a certain loop. One that was there before, or is
        `IOLoop.instance()`, is not closed after the test.
        """
        return IOLoop()

    def setUp(self) -> None:
        """Make the loop. A subclass that overrides this calls it first."""
        super().setUp()
        self._stopped, self._stop_args = False, None
        previous = IOLoop.current(instance=False)
        before = {previous, IOLoop.instance() if IOLoop.initialized() else None}
        io_loop = self.io_loop = self.get_new_ioloop()
        own = io_loop not in before and not (IOLoop.initialized() and IOLoop.instance() is io_loop)
        self.addCleanup(self._release_loop, previous, own)
        io_loop.make_current()
        self.addCleanup(self._failures.watch(io_loop))
        if self.check_leaks:
            self.enterContext(LeakCheck(io_loop))

    def _release_loop(self, previous: IOLoop | None, own: bool) -> None:
        self.io_loop.clear_current()
        if own:
            self.io_loop.close(all_fds=True)
        if previous is not None:
            previous.make_current()
        self._failures.rethrow()

    async def asyncSetUp(self) -> None:
        """Prepare the test on its loop, after `setUp`; to be overridden."""

    async def asyncTearDown(self) -> None:
        """Clean up on the loop, before `tearDown`; to be overridden."""

    def addAsyncCleanup(  # noqa: N802 - unittest's name
        self, func: Callable[_P, Awaitable[object]], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> None:
        """Have a coroutine function run on the loop after the test; the last added runs first."""
        self.addCleanup(self._run, "a cleanup", functools.partial(func, *args, **kwargs))

    async def enterAsyncContext(  # noqa: N802 - unittest's name
        self, cm: AbstractAsyncContextManager[_T]
    ) -> _T:
        """Enter a context manager that is left after the test; return what it gives."""
        result = await cm.__aenter__()
        self.addAsyncCleanup(cm.__aexit__, None, None, None)
        return result

    # What unittest calls. These names are not in its documentation, but they are what its own
    # IsolatedAsyncioTestCase goes by: it offers no other way around each of these steps.

    # Any: a TestResult of unittest or of pytest
    def run(self, result: Any = None) -> Any:
        """Run the test; its exceptions in callbacks are caught. Called by unittest."""
        with self._failures.catching():
            return super().run(result)

    def debug(self) -> None:
        """Run the test without collecting its result. Called by unittest."""
        self._failures.guard(super().debug)

    def _callSetUp(self) -> None:  # noqa: N802 - unittest's name
        self._call_synchronous("setUp", self.setUp)
        if not hasattr(self, "io_loop"):
            raise LoopNotMadeError(type(self).__qualname__)
        self._run("asyncSetUp", self.asyncSetUp)

    def _callTestMethod(self, method: Callable[[], object]) -> None:  # noqa: N802 - unittest's name
        name: str = getattr(method, "__qualname__", None) or repr(method)
        with WarningTrap(*FORGOTTEN_AWAIT) as forgotten:
            result = method()
            if result is not None:
                result = self._run(name, functools.partial(as_awaitable, name, result))
        self._failures.rethrow()
        if forgotten.caught:
            raise ForgottenAwaitError(forgotten.caught)
        refuse_result(name, result)

    def _callTearDown(self) -> None:  # noqa: N802 - unittest's name
        self._run("asyncTearDown", self.asyncTearDown)
        self._call_synchronous("tearDown", self.tearDown)

    def _call_synchronous(self, name: str, method: Callable[[], object]) -> None:
        result = method()
        if inspect.iscoroutine(result):
            result.close()
            other = f"async{name[0].upper()}{name[1:]}"
            raise ForgottenAwaitError([f"{result.__qualname__} is a coroutine: name it {other}"])

    # Running the loop

    def stop(
        self,
        _arg: Any = None,  # Any: it is handed from here to `wait`
        /,
        **kwargs: Any,
    ) -> None:
        """Have the pending call to `wait`, or the next one, return.

        Args:
            _arg: What `wait` returns.
            **kwargs: A dict that it returns instead.
        """
        if _arg is not None and kwargs:
            raise TypeError("stop() takes one argument, or keyword arguments, not both")
        self._stop_args = kwargs or _arg
        self._stopped = True
        if self._waiting:
            self.io_loop.stop()

    # Any: as in `stop`
    def wait(
        self, condition: Callable[[], object] | None = None, timeout: float | None = None
    ) -> Any:
        """Run the loop until `stop` is called, and return what that was given.

        Args:
            condition: Called after each `stop`; as long as it returns something false, the loop
                goes on.
            timeout: Seconds, 0 for no limit; None for what `get_async_test_timeout` says.

        Raises AsyncTestTimeoutError after that time, and what a callback raised meanwhile.
        """
        if self.io_loop.running():
            raise BlockingCallError("wait()", "await what is to be waited for")
        if timeout is None:
            timeout = get_async_test_timeout()
        limit = None
        if timeout:
            delta = datetime.timedelta(seconds=timeout)
            limit = self.io_loop.add_timeout(delta, self._wait_too_long, timeout)
        try:
            self._run_until_stopped(condition)
        finally:
            if limit is not None:
                self.io_loop.remove_timeout(limit)
        self._failures.rethrow()
        result, self._stop_args = self._stop_args, None
        return result

    def _run_until_stopped(self, condition: Callable[[], object] | None) -> None:
        while True:
            if not self._stopped and not self._failures:
                self._waiting = True
                try:
                    self.io_loop.start()
                finally:
                    self._waiting = False
            self._stopped = False
            if self._failures or condition is None or condition():
                return

    def _wait_too_long(self, timeout: float) -> None:
        self._failures.add(AsyncTestTimeoutError("wait()", timeout))

    def _run(
        self,
        name: str,
        func: Callable[[], Awaitable[object] | None],
        timeout: float | None = None,
    ) -> Any:  # Any: what `func` gives
        """Run `func` on the loop; raise what a callback raises meanwhile."""
        if timeout is None:
            timeout = get_async_test_timeout()
        return self._failures.guard(functools.partial(run_on, self.io_loop, name, func, timeout))
