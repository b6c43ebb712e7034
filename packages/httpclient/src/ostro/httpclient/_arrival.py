"""The final response of a fetch as it arrives: who takes it, how much of it, decoded or not."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from ostro.http1 import ResponseHead
from ostro.httputil import HTTPHeaders

from ._decoding import Decoder, decoder_for
from ._exchange import Exchange
from ._receiver import ResponseReceiver
from ._request import HTTPRequest
from ._response import HTTPResponse

__all__ = ["BodyLimits", "receive_response"]


class BodyLimits:
    """How large bodies may be, in bytes, where the request does not say.

    `streamed` is for bodies that are not kept; None sets no limit.
    """

    __slots__ = ("kept", "streamed")

    def __init__(self, kept: int, streamed: int | None) -> None:
        self.kept = kept
        self.streamed = streamed


async def receive_response(
    exchange: Exchange,
    head: ResponseHead,
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
    await exchange.read_body(take, decoder, limit)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _decoder(head: ResponseHead, limit: int | None) -> Decoder | None:
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
