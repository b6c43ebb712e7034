import asyncio
import datetime
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostro.ioloop import IOLoop
from ostro.iostream import IOStream, SSLIOStream, StreamClosedError
from ostro.netutil import (
    ConnectError,
    ConnectTimeoutError,
    NetutilError,
    ResolveError,
    TCPClient,
    TCPServer,
    bind_sockets,
    bind_unix_socket,
)
from packages.ports import free_port

from .support import (
    Certificates,
    FixedResolver,
    Refusing,
    Tarpit,
    linux_only,
    needs_ipv6,
    open_descriptors,
    port_of,
)

Address = tuple[int, object]
MINUTE = datetime.timedelta(minutes=1)


class Greeter(TCPServer):
    """Tells each client from where it sees it, and closes."""

    async def handle_stream(self, stream: IOStream, address: object) -> None:
        await stream.write(repr(address).encode())
        stream.close()


class Greeters:
    """Greeters on loopback addresses, all on one port."""

    def __init__(self) -> None:
        self._servers: list[TCPServer] = []

    def start(self, *hosts: str) -> int:
        sockets = bind_sockets(0, hosts)
        server = Greeter()
        server.add_sockets(sockets)
        self._servers.append(server)
        return port_of(sockets[0])

    def stop(self) -> None:
        for server in self._servers:
            server.stop()


@pytest.fixture
def greeters(io_loop: IOLoop) -> Iterator[Greeters]:
    all_of_them = Greeters()
    yield all_of_them
    all_of_them.stop()


def v4(port: int, host: str = "127.0.0.1") -> Address:
    return (socket.AF_INET, (host, port))


def v6(port: int) -> Address:
    return (socket.AF_INET6, ("::1", port, 0, 0))


async def test_an_address_is_connected_to(io_loop: IOLoop, greeters: Greeters) -> None:
    stream = await TCPClient().connect("127.0.0.1", greeters.start("127.0.0.1"))

    own = stream.socket.getsockname()
    assert await stream.read_until_close() == repr(own).encode()


async def test_the_stream_is_plain_without_nagle_and_on_the_current_loop(
    io_loop: IOLoop, greeters: Greeters
) -> None:
    stream = await TCPClient().connect("127.0.0.1", greeters.start("127.0.0.1"))

    assert type(stream) is IOStream
    assert stream.io_loop is io_loop
    assert stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
    stream.close()


@needs_ipv6
@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
async def test_a_family_restricts_the_addresses(
    io_loop: IOLoop, greeters: Greeters, family: int, host: str
) -> None:
    port = greeters.start("127.0.0.1", "::1")

    stream = await TCPClient().connect(host, port, family)

    assert stream.socket.family == family
    stream.close()


@needs_ipv6
async def test_the_resolver_is_asked_for_the_family(io_loop: IOLoop, greeters: Greeters) -> None:
    port = greeters.start("::1")
    resolver = FixedResolver(v6(port))

    stream = await TCPClient(resolver).connect("somewhere", port, socket.AF_INET6)

    assert resolver.asked == [("somewhere", port, socket.AF_INET6)]
    stream.close()


# Several addresses


async def test_an_address_that_refuses_is_followed_by_the_next(
    io_loop: IOLoop, greeters: Greeters
) -> None:
    port = greeters.start("127.0.0.1")
    with Refusing() as refusing:
        client = TCPClient(FixedResolver(v4(refusing.port), v4(port)))

        stream = await client.connect("somewhere", port, timeout=MINUTE)

    assert stream.socket.getpeername() == ("127.0.0.1", port)
    stream.close()


@needs_ipv6
async def test_the_families_are_tried_in_turn(io_loop: IOLoop) -> None:
    with Refusing("::1") as one, Refusing("::1") as two, Refusing() as three:
        first, second, other = v6(one.port), v6(two.port), v4(three.port)

        with pytest.raises(ConnectError) as caught:
            await TCPClient(FixedResolver(first, second, other)).connect("somewhere", 80)

    assert [address for address, _ in caught.value.failures] == [first[1], other[1], second[1]]


@linux_only
async def test_an_address_that_does_not_answer_is_overtaken_by_the_next(
    io_loop: IOLoop, greeters: Greeters
) -> None:
    port = greeters.start("127.0.0.1")
    before = open_descriptors()
    with Tarpit() as tarpit:
        client = TCPClient(FixedResolver((socket.AF_INET, tarpit.address), v4(port)))

        stream = await client.connect("somewhere", port)

        assert stream.socket.getpeername() == ("127.0.0.1", port)
        stream.close()
    await asyncio.sleep(0)
    assert len(open_descriptors()) <= len(before) + 1  # the greeter's end may still be open


