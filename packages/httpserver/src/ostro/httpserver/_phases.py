"""What a connection can be waiting for."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Phase(Enum):
    """What a connection waits for."""

    HEAD = "the head of the first request, or the rest of a later one's"
    IDLE = "the first byte of the next request"
    BODY = "the rest of a request body"
    ANSWER = "the application's answer to a request received whole"
    FLUSH = "the client to read its answers, before the next pipelined request is taken"
    CLOSING = "the news that the stream, which this side has closed, is closed"
    CLOSED = "nothing: the stream is closed, given away, or on its way to that"


HEAD: Final = Phase.HEAD
IDLE: Final = Phase.IDLE
BODY: Final = Phase.BODY
ANSWER: Final = Phase.ANSWER
FLUSH: Final = Phase.FLUSH
CLOSING: Final = Phase.CLOSING
CLOSED: Final = Phase.CLOSED
