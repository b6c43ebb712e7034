"""The answers that a server gives by itself, when there is no request that an application could
take.
"""

from __future__ import annotations

from ostro.http1 import ServerCodec
from ostro.httputil import HTTPHeaders, http_date_now, responses


def error_response(codec: ServerCodec, status: int, message: str) -> bytes:
    """Return a whole response that says `message` and that the connection ends.

    `codec` knows what it answers, and must not have sent a head; `message` must be `printable`.
    """
    body = f"{message}\n".encode()
    headers = HTTPHeaders.from_parsed(
        {
            "Date": http_date_now(),
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(body)),
        }
    )
    codec.close_after_response()
    return codec.send_head(status, responses.get(status, "Unknown"), headers, body, end=True)


def printable(text: str) -> str:
    """Return `text` on one line and without control bytes, as it may stand in a log."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
