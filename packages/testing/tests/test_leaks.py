"""LeakCheck: what a test leaves behind is named, and what was there before is not."""

# What leaks is made inside of the block that complains of it.
# ruff: noqa: PT012

import asyncio
import os
import socket
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostro import web
from ostro.ioloop import IOLoop
from ostro.iostream import IOStream
from ostro.testing import AsyncHTTPTestCase, AsyncTestCase, LeakCheck, LeakError
from ostro.testing import _open_files as open_files

from .support import complaint_of, passes, run_case, run_method


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


async def forever() -> None:
    await asyncio.Event().wait()


async def test_nothing_left_is_no_leak(io_loop: IOLoop) -> None:
    async with LeakCheck() as check:
        one, other = socket.socketpair()
        stream = IOStream(one)
        task = asyncio.create_task(asyncio.sleep(0))
        other.close()
        stream.close()
    await task

    async with check:
        pass


async def test_a_pending_task_is_named(io_loop: IOLoop) -> None:
    with pytest.raises(LeakError, match=r"a pending task: <Task pending name='left' coro=<forever"):
        async with LeakCheck(grace=0.01):
            task = asyncio.create_task(forever(), name="left")
    task.cancel()


async def test_what_is_about_to_end_is_waited_for(io_loop: IOLoop) -> None:
    async with LeakCheck():
        task = asyncio.create_task(forever())
        io_loop.asyncio_loop.call_later(0.02, task.cancel)


async def test_what_a_loop_opens_once_and_keeps_is_no_leak(io_loop: IOLoop) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    async with LeakCheck(grace=0.05):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        writer.close()
        await writer.wait_closed()
    listener.close()


async def test_a_connection_of_asyncio_is_named_with_its_peer(io_loop: IOLoop) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with pytest.raises(LeakError) as caught:
        async with LeakCheck(grace=0.01):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    await writer.wait_closed()
    listener.close()
    (leak,) = caught.value.leaks

    assert f"('127.0.0.1', {port})" in leak


async def test_an_open_stream_is_named_with_its_peer(io_loop: IOLoop) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with pytest.raises(LeakError) as caught:
        async with LeakCheck(grace=0.01):
            stream = IOStream(socket.create_connection(("127.0.0.1", port)))
    (leak,) = caught.value.leaks

    assert leak.startswith("an open stream: <IOStream fd=")
    assert f"to ('127.0.0.1', {port})" in leak
    assert "PYTHONASYNCIODEBUG" in str(caught.value)
    stream.close()
    listener.close()


def test_open_sockets_files_and_numbers_are_named(io_loop: IOLoop, tmp_path: Path) -> None:
    with pytest.raises(LeakError) as caught, LeakCheck(io_loop, grace=0.01):
        sock = socket.socket()
        file = (tmp_path / "file").open("w")
        reader, writer = os.pipe()
    sock.close()
    file.close()
    os.close(reader)
    os.close(writer)

    text = str(caught.value)
    assert "an open socket: <socket.socket fd=" in text
    assert f"an open file: <_io.TextIOWrapper name='{tmp_path}/file'" in text
    assert f"an open file descriptor, {reader} (pipe:[" in text
    assert len(caught.value.leaks) == 4


async def test_a_stream_without_a_peer_is_named_all_the_same(io_loop: IOLoop) -> None:
    with pytest.raises(LeakError, match=r"an open stream: <IOStream fd=[0-9]+ open>\n"):
        async with LeakCheck(grace=0.01):
            stream = IOStream(socket.socket())
    stream.close()


def test_what_is_thrown_away_open_is_named(
    io_loop: IOLoop, recwarn: pytest.WarningsRecorder
) -> None:
    class Cycle:
        def __init__(self) -> None:
            self.me = self
            self.socket = socket.socket()

    with pytest.raises(LeakError) as caught, LeakCheck(io_loop, grace=0.01):
        socket.socket()
        Cycle()

    assert len(caught.value.leaks) == 2
    assert "thrown away without being closed: unclosed <socket.socket" in str(caught.value)
    assert list(recwarn) == []


