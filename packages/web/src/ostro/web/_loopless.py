"""Running a handler where no event loop runs: below a WSGI server.

A plain method is called as it is, with no loop around it, so that it may use whatever runs a loop
of its own (`asyncio.run`, an ORM that refuses to work inside of one). A coroutine is run to its end
on the loop that the connection provides. Whoever counts on being called back later is refused.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import TYPE_CHECKING

from ostro.gen import is_coroutine_function

from ._streaming import StreamedRequest
from .errors import UnfinishedError

if TYPE_CHECKING:
    from ._handler import RequestHandler
    from ._urlspec import RouteMatch

__all__ = ["run_without_loop"]


def run_without_loop(handler: RequestHandler, match: RouteMatch) -> None:
    """Run a request to its end, in this call."""
    try:
        _run_to_end(handler, match)
    finally:
        handler._after_run()


def _run_to_end(handler: RequestHandler, match: RouteMatch) -> None:
    handler_class, method = type(handler), handler.request.method.lower()
    if handler_class._streams_body:
        handler._connection.run_on_loop(
            functools.partial(StreamedRequest(handler).run_whole, match)
        )
    elif _needs_loop(handler_class, method):
        handler._connection.run_on_loop(functools.partial(_run, handler, match))
    else:
        handler._execute(match)
    if not handler._finished:
        handler._handle_exception(UnfinishedError(f"{handler_class.__qualname__}.{method}"))


def _needs_loop(handler_class: type[RequestHandler], method: str) -> bool:
    """Tell whether a method of a handler, or what precedes it, is a coroutine function."""
    functions = (getattr(handler_class, name, None) for name in ("prepare", method))
    return any(inspect.iscoroutinefunction(f) or is_coroutine_function(f) for f in functions)


async def _run(handler: RequestHandler, match: RouteMatch) -> None:
    handler._execute(match)
    task = handler._task
    if isinstance(task, asyncio.Task):
        await asyncio.wait([task])
