import os
import socket
from collections.abc import Iterator
from contextvars import ContextVar, copy_context

import pytest

from ostro.ioloop import HandlerExistsError, InvalidArgumentError, IOLoop, UnknownHandlerError
from ostro.stack_context import ExceptionStackContext

from .support import Handler, run_until_idle


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


Pair = tuple[socket.socket, socket.socket]


def test_handler_hears_of_what_can_be_read(io_loop: IOLoop, pair: Pair) -> None:
    ours, theirs = pair
    seen = []

    def on_event(fd: int, events: int) -> None:
        seen.append((fd, events, os.read(fd, 10)))
        io_loop.stop()

    io_loop.add_handler(ours.fileno(), on_event, io_loop.READ)
    theirs.send(b"abc")
    io_loop.start()

    assert seen == [(ours.fileno(), io_loop.READ, b"abc")]
    io_loop.remove_handler(ours.fileno())


def test_handler_gets_the_object_that_was_registered(io_loop: IOLoop, pair: Pair) -> None:
    ours, theirs = pair
    seen = []

    def on_event(sock: socket.socket, events: int) -> None:
        seen.append((sock, sock.recv(10)))
        io_loop.stop()

    io_loop.add_handler(ours, on_event, io_loop.READ)
    theirs.send(b"abc")
    io_loop.start()

    assert seen == [(ours, b"abc")]
    io_loop.remove_handler(ours)


def test_events_go_on_as_long_as_the_condition_lasts(io_loop: IOLoop, pair: Pair) -> None:
    ours, theirs = pair
    seen = []

    def on_event(fd: int, events: int) -> None:
        seen.append(os.read(fd, 1))
        if len(seen) == 3:
            io_loop.stop()

    io_loop.add_handler(ours.fileno(), on_event, io_loop.READ)
    theirs.send(b"abc")
    io_loop.start()

    assert seen == [b"a", b"b", b"c"]
    io_loop.remove_handler(ours.fileno())


def test_reading_and_writing_are_told_one_by_one(io_loop: IOLoop, pair: Pair) -> None:
    ours, theirs = pair
    seen = set()

    def on_event(fd: int, events: int) -> None:
        seen.add(events)
        if len(seen) == 2:
            io_loop.stop()

    io_loop.add_handler(ours.fileno(), on_event, io_loop.READ | io_loop.WRITE)
    theirs.send(b"abc")
    io_loop.start()

    assert seen == {io_loop.READ, io_loop.WRITE}
    io_loop.remove_handler(ours.fileno())


def test_update_changes_the_events(io_loop: IOLoop, pair: Pair) -> None:
    ours, theirs = pair
    seen = []

    def on_event(fd: int, events: int) -> None:
        seen.append(events)
        io_loop.update_handler(fd, io_loop.READ)
        if events == io_loop.READ:
            io_loop.stop()
        theirs.send(b"x")

    io_loop.add_handler(ours.fileno(), on_event, io_loop.WRITE)
    io_loop.start()

    # uvloop goes on for one more round after stop.
    assert seen[:2] == [io_loop.WRITE, io_loop.READ]
    assert io_loop.WRITE not in seen[1:]
    io_loop.remove_handler(ours.fileno())


def test_update_to_nothing_pauses_the_handler(io_loop: IOLoop, pair: Pair) -> None:
    ours, theirs = pair
    seen = []
    io_loop.add_handler(ours, lambda sock, _: seen.append(sock.recv(10)), io_loop.READ)
    theirs.send(b"x")

    io_loop.update_handler(ours, io_loop.NONE)
    run_until_idle(io_loop)
    paused = list(seen)
    io_loop.update_handler(ours, io_loop.READ)
    run_until_idle(io_loop)

    assert (paused, seen) == ([], [b"x"])
    io_loop.remove_handler(ours)


def test_closed_connection_shows_as_readable(io_loop: IOLoop, pair: Pair) -> None:
    ours, theirs = pair
    seen = []

    def on_event(sock: socket.socket, events: int) -> None:
        seen.append(sock.recv(10))
        io_loop.remove_handler(sock)
        io_loop.stop()

    io_loop.add_handler(ours, on_event, io_loop.READ | io_loop.ERROR)
    theirs.close()
    io_loop.start()

    assert seen == [b""]


def test_removed_handler_hears_nothing(io_loop: IOLoop, pair: Pair) -> None:
    ours, theirs = pair
    seen = []
    io_loop.add_handler(ours, lambda *args: seen.append(args), io_loop.READ)
    theirs.send(b"x")

    io_loop.remove_handler(ours)
    io_loop.remove_handler(ours)
    run_until_idle(io_loop)

    assert seen == []


