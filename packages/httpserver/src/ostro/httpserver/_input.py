"""The receiving half of a connection: when the client is read, and how fast a body has to come.

This file owns the reasons not to read, and the pace of the body at hand. What is received is the
codec's business, and what it means that of `_connection`.
"""

from __future__ import annotations

import contextvars

from ostro.ioloop import NEVER
from ostro.iostream import IOStream

from ._application import ApplicationCaller
from ._group import ConnectionGroup
from ._pace import BodyPace
from ._peer import Peer, state_of_peer
from ._phases import ANSWER, BODY, CLOSED, HEAD, IDLE
from ._settings import LOOK_AFTER, MAX_BYTES_BEHIND_ANSWER, PIPELINE_BUFFER_SIZE


class ConnectionInput(ApplicationCaller):
    """One client's stream, seen from the receiving side."""

    __slots__ = ("_app_paused", "_body_pace", "_pipeline_full")

    def __init__(self, stream: IOStream, address: object, group: ConnectionGroup) -> None:
        super().__init__(stream, address, group)
        # Why reading has stopped: the application holds back the body, or the client sends requests
        # faster than they are answered.
        self._app_paused = False
        self._pipeline_full = False
        # How the body comes in; made with the first one.
        self._body_pace: BodyPace | None = None

    # When the client is read

    def _takes_events(self) -> bool:
        phase = self._phase
        return (phase is IDLE or phase is HEAD or phase is BODY) and not (
            self._app_paused or self._waits_for is not None
        )

    def _limit_pipeline(self) -> None:
        """Stop reading once more is kept for later than may be, while something else is due."""
        if (
            self.codec.unread_size > PIPELINE_BUFFER_SIZE
            and self._phase is not CLOSED
            and not self._takes_events()
        ):
            self._pipeline_full = True
            self.stream.pause_reading()
            if self._phase is ANSWER:
                self.deadline = min(self.deadline, self._next_look())

    def _read_again(self) -> None:
        """Read from the client whatever kept it from sending before."""
        self._app_paused = self._pipeline_full = False
        self.stream.resume_reading()

    def _schedule_advance(self) -> None:
        """Take further events from the loop, not from the application's call stack and Context."""
        loop = self.group.io_loop.asyncio_loop
        loop.call_soon(self._advance, context=contextvars.Context())

    def _next_look(self) -> float:
        """Return when to look for the client of an answer that takes its time: never while it is
        read.
        """
        if self._pipeline_full or self._app_paused:
            return self.group.sweeper.now + LOOK_AFTER
        return NEVER

    def _look_for_client(self) -> None:
        """See whether the client of an answer that takes its time is still there."""
        self.deadline = self._next_look()
        if self.deadline == NEVER:
            self.stream.look()
            return
        # Nobody reads, so nobody is told; a client that has filled the pipeline and gone would
        # otherwise occupy its handler for as long as that waits.
        state = state_of_peer(self.stream.socket)
        if isinstance(state, OSError):
            self.stream.close(state)
        elif state is Peer.ENDED and self._exchange is not None:
            self._report_close(self._exchange)

    def pause_body(self) -> None:
        """Hold back the body of the request in progress."""
        self._app_paused = True
        self.stream.pause_reading()

    def resume_body(self) -> None:
        """Let the body come again."""
        if not self._app_paused:
            return
        if self._body_pace is not None:
            self._body_pace.restart(self.group.sweeper.clock())
        self._read_again()
        self._schedule_advance()

    # The pace of a body

    def _begin_body(self) -> None:
        """Judge from now on how the body comes in."""
        settings = self.group.settings
        now = self.group.sweeper.clock()
        self._body_pace = BodyPace(now, settings.body_timeout, settings.min_body_rate)
        self._set_body_deadline(self._body_pace, now)

    def _on_data(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            return  # the rest of a body behind its answer
        assert exchange.delegate is not None
        assert self._body_pace is not None
        self._body_pace.add(len(data))
        self._call(exchange, exchange.delegate.data_received, data)

    def _check_body(self, now: float) -> None:
        pace = self._body_pace
        assert pace is not None
        if self._app_paused or self._waits_for is not None:
            pace.restart(now)
        fault = pace.fault(now)
        if not self._client_reads(now):
            self.close()
        elif fault is not None:
            self._reject(408, fault)
        else:
            self._set_body_deadline(pace, now)

    def _set_body_deadline(self, pace: BodyPace, now: float) -> None:
        self.deadline = pace.next_check(now)
        if self._write_pace is not None:
            self.deadline = min(self.deadline, self._write_pace.next_check())

    def set_body_timeout(self, seconds: float) -> None:
        """Replace the total time of the body in progress."""
        if self._body_pace is not None:
            self._body_pace.set_timeout(seconds)
            self._set_body_deadline(self._body_pace, self.group.sweeper.clock())

    # What is missing of a body

    def _is_cut_off(self) -> bool:
        """Tell whether the body in progress cannot become whole out of what has been received."""
        missing = self.codec.body_bytes_missing
        return not self.codec.unread_size if missing is None else missing > 0

    def _is_worth_reading(self) -> bool:
        """Tell whether so little of a body is missing that a new connection would cost more."""
        missing = self.codec.body_bytes_missing
        return missing is not None and missing <= MAX_BYTES_BEHIND_ANSWER

    def _leaves_body(self, end: bool) -> bool:
        """Tell whether what is left of a body will not be read behind an answer that begins now.

        A client that waits for a 100 may send its body now or not: nobody can tell what comes next.
        Spec: RFC 9110 section 10.1.1.
        """
        return self.codec.waiting_for_continue or (end and not self._is_worth_reading())
