"""The seam between a WebSocket and whoever talks through it: messages, not bytes.

A handler, or a client, is a `WebSocketDelegate`; it talks to a `WebSocketConnection`. There is one
of those for RFC 6455 over a stream, one for the draft before it, and room for others: an ASGI
server speaks the protocol itself, and hands over messages.

This file owns the order in which messages reach the delegate, and that one waits for the other. It
knows no frames.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context
from types import CoroutineType, TracebackType
from typing import Any, Final, Protocol, TypeAlias

from ostro.httputil import HTTPConnection
from ostro.ioloop import COMPLETED, start_task

from ._frames import ABNORMAL_CLOSURE, INTERNAL_ERROR
from ._reader import MessageQueue
from .errors import WebSocketClosedError

app_log = logging.getLogger("ostro.application")
general_log = logging.getLogger("ostro.general")

# Any: the result of a callback is looked at, and may be anything.
MessageCallback: TypeAlias = Callable[[str | bytes], Any]
"""Takes a message. What it returns, if not None, is awaited before the next message comes."""

# Any: it runs functions of whatever signature.
Runner: TypeAlias = Callable[..., Any]
"""Calls a function with arguments: `contextvars.Context.run`, or the like."""

MAX_HELD_MESSAGES: Final = 16
"""Messages that wait for a delegate that is busy before the peer has to: enough that a burst of
small ones does not stop the reading, and with it the noticing of pongs and of the end."""

MAX_HELD_SIZE: Final = 4 * 1024 * 1024
"""Bytes, or characters, of such messages; the one that exceeds it is held as well."""

MAX_TASKS: Final = 64
"""Coroutines that run for pings and pongs, beside the messages, before the peer has to wait."""


class WebSocketDelegate(Protocol):
    """Who takes what comes on a WebSocket. All calls come from the loop's thread."""

    # Any: whatever an application's method returns; None and awaitables are known what to do with.
    def on_message(self, message: str | bytes) -> Any:
        """Take a message: text is str, binary data bytes.

        The next message waits for an awaitable returned. An exception closes the connection with
        1011, and goes to `log_exception`.
        """

    def on_ping(self, data: bytes) -> Any:
        """Learn of a ping; it is answered already."""

    def on_pong(self, data: bytes) -> Any:
        """Learn of a pong."""

    def connection_closed(self, code: int, reason: str) -> None:
        """Learn, once, that the connection is over: why is what the peer said.

        `code` is 1005 if it said nothing, 1006 if the connection broke. Nothing is called after
        this, and the connection does not know the delegate any more.
        """

    def log_exception(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log what one of the other methods raised."""


class WebSocketConnection(ABC):
    """A WebSocket after its handshake: a delegate's way to the peer.

    `delegate` takes what comes. Its methods are called by `run`, which is `Context.run` where they
    belong into a Context of their own. `subprotocol` is what the handshake chose, None if nothing.
    With `cancel_on_disconnect`, what messages wait for is cancelled when the connection breaks.

    A subclass hands messages to `_deliver`, and stops reading while `_is_full`. All methods must be
    called from the loop's thread.
    """

    __slots__ = (
        "_beside",
        "_cancel_on_disconnect",
        "_delegate",
        "_held",
        "_on_message",
        "_queue",
        "_run",
        "_waits_for",
        "subprotocol",
    )

    def __init__(
        self,
        delegate: WebSocketDelegate,
        run: Runner,
        *,
        subprotocol: str | None = None,
        cancel_on_disconnect: bool = False,
    ) -> None:
        self._delegate: WebSocketDelegate | None = delegate
        self._run: Runner | None = run
        self._cancel_on_disconnect = cancel_on_disconnect
        # What the handshake has chosen, None if nothing.
        self.subprotocol = subprotocol
        self._on_message: MessageCallback = delegate.on_message
        # Where messages go for somebody to read them, None while the delegate takes them.
        self._queue: MessageQueue | None = None
        # What the next message waits for.
        self._waits_for: asyncio.Future[object] | None = None
        # Tasks that messages do not wait for; asyncio itself holds its tasks only weakly.
        self._beside: set[asyncio.Future[object]] | None = None
        # Messages that wait, and what has to be done after them.
        self._held: deque[str | bytes | Callable[[], None]] | None = None

    # What a delegate does

    @property
    @abstractmethod
    def closing(self) -> bool:
        """Whether nothing can be sent any more: one of the two ends has closed."""

    @abstractmethod
    def write_message(self, message: str | bytes) -> Awaitable[None]:
        """Send a message: str as text, bytes as binary data.

        Returns an awaitable that is done when the network has taken it, for flow control. Raises
        WebSocketClosedError when `closing`; so does the awaitable if the connection breaks before.
        """

    @abstractmethod
    def ping(self, data: bytes = b"") -> Awaitable[None]:
        """Ask the peer for a pong with the same data, at most 125 bytes. Raises as
        `write_message`, and ValueError for more data.
        """

    @abstractmethod
    def close(self, code: int | None = None, reason: str = "") -> None:
        """Close: send what was written before, say why, and wait a while for the peer to do the
        same. Messages that come meanwhile are dropped.

        Nothing happens when `closing`. Raises ValueError for a code that must not be sent, a reason
        of more than 123 bytes, or one without a code.
        """

    @abstractmethod
    def set_nodelay(self, value: bool) -> None:
        """Send small messages at once (True), or let the kernel gather them."""

    def set_queue(self, queue: MessageQueue) -> None:
        """Put messages into `queue` from now on, for somebody to read them."""
        self._queue = queue
        self.set_message_callback(queue.put)

    def set_message_callback(self, callback: MessageCallback) -> None:
        """Give messages to `callback` from now on, whatever they waited for before."""
        if self._run is None:
            return
        self._on_message = callback
        if self._waits_for is not None:
            self._keep(self._waits_for)
            self._waits_for = None
        if self._held:
            # Not now: the caller may be in the Context that callbacks run in.
            asyncio.get_running_loop().call_soon(self._deliver_held, context=Context())

    def wait_for(self, awaitable: Awaitable[object]) -> None:
        """Hold messages back until `awaitable` is done; an exception of it is one of the
        delegate's.
        """
        run = self._run
        if run is None or awaitable is COMPLETED:
            return
        callback = self._on_message
        task = _start(run, awaitable)
        if task.done():
            self._task_done(task)
            return
        if self._on_message is callback:
            self._waits_for = task
        else:
            self._keep(task)  # in its first step it has begun to read messages by itself
        task.add_done_callback(self._task_done)

    def _keep(self, task: asyncio.Future[object]) -> None:
        """Hold on to a task that messages do not wait for."""
        if self._beside is None:
            self._beside = set()
        self._beside.add(task)

    def begin(self, opened: Callable[[], object]) -> None:
        """Call `opened` before any message is delivered; they wait for an awaitable returned."""
        run = self._run
        if run is None:
            return
        try:
            waits = run(opened)
            if waits is not None:
                self._wait_for_result(waits)
        except Exception as error:  # noqa: BLE001 - whatever a delegate raises
            self._delegate_failed(error)

    # What a subclass does

    @abstractmethod
    def _room_changed(self) -> None:
        """Stop reading, or read again, as `_is_full` says now."""

    @property
    def _is_full(self) -> bool:
        """Whether no more should be delivered for now: too much waits, or runs."""
        if self._beside is not None and len(self._beside) >= MAX_TASKS:
            return True
        return self._held is not None and _is_much(self._held)

    def _deliver(self, message: str | bytes) -> None:
        """Hand a message to the delegate, or keep it until the one before it is dealt with."""
        if self._waits_for is not None or self._held:
            self._hold(message)
            return
        run = self._run
        assert run is not None  # who delivers knows that the connection is not over
        try:
            waits = run(self._on_message, message)
            if waits is not None:
                self._wait_for_result(waits)
        except Exception as error:  # noqa: BLE001 - whatever a delegate raises
            self._delegate_failed(error)

    def _after_messages(self, action: Callable[[], None]) -> None:
        """Call `action` once the delegate has got all messages that were delivered before."""
        if self._held:
            self._held.append(action)
        else:
            action()

    def _drop_messages(self) -> None:
        """Forget the messages that wait; do soon what has to be done after them."""
        held, self._held = self._held, None
        for item in held or ():
            if not isinstance(item, (str, bytes)):
                asyncio.get_running_loop().call_soon(item, context=Context())

    def _hold(self, message: str | bytes) -> None:
        if self._held is None:
            self._held = deque()
        self._held.append(message)

    def _wait_for_result(self, result: object) -> None:
        if result is COMPLETED:
            return
        if not inspect.isawaitable(result):
            raise TypeError(
                f"a WebSocket handler returned {type(result).__name__}, expected None or an "
                "awaitable; a message is sent with write_message()"
            )
        self.wait_for(result)

    def _task_done(self, task: asyncio.Future[object]) -> None:
        current = self._waits_for is task
        if current:
            self._waits_for = None
        elif self._beside is not None:
            self._beside.discard(task)
            if len(self._beside) == MAX_TASKS - 1:
                self._room_changed()
        if not task.cancelled():
            error = task.exception()
            if error is not None:
                self._delegate_failed(error)
        if current:
            self._deliver_held()

    def _deliver_held(self) -> None:
        held = self._held
        if held is None:
            return
        self._held = None  # so that they are delivered, not held again
        was_full = _is_much(held)
        while held:
            item = held[0]
            if not isinstance(item, (str, bytes)):
                item()
            elif self._waits_for is not None:
                break
            elif not self.closing:
                self._deliver(item)
            held.popleft()
        if held:
            self._held = held
        if was_full and not self._is_full:
            self._room_changed()

    def _delegate_failed(self, error: BaseException) -> None:
        """Log what the delegate raised, and close with 1011."""
        delegate = self._delegate
        if isinstance(error, WebSocketClosedError) and (delegate is None or self.closing):
            general_log.info("A message was not sent: %s", error)
            return
        if delegate is None:
            app_log.error("Uncaught exception after the end of a WebSocket", exc_info=error)
            return
        delegate.log_exception(type(error), error, error.__traceback__)
        self.close(INTERNAL_ERROR, "internal error")

    def _call(self, method: Callable[..., object], *args: object) -> None:
        """Call a method of the delegate that nothing waits for."""
        run = self._run
        assert run is not None  # as in _deliver
        try:
            result = run(method, *args)
            if inspect.isawaitable(result):
                task = _start(run, result)
                task.add_done_callback(self._task_done)
                self._keep(task)
                if self._is_full:
                    self._room_changed()
        except Exception as error:  # noqa: BLE001 - whatever a delegate raises
            self._delegate_failed(error)

    def _over(self, code: int, reason: str) -> None:
        """Tell the delegate that the connection is over, and forget it; idempotent."""
        delegate, self._delegate = self._delegate, None
        if delegate is None:
            return
        run, self._run = self._run, None
        assert run is not None  # it goes together with the delegate
        self._held = None
        self._on_message = _drop
        task, self._waits_for = self._waits_for, None
        if task is not None and code == ABNORMAL_CLOSURE and self._cancel_on_disconnect:
            task.cancel()
        try:
            run(delegate.connection_closed, code, reason)
        except Exception as error:  # noqa: BLE001 - whatever a delegate raises
            delegate.log_exception(type(error), error, error.__traceback__)


class WebSocketRequestConnection(HTTPConnection):
    """The connection of a request that is a WebSocket handshake, at a server that speaks the
    protocol itself: it has no stream to detach.
    """

    __slots__ = ()

    @abstractmethod
    def accept_websocket(
        self,
        delegate: WebSocketDelegate,
        run: Runner,
        *,
        subprotocol: str | None,
        cancel_on_disconnect: bool,
    ) -> WebSocketConnection:
        """Accept the handshake, after `write_headers` with status 101, and return the WebSocket.

        The arguments are those of `WebSocketConnection`.
        """


def _is_much(held: deque[str | bytes | Callable[[], None]]) -> bool:
    """Tell whether what is held is enough."""
    if len(held) >= MAX_HELD_MESSAGES:
        return True
    return sum(len(item) for item in held if isinstance(item, (str, bytes))) >= MAX_HELD_SIZE


def _start(run: Runner, awaitable: Awaitable[object]) -> asyncio.Future[object]:
    """Return a future, or a task that runs, for something to wait for."""
    if isinstance(awaitable, asyncio.Future):
        return awaitable
    coroutine = awaitable if isinstance(awaitable, CoroutineType) else _wait(awaitable)
    task: asyncio.Future[object] = run(start_task, coroutine)
    return task


async def _wait(awaitable: Awaitable[object]) -> None:
    await awaitable


def _drop(message: str | bytes) -> None:
    """Take a message that comes too late."""
