"""Run a whole program on a loop of its own."""

import asyncio
import inspect
from typing import Any

from ._errors import InvalidArgumentError
from ._loop import IOLoop
from ._running import new_event_loop, resolve


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
        RuntimeError: If a loop runs in this thread.
        InvalidArgumentError: If `main` is something else.
    """
    if not (callable(main) or inspect.isawaitable(main)):
        raise InvalidArgumentError("main", main, "a coroutine function or a coroutine")

    async def run_main() -> Any:
        return await resolve(main() if callable(main) else main)

    with asyncio.Runner(debug=debug, loop_factory=new_event_loop) as runner:
        io_loop = IOLoop.for_loop(runner.get_loop())
        if not IOLoop.initialized():
            io_loop.install()
        try:
            return runner.run(run_main())
        finally:
            io_loop.set_blocking_signal_threshold(None, None)
