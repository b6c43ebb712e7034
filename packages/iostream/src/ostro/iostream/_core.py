"""What every stream is made of: its phase, its registration with the loop, and its end.

This file owns the file descriptor's place in the loop, the callbacks that are on their way through
the loop, and the order of events when the stream closes. It knows nothing of bytes: writing is
added by `_writing`, reading by `_reading` and `_base`, the kinds of file descriptors by `_socket`,
`_ssl` and `_pipe`.
"""

import logging
import sys
from abc import ABC, abstractmethod
from asyncio import CancelledError
from collections.abc import Callable
from contextvars import Context
from enum import Enum
from types import TracebackType
from typing import Final

from ostro.ioloop import IOLoop
from ostro.stack_context import wrap

from ._receiver import Receiver
from .errors import StreamClosedError

application_log = logging.getLogger("ostro.application")
general_log = logging.getLogger("ostro.general")

ExcInfo = (
    bool
    | BaseException
    | tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[None, None, None]
)
"""What `close` takes as its reason; True stands for the exception that is being handled."""


class Phase(Enum):
    """How far a stream is in its life; it only ever moves forward."""

    OPEN = "open"
    CONNECTING = "connecting"
    HANDSHAKING = "handshaking"
    CLOSED = "closed"


OPEN: Final = Phase.OPEN
CONNECTING: Final = Phase.CONNECTING
HANDSHAKING: Final = Phase.HANDSHAKING
CLOSED: Final = Phase.CLOSED


class _StreamCallback:
    """A user's callback on its way through the loop; it holds the close callback back."""

    __slots__ = ("__wrapped__", "_stream")

    def __init__(self, stream: "StreamCore", callback: Callable[..., object]) -> None:
        self._stream = stream
        self.__wrapped__ = callback

    def __call__(self, *args: object) -> object:
        stream = self._stream
        try:
            return self.__wrapped__(*args)
        except Exception as error:
            stream.close(error)  # nobody is left who would go on with the conversation
            raise
        finally:
            stream._callback_has_run()


