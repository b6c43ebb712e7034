"""Static files that are too large for memory, and what goes wrong on their way."""

import asyncio
import gzip
import os
import re
import resource
import socket
import struct
import sys
import threading
from io import FileIO
from pathlib import Path

import pytest

from ostro.httputil import HTTPHeaders, HTTPServerRequest
from ostro.ioloop import IOLoop
from ostro.web import Application, HTTPError, OutputTransform, StaticFileHandler
from ostro.web._static_files import Loaded, Place, Representation, StaticFile, load
from ostro.web._static_source import in_executor
from ostro.web._static_versions import (
    Signature,
    VersionStore,
    hash_of,
    open_regular,
    signature_of,
)

from .files import LARGE, LONG_AGO, put, site, threads_that_open
from .support import ask, connected, fetch, raw_get, read_answer, serving

GIBIBYTE = 1 << 30


def sparse(root: Path, name: str = "a.bin", size: int = GIBIBYTE) -> Path:
    """Make a file that is long and takes no room."""
    path = put(root, name, b"")
    with path.open("r+b") as file:
        file.truncate(size)
    return path


def checked(path: Path) -> Place:
    """The place of a file that need not be looked for."""
    return Place(str(path.parent), str(path), path.name, False, None, False, is_checked=True)


def download(port: int) -> tuple[int, list[int]]:
    """Read /static/a.bin; return how much it was, and the memory in use after each 64 MiB."""
    used: list[int] = []
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(raw_get("/static/a.bin", "Connection: close"))
        buffer = bytearray(1 << 20)
        total = 0
        while size := client.recv_into(buffer):
            total += size
            if total >> 26 > len(used):
                used.append(memory_in_use())
    return total, used


def memory_in_use() -> int:
    """Return the bytes of memory that this process has taken; where that is not told, the most that
    it ever occupied.
    """
    status = Path("/proc/self/status")
    if status.exists():  # what is in files comes and goes as the kernel likes
        found = re.findall(r"^(?:RssAnon|VmSwap):\s+(\d+) kB", status.read_text(), re.MULTILINE)
        return sum(map(int, found)) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@pytest.mark.parametrize("io_loop", ["asyncio"], indirect=True)  # it takes seconds
@pytest.mark.timeout(600)  # or minutes
def test_a_gibibyte_is_served_in_constant_memory(tmp_path: Path, io_loop: IOLoop) -> None:
    sparse(tmp_path)

    async def serve() -> tuple[int, list[int]]:
        async with serving(site(tmp_path)) as port:
            return await asyncio.to_thread(download, port)

    total, used = io_loop.run_sync(serve)

    assert GIBIBYTE < total < GIBIBYTE + 1000
    assert len(used) == 16
    assert max(used) - used[0] < 16 << 20


async def test_others_are_served_beside_a_client_that_does_not_read(
    tmp_path: Path, io_loop: IOLoop
) -> None:
    sparse(tmp_path)
    put(tmp_path, "b.txt", b"short")

    async with serving(site(tmp_path)) as port, connected(port) as (slow, slow_writer):
        slow_writer.write(raw_get("/static/a.bin"))
        await slow.readuntil(b"\r\n\r\n")
        async with connected(port) as (reader, writer):
            writer.write(raw_get("/static/b.txt"))
            _, _, body = await read_answer(reader)
        slow_writer.transport.abort()

    assert body == b"short"


class Reported(StaticFileHandler):
    """Tells when it is over."""

    def initialize(self, path: str, over: asyncio.Event) -> None:  # type: ignore[override]  # another argument
        super().initialize(path)
        self.over = over

    def on_finish(self) -> None:
        self.over.set()


def open_descriptors(path: Path) -> int:
    """Return how many descriptors of this process are of the file at `path`."""
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found += entry.readlink() == path
        except OSError:
            continue  # the one of the listing itself
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux's /proc")
async def test_a_file_is_closed_when_its_client_goes_away(tmp_path: Path, io_loop: IOLoop) -> None:
    path = sparse(tmp_path)
    over = asyncio.Event()
    application = Application([(r"/static/(.*)", Reported, {"path": str(tmp_path), "over": over})])

    async with serving(application) as port, connected(port) as (reader, writer):
        writer.write(raw_get("/static/a.bin"))
        await reader.readuntil(b"\r\n\r\n")
        assert open_descriptors(path) == 1
        linger = struct.pack("ii", 1, 0)  # close with a reset
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
        await over.wait()

        assert open_descriptors(path) == 0


