"""The multi handle on the loop: time, sockets, handles, and a fork."""

import asyncio
import gc
import os
import socket
import sys
import threading
import traceback
import weakref
from collections.abc import Awaitable, Callable

import pycurl  # type: ignore[import-untyped]  # it has no types
import pytest

from ostro.curl_httpclient import CurlAsyncHTTPClient, CurlError
from ostro.curl_httpclient._engine import Engine
from ostro.httpclient import ClientClosedError
from ostro.ioloop import IOLoop

from .support import EMPTY, answering, curl_client, make_certificates, talking

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


async def test_a_connection_deadline_is_kept_by_the_timer_of_the_loop(io_loop: IOLoop) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        full = [socket.create_connection(listener.getsockname(), timeout=5)]
        with curl_client() as client, pytest.raises(TimeoutError):
            await client.fetch(
                f"http://127.0.0.1:{listener.getsockname()[1]}/", connect_timeout=0.05
            )
        full[0].close()


async def test_handles_are_used_again_up_to_a_number(io_loop: IOLoop) -> None:
    engine = Engine(io_loop, max_idle=1, max_handles=1)
    one, other = engine.take_handle(), engine.take_handle()
    engine.give_back(one)
    engine.give_back(other)

    assert engine.take_handle() is one
    assert engine.take_handle() not in (one, other)

    engine.give_back(one, reuse=False)
    engine.close()
    engine.close()


async def test_an_engine_that_nobody_holds_is_gone_at_once(io_loop: IOLoop) -> None:
    engine = Engine(io_loop, max_idle=1, max_handles=1)
    engine.give_back(engine.take_handle())
    reference = weakref.ref(engine)
    gc.disable()
    try:
        del engine
        assert reference() is None
    finally:
        gc.enable()


async def test_nothing_of_a_fetch_stays_on_the_loop(io_loop: IOLoop) -> None:
    async with answering(EMPTY, EMPTY) as server:
        with curl_client() as client:
            await client.fetch(server.url)
            before = set(os.listdir("/dev/fd"))
            await client.fetch(server.url)
            after = set(os.listdir("/dev/fd"))

    assert after <= before  # others may let go of theirs meanwhile


async def test_an_error_while_libcurl_goes_on_ends_the_fetch(io_loop: IOLoop) -> None:
    """What was held back is handed over inside the call that lets libcurl go on, here because there
    is more to send.
    """
    held_back = asyncio.Event()

    def hold_back(data: bytes) -> int:
        if held_back.is_set():
            return -1
        held_back.set()
        return int(pycurl.WRITEFUNC_PAUSE)

    async def produce(write: Callable[[bytes], Awaitable[None]]) -> None:
        await held_back.wait()
        await write(b"abc")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        await reader.read()

    async with talking(talk) as server:
        with curl_client() as client, pytest.raises(CurlError) as caught:
            await client.fetch(
                server.url,
                method="PUT",
                body_producer=produce,
                prepare_curl_callback=lambda curl: curl.setopt(pycurl.WRITEFUNCTION, hold_back),
            )

    assert caught.value.errno == pycurl.E_WRITE_ERROR


async def test_closing_does_not_wait_for_a_name_to_be_looked_up(io_loop: IOLoop) -> None:
    client = CurlAsyncHTTPClient(force_instance=True)
    fetch = client.fetch("http://nobody.invalid/")
    await asyncio.sleep(0)
    client.close()
    for thread in threading.enumerate():
        if thread.name == "ostro-curl-close":  # the name may have been looked up already
            thread.join()

    assert client.engine._looks_up
    with pytest.raises(ClientClosedError):
        await fetch


async def test_closing_stops_listening(io_loop: IOLoop) -> None:
    """Libcurl lets go of a socket late where it is still saying farewell on it."""
    engine = Engine(io_loop, max_idle=1, max_handles=1)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        engine._on_socket(pycurl.POLL_IN, ours.fileno(), None, None)
        engine.close()
        engine._on_socket(pycurl.POLL_REMOVE, ours.fileno(), None, None)
        engine._on_timer(0)
        theirs.send(b"x")
        await asyncio.sleep(0)

        assert engine._watched == set()
        assert ours.recv(1) == b"x"


def in_child(check: Callable[[], object]) -> int:
    """Run a function in a fork; return 0 if it raised nothing."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            check()
            code = 0
        except BaseException:  # noqa: BLE001 - nothing may get out of the child
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@needs_fork
async def test_the_child_of_a_fork_says_nothing_on_the_connections_of_its_parent(
    io_loop: IOLoop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    async with answering(EMPTY, EMPTY, tls=certificates.server) as server:
        client = CurlAsyncHTTPClient(force_instance=True)
        await client.fetch(server.url, ca_certs=certificates.ca_file)

        # Closing says farewell in TLS, after which the parent's connection would be of no use.
        assert in_child(client.close) == 0
        for _ in range(20):
            await asyncio.sleep(0)
        response = await client.fetch(server.url, ca_certs=certificates.ca_file)
        client.close()

    assert response.code == 200
    assert server.connections == 1


@needs_fork
async def test_a_fork_touches_no_descriptors_of_others(io_loop: IOLoop) -> None:
    async with answering(EMPTY) as server:
        client = CurlAsyncHTTPClient(force_instance=True)
        await client.fetch(server.url)
        inodes = client.engine._inodes
        client.close()
        ours, theirs = socket.socketpair()
        inodes[ours.fileno()] = 1
        inodes[10_000] = 2

        def check() -> None:
            theirs.sendall(b"x")
            assert ours.recv(1) == b"x"

        assert in_child(check) == 0
        client.engine.forget_sockets()
        check()
        ours.close()
        theirs.close()