def test_what_was_there_before_does_not_count(
    io_loop: IOLoop, pair: tuple[socket.socket, socket.socket]
) -> None:
    async def start() -> asyncio.Task[None]:
        return asyncio.create_task(forever())

    task = io_loop.run_sync(start)
    with LeakCheck(io_loop):
        pass
    task.cancel()


def test_a_number_that_is_used_again_is_noticed(io_loop: IOLoop) -> None:
    before = socket.socket()
    check = LeakCheck(io_loop, grace=0.01)
    with pytest.raises(LeakError, match="an open socket"), check:
        number = before.fileno()
        before.close()
        after = socket.socket()
        assert after.fileno() == number
    after.close()


def test_an_exception_of_the_block_comes_first(io_loop: IOLoop) -> None:
    io_loop.asyncio_loop.set_debug(True)
    with pytest.raises(ZeroDivisionError), LeakCheck(io_loop):
        sock = socket.socket()
        raise ZeroDivisionError
    sock.close()
    assert not tracemalloc.is_tracing()


async def test_an_exception_of_an_asynchronous_block_comes_first(io_loop: IOLoop) -> None:
    with pytest.raises(ZeroDivisionError):
        async with LeakCheck():
            task = asyncio.create_task(forever())
            raise ZeroDivisionError
    task.cancel()


def test_a_loop_that_was_closed_meanwhile_has_no_tasks(io_loop: IOLoop) -> None:
    closed = IOLoop()
    with LeakCheck(closed):
        closed.close()


async def test_debug_mode_tells_where_things_were_made(io_loop: IOLoop) -> None:
    io_loop.asyncio_loop.set_debug(True)
    with pytest.raises(LeakError) as caught:
        async with LeakCheck(grace=0.01):
            task = asyncio.create_task(forever())
            sock = socket.socket()
    task.cancel()
    sock.close()

    task_leak, socket_leak = caught.value.leaks
    assert "task = asyncio.create_task(forever())" in task_leak
    assert "sock = socket.socket()" in socket_leak
    assert "PYTHONASYNCIODEBUG" not in str(caught.value)
    assert not tracemalloc.is_tracing()


def test_a_trace_of_the_program_goes_on(io_loop: IOLoop) -> None:
    old = object()
    file = tempfile.TemporaryFile()  # noqa: SIM115 - made before tracemalloc runs
    tracemalloc.start()
    try:
        io_loop.asyncio_loop.set_debug(True)
        with LeakCheck(io_loop):
            pass
        assert tracemalloc.is_tracing()
        assert open_files.made_at(old) == ""
    finally:
        tracemalloc.stop()
        file.close()


def test_a_platform_that_lists_no_files_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_files, "_FOLDERS", ("/nowhere/fd",))
    reader, writer = os.pipe()

    assert open_files.open_files() == {}
    assert open_files.describe([reader]) == [f"an open file descriptor, {reader}"]
    os.close(reader)
    os.close(writer)


# In a test case


def test_a_test_case_can_check_each_of_its_tests() -> None:
    async def leaves_a_task(self: AsyncTestCase) -> None:
        self.task = asyncio.create_task(forever())  # type: ignore[attr-defined]  # to keep it

    async def leaves_nothing(self: AsyncTestCase) -> None:
        await asyncio.create_task(asyncio.sleep(0))

    assert passes(run_method(leaves_a_task))
    assert "a pending task" in complaint_of(run_method(leaves_a_task, check_leaks=True))
    assert passes(run_method(leaves_nothing, check_leaks=True))


class Hello(web.RequestHandler):
    async def get(self) -> None:
        self.write("Hello")


class ServerCase(AsyncHTTPTestCase):
    check_leaks = True

    def get_app(self) -> web.Application:
        return web.Application([(r"/", Hello)])

    def runTest(self) -> None:
        assert self.fetch("/").body == b"Hello"


def test_a_server_and_its_client_leave_nothing() -> None:
    assert passes(run_case(ServerCase))
