"""What a server allows its clients: limits in bytes and deadlines in seconds, fixed when it is
built.

This file knows no socket and no clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from ostro.http1 import DEFAULT_LIMITS, Limits

from ._forwarded import ForwardedHeaders

DEFAULT_HEADER_TIMEOUT = 60.0
"""Seconds from the connection, or from the first byte of a later request, to the end of its head
(and of a TLS handshake): long enough for a bad mobile link, short enough that silent clients do not
pile up.
"""

DEFAULT_IDLE_CONNECTION_TIMEOUT = 300.0
"""Seconds that a kept-alive connection may stand idle between requests."""

DEFAULT_BODY_TIMEOUT = 3600.0
"""Seconds that one request body may take in all."""

DEFAULT_MIN_BODY_RATE = 128
"""Bytes per second that a body must bring on average once `BODY_RATE_GRACE` has passed."""

BODY_RATE_GRACE = 30.0
"""Seconds before the least rate of a body is asked for: a phone in a tunnel is no attacker."""

DEFAULT_WRITE_TIMEOUT = 120.0
"""Seconds without one byte of progress after which a client that does not read is dropped."""

LINGER_TIMEOUT = 2.0
"""Seconds that a connection which this side ends waits for the client to read the last answer.

Closing at once would make the kernel reset the connection while the client still sends, and the
client would never see the answer that says why. Spec: RFC 9112 section 9.6.
"""

MAX_BYTES_BEHIND_ANSWER = 65536
"""Bytes of a body that are still read, and thrown away, when its request has been answered, so that
the connection can be kept. Most of the bodies that are refused are smaller, and there already.
"""

PIPELINE_BUFFER_SIZE = 65536
"""Bytes of later requests that are held while one is answered; beyond it the client is not read."""

LOOK_AFTER = 1.0
"""Seconds that an answer may take before the client is looked for: see `IOStream.expect_write`."""

SWEEP_INTERVAL = 1.0
"""Seconds between two looks at the deadlines of all connections, and so their precision."""

GATHER_FROM = 4
"""Open connections from which on the answers of one turn of the loop are sent together."""

WRITE_HIGH_WATER = 65536
"""Unsent bytes above which the next pipelined request waits until the client has read."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The settings that all connections of one server share. Times are in seconds; 0 means no
    limit.
    """

    limits: Limits = DEFAULT_LIMITS
    no_keep_alive: bool = False
    forwarded: ForwardedHeaders | None = None
    protocol: str | None = None
    decompress_request: bool = False
    header_timeout: float = DEFAULT_HEADER_TIMEOUT
    idle_connection_timeout: float = DEFAULT_IDLE_CONNECTION_TIMEOUT
    body_timeout: float = DEFAULT_BODY_TIMEOUT
    min_body_rate: int = DEFAULT_MIN_BODY_RATE
    write_timeout: float = DEFAULT_WRITE_TIMEOUT
