"""The scenario of the HTTP clients; see run.py.

Here the figure is the CPU time of the client, on CPU 1; the server, Ostro's, has CPU 0.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from files_compared import LARGE_MIB
from measure import HERE, running, server_command
from report import Report

REQUESTS = 10_000
CONCURRENCY = 50
MOST_OF_AIOHTTP = 1.2
MOST_GROWN_KIB = 4096

Figures = tuple[float, float, float, float]
"""Requests or bytes, seconds, CPU seconds, KiB by which the memory grew."""


def clients(options: argparse.Namespace, report: Report) -> None:
    """Compare HTTP clients: 10,000 small GETs, 50 at a time, and a download of 1 GiB."""
    with tempfile.TemporaryDirectory() as directory:
        with Path(directory, "large.bin").open("wb") as large:
            large.truncate(LARGE_MIB << 20)
        Path(directory, "small.bin").write_bytes(bytes(1000))
        _small_gets(server_command("ostro"), options, report)
        _download([*server_command("ostro"), "--static", directory], options, report)


def _small_gets(server: list[str], options: argparse.Namespace, report: Report) -> None:
    report.line(f"  {REQUESTS} GETs, {CONCURRENCY} at a time")
    runs = _runs(server, options, "/", "get", str(REQUESTS), str(CONCURRENCY))
    cost = {name: min(run[2] / run[0] for run in each) * 1e6 for name, each in runs.items()}
    for name in sorted(cost, key=cost.__getitem__):
        rate = max(run[0] / run[1] for run in runs[name])
        report.line(f"    {name:12} {cost[name]:9.1f} us CPU a request   {rate:8.0f} requests/s")
    for peer in ("httpx", "tornado"):
        ratio = cost[peer] / cost["ostro"]
        report.promise(f"{ratio:.1f} times less than {peer} (promised: more than 1)", ratio > 1)
    ratio = cost["ostro"] / cost["aiohttp"]
    report.promise(
        f"{ratio:.2f} times the CPU of aiohttp (promised: at most {MOST_OF_AIOHTTP})",
        ratio <= MOST_OF_AIOHTTP,
    )


def _download(server: list[str], options: argparse.Namespace, report: Report) -> None:
    report.line(f"  {LARGE_MIB} MiB")
    runs = _runs(server, options, "/static/large.bin", "download")
    cost = {name: min(run[2] for run in each) for name, each in runs.items()}
    for name in sorted(cost, key=cost.__getitem__):
        grown = max(run[3] for run in runs[name])
        whole = all(run[0] == LARGE_MIB << 20 for run in runs[name])
        fault = "" if whole else "not all of it came"
        report.line(f"    {name:12} {cost[name]:6.2f} s CPU, grew by {grown:.0f} KiB  {fault}")
    grown = max(run[3] for run in runs["ostro"])
    report.promise(
        f"memory grew by {grown:.0f} KiB (promised: less than {MOST_GROWN_KIB})",
        grown < MOST_GROWN_KIB,
    )


def _runs(
    server: list[str], options: argparse.Namespace, path: str, *what: str
) -> dict[str, list[Figures]]:
    """Let all clients take their turn in each round."""
    runs: dict[str, list[Figures]] = {}
    for _ in range(options.rounds):
        for name, argv in _commands().items():
            with running(server) as started:
                url = f"http://127.0.0.1:{started.port}{path}"
                done = subprocess.run(
                    ["taskset", "-c", "1", *argv, url, *what],
                    capture_output=True,
                    text=True,
                    check=True,
                    timeout=300,
                )
                count, seconds, cpu, grown = map(float, done.stdout.split())
                runs.setdefault(name, []).append((count, seconds, cpu, grown))
    return runs


def _commands() -> dict[str, list[str]]:
    """Return how each client is started, those that are not installed left out."""
    peers = os.environ.get("PEERS_PY", sys.executable)

    def program(python: str, name: str, *options: str) -> list[str]:
        return [python, str(HERE / "clients" / f"{name}_client.py"), *options]

    commands = {
        "ostro": program(sys.executable, "ostro"),
        "aiohttp": program(peers, "aiohttp"),
        "httpx": program(peers, "httpx"),
        "tornado": program(peers, "tornado"),
        "tornado curl": program(peers, "tornado", "--curl"),
    }
    if importlib.util.find_spec("ostro.curl_httpclient") is not None:
        commands["ostro curl"] = program(sys.executable, "ostro", "--curl")
    return commands
