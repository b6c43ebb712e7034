"""Waiting for several things at a time: lists and dicts.

(Any, here: what is waited for may be of any type that convert_yielded knows, and so its result.)
"""

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, TypeVar, overload

from ostro.ioloop import Completed

from ._convert import convert_yielded
from ._detached import point_as_future
from ._points import PointHost, YieldPoint

K = TypeVar("K")
T = TypeVar("T")

ExceptionTypes = type[BaseException] | tuple[type[BaseException], ...]

_application_log = logging.getLogger("ostro.application")


class FuturePoint(YieldPoint):
    """A future as a yield point, to stand beside others in a list."""

    __slots__ = ("_future",)

    def __init__(self, future: asyncio.Future[Any] | Completed[Any]) -> None:
        self._future = future

    def start(self, host: PointHost) -> None:
        """Ask to be told when the future is done."""
        if not self._future.done():
            self._future.add_done_callback(lambda _: host.notify())

    def is_ready(self) -> bool:
        """Tell whether the future is done."""
        return self._future.done()

    def get_result(self) -> Any:
        """Return the result of the future."""
        return self._future.result()

    def cancel(self) -> bool:
        """Cancel the future."""
        return self._future.cancel()


class MultiPoint(YieldPoint):
    """Several things to wait for at a time, as one yield point.

    Args:
        children: A mapping, or any other iterable, of what can be yielded.
        quiet_exceptions: Types of exceptions that are not logged when they are not the first.
    """

    __slots__ = ("_keys", "_points", "_quiet_exceptions", "_ready")

    def __init__(
        self, children: Mapping[Any, Any] | Iterable[Any], quiet_exceptions: ExceptionTypes = ()
    ) -> None:
        # Any: everything that can be yielded, known or taught to convert_yielded.
        self._keys: list[Any] | None = None
        if isinstance(children, Mapping):
            self._keys = list(children)
            children = children.values()
        self._points = [_as_point(child, quiet_exceptions) for child in children]
        self._quiet_exceptions = quiet_exceptions
        self._ready = 0  # so many of the points, from the front, are known to be ready

    def start(self, host: PointHost) -> None:
        """Start all of them."""
        for point in self._points:
            point.start(host)

    def is_ready(self) -> bool:
        """Tell whether all of them are ready.

        It is asked once for each, and must not look at all of them each time.
        """
        points = self._points
        while self._ready < len(points) and points[self._ready].is_ready():
            self._ready += 1
        return self._ready == len(points)

    def get_result(self) -> Any:
        """Return the list or dict of the results, or raise the first exception, log the others."""
        results: list[Any] = []
        first: BaseException | None = None
        for point in self._points:
            try:
                results.append(point.get_result())
            except BaseException as error:  # noqa: BLE001 - raised below, or logged
                if first is None:
                    first = error
                else:
                    self._log(error)
        if first is not None:
            raise first
        if self._keys is None:
            return results
        return dict(zip(self._keys, results, strict=True))

    def _log(self, error: BaseException) -> None:
        if not isinstance(error, (self._quiet_exceptions, asyncio.CancelledError)):
            _application_log.error(
                "an exception besides the first, of several waited for at a time", exc_info=error
            )

    def cancel(self) -> bool:
        """Cancel what is not ready; tell whether all of that will come to an end."""
        cancelled = [point.cancel() for point in self._points if not point.is_ready()]
        return all(cancelled)

    def forget(self) -> None:
        """Forget all of them."""
        for point in self._points:
            point.forget()


def _as_point(child: object, quiet_exceptions: ExceptionTypes) -> YieldPoint:
    if isinstance(child, YieldPoint):
        return child
    if isinstance(child, list | dict):
        return MultiPoint(child, quiet_exceptions)
    if isinstance(child, asyncio.Future | Completed):
        return FuturePoint(child)  # the common ones, without a look into the registry
    return FuturePoint(convert_yielded(child))


# A mapping is an iterable too, of its keys, which might be awaitables: nobody means that.
@overload
def multi(  # type: ignore[overload-overlap]
    children: Mapping[K, Awaitable[T]], quiet_exceptions: ExceptionTypes = ()
) -> asyncio.Future[dict[K, T]]: ...
@overload
def multi(
    children: Iterable[Awaitable[T]], quiet_exceptions: ExceptionTypes = ()
) -> asyncio.Future[list[T]]: ...
@overload
def multi(
    children: Mapping[Any, Any] | Iterable[Any], quiet_exceptions: ExceptionTypes = ()
) -> asyncio.Future[Any]: ...
def multi(
    children: Mapping[Any, Any] | Iterable[Any], quiet_exceptions: ExceptionTypes = ()
) -> asyncio.Future[Any]:
    """Wait for several things at a time. Yielding a list or dict does the same.

    Args:
        children: A mapping, or any other iterable, of what can be yielded (except Callback, Wait
            and WaitAll, which only a generator can wait for: in lists and dicts that it yields).
        quiet_exceptions: See below.

    Returns:
        A future for the list of the results, in order, or for a dict of them. It is done when all
        children are. If some failed, it has the exception of the first of them (by position, not
        by time); the other exceptions are logged, except those of the types `quiet_exceptions`.
        Cancelling it cancels the children.
    """
    return point_as_future(MultiPoint(children, quiet_exceptions))


Multi = multi_future = multi
"""Other names of `multi`, from times when they were different."""


@convert_yielded.register(list)
@convert_yielded.register(dict)
def _(children: Any) -> asyncio.Future[Any]:
    return multi(children)
