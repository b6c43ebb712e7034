"""UploadHandler: large files on disk before the method runs, and gone after the request."""

import asyncio
import contextlib
import errno
import json
import logging
import os
import stat
import threading
from collections.abc import AsyncIterator, Awaitable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ostro.httputil import HTTPFile, MultipartParser
from ostro.ioloop import IOLoop
from ostro.web import Application, HTTPError, UploadedFile, UploadHandler, asynchronous
from ostro.web._upload_form import UploadForm

from .files import threads_that_open
from .support import MemoryConnection, ask, connected, fetch, raw_get, raw_post, serving
from .test_loopless import ask_application

BOUNDARY = "b0und"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
LARGE = b"0123456789abcdef" * 65536  # 1 MiB


def form(*parts: tuple[str, str | None, bytes]) -> bytes:
    """A multipart body of fields and files: name, file name or None, content."""
    body = b""
    for name, filename, content in parts:
        disposition = f'form-data; name="{name}"'
        if filename is not None:
            disposition += f'; filename="{filename}"\r\nContent-Type: text/x'
        body += f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode()
        body += content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


class Taking(UploadHandler):
    """Tells what it got, and where it was."""

    def initialize(self, directory: Path) -> None:
        self._directory = self.upload_directory = directory

    def post(self) -> Any:
        self.write(self.told())

    def told(self) -> dict[str, object]:
        uploads = [file for files in self.uploads.values() for file in files]
        assert [*self.request.files.values()] == [*self.uploads.values()]
        return {
            "arguments": {name: self.get_arguments(name) for name in self.request.arguments},
            "files": [describe(upload) for upload in uploads],
            "on_disk": len(left_in(self._directory)),
            "body": len(self.request.body),
        }


def left_in(directory: Path) -> list[Path]:
    return list(directory.iterdir())


def describe(upload: HTTPFile) -> list[object]:
    assert isinstance(upload, UploadedFile)
    assert upload.size == len(upload.body) == len(upload["body"])
    if upload.path is not None:
        assert stat.S_IMODE(os.stat(upload.path).st_mode) == 0o600
    return [upload.filename, upload["content_type"], upload.size, upload.path is not None]


@contextlib.asynccontextmanager
async def executor_of_one() -> AsyncIterator[None]:
    """Run what is given to threads in order, and wait for it at the end."""
    loop = asyncio.get_running_loop()
    executor = ThreadPoolExecutor(1)
    loop.set_default_executor(executor)
    yield
    await loop.run_in_executor(None, lambda: None)
    await asyncio.sleep(0)
    await loop.run_in_executor(None, lambda: None)


async def post(
    handler: type[UploadHandler],
    directory: Path,
    body: bytes,
    content_type: str = TYPE,
    **settings: Any,
) -> MemoryConnection:
    """Send an upload, and wait for its answer and for what is done after it."""
    app = Application([("/", handler, {"directory": directory})], **settings)
    async with executor_of_one():
        return await fetch(app, method="POST", headers={"Content-Type": content_type}, body=body)


async def test_large_files_are_on_disk_and_small_ones_in_memory(
    io_loop: IOLoop, tmp_path: Path
) -> None:
    body = form(
        ("text", None, b"value"),
        ("file", "small.txt", b"x" * 65536),
        ("file", "large.txt", b"x" * 65537),
        ("other", "empty.txt", b""),
        ("text", None, b"again"),
        ("none", "", b""),
    )

    answer = await post(Taking, tmp_path, body)

    assert json.loads(answer.text) == {
        "arguments": {"text": ["value", "again"], "none": [""]},
        "files": [
            ["small.txt", "text/x", 65536, False],
            ["large.txt", "text/x", 65537, True],
            ["empty.txt", "text/x", 0, False],
        ],
        "on_disk": 1,
        "body": 0,
    }
    assert left_in(tmp_path) == []


