"""The client's handshake with servers that answer in many ways, or not at all."""

import asyncio
import socket
import ssl

import pytest

from ostro.ioloop import IOLoop
from ostro.netutil import ConnectError, ConnectTimeoutError, ResolveError
from ostro.websocket import (
    HandshakeError,
    HandshakeRefusedError,
    HandshakeTimeoutError,
    WebSocketClientConnection,
    WebSocketError,
    websocket_connect,
)

from .servers import HOST, Answer, RawServer, accepting, certificates, our_server

ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


def told(*lines: str) -> Answer:
    """Return an answer of these lines, in which {accept} stands for what would be right."""
    return lambda accept: "\r\n".join([*lines, "", ""]).replace("{accept}", accept).encode()


RIGHT = "Sec-WebSocket-Accept: {accept}"
UPGRADE, CONNECTION = "Upgrade: websocket", "Connection: Upgrade"
SWITCHING = "HTTP/1.1 101 Switching Protocols"


@pytest.mark.parametrize(
    "lines",
    [
        (SWITCHING, UPGRADE, CONNECTION, RIGHT),
        ("HTTP/1.1 101", UPGRADE, CONNECTION, RIGHT),
        (SWITCHING, "UPGRADE: WebSocket", "connection: keep-alive, UPGRADE", RIGHT),
        ("HTTP/1.1 100 Continue", "", SWITCHING, UPGRADE, CONNECTION, RIGHT),
        ("HTTP/1.1 103 Early Hints", "Link: </a>", "", SWITCHING, UPGRADE, CONNECTION, RIGHT),
    ],
    ids=["plain", "no reason", "other case", "after 100", "after 103"],
)
@pytest.mark.parametrize("pieces", [0, 1], ids=["whole", "byte by byte"])
async def test_an_answer_that_accepts_is_accepted(
    io_loop: IOLoop, lines: tuple[str, ...], pieces: int
) -> None:
    def answer(accept: str) -> bytes:
        return told(*lines)(accept) + b"\x81\x05hello\x82\x01\x00"

    async with RawServer(answer, pieces=pieces) as server:
        connection = await websocket_connect(server.url)

        assert [await connection.read_message() for _ in range(2)] == ["hello", b"\x00"]
        assert server.writer is not None
        server.writer.close()
        await connection.wait_closed()


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ((SWITCHING, CONNECTION, RIGHT), "does not upgrade to WebSocket"),
        ((SWITCHING, "Upgrade: other", CONNECTION, RIGHT), "does not upgrade to WebSocket"),
        ((SWITCHING, UPGRADE, RIGHT), "no .Connection: Upgrade"),
        ((SWITCHING, UPGRADE, "Connection: close", RIGHT), "no .Connection: Upgrade"),
        ((SWITCHING, UPGRADE, CONNECTION), "does not fit the key"),
        ((SWITCHING, UPGRADE, CONNECTION, RIGHT.lower() + "x"), "does not fit the key"),
        (
            (SWITCHING, UPGRADE, CONNECTION, RIGHT, "Sec-WebSocket-Protocol: chat"),
            "subprotocol that was not offered",
        ),
        (
            (SWITCHING, UPGRADE, CONNECTION, RIGHT, "Sec-WebSocket-Extensions: permessage-deflate"),
            "extension",
        ),
        (
            (SWITCHING, UPGRADE, CONNECTION, RIGHT, "Sec-WebSocket-Extensions: x-other"),
            "extension",
        ),
        (("HTTP/1.0 101 Switching Protocols", UPGRADE, CONNECTION, RIGHT), "HTTP/1.0"),
        (("HTTP/2.0 101 Switching Protocols", UPGRADE, CONNECTION, RIGHT), "not HTTP/1.1"),
        (("SSH-2.0-OpenSSH_9.2",), "not HTTP/1.1"),
        ((SWITCHING, "Upgrade : websocket", CONNECTION, RIGHT), "not HTTP/1.1"),
        (("HTTP/1.1 102 Processing", "") * 50, "not HTTP/1.1"),
        ((SWITCHING, "X: " + "y" * 100_000, UPGRADE, CONNECTION, RIGHT), "not HTTP/1.1"),
    ],
)
async def test_an_answer_that_breaks_the_rules_is_a_handshake_error(
    io_loop: IOLoop, lines: tuple[str, ...], complaint: str
) -> None:
    async with RawServer(told(*lines)) as server:
        with pytest.raises(HandshakeError, match=complaint) as caught:
            await websocket_connect(server.url)

        await server.lost.wait()
    assert isinstance(caught.value, WebSocketError)


