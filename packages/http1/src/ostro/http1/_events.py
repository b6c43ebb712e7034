"""What a codec reports: plain slotted classes, as they are made for every message.

Events are not changed after they have been made. Those that say nothing but their own name exist
once.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias

from ostro.httputil import HTTPHeaders


class TargetForm(Enum):
    """How a request names what it asks for. Spec: RFC 9112 section 3.2."""

    ORIGIN = "origin"
    ABSOLUTE = "absolute"
    AUTHORITY = "authority"
    ASTERISK = "asterisk"


_ORIGIN: Final = TargetForm.ORIGIN


class RequestHead:
    """The request line and the header section of a request, and what they mean for the connection.

    - `method`, `target`, `version` ("HTTP/1.1"): as sent.
    - `headers`: the fields.
    - `host`: whom the request is for, "example.com:8080": the authority of an absolute target, of a
      CONNECT, else the Host field; "" when there is none.
    - `form`: the form of the target.
    - `content_length`: bytes of the body; None without the field.
    - `chunked`: the body comes in chunks.
    - `keep_alive`: the client is ready for another request on this connection.
    - `expect_continue`: the client waits for `100 Continue` before it sends the body.
    - `upgrade`: the Upgrade field, as sent, of a request that may be upgraded (GET, HTTP/1.1,
      "upgrade" in Connection), else "".
    """

    __slots__ = (
        "chunked",
        "content_length",
        "expect_continue",
        "form",
        "headers",
        "host",
        "keep_alive",
        "method",
        "target",
        "upgrade",
        "version",
    )

    def __init__(
        self, method: str, target: str, version: str, headers: HTTPHeaders, host: str
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        self.host = host
        # What most requests have; `parse_request_head` changes it for the others before it hands
        # the event out.
        self.form = _ORIGIN
        self.content_length: int | None = None
        self.chunked = False
        self.keep_alive = True
        self.expect_continue = False
        self.upgrade = ""

    @property
    def has_body(self) -> bool:
        """Whether at least one byte of body, or a chunked body of whatever size, follows."""
        return self.chunked or bool(self.content_length)

    def __repr__(self) -> str:
        return f"RequestHead({self.method!r}, {self.target!r}, {self.version!r}, {self.headers!r})"


class ResponseHead:
    """The status line and the header section of a response, and what they mean for the connection.

    - `version`, `code`, `reason`, `headers`: as sent.
    - `content_length`: the field, None without it. It may stand without a body (HEAD, 304).
    - `chunked`: the body comes in chunks. `until_close`: it ends when the server closes the
      connection.
    - `has_body`: a body may follow.
    - `keep_alive`: the server is ready for another request on this connection.
    """

    __slots__ = (
        "chunked",
        "code",
        "content_length",
        "has_body",
        "headers",
        "keep_alive",
        "reason",
        "until_close",
        "version",
    )

    def __init__(self, version: str, code: int, reason: str, headers: HTTPHeaders) -> None:
        self.version = version
        self.code = code
        self.reason = reason
        self.headers = headers
        self.content_length: int | None = None
        self.chunked = False
        self.until_close = False
        self.has_body = False
        self.keep_alive = True

    @property
    def informational(self) -> bool:
        """Whether another response follows to the same request. 101 is final in this sense."""
        return self.code < 200 and self.code != 101

    def copy(self) -> ResponseHead:
        """Return the same with headers of its own."""
        head = ResponseHead(self.version, self.code, self.reason, self.headers.copy())
        head.content_length = self.content_length
        head.chunked = self.chunked
        head.until_close = self.until_close
        head.has_body = self.has_body
        head.keep_alive = self.keep_alive
        return head

    def __repr__(self) -> str:
        return f"ResponseHead({self.version!r}, {self.code!r}, {self.reason!r}, {self.headers!r})"


class Data:
    """The next bytes of a body, never empty. Where they are cut means nothing."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"Data(<{len(self.data)} bytes>)"


class EndOfMessage:
    """The message is whole. `trailers` are the fields after a chunked body, None without any."""

    __slots__ = ("trailers",)

    def __init__(self, trailers: HTTPHeaders | None = None) -> None:
        self.trailers = trailers

    def __repr__(self) -> str:
        return f"EndOfMessage({self.trailers!r})"


class NeedData:
    """Nothing can be reported before more is received; after the end of input, never."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NEED_DATA"


class Paused:
    """The message is over; what comes after it is left alone until `start_next_cycle` or
    `take_unread`.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "PAUSED"


END_OF_MESSAGE: Final = EndOfMessage()
"""The end of every message without trailers."""

NEED_DATA: Final = NeedData()
"""The one instance of `NeedData`."""

PAUSED: Final = Paused()
"""The one instance of `Paused`."""

Event: TypeAlias = RequestHead | ResponseHead | Data | EndOfMessage | NeedData | Paused
"""Whatever `next_event` returns."""
