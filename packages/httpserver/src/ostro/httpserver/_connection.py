"""One client's connection: requests in, one after the other, answers out.

This file owns the order of things: which request is being received, whose answer is due, when to
read. Bytes are understood by `ostro.http1` and moved by `ostro.iostream`, sending is described in
`_output`, receiving in `_input`, dealing with delegates in `_application`, and what an answer says
lies with them. Theory of operation: docs/design/server-connection.md.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from ostro.http1 import Data, EndOfMessage, RemoteProtocolError, RequestHead, TargetForm
from ostro.httputil import (
    ByteStream,
    HTTPOutputError,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
)
from ostro.iostream import IOStream

from ._callback import as_delegate
from ._exchange import Exchange
from ._forwarded import ForwardedHeaders
from ._group import ConnectionGroup
from ._input import ConnectionInput
from ._phases import ANSWER, BODY, CLOSED, CLOSING, FLUSH, HEAD, IDLE, Phase
from ._settings import (
    LINGER_TIMEOUT,
    LOOK_AFTER,
    PIPELINE_BUFFER_SIZE,
    SWEEP_INTERVAL,
    WRITE_HIGH_WATER,
    ServerSettings,
)


class HTTPConnection(ConnectionInput):
    """Serves the requests of one client.

    `stream` is the client's, just accepted; `address` its address as the socket gave it.
    `request_callback` takes requests that are complete (2.3 style), or is an
    `HTTPServerConnectionDelegate`. `no_keep_alive` and `xheaders` are those of `HTTPServer`, which
    passes its `group` instead.

    All methods must be called from the loop's thread.
    """

    __slots__ = (
        "_advancing",
        "_eof",
        "_served",
    )

    def __init__(
        self,
        stream: IOStream,
        address: object,
        request_callback: HTTPServerConnectionDelegate
        | Callable[[HTTPServerRequest], object]
        | None = None,
        no_keep_alive: bool = False,
        xheaders: bool = False,
        *,
        group: ConnectionGroup | None = None,
    ) -> None:
        if group is None:
            if request_callback is None:
                raise TypeError("HTTPConnection needs a request_callback or a group")
            settings = ServerSettings(
                no_keep_alive=no_keep_alive, forwarded=ForwardedHeaders() if xheaders else None
            )
            group = ConnectionGroup(
                as_delegate(request_callback),
                settings,
                stream.io_loop,
                time.monotonic,
                SWEEP_INTERVAL,
            )
        super().__init__(stream, address, group)
        # Whether any request was started, so that the delegate is told of the end.
        self._served = False
        # Whether events are being taken further up this very call stack.
        self._advancing = False
        # Whether the client has said that it sends no more.
        self._eof = False
        group.add(self)
        stream.set_receiver(self)

    # What the stream tells

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        phase = self._phase
        codec = self.codec
        if phase is IDLE or phase is HEAD:
            # Mostly a request comes alone, whole, and without a body.
            head = codec.receive_request(data)
            if head is None:
                self._advance()
                self._limit_pipeline()
            elif head.content_length or head.chunked:
                self._on_head(head)
                self._advance()
            else:
                # As in `_advance`; there is nothing after it that would have to be looked for.
                self._advancing = True
                self._await_answer()
                self._serve(head)
                self._advancing = False
        else:
            codec.receive(data)
            if self._takes_events():
                self._advance()
            self._limit_pipeline()

    def eof_received(self) -> None:
        """Learn that the client sends nothing more; what it asked before is still answered."""
        self._eof = True
        if self._phase is BODY and self._is_cut_off():
            # Also while the application still works on what came before.
            self.close()
            return
        exchange = self._exchange
        if exchange is not None:
            self._report_close(exchange)
        # What lies in the codec is still taken; that nothing follows is noticed behind it.
        self._advance()

    def drained(self) -> None:
        """Learn that everything written has left."""
        self._write_pace = None
        match self._phase:
            case Phase.FLUSH:
                self._next_request()
                self._advance()
                if self.group.draining:
                    self.close_when_idle()
            case Phase.ANSWER:
                self.deadline = self._next_look()
            case Phase.IDLE:
                self._set_deadline(self.group.settings.idle_connection_timeout)
            case _:
                pass  # BODY and HEAD have deadlines of their own

    def connection_lost(self, error: BaseException | None) -> None:
        """Learn that the stream is closed."""
        if self._phase is CLOSED:
            return
        if self._phase is CLOSING:
            error = None  # not the network's
        self._phase = CLOSED
        exchange = self._exchange
        if exchange is not None:
            self._abandon(exchange, error)
        self._ended()

    def _ended(self) -> None:
        self.group.remove(self)
        if self._served:
            self._served = False
            self._notify(self.group.delegate.on_close, self)

    def expire(self, now: float) -> None:
        """Act on a deadline that has passed."""
        match self._phase:
            case Phase.HEAD if self.codec.unread_size:
                self._reject(408, "the head of the request did not come in time")
            case Phase.BODY if self._exchange is not None:
                self._check_body(now)
            case Phase.ANSWER if self._write_pace is None:
                self._look_for_client()
            case _ if self._write_pace is not None and self._client_reads(now):
                self.deadline = self._write_pace.next_check()
            case _:
                self.close()

    # Taking requests

    def _advance(self) -> None:
        """Take what the codec has, until it needs more bytes or an answer is due."""
        self._advancing = True
        codec = self.codec
        try:
            while self._takes_events():
                event = codec.next_event()
                if isinstance(event, RequestHead):
                    self._on_head(event)
                elif isinstance(event, Data):
                    self._on_data(event.data)
                elif isinstance(event, EndOfMessage):
                    self._on_end(event)
                else:
                    self._on_need_data()
                    break
        except RemoteProtocolError as error:
            self._reject(error.status, str(error))
        finally:
            self._advancing = False

    def _on_need_data(self) -> None:
        if self._eof:
            # No rest of a body and no further request can come.
            if self._phase is BODY:
                self.close()
            else:
                self._say_farewell(linger=False)
            return
        if self._pipeline_full:
            self._read_again()
        if self._phase is IDLE and self.codec.unread_size:
            self._phase = HEAD
            self._set_deadline(self.group.settings.header_timeout)

    def _on_head(self, head: RequestHead) -> None:
        if head.has_body:
            self._phase = BODY
            self._begin_body()
        else:
            self.codec.next_event()  # the end, which follows such a head at once
            self._await_answer()
        self._serve(head)

    def _await_answer(self) -> None:
        """Leave the word to the application; look after the client again if that takes a while."""
        self._phase = ANSWER
        self.deadline = self.group.sweeper.now + LOOK_AFTER
        self.stream.expect_write()

    def _serve(self, head: RequestHead) -> None:
        """Take a request to its delegate, in a contextvars Context of its own."""
        if head.form is TargetForm.ABSOLUTE:
            # RFC 9112 section 3.2.2: the host in the target replaces what Host says.
            head.headers["Host"] = head.host
        context = self._context
        forwarded = self.group.forwarded
        if forwarded is not None:
            context = forwarded.apply(context, head.headers)
        complete = self._phase is ANSWER
        exchange = self._exchange = Exchange(self, context, head.keep_alive)
        self._served = True
        try:
            if complete and self.group.takes_requests:
                exchange.headers_taken = True
                delegate = exchange.run(
                    self.group.delegate.take_request,
                    self,
                    exchange,
                    head.method,
                    head.target,
                    head.version,
                    head.headers,
                )
                if delegate is not None:
                    self._taken(exchange, delegate)
                return
            waits = exchange.run(self._start, exchange, head)
            if waits is not None:
                self._hold(exchange, waits)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it raises
            self._delegate_failed(exchange, error)

    def _on_end(self, end: EndOfMessage) -> None:
        exchange = self._exchange
        if exchange is None:
            self._after_answer()
            return
        delegate = exchange.delegate
        assert delegate is not None
        self._phase = ANSWER
        pace = self._write_pace
        self.deadline = self._next_look() if pace is None else pace.next_check()
        if end.trailers is not None:
            self._call(exchange, delegate.trailers_received, end.trailers)
        if exchange.delegate is delegate:
            self._call(exchange, delegate.finish)

    # After the answer

    def before_head(self, end: bool) -> None:
        """Decide whether the answer whose head is about to be sent is the last one.

        `end`: the answer is complete with this head; the client need not send the rest of its body.
        """
        if self.group.last_answers or (self._phase is BODY and self._leaves_body(end)):
            self.codec.close_after_response()

    def response_ended(self, exchange: Exchange) -> None:
        """Go on once the application has finished its answer."""
        self._exchange = None
        if self._phase is BODY:
            if exchange.keep_alive and self.codec.can_keep_alive and self._is_worth_reading():
                self._read_rest()
            else:
                self._say_farewell(linger=True)
        elif not exchange.keep_alive:
            # The client asked for the end, and sends nothing more unless it is confused.
            self._say_farewell(linger=bool(self.codec.unread_size))
        else:
            self._after_answer()

    def _read_rest(self) -> None:
        """Read what is left of a body that has been answered, for the sake of the next request."""
        self._waits_for = None
        self._set_deadline(LINGER_TIMEOUT)
        self._read_again()
        if not self._advancing:
            self._schedule_advance()

    def _after_answer(self) -> None:
        """Go on to the next request, or to the end, once a request and its answer are complete."""
        if self.group.last_answers or not self.codec.can_keep_alive:
            self._say_farewell(linger=True)
        elif self.stream.write_buffer_size <= WRITE_HIGH_WATER:
            self._next_request()
            if not self._advancing and (self.codec.unread_size or self._eof):
                self._schedule_advance()
        else:
            self._phase = FLUSH
            self.unsent()

    def _next_request(self) -> None:
        codec = self.codec
        codec.start_next_cycle()
        if self._app_paused or (self._pipeline_full and codec.unread_size <= PIPELINE_BUFFER_SIZE):
            self._read_again()
        self._phase = IDLE
        self._body_pace = None
        self._waits_for = None
        group = self.group
        self.deadline = group.sweeper.now + group.idle_timeout

    def close_when_idle(self) -> None:
        """Close now if no request is in progress, else after its answer (which `before_head`
        announces).
        """
        idle = self._phase is IDLE and not self.codec.unread_size
        if idle or (self._phase is HEAD and not self._served):
            self._say_farewell(linger=False)

    # Giving the stream away

    def detach(self, on_drain: Callable[[], object] | None = None) -> ByteStream:
        """Give the stream away; bytes after the request go to whoever reads it next.

        `on_drain` is called when the server drains, which then waits for the stream to be closed.
        """
        exchange = self._exchange
        if exchange is None or self._phase is not ANSWER:
            raise HTTPOutputError(
                "a stream can be detached once the request is complete, not before"
            )
        if self.codec.response_started and not self.codec.response_complete:
            raise HTTPOutputError("a stream cannot be detached while a response is being sent")
        self.send_outgoing()
        self._phase = CLOSED
        self._exchange = None
        exchange.let_go()
        exchange.delegate = None
        stream = self.stream
        stream.set_receiver(None)
        stream.resume_reading()
        stream.unread(self.codec.take_unread())
        if on_drain is not None:
            self.group.add_detached(stream, on_drain)
        self._ended()
        return stream

    # The documented methods, for a connection whose callback answers in the 2.3 style

    def write(self, chunk: bytes, callback: Callable[[], None] | None = None) -> Awaitable[None]:
        """Send `chunk` as it is, as part of the answer to the request in progress.

        `callback` runs through the loop once it has left. Raises `HTTPOutputError` if no request is
        in progress.
        """
        return self._current_exchange().write_raw(chunk, callback)

    def finish(self) -> None:
        """End the answer to the request in progress; raises `HTTPOutputError` if there is none."""
        self._current_exchange().finish_raw()

    def _current_exchange(self) -> Exchange:
        if self._exchange is None:
            raise HTTPOutputError("no request is waiting for an answer on this connection")
        return self._exchange
