"""Django and Flask on our server."""

import concurrent.futures
import importlib
import io
import os
from collections.abc import Iterator
from typing import Any

import pytest

from ostro.ioloop import IOLoop
from ostro.web import Application, FallbackHandler, RequestHandler
from ostro.wsgi import WSGIContainer

from .support import connected, serving

CONTENT = bytes(range(256)) * 1000


def flask_application() -> Any:  # Any: neither framework tells its types here
    flask = pytest.importorskip("flask", reason="pip install flask")
    app = flask.Flask("shop", root_path=os.getcwd())  # else it looks for a module of that name
    app.secret_key = "one of the tests alone"

    def hello(name: str) -> Any:
        flask.session["seen"] = flask.session.get("seen", 0) + 1
        return f"hello {name} {flask.session['seen']} {flask.request.args.get('q')}"

    def upload() -> Any:
        file = flask.request.files["file"]
        return f"{file.filename} {len(file.read())} {flask.request.form['a']}"

    def stream() -> Any:
        return flask.Response((f"{number}\n" for number in range(3)), mimetype="text/plain")

    def file() -> Any:
        return flask.send_file(io.BytesIO(CONTENT), mimetype="application/octet-stream")

    def broken() -> Any:
        raise ValueError("broken")

    app.add_url_rule("/hello/<name>", view_func=hello)
    app.add_url_rule("/upload", view_func=upload, methods=["POST"])
    for view in (stream, file, broken):
        app.add_url_rule(f"/{view.__name__}", view_func=view)
    return app


def django_application() -> Any:
    django = pytest.importorskip("django", reason="pip install django")
    settings = importlib.import_module("django.conf").settings
    http = importlib.import_module("django.http")
    path = importlib.import_module("django.urls").path

    def hello(request: Any, name: str) -> Any:
        seen = int(request.COOKIES.get("seen", "0")) + 1
        response = http.HttpResponse(f"hello {name} {seen} {request.GET.get('q')}")
        response.set_cookie("seen", str(seen))
        return response

    def upload(request: Any) -> Any:
        file = request.FILES["file"]
        return http.HttpResponse(f"{file.name} {len(file.read())} {request.POST['a']}")

    def stream(request: Any) -> Any:
        return http.StreamingHttpResponse(f"{number}\n" for number in range(3))

    def file(request: Any) -> Any:
        return http.FileResponse(io.BytesIO(CONTENT))

    def broken(request: Any) -> Any:
        raise ValueError("broken")

    class Urls:
        urlpatterns = [
            path("hello/<name>", hello),
            path("upload", upload),
            path("stream", stream),
            path("file", file),
            path("broken", broken),
        ]

    if not settings.configured:
        settings.configure(
            ALLOWED_HOSTS=["example.com"],
            ROOT_URLCONF=Urls,
            SECRET_KEY="one of the tests alone",
            MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
            LOGGING_CONFIG=None,
        )
        django.setup()
    return importlib.import_module("django.core.handlers.wsgi").WSGIHandler()


@pytest.fixture(scope="module", params=[flask_application, django_application])
def application(request: pytest.FixtureRequest) -> Any:
    return request.param()


@pytest.fixture(params=["threads", "inline"])
def container(request: pytest.FixtureRequest, application: Any) -> Iterator[WSGIContainer]:
    if request.param == "inline":
        yield WSGIContainer(application, threads=0)
    else:
        with concurrent.futures.ThreadPoolExecutor(2) as executor:
            yield WSGIContainer(application, executor)


async def test_pages_are_served_with_their_cookies(
    io_loop: IOLoop, container: WSGIContainer
) -> None:
    async with serving(container) as port, connected(port) as client:
        _, headers, first = await client.ask("/hello/w%C3%B6rld?q=%C3%A9")
        cookie = headers["Set-Cookie"].partition(";")[0]
        _, _, second = await client.ask("/hello/you", f"Cookie: {cookie}")
        missing, _, _ = await client.ask("/missing")

    assert first.decode() == "hello wörld 1 é"
    assert second == b"hello you 2 None"
    assert missing.lower() == "404 not found"


async def test_head_is_answered_without_a_body(io_loop: IOLoop, container: WSGIContainer) -> None:
    async with serving(container) as port, connected(port) as client:
        client.send("/hello/you", method="HEAD")
        status, headers = await client.head()
        assert (status, headers["Content-Length"]) == ("200 OK", "16")
        assert (await client.ask("/hello/you"))[2] == b"hello you 1 None"


@pytest.mark.parametrize("size", [10, 3_000_000])
async def test_uploads_arrive(io_loop: IOLoop, container: WSGIContainer, size: int) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nform\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="f.bin"\r\n\r\n'
        + b"x" * size
        + b"\r\n--b--\r\n"
    )

    async with serving(container) as port, connected(port) as client:
        _, _, answer = await client.ask(
            "/upload", "Content-Type: multipart/form-data; boundary=b", method="POST", body=body
        )

    assert answer.decode() == f"f.bin {size} form"


async def test_streams_and_files_are_sent(io_loop: IOLoop, container: WSGIContainer) -> None:
    async with serving(container) as port, connected(port) as client:
        for _ in range(2):
            assert (await client.ask("/stream"))[2] == b"0\n1\n2\n"
            assert (await client.ask("/file"))[2] == CONTENT


async def test_their_errors_are_their_own(io_loop: IOLoop, container: WSGIContainer) -> None:
    async with serving(container) as port, connected(port) as client:
        assert (await client.ask("/broken"))[0].startswith("500 ")
        assert (await client.ask("/stream"))[0] == "200 OK"


async def test_handlers_live_beside_them(io_loop: IOLoop, container: WSGIContainer) -> None:
    class Own(RequestHandler):
        def get(self) -> None:
            self.write("own")

    app = Application([(r"/own", Own), (r".*", FallbackHandler, {"fallback": container})])
    async with serving(app) as port, connected(port) as client:
        for _ in range(2):
            assert (await client.ask("/own"))[2] == b"own"
            assert (await client.ask("/hello/you"))[2] == b"hello you 1 None"