async def test_when_all_refuse_the_error_names_each_address(io_loop: IOLoop) -> None:
    with Refusing() as one, Refusing() as two:
        ports = [one.port, two.port]
        before = open_descriptors()

        with pytest.raises(ConnectError) as caught:
            await TCPClient(FixedResolver(*map(v4, ports))).connect("somewhere", 80)

        assert open_descriptors() == before

    message = str(caught.value)
    assert "cannot connect to 'somewhere' port 80" in message
    assert all(str(port) in message for port in ports)
    assert isinstance(caught.value, OSError)
    assert isinstance(caught.value, NetutilError)
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert caught.value.errno == caught.value.__cause__.errno
    assert (caught.value.host, caught.value.port) == ("somewhere", 80)


async def test_an_address_that_is_no_address_is_an_error_like_others(io_loop: IOLoop) -> None:
    client = TCPClient(FixedResolver((socket.AF_UNIX, "nul\0byte"), (socket.AF_UNIX, 1)))

    with pytest.raises(ConnectError) as caught:
        await client.connect("somewhere", 80)

    assert len(caught.value.failures) == 2


async def test_a_resolver_may_lead_to_a_unix_socket(io_loop: IOLoop, tmp_path: Path) -> None:
    name = str(tmp_path / "socket")
    server = Greeter()
    server.add_socket(bind_unix_socket(name))

    stream = await TCPClient(FixedResolver((socket.AF_UNIX, name))).connect("somewhere", 80)

    assert await stream.read_until_close() == b"''"
    server.stop()


# Resolving


async def test_a_host_without_addresses_is_an_error(io_loop: IOLoop) -> None:
    with pytest.raises(ResolveError, match="no address of the family"):
        await TCPClient(FixedResolver()).connect("somewhere", 80)


async def test_an_error_of_the_resolver_is_passed_on(io_loop: IOLoop) -> None:
    with pytest.raises(ResolveError, match="cannot resolve"):
        await TCPClient().connect("a" * 64 + ".invalid", 80)


def test_only_a_resolver_of_its_own_is_closed() -> None:
    given = FixedResolver()

    TCPClient(given).close()
    TCPClient().close()

    assert not given.closed


# Where from


async def test_the_source_address_and_port_may_be_chosen(
    io_loop: IOLoop, greeters: Greeters
) -> None:
    port = greeters.start("127.0.0.1")
    source_port = free_port()

    stream = await TCPClient().connect(
        "127.0.0.1", port, source_ip="127.0.0.2", source_port=source_port
    )

    assert await stream.read_until_close() == repr(("127.0.0.2", source_port)).encode()


async def test_the_source_port_alone_may_be_chosen(io_loop: IOLoop, greeters: Greeters) -> None:
    port = greeters.start("127.0.0.1")
    source_port = free_port()

    stream = await TCPClient().connect("127.0.0.1", port, source_port=source_port)

    assert stream.socket.getsockname() == ("127.0.0.1", source_port)
    stream.close()


@needs_ipv6
async def test_the_source_address_decides_the_family(io_loop: IOLoop, greeters: Greeters) -> None:
    port = greeters.start("::1")
    resolver = FixedResolver(v6(port))

    stream = await TCPClient(resolver).connect("somewhere", port, source_ip="::1")

    assert resolver.asked == [("somewhere", port, socket.AF_INET6)]
    stream.close()


async def test_a_source_address_of_another_machine_is_an_error(io_loop: IOLoop) -> None:
    with pytest.raises(ConnectError, match="assign requested address"):
        await TCPClient().connect("127.0.0.1", 80, source_ip="192.0.2.200")


@pytest.mark.parametrize(
    ("source", "family", "message"),
    [
        ("localhost", socket.AF_UNSPEC, "not an IP address"),
        ("::1", socket.AF_INET, "not of the family"),
        ("127.0.0.1", socket.AF_INET6, "not of the family"),
    ],
)
async def test_a_source_that_cannot_be_is_rejected(
    io_loop: IOLoop, source: str, family: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        await TCPClient().connect("127.0.0.1", 80, family, source_ip=source)


# Time and cancelling


@linux_only
@pytest.mark.parametrize("kind", ["timedelta", "timestamp"])
async def test_the_deadline_ends_connecting_and_frees_the_sockets(
    io_loop: IOLoop, kind: str
) -> None:
    with Tarpit() as tarpit:
        before = open_descriptors()
        client = TCPClient(FixedResolver(*[(socket.AF_INET, tarpit.address)] * 2))

        with pytest.raises(ConnectTimeoutError, match="'somewhere' port 80") as caught:
            await client.connect(
                "somewhere",
                80,
                timeout=datetime.timedelta(milliseconds=10)
                if kind == "timedelta"
                else io_loop.time() + 0.01,
            )

        assert open_descriptors() == before
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, NetutilError)