async def test_the_loop_writes_no_file(io_loop: IOLoop, tmp_path: Path) -> None:
    body = form(("f", "a", LARGE), ("f", "b", LARGE * 2))

    with threads_that_open(tmp_path) as threads:
        answer = await post(Taking, tmp_path, body)

    assert answer.status == 200
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("piece", [1, 7, 65536])
async def test_an_upload_over_the_wire_is_stored_however_it_is_split(
    io_loop: IOLoop, tmp_path: Path, piece: int
) -> None:
    class Hashing(Taking):
        memory_per_file = 100

        async def post(self) -> None:
            (upload,) = self.request.files["f"]
            assert isinstance(upload, UploadedFile)
            content = b""
            while part := await upload.read(100_000):
                content += part
            assert content == LARGE[: len(content)]
            self.write(str(len(content)))

    size = min(len(LARGE), piece * 2000)
    body = form(("f", "a", LARGE[:size]), ("rest", None, b"1"))
    app = Application([("/", Hashing, {"directory": tmp_path})])
    async with executor_of_one(), serving(app) as port, connected(port) as (reader, writer):
        head = raw_get("/", f"Content-Length: {len(body)}", f"Content-Type: {TYPE}", method="POST")
        writer.write(head)
        for start in range(0, len(body), piece):
            writer.write(body[start : start + piece])
            await writer.drain()
        answer = await reader.readuntil(b"\r\n\r\n")
        told = await reader.readexactly(len(str(size)))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert told == str(size).encode()
    assert left_in(tmp_path) == []


async def test_a_small_upload_takes_no_thread_and_no_turn(io_loop: IOLoop, tmp_path: Path) -> None:
    app = Application([("/", Taking, {"directory": tmp_path})])
    body = form(("f", "a", b"1"))

    answer = ask(app, method="POST", headers={"Content-Type": TYPE}, body=body)

    assert (answer.ended, answer.status) == (True, 200)


def test_a_small_upload_needs_no_loop(tmp_path: Path) -> None:
    app = Application([("/", Taking, {"directory": tmp_path})])
    body = form(("f", "a", b"1"))

    assert ask(app, method="POST", headers={"Content-Type": TYPE}, body=body).status == 200
    assert ask(app, method="POST", short_cut=False).status == 200
    assert ask(app, method="POST").status == 200


class TakingLater(Taking):
    async def post(self) -> None:
        await asyncio.sleep(0)
        super().post()


@pytest.mark.parametrize("handler", [Taking, TakingLater])
def test_an_upload_below_a_wsgi_server_is_stored(
    tmp_path: Path, handler: type[UploadHandler]
) -> None:
    app = Application([("/x", handler, {"directory": tmp_path})])
    body = form(("f", "a", LARGE))

    answer = ask_application(app, "POST", body, {"Content-Type": TYPE})

    assert json.loads(answer.text)["files"] == [["a", "text/x", len(LARGE), True]]
    assert left_in(tmp_path) == []
    assert ask_application(app, "POST", b"{}", {"Content-Type": "application/json"}).status == 200


@pytest.mark.parametrize(
    ("content_type", "body", "arguments", "size"),
    [
        ("application/x-www-form-urlencoded", b"a=1", {"a": ["1"]}, 3),
        ("application/json", b"{}", {}, 2),
        ("text/plain", b"x" * 1000, {}, 1000),
    ],
)
async def test_other_bodies_are_as_in_any_handler(
    io_loop: IOLoop,
    tmp_path: Path,
    content_type: str,
    body: bytes,
    arguments: dict[str, list[str]],
    size: int,
) -> None:
    answer = await post(Taking, tmp_path, body, content_type)

    told = json.loads(answer.text)
    assert (told["arguments"], told["body"]) == (arguments, size)


# Limits


