"""Servers that real clients talk to, each a process of its own: our demo, the reporting app."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from packages.ports import free_port

from .layout import ROOT
from .programs import START_DEADLINE

DEMO = ROOT / "examples/burts_books/main.py"
REPORTING_APP = Path(__file__).parent / "reporting_app.py"
LOOPS = ("asyncio", "uvloop")

TROUBLE = re.compile(r"Traceback|Error\b|Warning|Uncaught|^\[[EC]", re.MULTILINE)
"""What a server logs when it is surprised."""


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its process, where it listens, and the file that it logs to."""

    process: subprocess.Popen[bytes]
    address: int | Path
    log: Path
    scheme: str = "http"

    @property
    def url(self) -> str:
        """Where to ask, without a slash at the end; over TLS by a name, which certificates have."""
        host = "localhost" if self.scheme == "https" else "127.0.0.1"
        port = self.address if isinstance(self.address, int) else 0
        return f"{self.scheme}://{host}:{port}"

    def terminate(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_DEADLINE)

    def complaints(self) -> str:
        """Return the whole log if anything in it tells of trouble, or else nothing."""
        text = self.log.read_text()
        return text if TROUBLE.search(text) else ""


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Return as soon as the condition is true; fail with `what` did not happen after some time."""
    deadline = time.monotonic() + START_DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"not in {START_DEADLINE} s: {what}"
        time.sleep(0.01)  # another process has no way to tell that it is ready


def accepts_connections(address: int | Path) -> bool:
    """Tell whether something listens on a port of 127.0.0.1, or on a unix socket."""
    family = socket.AF_INET if isinstance(address, int) else socket.AF_UNIX
    where = ("127.0.0.1", address) if isinstance(address, int) else str(address)
    with socket.socket(family) as probe:
        probe.settimeout(START_DEADLINE)
        return probe.connect_ex(where) == 0


@contextmanager
def running(
    command: list[str], address: int | Path, folder: Path, scheme: str = "http"
) -> Iterator[Served]:
    """Run a server whose log goes to `folder`, and end it if the test has not done so."""
    log = folder / f"{address if isinstance(address, int) else address.name}.log"
    with log.open("wb") as file, subprocess.Popen(command, stderr=file) as process:
        served = Served(process, address, log, scheme)
        try:
            wait_until(
                lambda: process.poll() is not None or accepts_connections(address),
                f"{command} listens on {address}",
            )
            if process.poll() is not None:
                pytest.fail(f"{command} ended at once: {log.read_text()}")
            yield served
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(START_DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


@contextmanager
def demo(folder: Path) -> Iterator[Served]:
    """Run the demo."""
    port = free_port()
    with running([sys.executable, str(DEMO), f"--port={port}"], port, folder) as served:
        yield served


@contextmanager
def reporting_app(
    folder: Path, *arguments: str, loop: str = "uvloop", unix_socket: Path | None = None
) -> Iterator[Served]:
    """Run the reporting application, on a port or a unix socket, with the further `arguments`."""
    address = unix_socket or free_port()
    where = f"--unix-socket={address}" if unix_socket else f"--port={address}"
    if loop == "uvloop":
        pytest.importorskip("uvloop", reason="pip install uvloop")
    else:
        arguments += ("--plain-asyncio",)
    scheme = "https" if any(word.startswith("--certfile=") for word in arguments) else "http"
    command = [sys.executable, "-W", "error", str(REPORTING_APP), where, *arguments]
    with running(command, address, folder, scheme) as served:
        yield served


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files of an authority, of a server called localhost, and of a client."""

    ca: Path
    server_cert: Path
    server_key: Path
    client: Path
    """The client's certificate and key in one file."""

    @property
    def server_arguments(self) -> list[str]:
        """Make the reporting application speak TLS, and look at the certificates of clients."""
        return [
            f"--certfile={self.server_cert}",
            f"--keyfile={self.server_key}",
            f"--ca-certs={self.ca}",
        ]


CLIENT_NAME = "client@example.com"


def make_certificates(folder: Path) -> Certificates:
    """Issue certificates that nobody else trusts."""
    files = Certificates(*(folder / f"{name}.pem" for name in ("ca", "cert", "key", "client")))
    authority = trustme.CA()
    server = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(files.ca)
    server.private_key_pem.write_to_path(files.server_key)
    for blob in server.cert_chain_pems:
        blob.write_to_path(files.server_cert, append=True)
    client = authority.issue_cert(CLIENT_NAME, common_name=CLIENT_NAME)
    client.private_key_and_cert_chain_pem.write_to_path(files.client)
    return files


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, and been waited for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
