"""From an Opening to a stream on which WebSocket is spoken: connect, ask, look at the answer.

This file owns a stream until the handshake is over: whatever goes wrong before, a deadline or a
cancellation included, closes it. What the answer has to say is checked by `_handshake`.

Spec: RFC 6455 section 4.1.
"""

from __future__ import annotations

import asyncio
import datetime
from typing import Final, NamedTuple

from ostro.http1 import (
    ClientCodec,
    Data,
    EndOfMessage,
    HTTP1Error,
    ResponseHead,
)
from ostro.httputil import ByteStream, HTTPHeaders
from ostro.iostream import IOStream, StreamClosedError
from ostro.netutil import Resolver, TCPClient

from ._handshake import Agreement, check_response
from ._opening import Opening
from .errors import HandshakeError, HandshakeRefusedError, HandshakeTimeoutError

MAX_REFUSAL_BODY: Final = 65536
"""Bytes that are kept of the body of an answer which refuses: enough for a page of explanation."""

_READ_SIZE: Final = 65536


class Opened(NamedTuple):
    """What a handshake has led to. What the server sent after its answer is back in the stream."""

    stream: ByteStream
    headers: HTTPHeaders
    agreement: Agreement


async def open_stream(opening: Opening, resolver: Resolver | None) -> Opened:
    """Connect to the server and go through the handshake.

    Raises the errors of `TCPClient.connect` where no connection stands in time, ssl.SSLError where
    TLS fails,
    HandshakeTimeoutError at the end of `opening.timeout`, HandshakeRefusedError for a well-formed
    answer that is no 101, HandshakeError for one that is not acceptable, or none.
    """
    limit = asyncio.timeout(opening.timeout)
    try:
        async with limit:
            stream = await _connect(opening, resolver)
            try:
                return await _shake_hands(stream, opening)
            except BaseException:
                stream.close()
                raise
    except TimeoutError as error:
        if limit.expired() and opening.timeout is not None:
            raise HandshakeTimeoutError(opening.host, opening.port, opening.timeout) from error
        raise


async def _connect(opening: Opening, resolver: Resolver | None) -> IOStream:
    client = TCPClient(resolver)
    try:
        stream = await client.connect(
            opening.host,
            opening.port,
            ssl_options=opening.ssl_options,
            timeout=_delta(opening.connect_timeout),
        )
    except StreamClosedError as error:
        lost = HandshakeError("the connection was lost during the handshake of TLS")
        raise error.real_error or lost from error
    finally:
        client.close()
    return stream


def _delta(seconds: float | None) -> datetime.timedelta | None:
    return None if seconds is None else datetime.timedelta(seconds=seconds)


async def _shake_hands(stream: IOStream, opening: Opening) -> Opened:
    codec = ClientCodec()
    request = codec.send_request("GET", opening.target, opening.headers, end=True)
    try:
        await stream.write(request)
        head = await _read_head(stream, codec)
        body = await _read_body(stream, codec)  # a 101 has none
        if head.code != 101:
            raise HandshakeRefusedError(head.code, head.reason, head.headers, body)
    except HTTP1Error as error:
        raise HandshakeError(f"the server's answer is not HTTP/1.1: {error}") from error
    except StreamClosedError as error:
        raise HandshakeError("the connection was lost before the server had answered") from error
    if head.version != "HTTP/1.1":
        raise HandshakeError(f"the server answers in {head.version}, expected HTTP/1.1")
    agreement = check_response(
        head.code, head.headers, opening.key, opening.subprotocols, opening.compression
    )
    stream.unread(codec.take_unread())
    return Opened(stream, head.headers, agreement)


async def _read_head(stream: IOStream, codec: ClientCodec) -> ResponseHead:
    """Return the final response's head; interim responses before it say nothing."""
    while True:
        event = codec.next_event()
        if not isinstance(event, ResponseHead):
            codec.receive(await _read_some(stream))
        elif not event.informational:
            return event


async def _read_body(stream: IOStream, codec: ClientCodec) -> bytes:
    """Return what there is of a refusal's body: an error of the server's makes it shorter."""
    body = bytearray()
    try:
        while len(body) < MAX_REFUSAL_BODY:
            event = codec.next_event()
            if isinstance(event, Data):
                body += event.data
            elif isinstance(event, EndOfMessage):
                break
            else:
                codec.receive(await _read_some(stream))
    except HTTP1Error:
        pass
    return bytes(body[:MAX_REFUSAL_BODY])


async def _read_some(stream: IOStream) -> bytes:
    """Return the next bytes, b"" at the end."""
    try:
        return await stream.read_bytes(_READ_SIZE, partial=True)
    except StreamClosedError:
        if stream.error is not None:
            raise
        return b""