class Limited(Taking):
    max_file_size = 1000
    max_fields_size = 100
    max_parts = 3
    memory_per_file = 10


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (form(("f", "a", b"x" * 1000), ("g", "b", b"x" * 1000)), 200, ""),
        (form(("f", "a", b"x" * 1001)), 413, "a file has more than 1000 bytes"),
        (form(("a", None, b"x" * 99)), 200, ""),
        (form(("a", None, b"x" * 50), ("b", None, b"x" * 48)), 200, ""),
        (form(("a", None, b"x" * 50), ("b", None, b"x" * 49)), 413, "fields of a form have more"),
        (form(("a" * 101, None, b"")), 413, "fields of a form have more"),
        (form(*[("f", "a", b"x")] * 3), 200, ""),
        (form(*[("f", "a", b"x" * 100)] * 4), 400, "more than 3 parts"),
        (form(("f", "a", b"x" * 100))[:-4], 400, "no closing delimiter"),
        (b"nonsense", 400, "no closing delimiter"),
    ],
)
async def test_limits_are_kept_on_both_sides_and_nothing_is_left(
    io_loop: IOLoop,
    tmp_path: Path,
    body: bytes,
    status: int,
    message: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = await post(Limited, tmp_path, body)

    assert answer.status == status
    warnings = [record for record in caplog.records if record.name == "ostro.general"]
    assert len(warnings) == (status != 200)
    assert all(message in record.getMessage() for record in warnings)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(("size", "status"), [(100, 200), (101, 413)])
async def test_a_body_that_is_no_upload_is_bounded_too(
    io_loop: IOLoop, tmp_path: Path, size: int, status: int
) -> None:
    assert (await post(Limited, tmp_path, b"x" * size, "text/plain")).status == status


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary="])
async def test_a_form_without_a_boundary_is_refused(
    io_loop: IOLoop, tmp_path: Path, content_type: str
) -> None:
    assert (await post(Taking, tmp_path, b"x", content_type)).status == 400


async def test_prepare_refuses_before_anything_is_stored(io_loop: IOLoop, tmp_path: Path) -> None:
    class Refusing(Taking):
        async def prepare(self) -> None:
            raise HTTPError(403)

    assert (await post(Refusing, tmp_path, form(("f", "a", LARGE)))).status == 403


# The end of the files


async def test_files_go_when_the_method_fails(io_loop: IOLoop, tmp_path: Path) -> None:
    class Failing(Taking):
        def post(self) -> None:
            assert len(left_in(tmp_path)) == 1
            raise ValueError("broken")

    assert (await post(Failing, tmp_path, form(("f", "a", LARGE)))).status == 500
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("kind", ["plain", "coroutine", "asynchronous"])
async def test_files_last_as_long_as_the_method_that_has_finished_the_answer(
    io_loop: IOLoop, tmp_path: Path, kind: str
) -> None:
    sizes: list[int] = []

    class Early(Taking):
        def note(self) -> None:
            sizes.append(len(self.request.files["f"][0].body))

        def plain(self) -> None:
            self.finish("done")
            self.note()

        async def coroutine(self) -> None:
            self.finish("done")
            for _ in range(5):
                await asyncio.get_running_loop().run_in_executor(None, lambda: None)
            self.note()

        @asynchronous
        def asynchronous(self) -> None:
            self.finish("done")
            self.note()

        def post(self) -> Any:
            return getattr(self, kind)()

    assert (await post(Early, tmp_path, form(("f", "a", LARGE)))).text == "done"
    for _ in range(20):
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        await asyncio.sleep(0)
    assert sizes == [len(LARGE)]
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("size", [100, 1 << 20, 4 << 20])
async def test_files_go_when_the_client_does(io_loop: IOLoop, tmp_path: Path, size: int) -> None:
    over = asyncio.Event()
    began = asyncio.Event()

    class Noting(Taking):
        def data_received(self, chunk: bytes) -> Awaitable[None] | None:
            began.set()
            return super().data_received(chunk)

        def on_finish(self) -> None:
            over.set()

    app = Application([("/", Noting, {"directory": tmp_path})])
    body = form(("f", "a", b"x" * size))
    async with executor_of_one(), serving(app) as port, connected(port) as (_, writer):
        head = f"Content-Length: {len(body) + 1000}", f"Content-Type: {TYPE}"
        writer.write(raw_get("/", *head, method="POST") + body[:-10])
        await began.wait()
        writer.transport.abort()
        await over.wait()

    assert left_in(tmp_path) == []


async def test_a_client_that_goes_while_its_file_is_written_leaves_nothing(
    io_loop: IOLoop, tmp_path: Path
) -> None:
    entered, gate = threading.Event(), threading.Event()
    app = Application([("/", Taking, {"directory": tmp_path})])
    body = form(("f", "a", LARGE))
    async with executor_of_one():
        # The thread is busy: what is written waits for it, as the client does not.
        loop = asyncio.get_running_loop()

        def be_busy() -> None:
            entered.set()
            gate.wait(5)

        loop.run_in_executor(None, be_busy)
        connection = ask(app, method="POST", headers={"Content-Type": TYPE}, body=body)
        await loop.run_in_executor(ThreadPoolExecutor(1), entered.wait, 5)
        connection.lose()
        for _ in range(5):
            await asyncio.sleep(0)
        gate.set()

    assert left_in(tmp_path) == []


async def test_a_form_given_up_before_its_thread_began_is_not_written(
    io_loop: IOLoop, tmp_path: Path
) -> None:
    upload_form = UploadForm(
        MultipartParser(BOUNDARY.encode()),
        max_file_size=None,
        max_fields_size=1000,
        memory_per_file=10,
        directory=str(tmp_path),
    )
    gate = threading.Event()
    async with executor_of_one():
        asyncio.get_running_loop().run_in_executor(None, gate.wait, 5)
        written = upload_form.feed(form(("f", "a", LARGE)))
        assert written is not None
        upload_form.close()
        gate.set()
        await written

    assert left_in(tmp_path) == []


async def test_a_full_disk_is_answered_and_logged(
    io_loop: IOLoop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await post(Taking, tmp_path / "missing", form(("f", "a", LARGE)))

    assert answer.status == 500
    assert "FileNotFoundError" in caplog.text


# Keeping them


class Saving(Taking):
    async def post(self) -> None:
        (upload,) = self.request.files["f"]
        assert isinstance(upload, UploadedFile)
        first, second = self.application.settings["places"]
        assert await upload.read(3) == upload.body[:3]
        await upload.save(first)
        await upload.save(second)
        self.write({"rest": len(await upload.read())})


@pytest.mark.parametrize("content", [b"small", LARGE])
@pytest.mark.parametrize("same_disk", [True, False])
async def test_a_file_can_be_kept(
    io_loop: IOLoop,
    tmp_path: Path,
    content: bytes,
    same_disk: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    replace = os.replace

    def other_disk(source: str, target: str) -> None:
        if Path(source).parent == uploads:
            raise OSError(errno.EXDEV, "another file system")
        replace(source, target)

    if not same_disk:
        monkeypatch.setattr(os, "replace", other_disk)
    places = [tmp_path / "first", tmp_path / "second"]
    places[1].write_text("something that was there")

    answer = await post(Saving, uploads, form(("f", "a", content)), places=places)

    assert json.loads(answer.text) == {"rest": len(content) - 3}
    assert [place.read_bytes() for place in places] == [content, content]
    assert [stat.S_IMODE(place.stat().st_mode) for place in places] == [0o600, 0o600]
    assert left_in(uploads) == []
    assert sorted(left_in(tmp_path)) == [*places, uploads]


async def test_a_copy_that_breaks_off_leaves_what_was_there(
    io_loop: IOLoop, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    place.write_text("something that was there")
    upload = UploadedFile("a", "text/plain", None)
    upload.add(LARGE)
    upload.file.close()  # as when the client goes away

    with pytest.raises(ValueError, match="closed file"):
        await upload.save(place)

    assert place.read_text() == "something that was there"
    assert left_in(tmp_path) == [place]


async def test_a_place_that_cannot_be_written_to_is_an_error(
    io_loop: IOLoop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    places = [tmp_path / "missing" / "first", tmp_path / "second"]

    answer = await post(Saving, uploads, form(("f", "a", LARGE)), places=places)

    assert answer.status == 500
    assert left_in(uploads) == []


def test_what_an_upload_shows_of_itself_is_short() -> None:
    upload = UploadedFile("a\n", "text/plain", None)
    upload.add(b"x" * 10_000)

    assert repr(upload) == "UploadedFile(filename='a\\n', content_type='text/plain', size=10000)"
    assert set(upload) == {"filename", "body", "content_type"}
    upload.close()
    upload.close()


async def test_a_file_that_somebody_has_removed_is_no_error(
    io_loop: IOLoop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Removing(Taking):
        def post(self) -> None:
            (path,) = tmp_path.iterdir()
            path.unlink()

    assert (await post(Removing, tmp_path, form(("f", "a", LARGE)))).status == 200
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


# XSRF


TOKEN = "ab" * 16


@pytest.mark.parametrize(
    ("field", "header", "status"),
    [
        (TOKEN, None, 200),
        (None, TOKEN, 200),
        (None, None, 403),
        ("cd" * 16, None, 403),
        (TOKEN, "cd" * 16, 403),
    ],
)
@pytest.mark.parametrize("content", [b"small", LARGE])
async def test_the_xsrf_token_is_in_the_form_or_in_the_headers(
    io_loop: IOLoop,
    tmp_path: Path,
    field: str | None,
    header: str | None,
    status: int,
    content: bytes,
) -> None:
    app = Application([("/", Taking, {"directory": tmp_path})], xsrf_cookies=True)
    parts: list[tuple[str, str | None, bytes]] = [("f", "a", content)]
    if field is not None:
        parts.append(("_xsrf", None, field.encode()))
    headers = {"Content-Type": TYPE, "Cookie": f"_xsrf={TOKEN}"}
    if header is not None:
        headers["X-XSRFToken"] = header

    async with executor_of_one():
        answer = await fetch(app, method="POST", headers=headers, body=form(*parts))

    assert answer.status == status
    assert left_in(tmp_path) == []


async def test_the_whole_upload_is_bounded_before_it_comes(io_loop: IOLoop, tmp_path: Path) -> None:
    class Small(Taking):
        max_body_size = 10

    app = Application([("/", Small, {"directory": tmp_path})])
    async with serving(app) as port, connected(port) as (reader, writer):
        writer.write(raw_post("/", b"x" * 11, f"Content-Type: {TYPE}"))
        assert b" 413 " in await reader.readline()
