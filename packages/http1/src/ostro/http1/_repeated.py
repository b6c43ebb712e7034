"""Requests and responses that repeat themselves: the shortest way from bytes to a head.

Over a kept-alive connection a client mostly sends requests one at a time, without a body, each with
the header section of the one before; and a busy server mostly sends the same head again, until the
next second changes its Date. What is recognised by its bytes is not parsed again. This file owns
what is remembered for that; how a head is parsed in full is the business of the codecs.
"""

from __future__ import annotations

from typing import Final

from ostro.httputil import HTTPHeaders

from ._connection import Connection
from ._events import RequestHead, ResponseHead, TargetForm
from ._grammar import ORIGIN_LINE
from ._limits import DEFAULT_LIMITS, Limits
from ._states import Receiving
from .errors import RemoteProtocolError

_HEAD: Final = Receiving.HEAD
_DONE: Final = Receiving.DONE
_HEAD_END: Final = b"\r\n\r\n"

MAX_REMEMBERED_BYTES: Final = 1024
"""Bytes of a header section that is remembered: ten thousand idle connections must stay small."""


class ResponseMemory:
    """The head of the response before, for when it comes again.

    One that comes for the first time is only noted, as most are where each response has something
    of its own; the second is kept; the third has not to be parsed.
    """

    __slots__ = ("_head", "_method", "_text")

    def __init__(self) -> None:
        self._text = ""
        self._method = ""
        self._head: ResponseHead | None = None

    def recall(self, text: str, method: str) -> ResponseHead | None:
        """Return the response to such a request whose head is `text`, if it is known."""
        head = self._head
        if head is None or text != self._text or method != self._method:
            return None
        return head.copy()

    def note(self, text: str, method: str, head: ResponseHead) -> None:
        """Learn what `text` has been parsed to."""
        if text == self._text and method == self._method:
            self._head = head.copy()
        elif len(text) <= MAX_REMEMBERED_BYTES:
            self._text = text
            self._method = method
            self._head = None


class RequestReceiver(Connection):
    """The receiving half of `ServerCodec`, with a short cut for the most common request."""

    __slots__ = ("_known_block", "_known_fields", "_known_host")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(limits)
        # The header section of an earlier request, from the CRLF that ends the request line on, and
        # its fields. Its requests have no body, are not upgraded and keep the connection alive.
        self._known_block = b""
        self._known_fields: dict[str, str] = {}
        # The Host of the request before: mostly it is that of the next one, too.
        self._known_host = ""

    def receive_request(self, data: bytes) -> RequestHead | None:
        """Take the next bytes; if they are one whole head and nothing else, return it.

        A request without a body is complete then: `EndOfMessage` is not reported any more. In all
        other cases this does what `receive` does and returns None: go on with `next_event`, which
        also says what is wrong with `data`.
        """
        if self._receiving is not _HEAD or self._buffer.data or len(data) > self._small_head:
            self.receive(data)
            return None
        block = self._known_block
        line = ORIGIN_LINE.match(data)
        # Nothing is known at first; a request line that came alone must not pass for a whole head.
        if line is None or not block or data[line.end() :] != block:
            return self._receive_in_full(data)
        method, target = line.groups()
        if method == b"CONNECT":
            return self._receive_in_full(data)
        head = self._request = RequestHead(
            str(method, "latin-1"),
            str(target, "latin-1"),
            "HTTP/1.1",
            HTTPHeaders.from_parsed(self._known_fields.copy()),
            self._known_fields["Host"],
        )
        self._receiving = _DONE
        return head

    def _receive_in_full(self, data: bytes) -> RequestHead | None:
        """Do as `receive_request` for a header section that was not recognised."""
        self.receive(data)
        if data.find(_HEAD_END) != len(data) - 4:
            return None
        try:
            head = self.next_event()
        except RemoteProtocolError:
            return None  # the next call of next_event raises it again
        if not isinstance(head, RequestHead):
            return None
        if not head.has_body:
            self.next_event()  # the end of the message
            self._remember(head, data)
        return head

    def _remember(self, head: RequestHead, data: bytes) -> None:
        line = ORIGIN_LINE.match(data)
        if line is None or len(data) - line.end() > MAX_REMEMBERED_BYTES:
            return
        fields = list(head.headers.get_all())
        single = dict(fields)
        plain = (
            head.form is TargetForm.ORIGIN
            and head.keep_alive
            and len(single) == len(fields)
            and not ("Upgrade" in single or "Content-Length" in single or "Expect" in single)
        )
        if plain:
            self._known_block = data[line.end() :]
            self._known_fields = single
