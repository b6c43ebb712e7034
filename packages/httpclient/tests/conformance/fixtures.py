"""The fixtures of the conformance tests. `client_class` is for the tests of each client to give."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Iterator
from typing import Protocol

import pytest

from ostro.httpclient import AsyncHTTPClient
from ostro.ioloop import IOLoop

from .clock import ClientClock
from .servers import Authority, Behaviour, Proxy, RawServer, Site

__all__ = ["certificates", "client", "clock", "make_client", "proxy", "raw", "site", "tls_site"]


# Names that do not exist are looked up where the system does that. glibc, which would wait for lost
# answers as long as the tests have, reads this before the first.
os.environ.setdefault("RES_OPTIONS", "timeout:2 attempts:2")


class MakeClient(Protocol):
    def __call__(self, **options: object) -> AsyncHTTPClient: ...


class MakeRaw(Protocol):
    async def __call__(
        self, *behaviours: Behaviour, tls: ssl.SSLContext | None = None, path: str | None = None
    ) -> RawServer: ...


@pytest.fixture
def make_client(io_loop: IOLoop, client_class: type[AsyncHTTPClient]) -> Iterator[MakeClient]:
    """Make clients that are closed after the test."""
    clients = []

    def make(**options: object) -> AsyncHTTPClient:
        client = client_class(io_loop, force_instance=True, **options)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()
    io_loop.run_sync(lambda: asyncio.sleep(0))  # what was cancelled ends


@pytest.fixture
def client(make_client: MakeClient) -> AsyncHTTPClient:
    """A client without options."""
    return make_client()


@pytest.fixture
def clock(client: AsyncHTTPClient) -> ClientClock:
    """The clock of `client`, which stands still."""
    return ClientClock(client)


@pytest.fixture
def site(io_loop: IOLoop) -> Iterator[Site]:
    """An application on HTTP."""
    started = Site(io_loop)
    yield started
    started.stop()


@pytest.fixture
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority."""
    return _authority(tmp_path_factory)


_made: list[Authority] = []


def _authority(factory: pytest.TempPathFactory) -> Authority:
    if not _made:
        _made.append(Authority(factory.mktemp("certificates")))
    return _made[0]


@pytest.fixture
def tls_site(io_loop: IOLoop, certificates: Authority) -> Iterator[Site]:
    """An application on HTTPS."""
    started = Site(io_loop, certificates.server_context())
    yield started
    started.stop()


@pytest.fixture
def raw(io_loop: IOLoop) -> Iterator[MakeRaw]:
    """Start servers that say what they are told."""
    servers = []

    async def start(
        *behaviours: Behaviour, tls: ssl.SSLContext | None = None, path: str | None = None
    ) -> RawServer:
        server = RawServer(behaviours, tls)
        await server.start(path)
        servers.append(server)
        return server

    yield start
    for server in servers:
        io_loop.run_sync(server.stop)


@pytest.fixture
def proxy(io_loop: IOLoop) -> Iterator[Proxy]:
    """A proxy."""
    started = Proxy()
    io_loop.run_sync(started.start)
    yield started
    io_loop.run_sync(started.stop)
