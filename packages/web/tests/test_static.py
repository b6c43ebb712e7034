"""Static files: what is served, with which headers, and where the routes come from."""

import os
from collections.abc import Awaitable
from datetime import datetime
from pathlib import Path

import pytest

from ostro.ioloop import IOLoop
from ostro.web import Application, HTTPError, RequestHandler, StaticFileHandler

from .files import LARGE, LONG_AGO, LONG_AGO_TEXT, SMALL, put, site
from .support import ask, connected, fetch, raw_get, read_answer, serving


class Page(RequestHandler):
    def get(self) -> None:
        self.write("page")


@pytest.mark.parametrize("content", [SMALL, LARGE, b""], ids=["small", "large", "empty"])
def test_a_file_is_served_with_what_is_known_about_it(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, "a.css", content)
    application = site(tmp_path)

    for _ in range(2):  # the second time from memory, if it is small
        answer = ask(application, "/static/a.css")

        assert (answer.status, answer.body) == (200, content)
        assert answer.headers["Content-Length"] == str(len(content))
        assert answer.headers["Content-Type"] == "text/css; charset=UTF-8"
        assert answer.headers["Last-Modified"] == LONG_AGO_TEXT
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Etag"].startswith('"')
        for absent in ("Vary", "Content-Encoding", "Cache-Control", "Expires"):
            assert absent not in answer.headers


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
async def test_a_file_is_served_on_a_loop_through_its_executor(
    io_loop: IOLoop, tmp_path: Path, content: bytes
) -> None:
    put(tmp_path, "a.css", content)
    application = site(tmp_path)

    for _ in range(2):
        answer = await fetch(application, "/static/a.css")

        assert (answer.status, answer.body) == (200, content)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_head_is_answered_as_get_without_the_content(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, "a.css", content)
    application = site(tmp_path)
    whole = ask(application, "/static/a.css")

    answer = ask(application, "/static/a.css", method="HEAD")

    assert (answer.status, answer.body) == (200, b"")
    assert {**answer.headers, "Date": ""} == {**whole.headers, "Date": ""}


def test_other_methods_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "a.css")

    answer = ask(site(tmp_path), "/static/a.css", method="POST", body=b"x")

    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"


def test_a_name_is_percent_decoded_as_utf_8(tmp_path: Path) -> None:
    put(tmp_path, "größe & co.txt", b"big")

    answer = ask(site(tmp_path), "/static/gr%C3%B6%C3%9Fe%20%26%20co.txt")

    assert answer.body == b"big"


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_what_is_served_changes_with_the_file(tmp_path: Path, content: bytes) -> None:
    path = put(tmp_path, "a.css", content)
    application = site(tmp_path)
    before = ask(application, "/static/a.css")
    put(tmp_path, "a.css", content[::-1], changed=LONG_AGO + 1)

    after = ask(application, "/static/a.css")

    assert after.body == content[::-1] != content
    assert after.headers["Etag"] != before.headers["Etag"]
    path.unlink()
    assert ask(application, "/static/a.css").status == 404


def test_a_file_that_has_just_changed_is_not_kept_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.css"
    application = site(tmp_path)

    for content in (b"one", b"two", b"six"):  # the same size, perhaps the same time
        path.write_bytes(content)

        assert ask(application, "/static/a.css").body == content


def test_a_file_that_does_not_change_is_looked_at_again_without_being_read(tmp_path: Path) -> None:
    path = put(tmp_path, "a.css")
    put(tmp_path, "a.css.gz", b"small")
    application = site(tmp_path)
    ask(application, "/static/a.css")
    memory = StaticFileHandler._memory
    (key,) = memory._files
    memory._files[key].checked -= 10
    checked = memory._files[key].checked
    content = memory._files[key].identity.content

    answer = ask(application, "/static/a.css")

    assert answer.body == SMALL
    assert memory._files[key].identity.content is content
    assert memory._files[key].checked >= checked + 10
    path.unlink()


def test_the_oldest_files_leave_memory_when_it_is_full(tmp_path: Path) -> None:
    class Frugal(StaticFileHandler):
        MAX_MEMORY = 10_000

    for number in range(9):
        put(tmp_path, f"{number}.txt", b"x" * 2000)
    put(tmp_path, "big.txt", b"x" * 20_000)
    application = site(tmp_path, static_handler_class=Frugal)

    for number in (*range(9), 8):
        assert ask(application, f"/static/{number}.txt").status == 200
    assert ask(application, "/static/big.txt").body == b"x" * 20_000

    memory = Frugal._memory
    assert [file.absolute_path[-5:] for file in memory._files.values()] == []
    assert memory._size == 0
    for number in range(9):
        ask(application, f"/static/{number}.txt")
    assert [file.absolute_path[-5:] for file in memory._files.values()] == ["7.txt", "8.txt"]
    assert memory._size < 10_000


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5.0, None),
        (4e9 * 4, None),
        (0.0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (LONG_AGO + 0.9, LONG_AGO_TEXT),
    ],
    ids=["before-1970", "in-the-future", "1970", "fraction"],
)
def test_a_time_that_http_cannot_name_is_left_out(
    tmp_path: Path, seconds: float, expected: str | None
) -> None:
    put(tmp_path, "a.css", changed=seconds)

    answer = ask(site(tmp_path), "/static/a.css")

    assert answer.status == 200
    assert answer.headers.get("Last-Modified") == expected


