"""One request and its response on one handle: what libcurl's callbacks tell, made into events.

No code of the application runs in a callback of libcurl. The callbacks put down what comes; the
fetch, a coroutine, takes it up. When it does not keep up, libcurl is paused, and with it the
server.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pycurl  # type: ignore[import-untyped]  # it has no types

from ostro.httpclient import HTTPClientError, HTTPStreamClosedError, ResponseTooLargeError
from ostro.httpclient.parts import DRAINED_BYTES, Decoder
from ostro.httputil import HTTPHeaders

from ._binding import Curl
from ._engine import Engine
from ._failures import error_for
from ._head import Head, HeadReader

if TYPE_CHECKING:
    from ._upload import Upload

__all__ = ["Transfer"]

MAX_WAITING_BYTES: Final = 262144
"""Bytes of a body that have come and are not taken, before libcurl is paused."""

_ABORT: Final = -1
_PAUSE: Final[int] = pycurl.WRITEFUNC_PAUSE
_PREREQ_OK: Final[int] = pycurl.PREREQFUNC_OK
_PREREQ_ABORT: Final[int] = pycurl.PREREQFUNC_ABORT
_SOCKOPT_OK: Final[int] = pycurl.SOCKOPT_OK
_SOCKOPT_ERROR: Final[int] = pycurl.SOCKOPT_ERROR


class Transfer:
    """What happens on one handle.

    Args:
        engine: Carries it out.
        curl: The handle; the options of the request are set elsewhere.
        max_header_size: Bytes of the head, and of the trailers.
        bodiless: Whether no response has a body, as after HEAD.
        login_codes: The codes of responses that libcurl may follow with the same request once more,
            with credentials.
        repeatable: Whether libcurl may send the request again on a new connection, if the one it
            used before turns out to be dead.
        proxied: Whether there is a proxy.
        on_sent: Called when libcurl has all of the request; may be called again.
        on_heard: Called when the response begins; may be called again.
    """

    def __init__(
        self,
        engine: Engine,
        curl: Curl,
        max_header_size: int,
        *,
        bodiless: bool,
        login_codes: frozenset[int],
        repeatable: bool,
        proxied: bool,
        on_sent: Callable[[], object],
        on_heard: Callable[[], object],
    ) -> None:
        self.curl = curl
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._reader = HeadReader(max_header_size, bodiless=bodiless)
        self._login_codes = login_codes

        # The request: its body, if that comes piece by piece; how often it was sent without an
        # answer, and whether it ever was.
        self.upload: Upload | None = None
        self._repeatable = repeatable
        self._proxied = proxied
        self._attempts = 0
        self._connected = False
        self._on_sent = on_sent
        self._on_heard = on_heard

        # A head of which it is not certain yet whether it is the last one; whether there was one,
        # and whether it came on a connection that others use at the same time.
        self._head: Head | None = None
        self._has_head = False
        self.multiplexed = False
        # Bytes of the body, where the head says how many.
        self._length = 0
        # What has come and was not taken up, and who waits for it.
        self._events: deque[Head | bytes] = deque()
        self._waiting_bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False

        # The end: whether it has come, and what it was if not the end of the response.
        self._ended = False
        self._error: BaseException | None = None

        curl.setopt(pycurl.HEADERFUNCTION, self._on_line)
        curl.setopt(pycurl.WRITEFUNCTION, self._on_data)
        curl.setopt(pycurl.PREREQFUNCTION, self._on_request)
        if not repeatable:
            curl.setopt(pycurl.SOCKOPTFUNCTION, self._on_socket)

    # What the fetch calls

    def start(self) -> None:
        """Send the request."""
        self._engine.start(self)

    async def read_head(self, interim: Callable[[int, HTTPHeaders], object] | None) -> Head:
        """Return the head of the final response; `interim` is told of those before it.

        Raises what ended the transfer, as the other methods do.
        """
        while True:
            event = await self._next_event()
            assert isinstance(event, Head)  # libcurl gives neither a body nor an end before it
            if not event.interim:
                if event.has_body:
                    self._length = event.content_length or 0
                return event
            if interim is not None:
                interim(event.code, event.headers)

    async def read_body(
        self, take: Callable[[bytes], object], decoder: Decoder | None, limit: int | None
    ) -> None:
        """Read the body to its end; see `ostro.httpclient.parts.Arrival`."""
        if limit is not None and self._length > limit:
            raise ResponseTooLargeError(
                f"body of {self._length} bytes, expected no more than {limit}"
            )
        size = 0
        while (data := await self._next_event()) is not None:
            assert isinstance(data, bytes)  # the head is read
            size += len(data)
            if limit is not None and size > limit:
                raise ResponseTooLargeError(f"body of more than {limit} bytes")
            for piece in (data,) if decoder is None else decoder.decode(data):
                taken = take(piece)
                if taken is not None and inspect.isawaitable(taken):
                    await taken
        if decoder is not None:
            decoder.finish()

    async def drain(self) -> None:
        """Read a body that nobody wants, if it is small, or close the connection."""
        size = 0
        try:
            while size <= DRAINED_BYTES:
                data = await self._next_event()
                if data is None:
                    return
                size += len(data)
        except HTTPClientError:
            return  # nothing of it was needed
        self._engine.stop(self)

    @property
    def trailers(self) -> HTTPHeaders | None:
        """The fields that came after the body, if any did."""
        return self._reader.trailers()

    def stop(self) -> None:
        """End the transfer, if it has not ended. Idempotent."""
        self._engine.stop(self)
        upload, self.upload = self.upload, None
        if upload is not None:
            upload.stop()

    def is_unheard_of(self) -> bool:
        """Say whether the request has gone to a connection that was there, and nothing came back:
        it had been dead already.
        """
        return self._attempts > 0 and not self.curl.getinfo(pycurl.NUM_CONNECTS)

    def resume(self) -> None:
        """Have libcurl go on in the directions that nobody holds up."""
        directions = 0
        if self._paused:
            directions |= pycurl.PAUSE_RECV
        if self.upload is not None and self.upload.paused:
            directions |= pycurl.PAUSE_SEND
        self._engine.pause(self, directions)

    def take_upload(self, upload: Upload) -> None:
        """Have the body of the request come from here."""
        self.upload = upload
        self.curl.setopt(pycurl.READFUNCTION, upload.read)
        self.curl.setopt(pycurl.SEEKFUNCTION, upload.seek)

    def fail(self, error: BaseException) -> None:
        """End the transfer with an error."""
        if not self._ended:
            self._engine.stop(self)
            self._end(error)

    async def _next_event(self) -> Head | bytes | None:
        """Return the next head or piece of the body; None at the end of the response.

        Raises what ended the transfer, when all that came before it was taken.
        """
        events = self._events
        while not events:
            if self._ended:
                if self._error is not None:
                    raise self._error
                return None
            if self._paused:
                self._paused = False
                self.resume()
                continue
            self._waiter = self._loop.create_future()
            await self._waiter
        if self._waiting_bytes and isinstance(events[0], bytes):
            return self._take_bytes()
        return events.popleft()

    def _take_bytes(self) -> bytes:
        """Take all of the body that has come: each piece by itself would cost more."""
        pieces = [event for event in self._events if isinstance(event, bytes)]
        self._events.clear()
        self._waiting_bytes = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    # What the engine tells

    def done(self, code: int, text: str) -> None:
        """Learn of the end."""
        error: BaseException | None = None
        if code:
            error = error_for(
                self.curl, code, text, connected=self._connected, proxied=self._proxied
            )
        elif self._has_head:
            self._tell_head()
        else:
            # To libcurl this is a response without a body.
            error = HTTPStreamClosedError("the connection was closed in the head of the response")
        self._end(error)

    def _end(self, error: BaseException | None) -> None:
        self._ended = True
        if self._error is None:
            self._error = error
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # What libcurl tells, in its callbacks

    def _on_request(self, *addresses: object) -> int:
        """Learn that a connection is there, and the request about to be sent; PREREQFUNCTION."""
        if self._is_once_too_often():
            return _PREREQ_ABORT
        self._attempts += 1
        self._connected = True
        if self.upload is None:
            self._on_sent()
        return _PREREQ_OK

    def _on_socket(self, *details: object) -> int:
        """Learn that a socket is about to be connected; SOCKOPTFUNCTION."""
        return _SOCKOPT_ERROR if self._is_once_too_often() else _SOCKOPT_OK

    def _is_once_too_often(self) -> bool:
        """Say whether the request, which was sent without an answer, must not be sent again."""
        if not self._attempts or self._repeatable:
            return False
        self._error = HTTPStreamClosedError(
            "the connection was closed before the response, and the request is not one to be sent "
            "again unasked"
        )
        return True

    def _on_line(self, line: bytes) -> int | None:
        """Take a line of a head; HEADERFUNCTION."""
        if self._attempts:
            self._attempts = 0
            self._on_heard()
        try:
            head = self._reader.feed(line)
        except Exception as error:  # noqa: BLE001 - libcurl cannot pass it on
            self._error = error
            return _ABORT
        if head is not None:
            self._take_head(head)
        return None

    def _take_head(self, head: Head) -> None:
        if head.interim:
            self._events.append(head)
            self._wake()
            return
        self._head = head
        self._has_head = True
        self.multiplexed = not head.version.startswith("HTTP/1")
        if head.code not in self._login_codes:
            self._tell_head()

    def _tell_head(self) -> None:
        head, self._head = self._head, None
        if head is not None:
            self._events.append(head)
            self._wake()

    def _on_data(self, data: bytes) -> int | None:
        """Take a piece of the body; WRITEFUNCTION."""
        if self._waiting_bytes >= MAX_WAITING_BYTES:
            self._paused = True
            if self.multiplexed:
                self._engine.nudge()
            return _PAUSE
        if self._head is not None:
            self._tell_head()
        self._waiting_bytes += len(data)
        self._events.append(data)
        self._wake()
        return None