@pytest.mark.parametrize("cut", [0, 1, 12, 17, 60])
@pytest.mark.parametrize("pieces", [0, 1])
async def test_a_connection_that_ends_in_the_answer_is_a_handshake_error(
    io_loop: IOLoop, cut: int, pieces: int
) -> None:
    async with RawServer(
        lambda accept: accepting(accept)[:cut], pieces=pieces, close=True
    ) as server:
        with pytest.raises(HandshakeError, match=r"not HTTP/1\.1: connection closed"):
            await websocket_connect(server.url)


async def test_a_connection_that_is_reset_is_a_handshake_error(io_loop: IOLoop) -> None:
    with socket.create_server((HOST, 0)) as listening:
        listening.setblocking(False)
        task = websocket_connect(f"ws://{HOST}:{listening.getsockname()[1]}/")
        sock, _ = await io_loop.asyncio_loop.sock_accept(listening)
        await io_loop.asyncio_loop.sock_recv(sock, 10)  # the rest is lost, hence the reset
        sock.close()

        with pytest.raises(HandshakeError, match="lost before the server had answered"):
            await task


# Refusals


@pytest.mark.parametrize("pieces", [0, 1])
@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (("Content-Length: 4",), "nope"),
        (("Content-Length: 0",), ""),
        (("Transfer-Encoding: chunked",), "4\r\nnope\r\n0\r\n\r\n"),
    ],
    ids=["counted", "empty", "chunked"],
)
async def test_a_refusal_is_an_error_with_the_answer(
    io_loop: IOLoop, fields: tuple[str, ...], body: str, pieces: int
) -> None:
    def answer(accept: str) -> bytes:
        return told("HTTP/1.1 403 Go away", "X-Why: because", *fields)(accept) + body.encode()

    async with RawServer(answer, pieces=pieces) as server:
        with pytest.raises(HandshakeRefusedError, match="answered 403, expected 101") as caught:
            await websocket_connect(server.url)

        await server.lost.wait()
    assert (caught.value.code, caught.value.reason) == (403, "Go away")
    assert caught.value.headers["X-Why"] == "because"
    assert caught.value.body == (b"nope" if body else b"")


@pytest.mark.parametrize("field", ["Content-Length: 100", "X-Until: the-end", None])
async def test_a_refusal_that_ends_early_has_the_body_that_came(
    io_loop: IOLoop, field: str | None
) -> None:
    def answer(accept: str) -> bytes:
        chunked = "Transfer-Encoding: chunked"
        head = told("HTTP/1.1 500 Oops", chunked if field is None else field)(accept)
        return head + (b"6\r\nbroken\r\nxyz\r\n" if field is None else b"broken")

    async with RawServer(answer, close=True) as server:
        with pytest.raises(HandshakeRefusedError) as caught:
            await websocket_connect(server.url)

    assert caught.value.code == 500
    assert caught.value.body in (b"broken", b"" if field is None else b"broken")


async def test_a_redirect_is_reported_and_not_followed(io_loop: IOLoop) -> None:
    async with our_server() as where:
        with pytest.raises(HandshakeRefusedError, match="redirect") as caught:
            await websocket_connect(f"ws://{where}/moved")

    assert caught.value.code == 302
    assert caught.value.headers["Location"] == "/echo"


async def test_of_the_body_of_a_refusal_64_kib_are_kept(io_loop: IOLoop) -> None:
    async with our_server() as where:
        with pytest.raises(HandshakeRefusedError, match="503") as caught:
            await websocket_connect(f"ws://{where}/large")

    assert caught.value.body == b"x" * 65536


async def test_a_page_that_is_no_websocket_is_a_refusal(io_loop: IOLoop) -> None:
    async with our_server() as where:
        with pytest.raises(HandshakeRefusedError) as caught:
            await websocket_connect(f"ws://{where}/nowhere")

    assert caught.value.code == 404


async def test_a_foreign_origin_is_a_refusal(io_loop: IOLoop) -> None:
    async with our_server() as where:
        with pytest.raises(HandshakeRefusedError) as caught:
            await websocket_connect(f"ws://{where}/echo", headers={"Origin": "http://evil.example"})

    assert caught.value.code == 403


# Nobody there, and deadlines


async def test_a_refused_connection_is_a_connect_error(io_loop: IOLoop) -> None:
    with socket.socket() as bound:  # and not listening
        bound.bind((HOST, 0))

        with pytest.raises(ConnectError):
            await websocket_connect(f"ws://{HOST}:{bound.getsockname()[1]}/")