# Media types


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.html", "text/html; charset=UTF-8"),
        ("a.JS", "text/javascript; charset=UTF-8"),
        ("a.mjs", "text/javascript; charset=UTF-8"),
        ("a.svg", "image/svg+xml"),
        ("a.wasm", "application/wasm"),
        ("a.png", "image/png"),
        ("a.tar.gz", "application/gzip"),
        ("a.tar.bz2", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
        ("no_extension", "application/octet-stream"),
        ("data:text", "application/octet-stream"),
    ],
)
def test_the_media_type_follows_from_the_name(tmp_path: Path, name: str, expected: str) -> None:
    put(tmp_path, name)

    assert ask(site(tmp_path), f"/static/{name}").headers["Content-Type"] == expected


def test_a_subclass_may_leave_the_charset_out(tmp_path: Path) -> None:
    class Plain(StaticFileHandler):
        charset = None

    put(tmp_path, "a.css")

    answer = ask(site(tmp_path, static_handler_class=Plain), "/static/a.css")

    assert answer.headers["Content-Type"] == "text/css"


# Caching


def test_a_version_in_the_url_lets_browsers_keep_the_file(tmp_path: Path) -> None:
    put(tmp_path, "a.css")

    answer = ask(site(tmp_path), "/static/a.css?v=abc")

    assert answer.headers["Cache-Control"] == f"max-age={86400 * 365 * 10}"
    assert "Expires" in answer.headers


def test_get_cache_time_and_set_extra_headers_may_be_overridden(tmp_path: Path) -> None:
    seen: list[object] = []

    class Custom(StaticFileHandler):
        def get_cache_time(self, path: str, modified: datetime | None, mime_type: str) -> int:
            seen.append((path, modified and modified.timestamp(), mime_type))
            return 10**12

        def set_extra_headers(self, path: str) -> None:
            self.set_header("X-Extra", f"{path}: {self.get_content_size()} bytes")
            self.set_header("Content-Type", "text/x-own")

    put(tmp_path, "d/a.css")

    answer = ask(site(tmp_path, static_handler_class=Custom), "/static/d/a.css")

    assert seen == [("d/a.css", LONG_AGO, "text/css; charset=UTF-8")]
    assert answer.headers["Cache-Control"] == "max-age=1000000000000"
    assert answer.headers["X-Extra"] == f"d/a.css: {len(SMALL)} bytes"
    assert answer.headers["Content-Type"] == "text/x-own"


# Directories


def test_the_default_file_of_a_directory_is_served(tmp_path: Path) -> None:
    put(tmp_path, "index.html", b"root")
    put(tmp_path, "d/index.html", b"below")
    application = site(tmp_path, static_handler_args={"default_filename": "index.html"})

    assert ask(application, "/static/").body == b"root"
    assert ask(application, "/static/d/").body == b"below"
    assert ask(application, "/static/d/").headers["Content-Type"] == "text/html; charset=UTF-8"


def test_a_subclass_may_serve_a_file_at_a_url_with_a_slash_at_its_end(tmp_path: Path) -> None:
    class Index(StaticFileHandler):
        def get(self, path: str, include_body: bool = True) -> Awaitable[None]:
            return super().get("index.html", include_body)

    put(tmp_path, "index.html", b"the page")
    application = Application([(r"/(.*)", Index, {"path": str(tmp_path)})])

    for target in ("/", "/some/route/", "/some/route"):
        for _ in range(2):
            assert ask(application, target).body == b"the page"


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    put(tmp_path, "a.css")

    assert ask(site(tmp_path), "/static/a.css/").status == 404


def test_a_directory_without_its_slash_is_redirected(tmp_path: Path) -> None:
    put(tmp_path, "d/index.html")
    application = site(tmp_path, static_handler_args={"default_filename": "index.html"})

    answer = ask(application, "/static/d?x=1&y=%20")

    assert answer.status == 301
    assert answer.headers["Location"] == "/static/d/?x=1&y=%20"


@pytest.mark.parametrize(
    ("target", "status"),
    [("/static/", 403), ("/static/d", 403), ("/static/a.css/", 404), ("/static/a.css/b", 404)],
)
def test_what_is_no_file_is_not_served(tmp_path: Path, target: str, status: int) -> None:
    put(tmp_path, "a.css")
    put(tmp_path, "d/b.css")

    assert ask(site(tmp_path), target).status == status


def test_a_directory_without_its_default_file_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    application = site(tmp_path, static_handler_args={"default_filename": "index.html"})

    assert ask(application, "/static/d/").status == 404


# Routes


def test_favicon_and_robots_are_served_from_the_static_path(tmp_path: Path) -> None:
    put(tmp_path, "favicon.ico", b"icon")
    put(tmp_path, "robots.txt", b"robots")
    application = site(tmp_path)

    assert ask(application, "/favicon.ico").body == b"icon"
    assert ask(application, "/robots.txt").body == b"robots"


