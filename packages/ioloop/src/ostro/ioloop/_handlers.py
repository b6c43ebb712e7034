"""The file descriptors of one loop: who handles which events of them."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Protocol

from ostro.stack_context import is_active, wrap

from ._errors import HandlerExistsError, InvalidArgumentError, UnknownHandlerError

NONE = 0
READ = 0x001
WRITE = 0x004
ERROR = 0x018


class HasFileno(Protocol):
    """Something with a file descriptor: a socket, a file."""

    def fileno(self) -> int:
        """Return the file descriptor."""
        ...


Runner = Callable[[Callable[..., object], Callable[..., object], tuple[object, ...]], object]
"""Calls the second callable with the arguments; reports errors in the name of the first."""


class _Handler:
    """One registration."""

    __slots__ = ("call", "context", "events", "fd", "source", "user_callback")

    def __init__(
        self, fd: int, source: int | HasFileno, user_callback: Callable[..., object]
    ) -> None:
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

    def add(self, source: int | HasFileno, callback: Callable[..., object], events: int) -> None:
        fd = _fileno(source)
        if fd in self._by_fd:
            raise HandlerExistsError(fd)
        handler = _Handler(fd, source, callback)
        self._listen(handler, _checked(events))
        self._by_fd[fd] = handler

    def update(self, source: int | HasFileno, events: int) -> None:
        fd = _fileno(source)
        handler = self._by_fd.get(fd)
        if handler is None:
            raise UnknownHandlerError(fd)
        self._listen(handler, _checked(events))

    def remove(self, source: int | HasFileno) -> None:
        handler = self._by_fd.pop(self._registered_fd(source), None)
        if handler is not None:
            self._listen(handler, NONE)

    def remove_all(self) -> list[int | HasFileno]:
        """Remove every handler; return what was registered."""
        sources = [handler.source for handler in self._by_fd.values()]
        for source in sources:
            self.remove(source)
        return sources

    def _registered_fd(self, source: int | HasFileno) -> int:
        """Return the fd that the source was registered under, even if it is closed by now."""
        if not isinstance(source, int):
            for fd, handler in self._by_fd.items():
                if handler.source is source:
                    return fd
        return _fileno(source)

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
        if handler.events & event:
            arguments = (handler.source, event)
            context = handler.context.copy()
            context.run(self._run, handler.user_callback, handler.call, arguments)


def close_source(source: int | HasFileno) -> None:
    """Close what was registered; what is closed already stays so."""
    close = getattr(source, "close", None)
    if close is not None:
        close()
        return
    # An OSError means that it is closed already.
    with contextlib.suppress(OSError):
        os.close(_fileno(source))


def _fileno(source: int | HasFileno) -> int:
    return source if isinstance(source, int) else source.fileno()


def _checked(events: int) -> int:
    if events & ~(READ | WRITE | ERROR):
        raise InvalidArgumentError("events", events, "a combination of READ, WRITE and ERROR")
    return events
