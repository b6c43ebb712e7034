"""Waiting for a yield point outside a generator: as a future.

(Any, here: the result of a yield point may be of any type.)
"""

import asyncio
import threading
from typing import Any

from ._convert import convert_yielded
from ._loops import alive_on, current_loop
from ._points import PointHost, YieldPoint


class _Detached(PointHost):
    """The host of one yield point, whose result goes to a future."""

    __slots__ = ("_future", "_loop", "_point", "_thread")

    def __init__(self, point: YieldPoint) -> None:
        self._point = point
        self._loop = current_loop()
        self._thread = threading.get_ident()
        self._future: asyncio.Future[Any] = self._loop.create_future()

    def start(self) -> asyncio.Future[Any]:
        """Start the yield point; return the future."""
        self._point.start(self)
        self._look()
        if not self._future.done():
            alive_on(self._loop).add(self)
            self._future.add_done_callback(self._ended)
        return self._future

    def notify(self) -> None:
        """See whether there is a result."""
        if threading.get_ident() == self._thread:
            self._look()
        else:
            self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        if self._future.done() or not self._point.is_ready():
            return
        try:
            result = self._point.get_result()
        except asyncio.CancelledError:
            self._future.cancel()
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
            self._future.set_exception(error)
        else:
            self._future.set_result(result)

    def _ended(self, future: asyncio.Future[Any]) -> None:
        alive_on(self._loop).discard(self)
        if future.cancelled():
            self._point.cancel()
            self._point.forget()


@convert_yielded.register
def point_as_future(point: YieldPoint) -> asyncio.Future[Any]:
    """Start a yield point; return a future for its result."""
    return _Detached(point).start()
