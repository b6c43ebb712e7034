"""Static content that does not come from files, and places that a subclass chooses."""

import os
from collections.abc import AsyncIterator, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest

from ostro.ioloop import IOLoop
from ostro.web import Application, HTTPError, StaticFileHandler

from .files import LARGE, LONG_AGO_TEXT, SMALL, put, site
from .support import ask, fetch

CONTENT = b"0123456789" * 10


class Stored(StaticFileHandler):
    """Content of a dictionary."""

    store: ClassVar[dict[str, bytes]] = {"memory:a.css": CONTENT}

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        return f"{root}:{path}"

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        if absolute_path.endswith("old"):
            self.redirect("/new")
            return None
        if absolute_path not in self.store:
            raise HTTPError(404)
        return absolute_path

    @classmethod
    def get_content(
        cls, abspath: str, start: int | None = None, end: int | None = None
    ) -> bytes | Iterator[bytes] | AsyncIterator[bytes]:
        return cls.store[abspath][start:end]

    @classmethod
    def get_content_version(cls, abspath: str) -> str:
        return str(len(cls.store[abspath]))

    def get_content_size(self) -> int:
        return len(self.store[self.absolute_path])

    def get_modified_time(self) -> datetime:
        return datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)


class InPieces(Stored):
    @classmethod
    def get_content(
        cls, abspath: str, start: int | None = None, end: int | None = None
    ) -> Iterator[bytes]:
        for byte in cls.store[abspath][start:end]:
            yield bytes([byte])


class Waiting(Stored):
    @classmethod
    async def get_content(
        cls, abspath: str, start: int | None = None, end: int | None = None
    ) -> AsyncIterator[bytes]:
        for byte in cls.store[abspath][start:end]:
            yield bytes([byte])


@pytest.mark.parametrize("handler", [Stored, InPieces, Waiting])
async def test_content_may_come_from_anywhere(io_loop: IOLoop, handler: type[Stored]) -> None:
    StaticFileHandler.reset()
    application = Application([(r"/(.*)", handler, {"path": "memory"})])

    answer = await fetch(application, "/a.css")

    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["Etag"] == '"100"'
    assert answer.headers["Last-Modified"] == LONG_AGO_TEXT
    assert answer.headers["Content-Type"] == "text/css; charset=UTF-8"
    assert answer.headers["Content-Length"] == "100"
    answer = await fetch(application, "/a.css", headers={"Range": "bytes=5-14"})
    assert (answer.status, answer.body) == (206, CONTENT[5:15])
    answer = await fetch(application, "/a.css", headers={"Range": "bytes=0-0,99-"})
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.body.count(b"Content-Range: bytes") == 2
    assert (await fetch(application, "/a.css", headers={"If-None-Match": '"100"'})).status == 304
    assert (await fetch(application, "/a.css", method="HEAD")).headers["Content-Length"] == "100"
    assert (await fetch(application, "/b.css")).status == 404
    answer = await fetch(application, "/old")
    assert (answer.status, answer.headers["Location"]) == (302, "/new")


def test_content_may_come_from_anywhere_without_a_loop() -> None:
    for handler in (Stored, InPieces):
        application = Application([(r"/(.*)", handler, {"path": "memory"})])

        assert ask(application, "/a.css").body == CONTENT


def test_the_version_of_a_url_is_that_of_the_content() -> None:
    StaticFileHandler.reset()
    settings = {"static_path": "memory"}

    assert Stored.make_static_url(settings, "a.css") == "/static/a.css?v=100"


def test_content_that_has_to_be_waited_for_needs_a_loop() -> None:
    class Slow(Stored):
        @classmethod
        async def get_content(
            cls, abspath: str, start: int | None = None, end: int | None = None
        ) -> AsyncIterator[bytes]:
            yield CONTENT
            await _Never()

    application = Application([(r"/(.*)", Slow, {"path": "memory"})])

    answer = ask(application, "/a.css")

    assert answer.closed
    assert not answer.ended


class _Never:
    def __await__(self) -> Generator[None, None, None]:
        yield


# Files, with other words about them


