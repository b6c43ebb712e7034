"""What clients are tested against: an application, a server that says exactly what it is told, a
proxy, and certificates.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import trustme

from ostro.httpserver import HTTPServer
from ostro.httputil import HTTPServerRequest
from ostro.ioloop import IOLoop
from ostro.netutil import bind_sockets
from ostro.web import Application, RequestHandler, stream_request_body
from packages.servers import ended

PIECE: Final = bytes(range(256)) * 256
"""64 KiB of body that are easy to recognize."""

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
"""The least that a server can say."""


# A server that says exactly what it is told


class Peer:
    """One connection, as a server sees it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        asked: asyncio.Event,
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.heads: list[bytes] = []
        self._asked = asked  # set when a head has come

    async def head(self) -> bytes:
        """Read the head of the next request; b"" where the client has gone."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        self.heads.append(head)
        self._asked.set()
        return head

    async def body(self, head: bytes) -> bytes:
        """Read a body that has a Content-Length."""
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                return await self.reader.readexactly(int(value))
        return b""

    async def send(self, data: bytes, *, bytewise: bool = False) -> None:
        """Send bytes, at once or each by itself."""
        try:
            for piece in [data[i : i + 1] for i in range(len(data))] if bytewise else [data]:
                self.writer.write(piece)
                await self.writer.drain()
                if bytewise:
                    await asyncio.sleep(0)
        except ConnectionError:
            """The client has heard enough."""

    async def gone(self) -> None:
        """Wait until the client closes the connection."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            """So it is."""

    def close(self) -> None:
        if not self.writer.is_closing():  # twice, and asyncio's TLS of Python 3.11.2 cannot abort
            self.writer.close()

    def reset(self) -> None:
        """Break the connection off, so that the client gets an error and no end."""
        sock = self.writer.get_extra_info("socket")
        if sock.fileno() != -1:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Peer], Awaitable[None]]


def answers(*replies: bytes, bytewise: bool = False, stay: bool = False) -> Behaviour:
    """Answer each request with the next of the replies, and close the connection, or stay silent.

    Bodies of requests are read where they have a length.
    """

    async def behave(peer: Peer) -> None:
        for reply in replies:
            head = await peer.head()
            if not head:
                break
            await peer.body(head)
            await peer.send(reply, bytewise=bytewise)
        if stay:
            await peer.gone()
        peer.close()

    return behave


class RawServer:
    """Behaves as it is told: on the first connection in the first way, on the next in the next, and
    on all further ones in the last.
    """

    def __init__(self, behaviours: tuple[Behaviour, ...], context: ssl.SSLContext | None) -> None:
        self._behaviours = behaviours
        self._context = context
        self._server: asyncio.Server | None = None
        self.peers: list[Peer] = []
        self._asked = asyncio.Event()
        self.errors: list[BaseException] = []
        self._ended = asyncio.Event()
        self._ended.set()
        self._running = 0

    async def start(self, path: str | None = None) -> None:
        if path is not None:
            self._server = await asyncio.start_unix_server(self._serve, path)
        else:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", 0, ssl=self._context
            )

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        scheme = "http" if self._context is None else "https"
        return f"{scheme}://localhost:{self.port}"

    @property
    def heads(self) -> list[bytes]:
        """The heads of all requests so far."""
        return [head for peer in self.peers for head in peer.heads]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer, self._asked)
        self.peers.append(peer)
        self._running += 1
        self._ended.clear()
        try:
            await self._behaviours[min(len(self.peers), len(self._behaviours)) - 1](peer)
        except (ConnectionError, asyncio.IncompleteReadError):
            """The client went away, as some tests want it."""
        except Exception as error:  # noqa: BLE001 - the test is to see it
            self.errors.append(error)
        finally:
            peer.close()
            self._running -= 1
            if not self._running:
                self._ended.set()

    async def asked(self) -> None:
        """Wait until there has been a request."""
        await self._asked.wait()

    async def all_gone(self) -> None:
        """Wait until no connection is open, of those that have come so far."""
        await self._ended.wait()

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for peer in self.peers:
            peer.writer.transport.abort()
        await self._ended.wait()
        assert self.errors == []


# An application


class Echo(RequestHandler):
    """Says what it was asked."""

    def respond(self) -> None:
        if "status" in self.request.arguments:
            self.set_status(int(self.get_argument("status")))
            if self.get_status() == 304:
                return
        self.write(
            {
                "method": self.request.method,
                "uri": self.request.uri,
                "headers": list(self.request.headers.get_all()),
                "body": self.request.body.decode("latin-1"),
            }
        )

    get = post = put = delete = patch = options = respond

    def head(self) -> None:
        self.set_header("Content-Length", "1000")


class Redirect(RequestHandler):
    """Leads to `to`, with the code in the path."""

    def respond(self, code: str) -> None:
        self.set_status(int(code))
        self.set_header("Location", self.get_argument("to"))
        self.finish("elsewhere")

    get = post = put = delete = head = respond


class Loop(RequestHandler):
    """Leads to itself, without an end."""

    def get(self, number: str) -> None:
        self.redirect(f"/loop/{int(number) + 1}")


class Text(RequestHandler):
    """Says something long enough to be compressed."""

    def get(self) -> None:
        self.set_header("Content-Type", "text/plain")
        self.write("compress me " * 1000)


class Pieces(RequestHandler):
    """Sends a number of pieces, at the pace of the client."""

    async def get(self, count: str) -> None:
        for _ in range(int(count)):
            self.write(PIECE)
            await self.flush()


class Never(RequestHandler):
    """Does not answer before the client has gone."""

    def initialize(self, asked: asyncio.Event, gone: asyncio.Event) -> None:
        self.asked = asked
        self.gone = gone

    async def get(self) -> None:
        self.asked.set()
        await asyncio.get_running_loop().create_future()

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self.gone.set()


@stream_request_body
class Count(RequestHandler):
    """Counts the bytes and the pieces of a body, as they come."""

    def prepare(self) -> None:
        self.size = 0

    def data_received(self, data: bytes) -> None:
        self.size += len(data)

    def post(self) -> None:
        self.write({"size": self.size, "chunked": "Transfer-Encoding" in self.request.headers})

    put = post


class Protected(RequestHandler):
    """Wants a name and a password by the Basic scheme."""

    def get(self) -> None:
        if self.request.headers.get("Authorization") is None:
            self.set_status(401)
            self.set_header("WWW-Authenticate", 'Basic realm="test"')
        self.write(self.request.headers.get("Authorization", ""))


class Site:
    """An application with all of these, on HTTP or HTTPS.

    `requests` are those that it was asked; `connections` counts who asked.
    """

    def __init__(self, io_loop: IOLoop, context: ssl.SSLContext | None = None) -> None:
        self.asked = asyncio.Event()
        self.gone = asyncio.Event()
        application = Application(
            [
                (r"/echo.*", Echo),
                (r"/redirect/([0-9]+)", Redirect),
                (r"/loop/([0-9]+)", Loop),
                (r"/text", Text),
                (r"/pieces/([0-9]+)", Pieces),
                (r"/never", Never, {"asked": self.asked, "gone": self.gone}),
                (r"/count", Count),
                (r"/protected", Protected),
            ],
            compress_response=True,
        )
        application.settings["log_function"] = self._log
        self.requests: list[HTTPServerRequest] = []
        self.server = HTTPServer(application, ssl_options=context)
        sockets = bind_sockets(0, "127.0.0.1")
        self.server.add_sockets(sockets)
        self.port: int = sockets[0].getsockname()[1]
        self.url = f"{'http' if context is None else 'https'}://localhost:{self.port}"
        self.io_loop = io_loop

    def _log(self, handler: RequestHandler) -> None:
        self.requests.append(handler.request)

    @property
    def open_connections(self) -> int:
        return self.server.connection_count

    def stop(self) -> None:
        self.io_loop.run_sync(lambda: ended(self.server))


# A proxy


class Proxy:
    """An HTTP proxy: it passes requests on, and opens tunnels.

    `asked` are the request lines that it got; `credentials` what it wants to see in
    Proxy-Authorization, None for nothing.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.authorizations: list[str | None] = []
        self.credentials: str | None = None
        self.tunnels = True
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[object]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            """One of the two has gone."""
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.split("\r\n")
        self.asked.append(line)
        named = {
            name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)
        }
        authorization = named.get("proxy-authorization")
        self.authorizations.append(authorization)
        if self.credentials is not None and authorization != self.credentials:
            writer.write(
                b'HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm="p"\r\n'
                b"Content-Length: 3\r\n\r\nwho"
            )
            return True
        method, target, _ = line.split(" ")
        if method != "CONNECT":
            return await self._pass_on(line, fields, reader, writer)
        if not self.tunnels:
            writer.write(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
            return True
        host, _, port = target.rpartition(":")
        upstream, downstream = await self._open(host, int(port))
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(_copy(reader, downstream), _copy(upstream, writer))
        return False

    async def _pass_on(
        self,
        line: str,
        fields: list[str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        method, target, version = line.split(" ")
        authority, _, path = target.removeprefix("http://").partition("/")
        host, _, port = authority.partition(":")
        upstream, downstream = await self._open(host, int(port or 80))
        kept = [f for f in fields if f and not f.lower().startswith("proxy-")]
        head = "\r\n".join([f"{method} /{path} {version}", *kept, "Connection: close", "", ""])
        downstream.write(head.encode("latin-1"))
        length = next((int(f[15:]) for f in kept if f.lower().startswith("content-length")), 0)
        downstream.write(await reader.readexactly(length))
        await _copy(upstream, writer)
        return False

    async def _open(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host = "127.0.0.1" if host == "localhost" else host
        upstream, downstream = await asyncio.open_connection(host, port)
        self._writers.add(downstream)
        return upstream, downstream

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        """The other end has gone."""
    finally:
        writer.close()


# Certificates


class Authority:
    """A certificate authority that only the tests trust."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self.folder = folder
        self.file = str(folder / "ca.pem")
        self._ca.cert_pem.write_to_path(self.file)

    def server_context(self, *names: str, client_certificates: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(context)
        if client_certificates:
            context.verify_mode = ssl.CERT_REQUIRED
            self._ca.configure_trust(context)
        return context

    def client_certificate(self, name: str) -> tuple[str, str]:
        """Return the files of a key and of a certificate."""
        issued = self._ca.issue_cert(name)
        key, certificate = self.folder / "key.pem", self.folder / "cert.pem"
        issued.private_key_pem.write_to_path(str(key))
        issued.cert_chain_pems[0].write_to_path(str(certificate))
        return str(key), str(certificate)


def echoed(body: bytes) -> dict[str, str]:
    """Return the fields that /echo has seen, by their names."""
    return dict(json.loads(body)["headers"])
