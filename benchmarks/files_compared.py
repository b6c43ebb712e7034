"""The benchmark of static files; see run.py."""

from __future__ import annotations

import argparse
import os
import socket
import tempfile
import time
from pathlib import Path

from measure import Load, Server, server_command, wrk
from report import Report, best_of

LARGE_MIB = 1024
SMALL_FILE = b"body { color: #123456 }\n" * 170
"""Four kibibytes, as a style or an icon has."""


def files(options: argparse.Namespace, report: Report) -> None:
    """Compare static files: one of 4 KiB, asked for often, and one of 1 GiB, downloaded."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "small.css").write_bytes(SMALL_FILE)
        os.utime(Path(directory, "small.css"), (1e9, 1e9))  # a file at rest
        with Path(directory, "large.bin").open("wb") as large:
            large.truncate(LARGE_MIB << 20)
        names = {
            name: [*server_command(name), "--static", directory]
            for name in ("ostro", "tornado", "aiohttp")
        }
        report.line("  4 KiB")
        cost = best_of(
            names,
            options,
            lambda s, _: wrk(s, "/static/small.css", seconds=options.seconds),
            report,
        )
        for peer in ("tornado", "aiohttp"):
            ratio = cost[peer] / cost["ostro"]
            report.promise(f"{ratio:.1f} times less than {peer} (promised: more than 1)", ratio > 1)
        report.line("  1 GiB")
        grown: dict[str, int] = {}
        cost = best_of(names, options, lambda s, name: _download(s, name, grown), report)
        for name, kibibytes in grown.items():
            report.line(f"    {name:12} grew by {kibibytes} KiB")
        ratio = cost["ostro"] / cost["aiohttp"]
        report.promise(f"{ratio:.2f} times the CPU of aiohttp (promised: at most 1)", ratio <= 1.0)
        report.promise(
            f"memory grew by {grown['ostro']} KiB (promised: less than 4096)",
            grown["ostro"] < 4096,
        )


def _download(server: Server, name: str, grown: dict[str, int]) -> Load:
    _receive(server.port, 1 << 25)
    before, rss, started = server.cpu_seconds(), server.rss_kib(), time.monotonic()
    received = _receive(server.port, LARGE_MIB << 20)
    grown[name] = max(grown.get(name, 0), server.rss_kib() - rss)
    fault = "" if received > LARGE_MIB << 20 else f"only {received} bytes"
    return Load(1, time.monotonic() - started, server.cpu_seconds() - before, fault)


def _receive(port: int, most: int) -> int:
    buffer = bytearray(1 << 20)
    received = 0
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /static/large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while received <= most:
            size = client.recv_into(buffer)
            if not size:
                break
            received += size
    return received
