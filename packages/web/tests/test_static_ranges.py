"""Parts of static files."""

import re
import time
from pathlib import Path

import pytest

from ostro.web import Application

from .files import LARGE, LONG_AGO, LONG_AGO_TEXT, SMALL, put, site
from .support import MemoryConnection, ask


@pytest.fixture(params=[SMALL, LARGE], ids=["small", "large"])
def content(request: pytest.FixtureRequest) -> bytes:
    found: bytes = request.param
    return found


@pytest.fixture
def application(content: bytes, tmp_path: Path) -> Application:
    put(tmp_path, "a.css", content)
    return site(tmp_path)


def parts_of(answer: MemoryConnection) -> list[tuple[dict[str, str], bytes]]:
    """Take a multipart body apart: the headers and the content of each part."""
    found = re.fullmatch(r"multipart/byteranges; boundary=(\w+)", answer.headers["Content-Type"])
    assert found is not None
    boundary = b"--" + found[1].encode()
    assert answer.body.startswith(boundary + b"\r\n")
    assert answer.body.endswith(b"\r\n" + boundary + b"--\r\n")
    parts = []
    for piece in (b"\r\n" + answer.body).split(b"\r\n" + boundary)[1:-1]:
        head, _, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = [_field(line) for line in head.decode().split("\r\n")]
        parts.append((dict(lines), body))
    return parts


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name, value


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=10-", 10, None),
        ("bytes=0-", 0, None),
        ("bytes=-5", -5, None),
        ("bytes=-99999999999", 0, None),
        ("bytes=5-99999999999", 5, None),
        ("bytes=0-,0-,0-", 0, None),
        ("bytes=0-9,10-19", 0, 20),
        ("bytes=0-9,99999999-", 0, 10),
    ],
)
def test_one_part_is_sent_as_it_is(
    application: Application, content: bytes, asked: str, start: int, end: int | None
) -> None:
    first, behind, _ = slice(start, end).indices(len(content))

    answer = ask(application, "/static/a.css", headers={"Range": asked})

    assert (answer.status, answer.body) == (206, content[start:end])
    assert answer.headers["Content-Range"] == f"bytes {first}-{behind - 1}/{len(content)}"
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["Content-Type"] == "text/css; charset=UTF-8"
    assert answer.headers["Etag"] == ask(application, "/static/a.css").headers["Etag"]


def test_several_parts_are_sent_as_multipart(application: Application, content: bytes) -> None:
    answer = ask(application, "/static/a.css", headers={"Range": "bytes=-5, 0-9, 100-109"})

    assert answer.status == 206
    assert "Content-Range" not in answer.headers
    assert answer.headers["Content-Length"] == str(len(answer.body))
    size = len(content)
    assert parts_of(answer) == [
        (
            {
                "Content-Type": "text/css; charset=UTF-8",
                "Content-Range": f"bytes {start}-{end - 1}/{size}",
            },
            content[start:end],
        )
        for start, end in ((size - 5, size), (0, 10), (100, 110))
    ]


@pytest.mark.parametrize(
    "asked",
    ["bytes=9999999-", "bytes=-0", "bytes=9999999-99999999,-0", "bytes=999999999999999999-"],
)
def test_what_the_file_does_not_have_gets_416(
    application: Application, content: bytes, asked: str
) -> None:
    answer = ask(application, "/static/a.css?v=1", headers={"Range": asked})

    assert (answer.status, answer.body) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{len(content)}"
    assert answer.headers["Accept-Ranges"] == "bytes"
    for absent in ("Etag", "Last-Modified", "Cache-Control", "Expires"):
        assert absent not in answer.headers


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=5-1", "bytes=a-b", "bytes=-", "items=0-1", "bytes 0-1", "bytes=+0-1", "bytes=0x0-1",
        "bytes=0-1,x", "bytes=1_0-2_0", "bytes=\u00b2-\u00b3", "bytes=" + "9" * 19 + "-",
        "bytes=" + ",".join(["0-0"] * 17),
    ],
)  # fmt: skip
def test_what_is_no_range_gets_the_file(
    application: Application, content: bytes, asked: str
) -> None:
    answer = ask(application, "/static/a.css", headers={"Range": asked})

    assert (answer.status, answer.body) == (200, content)


def test_thousands_of_ranges_cost_no_more_than_one(
    application: Application, content: bytes
) -> None:
    asked = "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 20_000, 2))
    started = time.process_time()

    answer = ask(application, "/static/a.css", headers={"Range": asked})

    assert time.process_time() - started < 0.5
    assert (answer.status, answer.body) == (200, content)


def test_an_empty_file_has_no_parts(tmp_path: Path) -> None:
    put(tmp_path, "a.css", b"")
    application = site(tmp_path)

    assert ask(application, "/static/a.css", headers={"Range": "bytes=0-"}).status == 416
    assert ask(application, "/static/a.css", headers={"Range": "bytes=-1"}).status == 416


def test_head_has_no_ranges(application: Application, content: bytes) -> None:
    answer = ask(application, "/static/a.css", method="HEAD", headers={"Range": "bytes=0-1"})

    assert answer.status == 200
    assert answer.headers["Content-Length"] == str(len(content))


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("{etag}", 206),
        ("W/{etag}", 200),
        ('"other"', 200),
        (LONG_AGO_TEXT, 206),
        ("Sun, 09 Sep 2001 01:46:41 GMT", 200),
        ("Sunday, 09-Sep-01 01:46:40 GMT", 200),
        ("malformed", 200),
    ],
)
def test_a_part_is_added_only_to_what_it_belongs_to(
    application: Application, condition: str, status: int
) -> None:
    etag = ask(application, "/static/a.css").headers["Etag"]
    headers = {"Range": "bytes=0-1", "If-Range": condition.format(etag=etag)}

    assert ask(application, "/static/a.css", headers=headers).status == status


def test_the_time_of_a_file_that_has_just_changed_says_too_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: LONG_AGO + 1.0)
    put(tmp_path, "a.css")
    application = site(tmp_path)
    date = ask(application, "/static/a.css").headers["Last-Modified"]

    answer = ask(application, "/static/a.css", headers={"Range": "bytes=0-1", "If-Range": date})

    assert answer.status == 200


def test_a_condition_comes_before_a_range(application: Application) -> None:
    etag = ask(application, "/static/a.css").headers["Etag"]
    headers = {"Range": "bytes=0-1", "If-None-Match": etag}

    assert ask(application, "/static/a.css", headers=headers).status == 304
