import asyncio
import errno
import resource
import socket
from contextlib import closing, suppress
from contextvars import ContextVar
from pathlib import Path

import pytest

from ostro.ioloop import IOLoop
from ostro.netutil import _accept, add_accept_handler, bind_sockets, bind_unix_socket

from .support import FailingListener, connect, needs_ipv6, on_log, port_of

Connection = tuple[socket.socket, object]


class Accepted:
    """An accept callback that keeps what it got; await the next with `next`."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Connection] = asyncio.Queue()

    def __call__(self, connection: socket.socket, address: object) -> None:
        self._queue.put_nowait((connection, address))

    async def next(self) -> Connection:
        return await self._queue.get()

    def count(self) -> int:
        return self._queue.qsize()


def burst(folder: Path, count: int) -> tuple[socket.socket, list[socket.socket]]:
    """A listening socket, and so many connections in its queue.

    A unix socket: those of TCP may get there only some time after `connect` has returned.
    """
    sock = bind_unix_socket(str(folder / "socket"))
    clients = [socket.socket(socket.AF_UNIX) for _ in range(count)]
    for client in clients:
        client.connect(sock.getsockname())
    return sock, clients


async def test_the_callback_gets_the_connection_and_the_address_of_the_other_end(
    io_loop: IOLoop,
) -> None:
    [sock] = bind_sockets(0, "127.0.0.1")
    accepted = Accepted()
    remove = add_accept_handler(sock, accepted)

    with sock, connect(port_of(sock)) as client:
        connection, address = await accepted.next()

        with connection:
            assert address == client.getsockname()
            assert connection.getpeername() == client.getsockname()
        remove()


@needs_ipv6
async def test_an_ipv6_address_has_its_flow_info_and_scope(io_loop: IOLoop) -> None:
    [sock] = bind_sockets(0, "::1")
    accepted = Accepted()
    remove = add_accept_handler(sock, accepted)

    with sock, connect(port_of(sock), "::1") as client:
        connection, address = await accepted.next()

        with connection:
            assert address == client.getsockname()
        remove()


async def test_connections_are_nonblocking_not_inherited_and_without_nagle(
    io_loop: IOLoop,
) -> None:
    [sock] = bind_sockets(0, "127.0.0.1")
    accepted = Accepted()
    remove = add_accept_handler(sock, accepted, io_loop)

    with sock, connect(port_of(sock)):
        connection, _ = await accepted.next()

        with connection:
            assert connection.gettimeout() == 0.0
            assert connection.get_inheritable() is False
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        remove()


async def test_unix_sockets_are_accepted_on(io_loop: IOLoop, tmp_path: Path) -> None:
    name = str(tmp_path / "socket")
    accepted = Accepted()
    with bind_unix_socket(name) as sock, socket.socket(socket.AF_UNIX) as client:
        remove = add_accept_handler(sock, accepted)
        client.connect(name)

        connection, address = await accepted.next()

        connection.close()
        assert address == ""
        remove()


async def test_after_removing_nothing_is_accepted_and_the_socket_is_open(
    io_loop: IOLoop,
) -> None:
    [sock] = bind_sockets(0, "127.0.0.1")
    first, second = Accepted(), Accepted()
    remove = add_accept_handler(sock, first)

    remove()
    remove()

    with sock, connect(port_of(sock)):
        remove_second = add_accept_handler(sock, second)
        (await second.next())[0].close()
        remove_second()
        assert first.count() == 0


async def test_a_callback_may_remove_the_handler_in_the_middle_of_a_burst(
    io_loop: IOLoop, tmp_path: Path
) -> None:
    sock, clients = burst(tmp_path, 2)
    accepted = Accepted()

    def accept_one(connection: socket.socket, address: object) -> None:
        remove()
        sock.close()
        accepted(connection, address)

    remove = add_accept_handler(sock, accept_one)
    (await accepted.next())[0].close()

    for client in clients:
        client.close()
    assert accepted.count() == 0


async def test_a_burst_is_taken_in_portions(
    io_loop: IOLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_accept, "ACCEPTS_PER_EVENT", 2)
    sock, clients = burst(tmp_path, 5)
    accepted = Accepted()
    counts: list[int] = []

    def count(connection: socket.socket, address: object) -> None:
        if accepted.count() == 0:
            io_loop.add_callback(lambda: counts.append(accepted.count()))
        accepted(connection, address)

    remove = add_accept_handler(sock, count)
    connections = [await accepted.next() for _ in clients]

    remove()
    for open_socket in (sock, *clients, *(connection for connection, _ in connections)):
        open_socket.close()
    assert counts[0] == 2


async def test_an_error_of_the_callback_is_reported_and_accepting_goes_on(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    [sock] = bind_sockets(0, "127.0.0.1")
    accepted = Accepted()

    def fail_once(connection: socket.socket, address: object) -> None:
        accepted(connection, address)
        if not caplog.records:
            raise LookupError("at first")

    remove = add_accept_handler(sock, fail_once)
    with sock, connect(port_of(sock)), connect(port_of(sock)):
        (await accepted.next())[0].close()
        (await accepted.next())[0].close()
        remove()

    [record] = caplog.records
    assert record.name == "ostro.application"
    assert "fail_once" in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], LookupError)


async def test_a_callback_may_be_a_coroutine_function(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    [sock] = bind_sockets(0, "127.0.0.1")
    reported = asyncio.Event()

    async def handle(connection: socket.socket, address: object) -> None:
        connection.close()
        io_loop.add_callback(io_loop.add_callback, reported.set)
        raise LookupError("in a task")

    remove = add_accept_handler(sock, handle)
    with sock, connect(port_of(sock)):
        await reported.wait()
        remove()

    [record] = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], LookupError)


async def test_a_callback_sees_no_context_but_an_empty_one_of_its_own(io_loop: IOLoop) -> None:
    variable: ContextVar[str] = ContextVar("variable", default="nothing")
    [sock] = bind_sockets(0, "127.0.0.1")
    accepted = Accepted()
    seen: list[str] = []

    def look(connection: socket.socket, address: object) -> None:
        seen.append(variable.get())
        variable.set("what another connection left")
        accepted(connection, address)

    variable.set("what the caller had")
    remove = add_accept_handler(sock, look)
    with sock, connect(port_of(sock)), connect(port_of(sock)):
        for _ in range(2):
            (await accepted.next())[0].close()
        remove()

    assert seen == ["nothing", "nothing"]


@pytest.mark.parametrize("number", [errno.ECONNABORTED, errno.EPROTO])
async def test_a_connection_lost_before_it_is_accepted_is_skipped(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    sock = FailingListener()
    sock.failures = [number]
    accepted = Accepted()
    remove = add_accept_handler(sock, accepted)

    with sock, connect(port_of(sock)):
        (await accepted.next())[0].close()
        remove()

    assert caplog.records == []


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.EINVAL])
async def test_without_room_accepting_pauses_and_says_so_once_each_time(
    io_loop: IOLoop,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    monkeypatch.setattr(_accept, "PAUSE_SECONDS", 0.001)
    sock = FailingListener()
    accepted = Accepted()
    remove = add_accept_handler(sock, accepted)

    with sock:
        for _ in range(2):
            sock.failures = [number] * 3
            with connect(port_of(sock)):
                (await accepted.next())[0].close()
        remove()

    assert [record.name for record in caplog.records] == ["ostro.general"] * 2
    assert "cannot accept connections" in caplog.text
    assert ("until descriptors are free" in caplog.text) == (number != errno.EINVAL)


async def test_removing_during_a_pause_ends_it(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_accept, "PAUSE_SECONDS", 0.0)
    sock = FailingListener()
    sock.failures = [errno.EMFILE]
    accepted = Accepted()
    remove = add_accept_handler(sock, accepted)
    paused = asyncio.Event()

    def stop() -> None:
        remove()
        paused.set()

    with on_log("ostro.general", stop), connect(port_of(sock)):
        await paused.wait()
        await asyncio.sleep(0)  # the turn in which the pause would have ended
        await asyncio.sleep(0)

    sock.close()
    assert accepted.count() == 0


async def test_when_the_process_is_out_of_descriptors_connections_wait_until_some_are_free(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_accept, "PAUSE_SECONDS", 0.001)
    [sock] = bind_sockets(0, "127.0.0.1")
    accepted = Accepted()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with sock, connect(port_of(sock)) as client, closing(Hoard()) as hoard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        try:
            hoard.fill(client)
            full = asyncio.Event()
            with on_log("ostro.general", full.set):
                remove = add_accept_handler(sock, accepted)
                await full.wait()
            assert accepted.count() == 0
            hoard.close()

            (await accepted.next())[0].close()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        remove()

    assert len(caplog.records) == 1


class Hoard:
    """All the descriptors that the process may still have."""

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def fill(self, sock: socket.socket) -> None:
        with suppress(OSError):
            while True:
                self._held.append(sock.dup())

    def close(self) -> None:
        while self._held:
            self._held.pop().close()