def test_handler_that_removes_itself_is_not_called_for_the_other_event(
    io_loop: IOLoop, pair: Pair
) -> None:
    ours, theirs = pair
    seen = []

    def on_event(sock: socket.socket, events: int) -> None:
        seen.append(events)
        io_loop.remove_handler(sock)

    io_loop.add_handler(ours, on_event, io_loop.READ | io_loop.WRITE)
    theirs.send(b"x")
    run_until_idle(io_loop)

    assert len(seen) == 1


def test_second_handler_for_a_file_descriptor_is_refused(io_loop: IOLoop, pair: Pair) -> None:
    ours, _ = pair
    io_loop.add_handler(ours, lambda *_: None, io_loop.READ)

    with pytest.raises(HandlerExistsError, match=f"file descriptor {ours.fileno()} has a handler"):
        io_loop.add_handler(ours.fileno(), lambda *_: None, io_loop.WRITE)

    io_loop.remove_handler(ours)


def test_update_without_a_handler_is_refused(io_loop: IOLoop) -> None:
    with pytest.raises(UnknownHandlerError, match="99 has no handler; add_handler comes first"):
        io_loop.update_handler(99, io_loop.READ)


def test_unknown_events_are_refused(io_loop: IOLoop, pair: Pair) -> None:
    ours, _ = pair

    with pytest.raises(InvalidArgumentError, match="events is 2, expected a combination"):
        io_loop.add_handler(ours, lambda *_: None, 2)

    io_loop.add_handler(ours, lambda *_: None, io_loop.READ)
    with pytest.raises(InvalidArgumentError):
        io_loop.update_handler(ours, 0x100)
    io_loop.remove_handler(ours)


def test_what_has_no_file_descriptor_is_refused(io_loop: IOLoop) -> None:
    with pytest.raises(InvalidArgumentError, match="fileno"):
        io_loop.add_handler("a", lambda *_: None, io_loop.READ)  # type: ignore[arg-type]  # tested


def test_closed_socket_is_refused(io_loop: IOLoop) -> None:
    sock = socket.socket()
    sock.close()

    with pytest.raises(InvalidArgumentError, match="expected an open file descriptor"):
        io_loop.add_handler(sock, lambda *_: None, io_loop.READ)


def test_socket_that_was_closed_first_can_be_removed(io_loop: IOLoop, pair: Pair) -> None:
    ours, theirs = pair
    io_loop.add_handler(theirs, lambda *_: None, io_loop.READ)
    io_loop.add_handler(ours, lambda *_: None, io_loop.READ)

    ours.close()
    io_loop.remove_handler(ours)
    io_loop.remove_handler(ours)
    io_loop.remove_handler(theirs)


def test_file_that_was_closed_first_can_be_removed(io_loop: IOLoop) -> None:
    reading, writing = os.pipe()
    file = os.fdopen(reading, "rb")
    os.close(writing)
    io_loop.add_handler(file, lambda *_: None, io_loop.READ)

    file.close()
    io_loop.remove_handler(file)
    with pytest.raises(UnknownHandlerError):
        io_loop.update_handler(file, io_loop.READ)


def test_exception_in_a_handler_goes_to_the_stack_context_of_add_handler(
    io_loop: IOLoop, pair: Pair
) -> None:
    ours, theirs = pair
    handler = Handler(then=io_loop.stop)

    def fail(sock: socket.socket, events: int) -> None:
        raise LookupError(sock.recv(10))

    with ExceptionStackContext(handler):
        io_loop.add_handler(ours, fail, io_loop.NONE)
    io_loop.update_handler(ours, io_loop.READ)
    theirs.send(b"x")
    io_loop.start()

    assert [error.args for error in handler.seen] == [(b"x",)]
    io_loop.remove_handler(ours)


def test_exception_in_a_handler_is_logged_and_the_handler_stays(
    io_loop: IOLoop, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    ours, theirs = pair

    def fail(sock: socket.socket, events: int) -> None:
        if sock.recv(1) == b"b":
            io_loop.stop()
        raise LookupError

    io_loop.add_handler(ours, fail, io_loop.READ)
    theirs.send(b"ab")
    io_loop.start()

    assert len(caplog.records) == 2
    io_loop.remove_handler(ours)


def test_each_event_has_the_context_variables_of_add_handler(io_loop: IOLoop, pair: Pair) -> None:
    ours, theirs = pair
    variable = ContextVar("variable", default="outside")
    seen = []

    async def on_event(sock: socket.socket, events: int) -> None:
        seen.append((variable.get(), sock.recv(1)))
        variable.set("spoilt")

    def add() -> None:
        variable.set("inside")
        io_loop.add_handler(ours, on_event, io_loop.READ)

    copy_context().run(add)
    for byte in (b"a", b"b"):
        theirs.send(byte)
        run_until_idle(io_loop)

    assert seen == [("inside", b"a"), ("inside", b"b")]
    io_loop.remove_handler(ours)