def test_the_prefix_and_the_handler_class_are_settings(tmp_path: Path) -> None:
    class Marked(StaticFileHandler):
        def set_extra_headers(self, path: str) -> None:
            self.set_header("X-Marked", "yes")

    put(tmp_path, "a.css")
    application = site(tmp_path, static_url_prefix="/assets.v1/", static_handler_class=Marked)

    assert ask(application, "/assets.v1/a.css").headers["X-Marked"] == "yes"
    assert ask(application, "/assetsxv1/a.css").status == 404
    assert ask(application, "/static/a.css").status == 404


def test_a_prefix_on_another_host_has_no_route(tmp_path: Path) -> None:
    put(tmp_path, "robots.txt")
    application = site(tmp_path, static_url_prefix="https://cdn.example/s/")

    assert ask(application, "/robots.txt").status == 200
    assert (
        StaticFileHandler.make_static_url(application.settings, "robots.txt", include_version=False)
        == "https://cdn.example/s/robots.txt"
    )


def test_static_routes_come_before_those_of_the_application(tmp_path: Path) -> None:
    put(tmp_path, "a.css")
    application = Application([(r"/(?:.*)", Page)], static_path=tmp_path)

    assert ask(application, "/static/a.css").body == SMALL
    assert ask(application, "/static").text == "page"


def test_a_handler_may_be_mapped_without_the_setting(tmp_path: Path) -> None:
    put(tmp_path, "a.css")
    application = Application([(r"/files/(.*)", StaticFileHandler, {"path": tmp_path})])

    assert ask(application, "/files/a.css").body == SMALL


async def test_a_file_goes_over_a_socket(io_loop: IOLoop, tmp_path: Path) -> None:
    put(tmp_path, "a.css", LARGE)
    async with serving(site(tmp_path)) as port, connected(port) as (reader, writer):
        for method, body in (("GET", LARGE), ("GET", LARGE), ("HEAD", b"")):
            writer.write(raw_get("/static/a.css", method=method))
            if method == "HEAD":
                head = await reader.readuntil(b"\r\n\r\n")
                assert f"Content-Length: {len(LARGE)}".encode() in head
                continue
            status_line, _, received = await read_answer(reader)

            assert status_line == "HTTP/1.1 200 OK"
            assert received == body


# Subclasses of each generation


def test_a_plain_method_may_call_get_and_just_end(tmp_path: Path) -> None:
    class Plain(StaticFileHandler):
        def get(self, path: str, include_body: bool = True) -> None:  # type: ignore[override]  # as it was written in 2012
            super().get(path + ".css", include_body)
            self.set_header("X-After", "yes")

    put(tmp_path, "a.css")
    application = site(tmp_path, static_handler_class=Plain)

    for _ in range(2):
        answer = ask(application, "/static/a")

        assert (answer.body, answer.headers["X-After"]) == (SMALL, "yes")


async def test_a_plain_method_may_call_get_and_just_end_on_a_loop(
    io_loop: IOLoop, tmp_path: Path
) -> None:
    class Plain(StaticFileHandler):
        def get(self, path: str, include_body: bool = True) -> None:  # type: ignore[override]  # as it was written in 2012
            super().get("nowhere")
            super().get(path + ".css", include_body)
            self.set_header("X-After", "yes")

    put(tmp_path, "a.css", LARGE)

    answer = await fetch(site(tmp_path, static_handler_class=Plain), "/static/a")

    assert (answer.status, answer.body) == (200, LARGE)
    assert answer.headers["X-After"] == "yes"


async def test_a_coroutine_may_await_get_and_catch_what_it_raises(
    io_loop: IOLoop, tmp_path: Path
) -> None:
    class SinglePage(StaticFileHandler):
        async def get(self, path: str, include_body: bool = True) -> None:
            try:
                await super().get(path, include_body)
            except HTTPError:
                await super().get("index.html", include_body)

    put(tmp_path, "index.html", b"the page")
    put(tmp_path, "a.css")
    application = site(tmp_path, static_handler_class=SinglePage)

    for _ in range(2):
        assert (await fetch(application, "/static/a.css")).body == SMALL
        assert (await fetch(application, "/static/some/route")).body == b"the page"


async def test_a_method_may_return_what_get_returned(io_loop: IOLoop, tmp_path: Path) -> None:
    class Returning(StaticFileHandler):
        def get(self, path: str, include_body: bool = True) -> Awaitable[None]:
            return super().get(path, include_body)

    put(tmp_path, "a.css")

    answer = await fetch(site(tmp_path, static_handler_class=Returning), "/static/a.css")

    assert answer.body == SMALL


def test_a_place_that_is_relative_is_taken_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "s/a.css")
    monkeypatch.chdir(tmp_path)

    assert ask(site(Path("s")), "/static/a.css").body == SMALL
    assert ask(site(Path(os.curdir)), "/static/s/a.css").body == SMALL