def test_a_subclass_may_change_the_content_of_files(tmp_path: Path) -> None:
    class Doubled(StaticFileHandler):
        @classmethod
        def get_content(
            cls, abspath: str, start: int | None = None, end: int | None = None
        ) -> Iterator[bytes]:
            content = super().get_content(abspath, start, end)
            assert not isinstance(content, bytes)
            assert isinstance(content, Iterator)
            return (piece.upper() for piece in content)

    put(tmp_path, "a.css", b"abcdef" * 100)
    application = site(tmp_path, static_handler_class=Doubled)

    answer = ask(application, "/static/a.css")

    assert answer.body == b"ABCDEF" * 100
    assert answer.headers["Last-Modified"] == LONG_AGO_TEXT
    assert ask(application, "/static/a.css", headers={"Range": "bytes=1-2"}).body == b"BC"
    assert ask(application, "/static/../a.css").status == 403


def test_get_content_gives_files_in_pieces(tmp_path: Path) -> None:
    path = str(put(tmp_path, "a.bin", LARGE * 4))

    def read(start: int | None = None, end: int | None = None) -> list[bytes]:
        content = StaticFileHandler.get_content(path, start, end)
        assert isinstance(content, Iterator)
        return list(content)

    assert b"".join(read()) == LARGE * 4
    assert max(map(len, read())) <= 262144
    assert read(5, 9) == [LARGE[5:9]]
    assert b"".join(read(5)) == (LARGE * 4)[5:]
    assert b"".join(read(5, 10**9)) == (LARGE * 4)[5:]
    assert b"".join(read(None, 300_000)) == (LARGE * 4)[:300_000]


def test_a_subclass_may_choose_another_file(tmp_path: Path) -> None:
    class SinglePage(StaticFileHandler):
        def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
            try:
                return super().validate_absolute_path(root, absolute_path)
            except HTTPError as error:
                if error.status_code != 404:
                    raise
                return os.path.join(root, "index.html")

    put(tmp_path, "s/index.html", b"the page")
    put(tmp_path, "s/a.css")
    put(tmp_path, "secret.txt")
    (tmp_path / "s/index.html.gz").symlink_to(tmp_path / "secret.txt")
    application = site(tmp_path / "s", static_handler_class=SinglePage)

    answer = ask(application, "/static/any/route", headers={"Accept-Encoding": "gzip"})
    assert answer.body == b"the page"
    for _ in range(2):
        assert ask(application, "/static/a.css").body == SMALL
        answer = ask(application, "/static/any/route")
        assert answer.body == b"the page"
        assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
        assert ask(application, "/static/../a.css").status == 403


def test_a_file_that_vanishes_after_it_was_validated_is_not_found(tmp_path: Path) -> None:
    class Hopeful(StaticFileHandler):
        def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
            return absolute_path

    answer = ask(site(tmp_path, static_handler_class=Hopeful), "/static/nowhere")

    assert answer.status == 404


def test_urls_may_be_given_another_form(tmp_path: Path) -> None:
    class Versioned(StaticFileHandler):
        @classmethod
        def make_static_url(cls, settings: object, path: str, include_version: bool = True) -> str:
            return f"/static/v1/{path}"

        def parse_url_path(self, url_path: str) -> str:
            return url_path.removeprefix("v1/")

        def get_cache_time(self, path: str, modified: datetime | None, mime_type: str) -> int:
            return 60

    put(tmp_path, "a.css")
    application = site(tmp_path, static_handler_class=Versioned)

    answer = ask(application, Versioned.make_static_url(application.settings, "a.css"))

    assert answer.body == SMALL
    assert answer.headers["Cache-Control"] == "max-age=60"


def test_the_content_type_may_be_chosen(tmp_path: Path) -> None:
    class Typed(StaticFileHandler):
        def get_content_type(self) -> str:
            return "text/x-" + os.path.basename(self.absolute_path)

    put(tmp_path, "a.css")

    answer = ask(site(tmp_path, static_handler_class=Typed), "/static/a.css")

    assert answer.headers["Content-Type"] == "text/x-a.css"
