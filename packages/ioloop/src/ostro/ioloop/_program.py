"""Run a whole program on a loop of its own."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

from ._errors import InvalidArgumentError, LoopRunningError
from ._loop import IOLoop
from ._running import resolve

T = TypeVar("T")


@overload
def run(main: Awaitable[T] | Callable[[], Awaitable[T]], *, debug: bool | None = None) -> T: ...
@overload
def run(main: Callable[[], object], *, debug: bool | None = None) -> Any: ...
def run(main: object, *, debug: bool | None = None) -> Any:
    """Run a program: `main` to its end, on a new loop that is closed afterwards.

    The loop is of uvloop, when that is installed. If the process has no `IOLoop.instance()` yet,
    it is that one. At the end, and when `main` is interrupted, everything that is still pending is
    cancelled and run to its end, asynchronous generators are closed, and so are the threads of the
    executor. Control-C cancels `main` and then raises KeyboardInterrupt here.

    Args:
        main: A coroutine function without arguments, any other function that returns an
            awaitable (or None), or a coroutine.
        debug: asyncio's debug mode; None leaves the default.

    Returns:
        The result of `main`.

    Raises:
        LoopRunningError: If a loop runs in this thread.
        InvalidArgumentError: If `main` is something else.
    """
    if not (callable(main) or inspect.isawaitable(main)):
        raise InvalidArgumentError("main", main, "a coroutine function or a coroutine")

    if asyncio._get_running_loop() is not None:
        if inspect.iscoroutine(main):
            main.close()  # or else it would complain that nobody awaited it
        raise LoopRunningError("run()", "await the function instead")

    async def run_main() -> Any:
        return await resolve(main() if callable(main) else main)

    io_loop = IOLoop()
    if not IOLoop.initialized():
        io_loop.install()
    try:
        with asyncio.Runner(debug=debug, loop_factory=lambda: io_loop.asyncio_loop) as runner:
            return runner.run(run_main())
    finally:
        io_loop.close()
