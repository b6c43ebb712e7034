"""Where each direction of a connection stands. The two directions advance on their own.

Receiving:

    HEAD --> BODY --> DONE --> HEAD        start_next_cycle
                        `----> SWITCHED    take_unread: the rest is not HTTP
    any  --> FAILED                        RemoteProtocolError; for good

Sending:

    IDLE --> COUNTED | CHUNKED | UNTIL_CLOSE | SWALLOWED | EMPTY | RAW --> SENT --> IDLE
    start_next_cycle

A body that is sent together with its head goes from IDLE to SENT at once.
"""

from __future__ import annotations

from enum import Enum


class Receiving(Enum):
    """What comes next from the peer."""

    HEAD = "a head"
    BODY = "a body, or the end of a message without one"
    DONE = "nothing before the next cycle"
    SWITCHED = "bytes of another protocol"
    FAILED = "nothing that could be understood"


class Sending(Enum):
    """What this side may send next."""

    IDLE = "a head"
    COUNTED = "a body of stated length"
    CHUNKED = "a body in chunks"
    UNTIL_CLOSE = "a body that ends with the connection"
    SWALLOWED = "a body that is not sent, in answer to HEAD"
    EMPTY = "the end of a message that has no body"
    RAW = "bytes that the caller composes, until send_raw_end"
    SENT = "nothing before the next cycle"
