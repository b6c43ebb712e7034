"""Where each direction of a connection stands. The two directions advance on their own.

The tables are keyed by the low nibble and the FIN bit of a frame's first byte: what a frame is,
without its reserved bits. A frame that is missing in the row of the present state is not allowed
there.

    MESSAGE <--> FRAGMENT      FRAGMENT lies between the first and the last frame of a message
    both     --> CLOSED        the close frame; nothing follows it
    any      --> FAILED        receiving only: the peer broke the protocol; for good

Spec: RFC 6455 sections 5.2, 5.4 and 5.5.
"""

from __future__ import annotations

from enum import Enum
from typing import Final


class Role(Enum):
    """Which end of the connection this is. Frames of clients are masked, those of servers not."""

    SERVER = "server"
    CLIENT = "client"


class Phase(Enum):
    """What comes next in one direction."""

    MESSAGE = "a message"
    FRAGMENT = "the rest of a fragmented message"
    CLOSED = "nothing after the close frame"
    FAILED = "nothing that could be understood"


FIN: Final = 0x80
CONTINUATION: Final = 0x00
TEXT: Final = 0x01
BINARY: Final = 0x02
CLOSE: Final = 0x08
PING: Final = 0x09
PONG: Final = 0x0A

COMPRESSED: Final = 0x40
"""RSV1, of the first frame of a message. Spec: RFC 7692 section 6."""

TRANSITIONS: Final[dict[Phase, dict[int, Phase]]] = {
    Phase.MESSAGE: {
        FIN | TEXT: Phase.MESSAGE,
        FIN | BINARY: Phase.MESSAGE,
        TEXT: Phase.FRAGMENT,
        BINARY: Phase.FRAGMENT,
        FIN | PING: Phase.MESSAGE,
        FIN | PONG: Phase.MESSAGE,
        FIN | CLOSE: Phase.CLOSED,
    },
    Phase.FRAGMENT: {
        CONTINUATION: Phase.FRAGMENT,
        FIN | CONTINUATION: Phase.MESSAGE,
        FIN | PING: Phase.FRAGMENT,
        FIN | PONG: Phase.FRAGMENT,
        FIN | CLOSE: Phase.CLOSED,
    },
    Phase.CLOSED: {},
    Phase.FAILED: {},
}
"""What a frame makes of the state of its direction."""
