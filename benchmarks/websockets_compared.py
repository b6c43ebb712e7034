"""The scenarios with WebSockets: echoing of several kinds, and standing connections."""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import time

from measure import HERE, Load, Server, running
from report import Report, best_of

KINDS = {
    "small": "32 bytes there and back, 64 connections",
    "pipelined": "32 bytes, 64 messages at once on 16 connections",
    "large": "1 MiB there and back, 4 connections",
    "compressed": "1 KiB of JSON, permessage-deflate, 16 messages at once on 16 connections",
}
PEERS = ["tornado", "websockets", "picows"]
AHEAD_OF = ["tornado", "websockets"]
"""Those that Ostro promises to be ahead of. picows is compiled, and hands out frames."""

IDLE_CONNECTIONS = 10_000
IDLE_KIB = 8

_OPENING = (
    "GET / HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_HELLO = bytes.fromhex("8185 00000000") + b"hello"
"""A message whose mask changes nothing."""


def command(name: str) -> list[str]:
    """Return how the echo server of a framework is started."""
    python = sys.executable if name == "ostro" else os.environ.get("PEERS_PY", sys.executable)
    return [python, str(HERE / "servers" / f"websocket_{name}.py"), "{port}"]


def echoes(server: Server, kind: str, seconds: float) -> Load:
    """Load a server from the other CPU, after half a second of warming up."""
    argv = ["taskset", "-c", "1", sys.executable, str(HERE / "websocket_load.py"), str(server.port)]
    subprocess.run([*argv, kind, "0.5"], stdout=subprocess.DEVNULL, check=True)
    before = server.cpu_seconds()
    started = time.monotonic()
    ran = subprocess.run([*argv, kind, str(seconds)], capture_output=True, text=True, check=True)
    elapsed = time.monotonic() - started
    return Load(int(ran.stdout), elapsed, server.cpu_seconds() - before, "")


def websocket(options: argparse.Namespace, report: Report) -> None:
    """Compare echoes of WebSocket messages with Tornado, websockets and picows."""
    for kind, what in KINDS.items():
        report.line(f"  {kind}: {what}")
        names = ["ostro", *PEERS]
        if kind == "compressed":
            names.remove("picows")
        cost = best_of(
            {name: command(name) for name in names},
            options,
            lambda server, _, kind=kind: echoes(server, kind, options.seconds),  # type: ignore[misc]  # the default binds it
            report,
            "message",
        )
        for peer in names[1:]:
            ratio = cost[peer] / cost["ostro"]
            if peer in AHEAD_OF:
                report.promise(
                    f"{ratio:.2f} times less than {peer} (promised: more than 1)", ratio > 1
                )
            else:
                report.line(f"           {ratio:.2f} times less than {peer}")


def websocket_idle(options: argparse.Namespace, report: Report) -> None:
    """Measure the memory of 10,000 standing WebSockets that have echoed one message."""
    size: dict[str, float] = {}
    for name in ["ostro", *PEERS]:
        with running(command(name)) as server:
            asyncio.run(_stand(server, 200, 0))
            rss = server.rss_kib()
            refused, size[name] = asyncio.run(_stand(server, IDLE_CONNECTIONS, rss))
            report.line(f"    {name:12} {size[name]:6.2f} KiB a connection, {refused} refused")
            if name == "ostro":
                report.promise(f"{refused} connections refused (promised: none)", refused == 0)
    kept = size["ostro"] <= IDLE_KIB
    report.promise(f"{size['ostro']:.2f} KiB a connection (promised: {IDLE_KIB})", kept)


async def _stand(server: Server, count: int, rss: int) -> tuple[int, float]:
    """Open connections; return how many were refused, and the KiB for each of the others."""
    kept: list[asyncio.StreamWriter] = []
    refused = 0
    for start in range(0, count, 200):
        tasks = [_open(server.port, number) for number in range(start, min(count, start + 200))]
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, BaseException):
                refused += 1
            else:
                kept.append(outcome)
    grown = (server.rss_kib() - rss) / max(1, len(kept))
    for writer in kept:
        writer.close()
    return refused, grown


async def _open(port: int, number: int) -> asyncio.StreamWriter:
    source = (f"127.0.{1 + number // 20000}.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
    writer.write(_OPENING.format(port=port).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in head[:16]:
        raise ConnectionError(head[:60])
    writer.write(_HELLO)
    echo = await reader.readexactly(7)
    if echo[2:] != b"hello":
        raise ConnectionError(echo)
    return writer
