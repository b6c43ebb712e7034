"""The answers that a server gives by itself, when there is no request that an application could
take.
"""

from __future__ import annotations

from ostro.httputil import http_date_now, responses


def error_response(status: int, message: str) -> bytes:
    """Return a whole response that says `message` and that the connection ends.

    `message` must be `printable`.
    """
    body = f"{message}\n".encode()
    reason = responses.get(status, "Unknown")
    head = (
        f"HTTP/1.1 {status} {reason}\r\n"
        f"Date: {http_date_now()}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n"
        "\r\n"
    )
    return head.encode("latin-1") + body


def printable(text: str) -> str:
    """Return `text` on one line and without control bytes, as it may stand in a log."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