async def test_what_a_job_opened_is_closed_when_nobody_waits_any_more(
    tmp_path: Path, io_loop: IOLoop
) -> None:
    path = str(put(tmp_path, "a.bin", LARGE))
    begun = asyncio.Event()
    go_on = threading.Event()
    closed = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Watched(FileIO):
        def close(self) -> None:
            if not self.closed:
                closed.set()
            super().close()

    def job() -> Loaded:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait()
        representation = Representation(path, "", (0, 0, 0, 0, 0), "", b"")
        file = StaticFile(path, representation, ())
        return Loaded(file, representation, Watched(path))

    task = asyncio.ensure_future(in_executor(job))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()

    await closed.wait()


@pytest.mark.parametrize("outcome", ["nothing", "failure"])
async def test_a_job_that_opens_nothing_may_be_left_alone(io_loop: IOLoop, outcome: str) -> None:
    loop = asyncio.get_running_loop()
    begun = asyncio.Event()
    go_on = threading.Event()
    ended = threading.Event()

    def job() -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait()
        ended.set()
        if outcome == "failure":
            raise OSError

    task = asyncio.ensure_future(in_executor(job))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()

    await in_executor(ended.wait)


def test_what_opens_nothing_has_nothing_to_close(tmp_path: Path) -> None:
    path = put(tmp_path, "a.bin", b"x")

    loaded = load(checked(path), VersionStore(), None, siblings=False, accepted=(), opened=True)

    assert loaded is not None
    assert loaded.handle is None
    loaded.close()


async def test_the_loop_opens_no_file(tmp_path: Path, io_loop: IOLoop) -> None:
    put(tmp_path, "a.css")
    put(tmp_path, "a.css.gz")
    put(tmp_path, "b.bin", LARGE)
    application = site(tmp_path)

    with threads_that_open(tmp_path) as threads:
        for _ in range(2):
            for target in ("/static/a.css", "/static/b.bin"):
                await fetch(application, target)

    assert threads
    assert threading.get_ident() not in threads


# Files that change on their way


def test_a_file_that_is_replaced_while_it_is_looked_at_is_looked_at_again(tmp_path: Path) -> None:
    path = put(tmp_path, "a.bin", LARGE)

    class Replacing(VersionStore):
        """As it stores the version of a file, somebody replaces it."""

        times = 1

        def remember(self, key: object, signature: Signature | None, version: str) -> None:
            if self.times:
                self.times -= 1
                put(tmp_path, "a.bin", LARGE + bytes(self.times), changed=LONG_AGO + self.times)

    store = Replacing()
    loaded = load(checked(path), store, None, siblings=False, accepted=(), opened=True)

    assert loaded is not None
    assert loaded.handle is not None
    with loaded.handle as file:
        assert file.read() == path.read_bytes()
    store.times = 99
    with pytest.raises(HTTPError, match="503"):
        load(checked(path), store, None, siblings=False, accepted=(), opened=True)


def test_a_file_that_is_written_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    path = put(tmp_path, "a.bin", LARGE)

    class Writing(VersionStore):
        """Before the content is read, somebody writes to the file."""

        times = 1

        def version_for(self, key: object, signature: Signature) -> str | None:
            if self.times:
                self.times -= 1
                path.write_bytes(LARGE + b"more")
            return None

    loaded = load(checked(path), Writing(), None, siblings=False, accepted=(), opened=False)

    assert loaded is not None
    found = loaded.representation
    assert (found.version, found.size) == (hash_of(path.read_bytes()), len(LARGE) + 4)
    assert found.signature == signature_of(path.stat())


class Shrinking(StaticFileHandler):
    """A file that is cut off after its length has been promised."""

    def set_extra_headers(self, path: str) -> None:
        with open(self.absolute_path, "r+b") as file:
            file.truncate(1000)


class Marking(OutputTransform):
    """Marks each piece."""

    def __init__(self, request: HTTPServerRequest) -> None:
        super().__init__(request)
        self.pieces = 0

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        headers.pop("Content-Length", None)
        return status_code, headers, self.transform_chunk(chunk, finishing)

    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
        return b"<" + chunk + b">"


