"""Run an asyncio loop to the end of something, and shut one down."""

import asyncio
import builtins
import concurrent.futures
import inspect
from collections.abc import Callable
from typing import Any

from ._errors import InvalidArgumentError, LoopStoppedError, TimeoutError

SHUT_DOWN_TIMEOUT = 5.0
"""Seconds that `IOLoop.close` waits for cancelled tasks: one that refuses must not hang it."""


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return a new loop: uvloop's when it is installed, or else asyncio's selector loop."""
    try:
        import uvloop
    except ImportError:
        return asyncio.SelectorEventLoop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def run_to_end(
    loop: asyncio.AbstractEventLoop, func: Callable[[], object], timeout: float | None
) -> Any:
    """Run `func` and what it returns on a loop that is not running; return the result."""
    task = loop.create_task(_limited(func, seconds=timeout))
    try:
        return loop.run_until_complete(task)
    except RuntimeError:
        if task.done():
            raise
        raise LoopStoppedError from None
    finally:
        if not task.done():
            # A KeyboardInterrupt, or stop(): the loop can be used again, and must not go on with
            # a task that nobody waits for.
            cancel_and_wait(loop, {task})


async def _limited(func: Callable[[], object], seconds: float | None) -> Any:
    try:
        async with asyncio.timeout(seconds) as scope:
            return await resolve(func())
    except builtins.TimeoutError as error:
        if seconds is None or not scope.expired():
            raise
        raise TimeoutError(seconds) from error


async def resolve(outcome: object) -> Any:
    """Return the result of what a function returned: None, or something to wait for."""
    if outcome is None:
        return None
    if inspect.isawaitable(outcome):
        return await outcome
    if isinstance(outcome, concurrent.futures.Future):
        return await asyncio.wrap_future(outcome)
    if isinstance(outcome, list):
        return list(await asyncio.gather(*map(resolve, outcome)))
    if isinstance(outcome, dict):
        return dict(
            zip(outcome, await asyncio.gather(*map(resolve, outcome.values())), strict=True)
        )
    raise InvalidArgumentError("the result of func", outcome, "None or something to wait for")


def cancel_and_wait(
    loop: asyncio.AbstractEventLoop, tasks: set[asyncio.Task[Any]], timeout: float | None = None
) -> None:
    """Cancel tasks, and run the loop until they have ended."""
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.wait(tasks, timeout=timeout))
    for task in tasks:
        if task.done() and not task.cancelled() and task.exception() is not None:
            loop.call_exception_handler(
                {
                    "message": "an exception in a task that was cancelled",
                    "exception": task.exception(),
                    "task": task,
                }
            )


def shut_down(loop: asyncio.AbstractEventLoop) -> None:
    """End what is still alive on a loop that is about to be closed."""
    tasks = asyncio.all_tasks(loop)
    if tasks:
        cancel_and_wait(loop, tasks, SHUT_DOWN_TIMEOUT)
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())


def run(main: object, *, debug: bool | None = None) -> Any:
    """Run a program: `main` to its end, on a new loop that is closed afterwards.

    At the end, and when it is interrupted, everything that is still pending is cancelled and run
    to its end, asynchronous generators are closed, and so are the threads of the executor.
    Control-C cancels `main` and then raises KeyboardInterrupt here.

    Args:
        main: A coroutine function without arguments, any other function that returns an
            awaitable, or a coroutine.
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
        return runner.run(run_main())
