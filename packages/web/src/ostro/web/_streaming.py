"""A request whose handler takes the body as it comes: the steps of it, in order.

`_delegates` calls these steps as the parts of the request arrive. What they run belongs to the
handler, as do its task and what becomes of an exception; that one step waits for the one before is
owned here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from ._xsrf import XSRF_SAFE_METHODS
from .errors import HTTPError

if TYPE_CHECKING:
    from ostro.ioloop import Completed

    from ._handler import RequestHandler
    from ._urlspec import RouteMatch

__all__ = ["StreamedRequest"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class StreamedRequest:
    """Runs `prepare`, `data_received` and the method of a handler, each when its time has come.

    What a step returns, if anything, is done when the next one may run, and never fails. Once the
    request has been answered, the rest of its body is dropped.
    """

    __slots__ = ("_context", "_handler")

    def __init__(self, handler: RequestHandler) -> None:
        self._handler = handler
        # What `prepare` left behind where it was a coroutine, whose Context is its own.
        self._context: Context | None = None

    def begin(self, match: RouteMatch) -> Awaitable[None] | None:
        """Run what is due when the headers have come; the body waits for what is returned."""
        self._handler._match = match
        return self._step(self._prepare)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Hand the next part of the body to the handler."""
        if self._handler._finished:
            return None
        return self._step(self._handler.data_received, chunk)

    def finish(self) -> None:
        """Run the method: the body has come whole."""
        if not self._handler._finished:
            self._run(self._call_method)

    async def run_whole(self, match: RouteMatch) -> None:
        """Run all steps for a request whose body is there, to the end."""
        request = self._handler.request
        body, request.body = request.body, b""
        waits = self.begin(match)
        if waits is not None:
            await waits
        if body:
            waits = self.data_received(body)
            if waits is not None:
                await waits
        self.finish()
        task = self._handler._task
        if isinstance(task, asyncio.Task):
            await asyncio.wait([task])

    def _prepare(self) -> Awaitable[None] | None:
        handler = self._handler
        if handler.request.method not in handler.SUPPORTED_METHODS:
            raise HTTPError(405)
        if handler.application._xsrf_cookies and handler.request.method not in XSRF_SAFE_METHODS:
            handler._check_xsrf_at_headers()
        waits = handler.prepare()
        return None if waits is None else self._keep_context(waits)

    async def _keep_context(self, waits: Awaitable[None]) -> None:
        await waits
        self._context = copy_context()

    def _call_method(self) -> None:
        handler = self._handler
        try:
            taken = handler._end_of_body()
            if taken is not None:
                handler._start(handler._run_after(taken))
                return
            waits = handler._call_method()
            if waits is not None:
                handler._start(handler._run_to_end(waits))
            elif handler._auto_finish and not handler._finished:
                handler.finish()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it raises
            handler._handle_exception(error)

    def _step(
        self, step: Callable[_P, Awaitable[None] | None], *args: _P.args, **kwargs: _P.kwargs
    ) -> Awaitable[None] | None:
        handler = self._handler
        try:
            waits = self._run(step, *args, **kwargs)
            if waits is None:
                return None
            task = self._run(handler._start, handler._run_step(waits))
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it raises
            handler._handle_exception(error)
            return None
        return None if task.done() else _end_of(task)

    def _run(self, step: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        if self._context is None:
            return step(*args, **kwargs)
        return self._context.run(step, *args, **kwargs)


def _end_of(task: asyncio.Task[None] | Completed[None]) -> Awaitable[None]:
    """Return what is done when the task is, however that ends: its handler has dealt with it."""
    end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    task.add_done_callback(lambda _: end.set_result(None))
    return end
