"""A WebSocket client for whoever speaks HTTP by other means than `websocket_connect`.

It says what to ask for, and makes a connection of the answer. To send the one and to receive the
other is the caller's business: a client in memory, for tests, or one through a tunnel.
"""

from __future__ import annotations

from collections.abc import Iterable

from ostro.httputil import ByteStream, HTTPHeaders, responses
from ostro.stack_context import wrap

from ._client import ClientOptions, OnMessage, WebSocketClientConnection
from ._compression import CompressionChoice, compression_options_of
from ._connector import Opened
from ._handshake import check_response
from ._opening import HeaderFields, make_opening
from ._protocol import DEFAULT_MAX_MESSAGE_SIZE
from ._reader import MAX_UNREAD_MESSAGES
from ._rfc6455 import DEFAULT_MAX_WRITE_BUFFER_SIZE
from .errors import HandshakeRefusedError


class ClientHandshake:
    """The opening handshake of a client, without the network.

    `target` and `headers` are what a GET request has to say; `accept` makes a connection of the
    answer.

    The arguments are those of `websocket_connect`. Raises ValueError for one that is not
    acceptable.

    Spec: RFC 6455 section 4.1.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: HeaderFields | None = None,
        subprotocols: Iterable[str] | None = None,
        on_message_callback: OnMessage | None = None,
        compression_options: CompressionChoice = None,
        ping_interval: float = 0.0,
        ping_timeout: float | None = None,
        max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE,
        max_queue: int = MAX_UNREAD_MESSAGES,
        max_write_buffer_size: int = DEFAULT_MAX_WRITE_BUFFER_SIZE,
    ) -> None:
        self._opening = make_opening(
            url,
            headers=headers,
            subprotocols=subprotocols,
            compression=compression_options_of(compression_options),
        )
        self._options = ClientOptions(
            None if on_message_callback is None else wrap(on_message_callback),
            ping_interval,
            ping_interval if ping_timeout is None else ping_timeout,
            max_message_size,
            max_queue,
            max_write_buffer_size,
        )

    @property
    def target(self) -> str:
        """The target of the request: path and query."""
        return self._opening.target

    @property
    def headers(self) -> HTTPHeaders:
        """The fields of the request, Host included."""
        return self._opening.headers

    def check(self, code: int, headers: HTTPHeaders, body: bytes = b"") -> None:
        """Look at the server's answer.

        Raises HandshakeRefusedError for a code other than 101, HandshakeError for an answer that
        breaks the protocol, or accepts what was not offered.
        """
        if code != 101:
            raise HandshakeRefusedError(code, responses.get(code, "Unknown"), headers, body)
        opening = self._opening
        check_response(code, headers, opening.key, opening.subprotocols, opening.compression)

    def accept(self, headers: HTTPHeaders, stream: ByteStream) -> WebSocketClientConnection:
        """Return the connection over `stream`, after an answer with code 101.

        What the server sent after that answer is read from the stream first. Raises as `check`
        does. The loop must be running.
        """
        opening = self._opening
        agreement = check_response(
            101, headers, opening.key, opening.subprotocols, opening.compression
        )
        return WebSocketClientConnection(Opened(stream, headers, agreement), self._options)
