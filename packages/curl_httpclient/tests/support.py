"""What the tests share: servers that do as the test says, certificates, a client for each test."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

from ostro.curl_httpclient import CurlAsyncHTTPClient
from ostro.httpserver import HTTPServer
from ostro.httputil import HTTPServerRequest
from ostro.netutil import bind_sockets
from ostro.web import Application
from packages.servers import ended

OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = OK + b"Content-Length: 0\r\n\r\n"

REFUSED_PORT = 1
"""A port nobody listens on. One that was free a moment ago may be another program's by now."""

Settings = dict[str, Any]
"""Arguments of `fetch`. Any: each has a type of its own."""

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
# Any: arguments of the client.
def curl_client(**kwargs: Any) -> Iterator[CurlAsyncHTTPClient]:
    client = CurlAsyncHTTPClient(force_instance=True, **kwargs)
    try:
        yield client
    finally:
        client.close()


@dataclass
class Server:
    """A server of this test: where it is, and what it was asked."""

    port: int
    scheme: str = "http"
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/"


@asynccontextmanager
async def talking(
    talk: Talk, tls: ssl.SSLContext | None = None, path: str | None = None
) -> AsyncIterator[Server]:
    """A server that has `talk` at each connection; with `path` on a unix socket."""
    writers: list[asyncio.StreamWriter] = []
    tasks: set[asyncio.Task[None]] = set()
    found = Server(0, "http" if tls is None else "https")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        found.connections += 1
        writers.append(writer)
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            """The client went away, or the test is over."""
        finally:
            tasks.discard(task)
            writer.close()

    if path is None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        found.port = server.sockets[0].getsockname()[1]
    else:
        server = await asyncio.start_unix_server(connected, path)
    try:
        yield found
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for writer in writers:
            writer.transport.abort()


def answering(
    *answers: bytes | None, tls: ssl.SSLContext | None = None
) -> AbstractAsyncContextManager[Server]:
    """A server that gives these answers on each connection."""
    return answering_each([list(answers)], tls)


@asynccontextmanager
async def answering_each(
    scripts: list[list[bytes | None]], tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """A server that gives the answers of one script on each connection, the last script on all that
    come after. None closes the connection; the end of the script leaves it open.
    """
    left = list(scripts)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = left.pop(0) if len(left) > 1 else left[0]
        for answer in script:
            found.heads.append(await reader.readuntil(b"\r\n\r\n"))
            if answer is None:
                return
            writer.write(answer)
            await writer.drain()
        found.heads.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.read()

    async with talking(talk, tls) as found:
        yield found


@asynccontextmanager
async def serving(
    application: Application | Callable[[HTTPServerRequest], object],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Server]:
    """Our own server."""
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(application, ssl_options=tls)
    server.add_sockets(sockets)
    try:
        yield Server(sockets[0].getsockname()[1], "http" if tls is None else "https")
    finally:
        await ended(server)


@dataclass
class Certificates:
    """An authority of the test, and files with what it issued."""

    authority: trustme.CA
    ca_file: str
    server: ssl.SSLContext
    client_file: str


def make_certificates(folder: Path, *, ask_client: bool = False) -> Certificates:
    authority = trustme.CA()
    ca_file, client_file = folder / "ca.pem", folder / "client.pem"
    authority.cert_pem.write_to_path(ca_file)
    authority.issue_cert("client@example.org").private_key_and_cert_chain_pem.write_to_path(
        client_file
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    if ask_client:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return Certificates(authority, str(ca_file), context, str(client_file))