class StreamCore(ABC):
    """The life of a stream, without its bytes."""

    __slots__ = (
        "__weakref__",
        "_callbacks_under_way",
        "_close_callback",
        "_doubtful",
        "_fd",
        "_listening",
        "_loop",
        "_phase",
        "_receiver",
        "_watching_writes",
        "error",
        "io_loop",
    )

    def __init__(self, io_loop: IOLoop | None, fd: int) -> None:
        self.io_loop = IOLoop.current() if io_loop is None else io_loop
        self._loop = self.io_loop.asyncio_loop
        self._fd = fd
        self._phase = OPEN
        self.error: BaseException | None = None
        # Is the file descriptor registered with the loop, for reading and for writing?
        self._listening = False
        self._watching_writes = False
        # Bytes came, and nothing has shown since that no error lies behind them. That matters
        # because uvloop reports an error (a reset) once, whatever else is there, and then watches
        # no more: someone has to look before the next event is waited for. See `_read_on`.
        self._doubtful = False
        # Who learns of what happens: in push mode the receiver, always the close callback.
        self._receiver: Receiver | None = None
        self._close_callback: Callable[[], object] | None = None
        self._callbacks_under_way = 0  # user callbacks given to the loop that have not run yet

    def __repr__(self) -> str:
        return f"<{type(self).__name__} fd={self._fd} {self._phase.value}>"

    def fileno(self) -> int:
        """Return the file descriptor, or -1 once the stream has closed."""
        return -1 if self._phase is CLOSED else self._fd

    def closed(self) -> bool:
        """Say whether the stream has been closed, by whichever side."""
        return self._phase is CLOSED

    # The hooks of the layers above

    @abstractmethod
    def close_fd(self) -> None:
        """Close the file descriptor."""

    @abstractmethod
    def _on_readable(self) -> None:
        """Read, called by the loop."""

    @abstractmethod
    def _read_on(self) -> None:
        """Look whether an error lies behind the bytes that came."""

    @abstractmethod
    def _wants_data(self) -> bool:
        """Say whether somebody waits for bytes, or for the end behind them."""

    @abstractmethod
    def _fail_pending(self, error: BaseException | None) -> None:
        """Complete or fail everything that still waits for something to happen."""

    # The loop. The registrations are made in an empty Context of their own, so that neither a
    # stack_context nor a ContextVar leaks from whoever used the stream first to the next one.

    def _update_listening(self) -> None:
        """Listen for bytes if somebody waits for them, or else do not."""
        if not self._wants_data():
            self._stop_listening()
        elif not self._listening:
            Context().run(self._loop.add_reader, self._fd, self._on_readable)
            self._listening = True
            self._doubtful = False
        elif self._doubtful:
            self._call_soon(self._read_on)

    def _stop_listening(self) -> None:
        if self._listening:
            self._listening = False
            self._loop.remove_reader(self._fd)

    def _watch_writes(self, on_writable: Callable[[], None]) -> None:
        if not self._watching_writes:
            Context().run(self._loop.add_writer, self._fd, on_writable)
            self._watching_writes = True

    def _stop_watching_writes(self) -> None:
        if self._watching_writes:
            self._watching_writes = False
            self._loop.remove_writer(self._fd)

    def _call_soon(self, callback: Callable[..., None], *args: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon(callback, *args, context=Context())

    # Callbacks of the user

    def _run_later(self, callback: Callable[..., object], *args: object) -> None:
        """Run a user's callback through the loop, on an empty stack of contexts."""
        if not self._loop.is_closed():
            self._callbacks_under_way += 1
            self.io_loop.spawn_callback(_StreamCallback(self, callback), *args)

    def _callback_has_run(self) -> None:
        self._callbacks_under_way -= 1
        self._report_close()

    def set_close_callback(self, callback: Callable[[], object] | None) -> None:
        """Have `callback` called, without arguments, when the stream has closed.

        It is called once, through the loop, after the callbacks of all reads that could be
        satisfied. `error` then says why the stream closed. While a close callback is set, the end
        of the connection is noticed even when nothing is read; to that end a little is read ahead.
        If the stream has closed already, the callback is called too.

        Args:
            callback: None takes back the one that was set.
        """
        self._close_callback = wrap(callback)
        if self._phase is CLOSED:
            self._report_close()
        else:
            self._update_listening()

    def _report_close(self) -> None:
        callback = self._close_callback
        if callback is not None and self._phase is CLOSED and not self._callbacks_under_way:
            self._close_callback = None
            if not self._loop.is_closed():
                self.io_loop.spawn_callback(callback)

    # The end

    def close(self, exc_info: ExcInfo = False) -> None:
        """Close the stream at once; bytes that were not sent yet are dropped. Idempotent.

        A pending `read_until_close` gets what has arrived, other reads and writes get
        StreamClosedError, and then the close callback runs.

        Args:
            exc_info: Why the stream is closed, for `error`: an exception, a `sys.exc_info()` tuple,
                or True for the exception that is being handled. False: no error.
        """
        self._shut(_exception_of(exc_info), at_once=False)

    def _lose(self, error: BaseException | None) -> None:
        """Close the stream from within an event of the loop."""
        self._shut(error, at_once=True)

    def _shut(self, error: BaseException | None, *, at_once: bool) -> None:
        if self._phase is CLOSED:
            return
        if error is not None:
            self.error = error
        if not self._loop.is_closed():
            self._stop_listening()
            self._stop_watching_writes()
        self._phase = CLOSED
        self.close_fd()
        self._fail_pending(self.error)
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            if at_once:
                self._report_lost(receiver)
            else:
                # The receiver may be in the middle of the very call that closed the stream.
                self._call_soon(self._report_lost, receiver)
        self._report_close()

    def _report_lost(self, receiver: Receiver) -> None:
        try:
            receiver.connection_lost(self.error)
        except (Exception, CancelledError):  # noqa: BLE001 - whatever a receiver raises
            self._log_receiver(receiver)

    def _receiver_failed(self, receiver: Receiver, error: BaseException) -> None:
        """Log what a receiver let out, and close the stream, for nobody goes on with it."""
        self._log_receiver(receiver)
        self.close(error)

    def _log_receiver(self, receiver: Receiver) -> None:
        application_log.error("Exception in receiver %s", type(receiver).__name__, exc_info=True)

    def _check_open(self) -> None:
        if self._phase is CLOSED:
            raise StreamClosedError(self.error)


def _exception_of(exc_info: ExcInfo) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1]
    return sys.exc_info()[1] if exc_info else None