class NoResolver:
    """Finds nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int, family: int = 0) -> list[tuple[int, object]]:
        self.asked.append(host)
        raise ResolveError(host, port)


async def test_the_resolver_that_is_given_looks_names_up(io_loop: IOLoop) -> None:
    resolver = NoResolver()

    with pytest.raises(ResolveError):
        # a resolver of our own kind would look names up in a thread
        await websocket_connect("ws://a.example/", resolver=resolver)  # type: ignore[arg-type]

    assert resolver.asked == ["a.example"]


class WaitingResolver(NoResolver):
    """Never finds anything."""

    async def resolve(self, host: str, port: int, family: int = 0) -> list[tuple[int, object]]:
        await asyncio.Event().wait()
        return []


async def test_connecting_is_bounded_by_connect_timeout(io_loop: IOLoop) -> None:
    with pytest.raises(ConnectTimeoutError):
        await websocket_connect(
            "ws://a.example/",
            connect_timeout=0.01,
            resolver=WaitingResolver(),  # type: ignore[arg-type]  # as above
        )


async def test_connecting_is_bounded_by_timeout_too(io_loop: IOLoop) -> None:
    with pytest.raises(HandshakeTimeoutError, match=r"'a\.example' port 80 within 0\.01 seconds"):
        await websocket_connect(
            "ws://a.example/",
            timeout=0.01,
            resolver=WaitingResolver(),  # type: ignore[arg-type]  # as above
        )


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 101 Swi", b"HTTP/1.1 404 No\r\n\r\nbody"])
async def test_an_answer_that_does_not_come_in_time_is_a_timeout(
    io_loop: IOLoop, answer: bytes
) -> None:
    async with RawServer(lambda _: answer) as server:
        with pytest.raises(HandshakeTimeoutError) as caught:
            await websocket_connect(server.url, timeout=0.05)

        await server.lost.wait()
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, WebSocketError)


async def test_cancelling_closes_the_socket(io_loop: IOLoop) -> None:
    async with RawServer(lambda _: b"") as server:
        task = websocket_connect(server.url, timeout=0, connect_timeout=0)
        await server.connected.wait()

        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        await server.lost.wait()


# Arguments that are wrong at once


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_queue": 0},
        {"max_message_size": -1},
        {"ping_interval": -1},
        {"ping_timeout": -1},
        {"connect_timeout": -1},
        {"headers": {"A": "b\r\nc"}},
        {"compression_options": {"level": 10}},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_an_argument_that_is_wrong_is_a_value_error_at_once(
    io_loop: IOLoop, wrong: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=r".+"):
        websocket_connect("ws://a/", **wrong)  # type: ignore[arg-type]  # as is intended


# TLS


async def test_wss_speaks_tls(io_loop: IOLoop) -> None:
    server_context, client_context = certificates()
    async with our_server(server_context) as where:
        connection = await websocket_connect(f"wss://{where}/echo", ssl_options=client_context)
        await connection.write_message("secret" * 100_000)

        assert await connection.read_message() == "secret" * 100_000
        connection.close()
        await connection.wait_closed()


async def test_a_certificate_that_is_not_trusted_ends_the_attempt(io_loop: IOLoop) -> None:
    server_context, _ = certificates()
    async with our_server(server_context) as where:
        with pytest.raises(ssl.SSLError) as caught:
            await websocket_connect(f"wss://{where}/echo")

    assert "CERTIFICATE_VERIFY_FAILED" in str(caught.value)


async def test_a_server_that_does_not_speak_tls_ends_the_attempt(io_loop: IOLoop) -> None:
    async with our_server() as where:
        with pytest.raises(ssl.SSLError):
            await websocket_connect(f"wss://{where}/echo")


async def test_a_connection_that_ends_before_tls_is_a_handshake_error(io_loop: IOLoop) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        await reader.read(65536)  # so that the end is no reset
        writer.close()

    async with await asyncio.start_server(hang_up, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises((HandshakeError, ssl.SSLError)):
            await websocket_connect(f"wss://{HOST}:{port}/")


# Who is told


def test_a_callback_gets_the_connection(io_loop: IOLoop) -> None:
    got: list[WebSocketClientConnection] = []

    def connected(connection: WebSocketClientConnection) -> None:
        got.append(connection)
        io_loop.stop()

    server = our_server()
    where = io_loop.run_sync(server.__aenter__)
    websocket_connect(f"ws://{where}/echo", io_loop, connected)
    io_loop.start()

    (connection,) = got
    connection.close()
    io_loop.run_sync(connection.wait_closed)
    io_loop.run_sync(lambda: server.__aexit__(None, None, None))
