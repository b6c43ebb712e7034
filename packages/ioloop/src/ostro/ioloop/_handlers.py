"""The file descriptors of one loop: who handles which events of them."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Protocol

from ostro.stack_context import is_active, wrap

from ._callbacks import Callback
from ._errors import HandlerExistsError, InvalidArgumentError, LoopClosedError, UnknownHandlerError

NONE = 0
READ = 0x001
WRITE = 0x004
ERROR = 0x018


class HasFileno(Protocol):
    """Something with a file descriptor: a socket, a file."""

    def fileno(self) -> int:
        """Return the file descriptor."""
        ...


Runner = Callable[[Callback, Callback, tuple[object, ...]], object]
"""Calls the second callable with the arguments; reports errors in the name of the first."""


class _Handler:
    """One registration."""

    __slots__ = ("call", "context", "events", "fd", "source", "user_callback")

    def __init__(self, fd: int, source: int | HasFileno, user_callback: Callback) -> None:
        self.fd = fd
        # What the program registered, and gets back with each event.
        self.source = source
        # The handler as it was given (errors are reported in its name), and as it is called.
        self.user_callback = user_callback
        self.call = wrap(user_callback) if is_active() else user_callback
        # The Context of add_handler: each event has a copy of it.
        self.context = copy_context()
        self.events = NONE


class Handlers:
    """Registers handlers with an asyncio loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, run: Runner) -> None:
        self._loop = loop
        self._run = run
        self._by_fd: dict[int, _Handler] = {}

    def add(self, source: int | HasFileno, callback: Callback, events: int) -> None:
        """Register a handler. See `IOLoop.add_handler`."""
        self._check_open("add_handler()")
        fd = _fileno(source)
        if fd < 0:
            raise InvalidArgumentError("fd", source, "an open file descriptor, socket or file")
        if fd in self._by_fd:
            raise HandlerExistsError(fd)
        handler = _Handler(fd, source, callback)
        self._listen(handler, _checked(events))
        self._by_fd[fd] = handler

    def update(self, source: int | HasFileno, events: int) -> None:
        """Change the events of a handler. See `IOLoop.update_handler`."""
        self._check_open("update_handler()")
        handler = self._find(source)
        if handler is None:
            raise UnknownHandlerError(source)
        self._listen(handler, _checked(events))

    def remove(self, source: int | HasFileno) -> None:
        """Forget a handler. See `IOLoop.remove_handler`."""
        handler = self._find(source)
        if handler is not None:
            del self._by_fd[handler.fd]
            if not self._loop.is_closed():
                self._listen(handler, NONE)

    def remove_all(self, close: bool) -> None:
        """Forget every handler, and close what they are for if `close` says so."""
        for handler in list(self._by_fd.values()):
            self.remove(handler.source)
            if close:
                _close(handler.source)

    def _check_open(self, operation: str) -> None:
        if self._loop.is_closed():
            raise LoopClosedError(operation)

    def _find(self, source: int | HasFileno) -> _Handler | None:
        fd = _fileno(source)
        if fd >= 0:
            return self._by_fd.get(fd)
        # The source was closed before it was removed, and does not know its number any more.
        for handler in self._by_fd.values():
            if handler.source is source:
                return handler
        return None

    def _listen(self, handler: _Handler, events: int) -> None:
        """Make the loop watch for exactly these events."""
        changed = handler.events ^ events
        # The loop would capture the Context of whoever calls update_handler, which is no business
        # of the handler: give it an empty one.
        if changed & READ:
            if events & READ:
                Context().run(self._loop.add_reader, handler.fd, self._on_event, handler, READ)
            else:
                self._loop.remove_reader(handler.fd)
        if changed & WRITE:
            if events & WRITE:
                Context().run(self._loop.add_writer, handler.fd, self._on_event, handler, WRITE)
            else:
                self._loop.remove_writer(handler.fd)
        handler.events = events

    def _on_event(self, handler: _Handler, event: int) -> None:
        arguments = (handler.source, event)
        context = handler.context.copy()
        context.run(self._run, handler.user_callback, handler.call, arguments)


def _fileno(source: int | HasFileno) -> int:
    """Return the number of a file descriptor, or -1 if it is closed."""
    if isinstance(source, int):
        return source
    try:
        return source.fileno()
    except ValueError:  # a file that is closed, where a socket would return -1
        return -1
    except AttributeError:
        raise InvalidArgumentError("fd", source, "a file descriptor or a fileno()") from None


def _close(source: int | HasFileno) -> None:
    close = getattr(source, "close", None)
    if close is not None:
        close()
        return
    # An OSError means that it is closed already.
    with contextlib.suppress(OSError):
        os.close(_fileno(source))


def _checked(events: int) -> int:
    if events & ~(READ | WRITE | ERROR):
        raise InvalidArgumentError("events", events, "a combination of READ, WRITE and ERROR")
    return events