async def test_the_deadline_counts_while_the_name_is_looked_up(io_loop: IOLoop) -> None:
    class Stuck(FixedResolver):
        async def _answer(self) -> list[Address]:
            await asyncio.get_running_loop().create_future()
            raise AssertionError("nobody completes that future")

    with pytest.raises(ConnectTimeoutError):
        await TCPClient(Stuck()).connect("somewhere", 80, timeout=datetime.timedelta(0))


async def test_a_deadline_that_is_met_changes_nothing(io_loop: IOLoop, greeters: Greeters) -> None:
    port = greeters.start("127.0.0.1")

    stream = await TCPClient().connect("127.0.0.1", port, timeout=io_loop.time() + 60)

    assert await stream.read_until_close()


async def test_a_timeout_of_the_resolver_is_not_taken_for_the_deadline(io_loop: IOLoop) -> None:
    class Slow(FixedResolver):
        async def _answer(self) -> list[Address]:
            raise TimeoutError("the name server does not answer")

    with pytest.raises(TimeoutError, match="name server") as caught:
        await TCPClient(Slow()).connect("somewhere", 80, timeout=MINUTE)

    assert not isinstance(caught.value, ConnectTimeoutError)


@linux_only
async def test_cancelling_frees_the_sockets(io_loop: IOLoop) -> None:
    with Tarpit() as tarpit:
        before = open_descriptors()
        connecting = asyncio.create_task(TCPClient().connect("127.0.0.1", tarpit.port))
        while open_descriptors() == before:  # noqa: ASYNC110 - nothing else tells that it began
            await asyncio.sleep(0)

        connecting.cancel()

        with pytest.raises(asyncio.CancelledError):
            await connecting
        assert open_descriptors() == before


async def test_a_callback_gets_the_stream(io_loop: IOLoop, greeters: Greeters) -> None:
    told: asyncio.Future[IOStream] = asyncio.get_running_loop().create_future()

    TCPClient().connect("127.0.0.1", greeters.start("127.0.0.1"), callback=told.set_result)

    assert await (await told).read_until_close()


# TLS


@pytest.fixture(scope="module")
def certificates() -> Certificates:
    return Certificates()


async def test_over_tls_the_handshake_is_done_when_the_stream_comes(
    io_loop: IOLoop, certificates: Certificates
) -> None:
    server = Greeter(ssl_options=certificates.server)
    [sock] = bind_sockets(0, "127.0.0.1")
    server.add_socket(sock)

    stream = await TCPClient(FixedResolver(v4(port_of(sock)))).connect(
        "localhost", port_of(sock), ssl_options=certificates.client, max_buffer_size=100000
    )

    assert isinstance(stream, SSLIOStream)
    assert stream.get_ssl_certificate()
    assert b"127.0.0.1" in await stream.read_until_close()
    server.stop()


async def test_a_certificate_for_another_name_is_refused_and_the_socket_freed(
    io_loop: IOLoop, certificates: Certificates
) -> None:
    server = TCPServer(ssl_options=certificates.server)
    server.handle_stream = lambda stream, address: None  # type: ignore[method-assign]  # any will do
    [sock] = bind_sockets(0, "127.0.0.1")
    server.add_socket(sock)

    with pytest.raises(StreamClosedError) as caught:
        await TCPClient(FixedResolver(v4(port_of(sock)))).connect(
            "another.example", port_of(sock), ssl_options=certificates.client
        )

    assert isinstance(caught.value.real_error, ssl.SSLCertVerificationError)
    server.stop()


@linux_only
async def test_the_deadline_counts_during_the_handshake(
    io_loop: IOLoop, certificates: Certificates
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        before = open_descriptors()

        with pytest.raises(ConnectTimeoutError):
            await TCPClient(FixedResolver(v4(port_of(silent)))).connect(
                "localhost",
                port_of(silent),
                ssl_options=certificates.client,
                timeout=datetime.timedelta(milliseconds=20),
            )

        assert open_descriptors() == before


async def test_tls_options_that_cannot_be_used_free_the_socket(
    io_loop: IOLoop, greeters: Greeters
) -> None:
    port = greeters.start("127.0.0.1")

    with pytest.raises(ValueError, match="certfile"):
        await TCPClient().connect("127.0.0.1", port, ssl_options={"certfile": 1})