@pytest.mark.parametrize("transforms", [[], [Marking]], ids=["as it is", "transformed"])
async def test_a_file_that_ends_early_closes_the_connection(
    tmp_path: Path, io_loop: IOLoop, transforms: list[type[OutputTransform]]
) -> None:
    put(tmp_path, "a.bin", LARGE)
    application = site(tmp_path, static_handler_class=Shrinking, transforms=transforms)

    async with serving(application) as port, connected(port) as (reader, writer):
        writer.write(raw_get("/static/a.bin"))
        received = await reader.read()

    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert len(body) < len(LARGE)
    assert not body.endswith(b"0\r\n\r\n")


async def test_a_large_file_goes_through_the_transforms_in_pieces(
    tmp_path: Path, io_loop: IOLoop
) -> None:
    put(tmp_path, "a.bin", LARGE * 3)
    application = site(tmp_path, transforms=[Marking])

    answer = await fetch(application, "/static/a.bin")

    size = 262144
    pieces = [(LARGE * 3)[start : start + size] for start in range(0, len(LARGE) * 3, size)]
    assert answer.chunks == [b"<>"] + [b"<" + piece + b">" for piece in pieces] + [b"<>"]
    assert answer.chunked


@pytest.mark.parametrize("size", [100_000, 1_000_000], ids=["small", "large"])
async def test_files_are_compressed_where_the_application_compresses(
    tmp_path: Path, io_loop: IOLoop, size: int
) -> None:
    content = b"0123456789abcdef" * (size // 16)
    put(tmp_path, "a.css", content)
    application = site(tmp_path, gzip=True)

    answer = await fetch(application, "/static/a.css", headers={"Accept-Encoding": "gzip"})

    assert gzip.decompress(answer.body) == content
    assert len(answer.body) < size // 10
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Etag"].startswith("W/")
    head = await fetch(
        application, "/static/a.css", method="HEAD", headers={"Accept-Encoding": "gzip"}
    )
    assert head.body == b""
    assert "Content-Length" not in head.headers
    for name in ("Content-Encoding", "Content-Type", "Etag", "Last-Modified", "Vary"):
        assert head.headers[name] == answer.headers[name]
    headers = {"Accept-Encoding": "gzip", "Range": "bytes=5-9"}
    answer = await fetch(application, "/static/a.css", headers=headers)
    assert (answer.status, answer.body) == (206, content[5:10])
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_several_ranges_of_what_is_compressed_as_a_whole_vary_as_it_does(tmp_path: Path) -> None:
    put(tmp_path, "a.css", LARGE)
    headers = {"Accept-Encoding": "gzip", "Range": "bytes=0-2000,9000-11000"}

    answer = ask(site(tmp_path, gzip=True), "/static/a.css", headers=headers)

    assert answer.status == 206
    assert answer.headers["Content-Type"].startswith("multipart/byteranges;")
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.body.count(b"Content-Range: ") == 2


async def test_a_compressed_sibling_is_not_compressed_again(
    tmp_path: Path, io_loop: IOLoop
) -> None:
    put(tmp_path, "a.css", LARGE)
    put(tmp_path, "a.css.gz", gzip.compress(LARGE))
    application = site(tmp_path, gzip=True)

    answer = await fetch(application, "/static/a.css", headers={"Accept-Encoding": "gzip"})

    assert gzip.decompress(answer.body) == LARGE
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Etag"].startswith('"')


class Kept(StaticFileHandler):
    cancel_on_disconnect = False


async def test_a_handler_that_outlives_its_client_stops_sending(
    tmp_path: Path, io_loop: IOLoop
) -> None:
    path = sparse(tmp_path)
    finished = asyncio.Event()

    class Outliving(Kept):
        def on_finish(self) -> None:
            finished.set()

    application = site(tmp_path, static_handler_class=Outliving)

    async with serving(application) as port, connected(port) as (reader, writer):
        writer.write(raw_get("/static/a.bin"))
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        await finished.wait()

    assert path.exists()


def test_a_version_that_is_known_is_not_computed_again(tmp_path: Path) -> None:
    path = put(tmp_path, "a.bin", LARGE)
    with open_regular(str(path)) as file:
        signature = signature_of(os.fstat(file.fileno()))
    store = VersionStore()
    store.remember(str(path), signature, "known")

    loaded = load(checked(path), store, None, siblings=False, accepted=(), opened=False)

    assert loaded is not None
    assert loaded.representation.version == "known"
