"""The final response of a fetch as it arrives: who takes it, how much of it, decoded or not."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Final, Protocol

from ostro.httputil import HTTPHeaders

from ._checks import check_least
from ._decoding import Decoder, decoder_for
from ._receiver import ResponseReceiver
from ._request import HTTPRequest
from ._response import HTTPResponse

__all__ = ["DEFAULT_MAX_BUFFER_SIZE", "Arrival", "BodyLimits", "Head", "receive_response"]


class Head(Protocol):
    """The status line and the header section of a response. `has_body` says that a body may follow:
    not so after HEAD, for one.
    """

    @property
    def version(self) -> str: ...
    @property
    def code(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def headers(self) -> HTTPHeaders: ...
    @property
    def has_body(self) -> bool: ...


class Arrival(Protocol):
    """Where the rest of a response comes from."""

    @property
    def trailers(self) -> HTTPHeaders | None:
        """The fields that came after the body, if any did; known when it is read."""

    async def read_body(
        self, take: Callable[[bytes], object], decoder: Decoder | None, limit: int | None
    ) -> None:
        """Read the body to its end.

        Args:
            take: Called with each piece; if it returns an awaitable, that is awaited.
            decoder: Undoes the codings.
            limit: Bytes of the body as it is sent, None for no limit.
        """


DEFAULT_MAX_BUFFER_SIZE: Final = 104857600
"""Bytes of a body that is kept in memory: 100 MiB, as it has always been documented."""


class BodyLimits:
    """How large bodies may be, in bytes, where the request does not say.

    Args:
        max_buffer_size: For a body that is kept in memory.
        max_body_size: For every body; None means `max_buffer_size` where it is kept, and no limit
            where it is streamed.
    """

    __slots__ = ("kept", "streamed")

    def __init__(self, max_buffer_size: int, max_body_size: int | None) -> None:
        check_least(0, max_buffer_size=max_buffer_size, max_body_size=max_body_size)
        self.kept = max_buffer_size if max_body_size is None else max_body_size
        self.streamed = max_body_size


async def receive_response(
    arrival: Arrival,
    head: Head,
    request: HTTPRequest,
    response: HTTPResponse,
    receiver: ResponseReceiver | None,
    limits: BodyLimits,
) -> bytes:
    """Hand a response to whoever takes it, and return the body where that is nobody.

    `response` has the head; its fields are changed to say what is left after decoding, or to
    nothing with a `header_callback`.
    """
    pieces: list[bytes] = []
    take: Callable[[bytes], object] = pieces.append
    limit = request.max_body_size
    if receiver is None and request.streaming_callback is None:
        limit = limits.kept if limit is None else limit
    elif limit is None:
        limit = limits.streamed
    decoder = _decoder(head, limit) if request.decompress_response else None
    if receiver is not None:
        take = receiver.data_received
        await _wait_for(receiver.head_received(response))
    elif request.streaming_callback is not None:
        take = request.streaming_callback
    if request.header_callback is not None:
        await _tell_headers(request.header_callback, response)
    await arrival.read_body(take, decoder, limit)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _decoder(head: Head, limit: int | None) -> Decoder | None:
    """Return what undoes the codings of the body, and have the fields say what is left."""
    headers = head.headers
    encoding = headers.get("Content-Encoding")
    if not encoding or not head.has_body or head.code == 206:
        return None  # a part of a body in a coding cannot be decoded without the rest
    decoder = decoder_for(encoding, limit)
    if decoder is not None:
        headers["X-Consumed-Content-Encoding"] = encoding
        del headers["Content-Encoding"]
        headers.pop("Content-Length", None)
    return decoder


async def _tell_headers(tell: Callable[[str], object], response: HTTPResponse) -> None:
    """Give the header lines to the callback, which keeps them from the response."""
    start = f"{response.http_version} {response.code} {response.reason}"
    for line in [start, *response.headers.lines(), ""]:
        await _wait_for(tell(f"{line}\r\n"))
    response.headers = HTTPHeaders()


async def _wait_for(result: object) -> None:
    if result is not None and inspect.isawaitable(result):
        await result
