"""Run an asyncio loop to the end of something, and shut one down."""

import asyncio
import builtins
import concurrent.futures
import contextlib
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from ._errors import InvalidArgumentError, LoopStoppedError, TimeoutError

END_TIMEOUT = 5.0
"""Seconds to wait for cancelled tasks: one that refuses must not hang the program."""


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
        # After stop() or a KeyboardInterrupt the loop can be used again, and must not go on with
        # a task that nobody waits for, nor complain of an exception that nobody reads.
        end_tasks(loop, {task})
        if task.done() and not task.cancelled():
            task.exception()


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


def end_tasks(loop: asyncio.AbstractEventLoop, tasks: set[asyncio.Task[Any]]) -> None:
    """Cancel tasks, and run the loop until they have ended."""
    pending = {task for task in tasks if not task.done()}
    for task in pending:
        task.cancel()
    if pending:
        _run(loop, asyncio.wait(pending, timeout=END_TIMEOUT))


def shut_down(loop: asyncio.AbstractEventLoop) -> None:
    """End what else is alive on a loop that is about to be closed: generators and threads."""
    _run(loop, loop.shutdown_asyncgens())
    _run(loop, loop.shutdown_default_executor())


def _run(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine to its end, whatever else wants the loop to stop."""
    task = loop.create_task(coroutine)
    while not task.done():
        with contextlib.suppress(RuntimeError):  # "stopped before Future completed"
            loop.run_until_complete(task)
    task.result()
