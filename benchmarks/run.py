"""The benchmarks: `hatch run bench [SCENARIO ...] [--rounds N] [--seconds S]`.

Each compares Ostro with its peers in one run, in turns, and prints CPU time and the ratios that the
project promises. A promise that is not kept is marked, and makes the exit status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from clients_compared import clients
from files_compared import files
from measure import Load, Server, running, server_command, wrk
from report import Report, best_of
from templates import templates
from websockets_compared import websocket, websocket_idle

PEERS = ["tornado", "aiohttp", "starlette", "falcon", "blacksheep", "sanic"]
UPLOAD_MIB = 64
IDLE_CONNECTIONS = 10_000


def hello(options: argparse.Namespace, report: Report) -> None:
    """Compare "Hello, world" with every peer."""
    names = {name: server_command(name) for name in ["ostro", *PEERS]}
    cost = best_of(names, options, lambda s, _: wrk(s, seconds=options.seconds), report)
    ratio = cost["tornado"] / cost["ostro"]
    report.promise(f"{ratio:.1f} times less than Tornado (promised: 8)", ratio >= 8)
    for peer in PEERS[1:]:
        ratio = cost[peer] / cost["ostro"]
        report.promise(f"{ratio:.2f} times less than {peer} (promised: more than 1)", ratio > 1)


def handlers(options: argparse.Namespace, report: Report) -> None:
    """Compare `async def` handlers with plain ones, and the last of 1,000 routes with the first."""
    paths = {
        "plain": "/",
        "async": "/async",
        "waiting": "/waiting",
        "first route": "/r0/42",
        "last route": "/r999/42",
    }
    names = {name: server_command("ostro") for name in paths}
    cost = best_of(
        names, options, lambda s, name: wrk(s, paths[name], seconds=options.seconds), report
    )
    ratio = cost["async"] / cost["plain"]
    report.promise(
        f"async def costs {ratio:.2f} times a plain handler (promised: 1.15)", ratio <= 1.15
    )
    ratio = cost["last route"] / cost["first route"]
    report.promise(
        f"the last route costs {ratio:.2f} times the first (promised: 1.10)", ratio <= 1.10
    )


def echo(options: argparse.Namespace, report: Report) -> None:
    """Compare a POST of 1 MiB that is sent back."""
    names = {name: server_command(name) for name in ("ostro", "tornado", "aiohttp")}
    cost = best_of(
        names,
        options,
        lambda s, _: wrk(s, "/echo", seconds=options.seconds, connections=4, script="echo.lua"),
        report,
    )
    ratio = cost["ostro"] / cost["aiohttp"]
    report.promise(f"{ratio:.2f} times the CPU of aiohttp (promised: at most 1)", ratio <= 1.0)


def upload(options: argparse.Namespace, report: Report) -> None:
    """Compare uploads that the application takes piece by piece."""
    names = {name: server_command(name) for name in ("ostro", "tornado", "aiohttp", "starlette")}
    names["below web"] = [*server_command("ostro"), "--upload"]
    cost, grown = _uploads(names, options, report, _plain_upload)
    for name in ("ostro", "below web"):
        ratio = cost[name] / cost["aiohttp"]
        report.promise(
            f"{name}: {ratio:.2f} times the CPU of aiohttp (promised: at most 1)", ratio <= 1.0
        )
        report.promise(
            f"{name}: memory grew by {grown[name]} KiB (promised: less than 4096)",
            grown[name] < 4096,
        )


def form_upload(options: argparse.Namespace, report: Report) -> None:
    """Compare forms with a large file, which the framework stores on disk."""
    names = {name: server_command(name) for name in ("ostro", "aiohttp", "starlette")}
    cost, grown = _uploads(names, options, report, _form_upload)
    for peer in ("aiohttp", "starlette"):
        ratio = cost["ostro"] / cost[peer]
        report.promise(f"{ratio:.2f} times the CPU of {peer} (promised: less than 1)", ratio < 1.0)
    report.promise(
        f"memory grew by {grown['ostro']} KiB (promised: less than 4096)", grown["ostro"] < 4096
    )


def _uploads(
    names: dict[str, list[str]],
    options: argparse.Namespace,
    report: Report,
    request: Callable[[int], tuple[bytes, bytes]],
) -> tuple[dict[str, float], dict[str, int]]:
    """Return the CPU time and the growth in memory for uploads; `request` gives what stands before
    the bytes of the file and behind them.
    """
    grown: dict[str, int] = {}

    def load(server: Server, name: str) -> Load:
        _send_upload(server.port, 4, request)
        before, rss, started = server.cpu_seconds(), server.rss_kib(), time.monotonic()
        for _ in range(5):
            _send_upload(server.port, UPLOAD_MIB, request)
        grown[name] = max(grown.get(name, 0), server.rss_kib() - rss)
        return Load(5, time.monotonic() - started, server.cpu_seconds() - before, "")

    cost = best_of(names, options, load, report)
    for name in names:
        report.line(f"    {name:12} memory grew by {grown[name]} KiB")
    return cost, grown


def _plain_upload(size: int) -> tuple[bytes, bytes]:
    head = f"PUT /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n"
    return head.encode(), b""


def _form_upload(size: int) -> tuple[bytes, bytes]:
    boundary = "-" * 24 + "0123456789abcdef"
    part = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="large"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    end = f"\r\n--{boundary}--\r\n"
    head = (
        "PUT /form-upload HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
        f"Content-Length: {len(part) + size + len(end)}\r\n\r\n"
    )
    return (head + part).encode(), end.encode()


def _send_upload(port: int, mebibytes: int, request: Callable[[int], tuple[bytes, bytes]]) -> None:
    piece = random.Random(1).randbytes(1048576)  # what files are like, for who searches them
    begin, end = request(mebibytes << 20)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(begin)
        for _ in range(mebibytes):
            client.sendall(piece)
        client.sendall(end)
        answer = b""
        while str(mebibytes << 20).encode() not in answer:
            received = client.recv(65536)
            if not received:
                raise SystemExit(f"the upload was not acknowledged: {answer!r}")
            answer += received


def idle(options: argparse.Namespace, report: Report) -> None:
    """Measure what standing connections cost, in memory and for the others."""
    size: dict[str, float] = {}
    for name in ("ostro", "tornado", "aiohttp"):
        with running(server_command(name)) as server:
            asyncio.run(_stand(server, 200))
            before = wrk(server, seconds=options.seconds)
            rss = server.rss_kib()
            refused, beside = asyncio.run(_stand(server, IDLE_CONNECTIONS, rss, options.seconds))
            size[name] = beside[0]
            report.line(
                f"    {name:12} {size[name]:6.2f} KiB a connection, {refused} refused; hello "
                f"{before.cpu_microseconds:.1f} us before, "
                f"{beside[1].cpu_microseconds:.1f} us beside them"
            )
            if name == "ostro":
                ratio = beside[1].cpu_microseconds / before.cpu_microseconds
                report.promise(f"{refused} connections refused (promised: none)", refused == 0)
                report.promise(
                    f"hello costs {ratio:.2f} times as much beside them (promised: at most 1.1)",
                    ratio <= 1.1,
                )
    report.promise(f"{size['ostro']:.2f} KiB a connection (promised: 6)", size["ostro"] <= 6)


async def _stand(
    server: Server, count: int, rss: int = 0, seconds: float = 0
) -> tuple[int, tuple[float, Load]]:
    """Open connections that ask once and stand; return the refused, memory for each, and the load
    beside them.
    """
    kept: list[asyncio.StreamWriter] = []
    refused = 0
    for start in range(0, count, 200):
        tasks = [_ask(server.port, number) for number in range(start, min(count, start + 200))]
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, BaseException):
                refused += 1
            else:
                kept.append(outcome)
    grown = (server.rss_kib() - rss) / max(1, len(kept))
    load = Load(0, 0, 0, "")
    if seconds:
        load = await asyncio.to_thread(wrk, server, seconds=seconds)
    for writer in kept:
        writer.close()
    return refused, (grown, load)


async def _ask(port: int, number: int) -> asyncio.StreamWriter:
    source = (f"127.0.{1 + number // 20000}.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: idle\r\nAccept: */*\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head[:16]:
        raise ConnectionError(head[:60])
    return writer


def imports(options: argparse.Namespace, report: Report) -> None:
    """Measure the import of what people use alone."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    for module, needed in (("ostro.options", set()), ("ostro.template", {"ostro.escape"})):
        times = []
        for _ in range(5):
            ran = subprocess.run(
                [sys.executable, "-X", "importtime", "-c", f"import {module}"],
                capture_output=True,
                text=True,
                check=True,
                env=environment,
            )
            found = re.search(rf"\|\s+(\d+) \|\s+{re.escape(module)}$", ran.stderr, re.MULTILINE)
            times.append(int(found[1]) / 1000 if found else float("inf"))
        report.promise(f"import {module} takes {min(times):.1f} ms (promised: 25)", min(times) < 25)
        others = set(re.findall(r"\b(ostro\.[a-z0-9]\w*)", ran.stderr)) - {module} - needed
        report.promise(f"import {module} brings {sorted(others) or 'nothing else'}", not others)


SCENARIOS = {
    "hello": hello,
    "handlers": handlers,
    "echo": echo,
    "upload": upload,
    "form-upload": form_upload,
    "files": files,
    "idle": idle,
    "templates": templates,
    "clients": clients,
    "websocket": websocket,
    "websocket-idle": websocket_idle,
    "imports": imports,
}


def main() -> int:
    """Run the scenarios that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "scenarios", nargs="*", choices=[*SCENARIOS, []], help="all when none is named"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1048576, most), most))
    report = Report()
    for name in options.scenarios or SCENARIOS:
        report.line(f"{name}: {(SCENARIOS[name].__doc__ or '').strip()}")
        SCENARIOS[name](options, report)
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
