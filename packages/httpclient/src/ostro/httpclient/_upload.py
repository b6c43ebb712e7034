"""Sending the body of a request, beside reading the response.

A body that comes piece by piece, or that has to wait for `100 Continue`, has a task of its own, so
that a server which answers early is heard.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Final

from ostro.http1 import LocalProtocolError
from ostro.ioloop import Alarm, Sweeper
from ostro.iostream import StreamClosedError

from ._checks import check_piece
from ._connection import ClientConnection
from ._request import BodyProducer
from .errors import HTTPStreamClosedError

__all__ = ["EXPECT_TIMEOUT", "LARGE_BODY", "Upload"]

LARGE_BODY: Final = 65536
"""Bytes from which on a body is sent behind the head and not joined to it, which copies it."""

EXPECT_TIMEOUT: Final = 1.0
"""Seconds that the server has for `100 Continue`. RFC 9110 section 10.1.1 asks not to wait for
ever, since some servers do not know of it.
"""


class Upload:
    """A body on its way.

    Args:
        connection: The head has been sent on it.
        body: Bytes, or what produces them.
        on_sent: Called when all of it has been sent.
        sweeper: Its clock ends the wait for `100 Continue`.
        expect_continue: Wait first until the server wants the body.
    """

    __slots__ = ("_body", "_connection", "_may_go", "_on_sent", "_sweeper", "_task")

    def __init__(
        self,
        connection: ClientConnection,
        body: bytes | BodyProducer,
        on_sent: Callable[[], object],
        sweeper: Sweeper,
        *,
        expect_continue: bool,
    ) -> None:
        self._connection = connection
        self._body = body
        self._on_sent = on_sent
        self._sweeper = sweeper
        # Done when the server wants the body; None when it need not be asked.
        loop = asyncio.get_running_loop()
        self._may_go = loop.create_future() if expect_continue else None
        self._task = loop.create_task(self._run())

    def go_on(self) -> None:
        """Send the body: the server wants it, or has not said a word for too long."""
        if self._may_go is not None and not self._may_go.done():
            self._may_go.set_result(None)

    async def end(self) -> None:
        """Stop, if it is not done, and wait until that is so."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            if self._may_go is not None:
                await self._wait_for_the_server(self._may_go)
            await self._send()
        except StreamClosedError:
            """What the server said before it closed the connection is yet to be read."""
        except asyncio.CancelledError:
            self._connection.fail(HTTPStreamClosedError("the body of the request was broken off"))
            raise
        except LocalProtocolError as error:
            self._connection.fail(ValueError(f"the body of the request: {error}"))
        except Exception as error:  # noqa: BLE001 - whatever a producer raises ends the fetch
            self._connection.fail(error)

    async def _wait_for_the_server(self, may_go: asyncio.Future[None]) -> None:
        alarm = Alarm(self._sweeper.clock() + EXPECT_TIMEOUT, self.go_on)
        self._sweeper.watch(alarm)
        try:
            await may_go
        finally:
            self._sweeper.forget(alarm)

    async def _send(self) -> None:
        body = self._body
        if isinstance(body, bytes):
            await self._write(body)
        elif isinstance(body, AsyncIterable):
            async for piece in body:
                await self._write(piece)
        else:
            produced = body(self._write)
            if inspect.isawaitable(produced):
                await produced
        ending = self._connection.codec.send_end()
        if ending:
            await self._connection.stream.write(ending)
        self._on_sent()

    def _write(self, data: bytes) -> Awaitable[None]:
        check_piece(data)
        connection = self._connection
        return connection.stream.write(connection.codec.send_data(data))
