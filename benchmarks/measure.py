"""Starting servers on one CPU, loading them from the other, and reading what they used.

The figure is CPU time for each request (user and system, the whole server), because it depends far
less on what else the machine does than requests per second do. Linux only: it reads /proc.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
START_DEADLINE = 20.0
"""Seconds that a server may take to listen."""

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


@dataclass(frozen=True, slots=True)
class Server:
    """A server process and the port that it listens on."""

    process: subprocess.Popen[bytes]
    port: int

    def cpu_seconds(self) -> float:
        """Return the CPU time that the server's processes have used."""
        return sum(int(fields[11]) + int(fields[12]) for fields in self._stats()) / _TICKS

    def rss_kib(self) -> int:
        """Return the memory that the server's processes occupy, in KiB."""
        return sum(int(fields[21]) for fields in self._stats()) * _PAGE_KIB

    def _stats(self) -> Iterator[list[str]]:
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            with contextlib.suppress(OSError):
                fields = Path("/proc", entry, "stat").read_text().rsplit(")", 1)[1].split()
                if int(fields[2]) == self.process.pid:
                    yield fields


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk did to a server."""

    requests: int
    seconds: float
    cpu_seconds: float
    faults: str

    @property
    def cpu_microseconds(self) -> float:
        """CPU time for each request."""
        return self.cpu_seconds / self.requests * 1e6 if self.requests else float("inf")


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(argv: list[str], *, cpu: int | None = 0) -> Iterator[Server]:
    """Run a server, `{port}` in `argv` being its port, pinned to a CPU unless that is None."""
    port = free_port()
    command = [part.replace("{port}", str(port)) for part in argv]
    if cpu is not None:
        command = ["taskset", "-c", str(cpu), *command]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=HERE / "servers",
    )
    try:
        _wait_for(process, port, command)
        yield Server(process, port)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int, command: list[str]) -> None:
    deadline = time.monotonic() + START_DEADLINE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(
                f"the server ended with status {process.returncode}: {' '.join(command)}"
            )
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.05)  # the server has no other way to tell that it is ready
        else:
            return
    raise SystemExit(f"the server did not start: {' '.join(command)}")


def wrk(
    server: Server, path: str = "/", *, seconds: float = 4, connections: int = 64, script: str = ""
) -> Load:
    """Load a server from the other CPU, after a second of warming up."""
    if shutil.which("wrk") is None:
        raise SystemExit("the benchmarks need wrk (Debian's package wrk)")
    base = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}"]
    tail = (["-s", str(HERE / script)] if script else []) + [
        f"http://127.0.0.1:{server.port}{path}"
    ]
    subprocess.run([*base, "-d1s", *tail], capture_output=True, check=True)
    before = server.cpu_seconds()
    started = time.monotonic()
    ran = subprocess.run(
        [*base, f"-d{seconds:g}s", *tail], capture_output=True, text=True, check=True
    )
    elapsed = time.monotonic() - started
    used = server.cpu_seconds() - before
    count = re.search(r"(\d+) requests in", ran.stdout)
    faults = re.findall(r"(Non-2xx or 3xx responses: \d+|Socket errors: .*)", ran.stdout)
    return Load(int(count[1]) if count else 0, elapsed, used, "; ".join(faults))


def server_command(name: str) -> list[str]:
    """Return how to start a server by the name of the framework."""
    servers = HERE / "servers"
    if name == "ostro":
        return [sys.executable, str(servers / "ostro_app.py"), "{port}"]
    python = Path(os.environ.get("PEERS_PY", sys.executable))
    if name in ("tornado", "aiohttp", "sanic"):
        return [str(python), str(servers / f"{name}_app.py"), "{port}"]
    return [
        str(python), "-m", "uvicorn", f"{name}_app:app", "--port", "{port}", "--loop", "uvloop",
        "--http", "httptools", "--log-level", "error", "--no-access-log",
    ]  # fmt: skip
