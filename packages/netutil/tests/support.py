"""What several tests here need: loopback listeners, certificates, a look at open descriptors."""

import errno
import logging
import os
import select
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trustme

from ostro.netutil import Resolver

DEADLINE = 30.0
"""Seconds after which a blocking operation on a socket of a test fails."""


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(
    not _has_ipv6(), reason="this machine has no IPv6 loopback address (::1)"
)
linux_only = pytest.mark.skipif(
    sys.platform != "linux", reason="needs what only Linux promises of full accept queues"
)


def port_of(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port


def connect(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A connected, blocking socket with a deadline."""
    return socket.create_connection((host, port), timeout=DEADLINE)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class Refusing(socket.socket):
    """A port that refuses connections, as long as this is open: nobody else can listen there."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        super().__init__(_family(host), socket.SOCK_STREAM)
        self.bind((host, 0))
        self.port = port_of(self)


def open_descriptors() -> set[str]:
    return set(os.listdir("/dev/fd"))


class Tarpit:
    """A port that answers no connection attempt: its accept queue is full."""

    def __init__(self) -> None:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.address = self._listener.getsockname()
        self.port = port_of(self._listener)
        self._filling = connect(self.port)
        # Its end of it knows of the connection first.
        assert select.select([self._listener], [], [], DEADLINE)[0]

    def __enter__(self) -> "Tarpit":
        return self

    def __exit__(self, *_: object) -> None:
        self._filling.close()
        self._listener.close()


class FixedResolver(Resolver):
    """A resolver that knows one answer, and keeps what it was asked."""

    def initialize(self, *addresses: tuple[int, Any]) -> None:
        self.addresses = list(addresses)
        self.asked: list[tuple[str, int, int]] = []
        self.closed = False

    def resolve(
        self,
        host: str,
        port: int,
        family: int = socket.AF_UNSPEC,
        callback: Callable[[list[tuple[int, Any]]], object] | None = None,
    ) -> Awaitable[list[tuple[int, Any]]]:
        self.asked.append((host, port, family))
        return self._answer()

    async def _answer(self) -> list[tuple[int, Any]]:
        return self.addresses

    def close(self) -> None:
        self.closed = True


@contextmanager
def on_log(logger: str, act: Callable[[], object]) -> Iterator[None]:
    """Do something as soon as something is logged."""

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            act()

    watch = Watch()
    logging.getLogger(logger).addHandler(watch)
    try:
        yield
    finally:
        logging.getLogger(logger).removeHandler(watch)


class Certificates:
    """An authority, a server's context for `localhost`, a client's that trusts the authority."""

    def __init__(self) -> None:
        authority = trustme.CA()
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(self.server)
        self.client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        authority.configure_trust(self.client)


class FailingListener(socket.socket):
    """A listening socket whose `accept` fails as the system's does now and then."""

    def __init__(self) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_STREAM)
        self.failures: list[int] = []
        self.bind(("127.0.0.1", 0))
        self.listen()
        self.setblocking(False)

    def accept(self) -> tuple[socket.socket, Any]:
        if self.failures:
            number = self.failures.pop(0)
            raise OSError(number, errno.errorcode[number])
        return super().accept()
