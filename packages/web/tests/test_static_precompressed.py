"""Compressed siblings of static files, and which of them a client gets."""

from pathlib import Path

import pytest

from ostro.web._encodings import accepted_encodings

from .files import LARGE, LONG_AGO, SMALL, put, site
from .support import ask

ZSTD, BROTLI, GZIP = b"as zstd", b"as br", b"as gzip"
ALL = ("zstd", "br", "gzip")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path, "a.css", SMALL)
    put(tmp_path, "a.css.zst", ZSTD)
    put(tmp_path, "a.css.br", BROTLI)
    put(tmp_path, "a.css.gz", GZIP)
    return tmp_path


@pytest.mark.parametrize(
    ("header", "encoding", "body"),
    [
        ("gzip", "gzip", GZIP),
        ("gzip, deflate, br", "br", BROTLI),
        ("gzip, deflate, br, zstd", "zstd", ZSTD),
        ("zstd;q=0.1, br;q=0.2, gzip;q=0.3", "gzip", GZIP),
        ("x-gzip", "gzip", GZIP),
        ("*", "zstd", ZSTD),
        ("*;q=0.5, zstd;q=0", "br", BROTLI),
        ("", None, SMALL),
        ("deflate", None, SMALL),
        ("gzip;q=0", None, SMALL),
        ("gzip;q=0.5, identity", None, SMALL),
        ("identity;q=0", None, SMALL),
        ("nonsense;;;", None, SMALL),
    ],
)
def test_a_client_gets_the_encoding_that_it_likes_best(
    root: Path, header: str, encoding: str | None, body: bytes
) -> None:
    application = site(root)

    for _ in range(2):
        answer = ask(application, "/static/a.css", headers={"Accept-Encoding": header})

        assert (answer.status, answer.body) == (200, body)
        assert answer.headers.get("Content-Encoding") == encoding
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["Content-Type"] == "text/css; charset=UTF-8"
        assert answer.headers["Content-Length"] == str(len(body))


def test_each_encoding_has_an_etag_of_its_own(root: Path) -> None:
    application = site(root)

    etags = {
        ask(application, "/static/a.css", headers={"Accept-Encoding": header}).headers["Etag"]
        for header in ("", "gzip", "br", "zstd")
    }

    assert len(etags) == 4
    for header in ("gzip", "br"):
        headers = {"Accept-Encoding": header}
        etag = ask(application, "/static/a.css", headers=headers).headers["Etag"]
        headers["If-None-Match"] = etag
        again = ask(application, "/static/a.css", headers=headers)
        assert (again.status, again.headers["Vary"]) == (304, "Accept-Encoding")
    assert ask(application, "/static/a.css", headers={"If-None-Match": etag}).status == 200


def test_a_range_is_never_one_of_another_encoding(root: Path) -> None:
    application = site(root)
    headers = {"Accept-Encoding": "gzip"}
    etag = ask(application, "/static/a.css", headers=headers).headers["Etag"]
    headers["Range"] = "bytes=1-3"

    answer = ask(application, "/static/a.css", headers=headers)

    assert (answer.status, answer.body) == (206, SMALL[1:4])
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"
    headers["If-Range"] = etag  # of the compressed one
    answer = ask(application, "/static/a.css", headers=headers)
    assert (answer.status, answer.body) == (200, SMALL)


def test_head_tells_of_the_encoding(root: Path) -> None:
    headers = {"Accept-Encoding": "gzip", "Range": "bytes=0-1"}

    answer = ask(site(root), "/static/a.css", method="HEAD", headers=headers)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Length"] == str(len(GZIP))


def test_a_sibling_that_is_older_than_the_file_is_of_another_state(root: Path) -> None:
    put(root, "a.css", SMALL[::-1], changed=LONG_AGO + 1)
    put(root, "a.css.br", BROTLI, changed=LONG_AGO + 1)
    application = site(root)

    for header, body in (("gzip", SMALL[::-1]), ("br", BROTLI)):
        answer = ask(application, "/static/a.css", headers={"Accept-Encoding": header})

        assert answer.body == body


def test_a_file_without_siblings_does_not_vary(tmp_path: Path) -> None:
    put(tmp_path, "a.css")
    (tmp_path / "a.css.gz").mkdir()

    answer = ask(site(tmp_path), "/static/a.css", headers={"Accept-Encoding": "gzip"})

    assert "Vary" not in answer.headers


def test_a_large_sibling_is_sent_from_the_disk(tmp_path: Path) -> None:
    put(tmp_path, "a.css", LARGE + LARGE)
    put(tmp_path, "a.css.gz", LARGE)
    application = site(tmp_path)

    for _ in range(2):
        answer = ask(application, "/static/a.css", headers={"Accept-Encoding": "gzip"})

        assert answer.body == LARGE
        assert answer.headers["Content-Encoding"] == "gzip"


def test_siblings_are_left_alone_where_that_is_asked_for(root: Path) -> None:
    application = site(root, static_handler_args={"precompressed": False})

    answer = ask(application, "/static/a.css", headers={"Accept-Encoding": "gzip"})

    assert answer.body == SMALL
    assert "Vary" not in answer.headers


def test_a_compressed_file_itself_is_served_as_what_it_is(root: Path) -> None:
    answer = ask(site(root), "/static/a.css.gz", headers={"Accept-Encoding": "gzip"})

    assert answer.body == GZIP
    assert answer.headers["Content-Type"] == "application/gzip"
    assert "Content-Encoding" not in answer.headers


def test_a_header_of_any_length_is_read() -> None:
    long = ", ".join(["deflate"] * 50) + ", gzip"

    assert accepted_encodings(long, ALL) == ("gzip",)
    assert accepted_encodings("br;q=1, br;q=0, gzip", ALL) == ("br", "gzip")
