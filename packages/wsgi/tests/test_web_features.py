"""What handlers are used to, below a WSGI server: files, pages, XSRF tokens, streamed bodies."""

import gzip
import re
from collections.abc import Awaitable
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

import pytest

from ostro.web import RequestHandler, UploadHandler, stream_request_body
from ostro.wsgi import WSGIApplication

from .support import WSGIApp, call

BIG = bytes(range(256)) * 8000


class Page(RequestHandler):
    def get(self) -> None:
        self.render("page.html", name="<you>")

    def post(self) -> None:
        self.write("posted")


class Long(RequestHandler):
    def get(self) -> None:
        self.write(b"long " * 1000)


@stream_request_body
class Counting(RequestHandler):
    size = 0

    async def prepare(self) -> None:
        self.size = 0

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self.size += len(chunk)
        return None

    def put(self) -> None:
        self.write(str(self.size))


class Later(RequestHandler):
    async def get(self) -> None:
        self.write(BIG)
        self.set_header("Content-Type", "text/plain")


class Upload(UploadHandler):
    def initialize(self, directory: Path) -> None:
        self.upload_directory = directory

    def check_xsrf_cookie(self) -> None:
        """Need no token."""

    async def post(self) -> None:
        (upload,) = self.uploads["f"]
        assert upload.path is not None
        self.write(str(len(await upload.read())))


@pytest.fixture
def application(tmp_path: Path) -> Any:  # Any: typeshed knows a checked application as another type
    (tmp_path / "uploads").mkdir()
    (tmp_path / "a.txt").write_text("file")
    (tmp_path / "big.bin").write_bytes(BIG)
    (tmp_path / "page.html").write_text(
        "{{ static_url('a.txt') }} {{ name }} {% raw xsrf_form_html() %}"
    )
    made: Any = WSGIApplication(
        [
            ("/", Page),
            ("/long", Long),
            ("/counting", Counting),
            ("/later", Later),
            ("/upload", Upload, {"directory": tmp_path / "uploads"}),
        ],
        static_path=str(tmp_path),
        template_path=str(tmp_path),
        xsrf_cookies=True,
        cookie_secret="one of the tests alone",
        compress_response=True,
    )
    return validator(made)


def test_static_files_are_sent(application: WSGIApp) -> None:
    small = call(application, "/static/a.txt")
    big = call(application, "/static/big.bin")
    headers = {"Range": "bytes=10-19"}
    part = call(application, "/static/big.bin", headers=headers)
    head = call(application, "/static/big.bin", "HEAD")
    known = call(application, "/static/a.txt", headers={"If-None-Match": small.headers["Etag"]})

    assert small.body == b"file"
    assert big.body == BIG
    assert (part.code, part.body) == (206, BIG[10:20])
    assert (head.headers["Content-Length"], head.body) == (str(len(BIG)), b"")
    assert (known.code, known.body) == (304, b"")


def test_a_file_outside_is_not_to_be_had(application: WSGIApp) -> None:
    assert call(application, "/static/../page.html").code in (403, 404)


def xsrf_of(application: WSGIApp) -> tuple[str, dict[str, str], str]:
    """Get a page; return it, its cookies as a header, and the token in its form."""
    page = call(application)
    token = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
    assert token is not None
    return page.text, {"Cookie": page.headers["Set-Cookie"].partition(";")[0]}, token[1]


def test_pages_are_rendered_and_their_forms_accepted(application: WSGIApp) -> None:
    text, headers, token = xsrf_of(application)
    headers["Content-Type"] = "application/x-www-form-urlencoded"

    posted = call(application, "/", "POST", headers=headers, body=f"_xsrf={token}".encode())
    refused = call(application, "/", "POST", headers=headers, body=b"")

    assert "/static/a.txt?v=" in text
    assert "&lt;you&gt;" in text
    assert posted.text == "posted"
    assert refused.code == 403


def test_answers_are_compressed(application: WSGIApp) -> None:
    reply = call(application, "/long", headers={"Accept-Encoding": "gzip"})

    assert reply.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(reply.body) == b"long " * 1000


def test_a_handler_that_takes_its_body_in_parts_gets_all_of_it(application: WSGIApp) -> None:
    _, headers, token = xsrf_of(application)
    headers["X-Xsrftoken"] = token

    reply = call(application, "/counting", "PUT", headers=headers, body=BIG)

    assert reply.text == str(len(BIG))


def test_a_coroutine_may_answer_much_and_compressed(application: Any) -> None:
    answer = call(application, "/later", headers={"Accept-Encoding": "gzip"})

    assert len(gzip.decompress(answer.body)) == len(BIG)


def test_no_upload_is_left_when_the_thread_has_no_further_request(
    application: Any, tmp_path: Path
) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}

    answer = call(application, "/upload", "POST", headers=headers, body=head + BIG + b"\r\n--b--")

    assert answer.text == str(len(BIG))
    assert list((tmp_path / "uploads").iterdir()) == []
