"""WSGIApplication and WSGIAdapter: request handlers below a WSGI server."""

import asyncio
import contextvars
import io
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ostro import gen
from ostro.httputil import (
    HTTPHeaders,
    HTTPOutputError,
    ResponseStartLine,
)
from ostro.ioloop import IOLoop, LoopRunningError
from ostro.web import Application, FallbackHandler, RequestHandler, asynchronous
from ostro.wsgi import ResponseAbortedError, WSGIAdapter, WSGIApplication, WSGIContainer

from .support import Environ, Reply, StartResponse, ask, call, environ

SECRET = "a secret of the tests"
OK = ResponseStartLine("HTTP/1.1", 200, "OK")


def application(handler: type[RequestHandler], **settings: Any) -> WSGIApplication:  # Any: settings
    return WSGIApplication([(r"/(.*)", handler)], **settings)


class Echo(RequestHandler):
    def get(self, path: str) -> None:
        self.write(f"{path}|{self.get_argument('a', '')}|{self.request.remote_ip}")

    def head(self, path: str) -> None:
        self.get(path)

    def post(self, path: str) -> None:
        self.write(self.get_body_argument("a"))


# The ordinary request


def test_a_handler_answers() -> None:
    reply = call(application(Echo), "/x?a=1")

    assert reply.status == "200 OK"
    assert reply.parts == [b"x|1|192.0.2.1"]
    assert reply.headers["Content-Length"] == "13"
    assert reply.headers["Content-Type"] == "text/html; charset=UTF-8"


def test_the_documented_arguments_are_those_of_an_application() -> None:
    made = WSGIApplication([(r"/x", Echo)], "www.example.com", [], debug=False)

    assert isinstance(made, Application)
    assert made.wsgi
    assert (made.default_host, made.transforms) == ("www.example.com", [])
    assert made.settings == {"debug": False}


def test_no_loop_runs_around_a_plain_method() -> None:
    class Plain(RequestHandler):
        def get(self, path: str) -> None:
            self.write(asyncio.run(self.later()))

        async def later(self) -> str:
            await asyncio.sleep(0)
            return "ran"

    assert call(application(Plain)).text == "ran"


def test_head_has_the_headers_and_no_body() -> None:
    reply = call(application(Echo), "/x", "HEAD")

    assert (reply.code, reply.parts) == (200, [])
    assert reply.headers["Content-Length"] == "12"


def test_an_etag_that_the_client_has_is_answered_304() -> None:
    etag = call(application(Echo), "/x").headers["Etag"]

    reply = call(application(Echo), "/x", headers={"If-None-Match": etag})

    assert (reply.code, reply.parts) == (304, [])
    assert "Content-Length" not in reply.headers


def test_error_pages_redirects_and_statuses_come_as_usual() -> None:
    class Moved(RequestHandler):
        def get(self, path: str) -> None:
            if path == "reason":
                self.set_status(299, "Especially Fine")
                self.finish("fine")
            else:
                self.redirect("/elsewhere")

    assert call(WSGIApplication(), "/").code == 404
    assert call(application(Echo), "/x", "PUT").code == 405
    assert call(application(Moved)).headers["Location"] == "/elsewhere"
    assert call(application(Moved), "/reason").status == "299 Especially Fine"


def test_cookies_are_set_and_read() -> None:
    class Cookies(RequestHandler):
        def get(self, path: str) -> None:
            name = self.get_secure_cookie("name") or b"nobody"
            self.set_cookie("plain", "1")
            self.set_secure_cookie("name", "somebody")
            self.write(name)

    made = application(Cookies, cookie_secret=SECRET)

    first = call(made)
    cookies = [value.partition(";")[0] for name, value in first.fields if name == "Set-Cookie"]
    second = call(made, headers={"Cookie": "; ".join(cookies)})

    assert len(cookies) == 2
    assert (first.text, second.text) == ("nobody", "somebody")


def test_forms_and_uploads_are_read() -> None:
    class Upload(RequestHandler):
        def post(self, path: str) -> None:
            (upload,) = self.request.files["file"]
            self.write(f"{upload.filename} {len(upload.body)} {self.get_body_argument('a')}")

    content = b"x" * 200_000
    parts = b"".join(
        [
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="f.bin"\r\n\r\n',
            content,
            b"\r\n--b--\r\n",
        ]
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}

    assert call(application(Upload), "/", "POST", headers=headers, body=parts).text == (
        "f.bin 200000 1"
    )


def test_latin_1_in_a_header_stands_for_bytes() -> None:
    class Named(RequestHandler):
        def get(self, path: str) -> None:
            self.set_header("X-Name", "Zoë")

    assert call(application(Named)).headers["X-Name"].encode("latin-1").decode() == "Zoë"


def test_headers_of_one_connection_alone_are_left_to_the_server() -> None:
    class Closing(RequestHandler):
        def get(self, path: str) -> None:
            self.set_header("Connection", "close")
            self.set_header("Transfer-Encoding", "chunked")

    assert not {"Connection", "Transfer-Encoding"} & set(call(application(Closing)).headers)


def test_the_environment_is_at_hand() -> None:
    class User(RequestHandler):
        def get(self, path: str) -> None:
            connection: Any = self.request.connection  # Any: it is the one of this package
            self.write(connection.environ["REMOTE_USER"])

    assert call(application(User), REMOTE_USER="somebody").text == "somebody"


def test_a_proxy_is_believed_where_the_settings_say_so() -> None:
    headers = {"X-Real-Ip": "203.0.113.9"}

    assert call(application(Echo), headers=headers).text == "||192.0.2.1"
    assert call(application(Echo, xheaders=True), headers=headers).text == "||203.0.113.9"
    trusting = application(Echo, xheaders=True, trusted_proxies=["10.0.0.0/8"])
    assert call(trusting, headers=headers).text == "||192.0.2.1"


async def test_on_httpserver_it_is_an_application_as_any(io_loop: IOLoop) -> None:
    status, _, body = await ask(application(Echo), "/x")

    assert (status, body) == ("200 OK", b"x||127.0.0.1")


def test_an_application_that_is_there_already_can_be_adapted() -> None:
    assert call(WSGIAdapter(Application([(r"/(.*)", Echo)])), "/x").text == "x||192.0.2.1"


# Bad requests


def test_a_bad_request_is_answered_and_logged_on_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "ostro.general")

    reply = call(application(Echo), headers={"Host": "a,b\nc"})

    assert reply.status == "400 Bad Request"
    assert "control character" in reply.text
    assert "Bad request from 192.0.2.1" in caplog.text
    assert "\n" not in caplog.records[0].getMessage()


def test_a_body_over_the_limit_is_refused_before_the_handler_runs() -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    made = application(Echo, max_body_size=3)

    assert call(made, "/", "POST", headers=form, body=b"a=1").text == "1"
    assert call(made, "/", "POST", headers=form, body=b"a=12").code == 413


def test_a_body_that_ends_early_is_a_bad_request() -> None:
    assert call(application(Echo), "/", "POST", body=b"", CONTENT_LENGTH="5").code == 400


def test_an_input_that_fails_is_reported_to_the_server() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        call(application(Echo), "/", "POST", body=Failing(), CONTENT_LENGTH="5")


# Streaming


class Streaming(RequestHandler):
    flushed = 0

    def get(self, path: str) -> None:
        for number in range(3):
            self.write(str(number))
            self.flush()
            type(self).flushed = number

    def on_connection_close(self) -> None:
        events.append("closed")

    def on_finish(self) -> None:
        events.append("finished")


class AsyncStreaming(Streaming):
    async def get(self, path: str) -> None:  # type: ignore[override]  # the other is a plain one
        for number in range(3):
            self.write(str(number))
            await self.flush()
            type(self).flushed = number


events: list[str] = []


@pytest.fixture(autouse=True)
def _no_events() -> None:
    events.clear()


each_streaming = pytest.mark.parametrize("handler", [Streaming, AsyncStreaming])


@each_streaming
def test_flush_sends_at_once(handler: type[Streaming]) -> None:
    seen: list[int] = []
    handler.flushed = -1

    reply = call(application(handler), write=lambda _: seen.append(handler.flushed))

    assert reply.written == [b"0", b"1", b"2"]
    assert seen == [-1, 0, 1]
    assert "Content-Length" not in reply.headers


@each_streaming
def test_a_streaming_handler_stops_when_the_client_is_gone(
    handler: type[Streaming], caplog: pytest.LogCaptureFixture
) -> None:
    def write(data: bytes) -> None:
        if data == b"1":
            raise BrokenPipeError("gone")

    with pytest.raises(BrokenPipeError, match="gone"):
        call(application(handler), write=write)

    assert handler.flushed == 0
    assert events == ["closed", "finished"]
    assert "Traceback" not in caplog.text


def test_flush_to_head_sends_the_head_alone() -> None:
    class Head(Streaming):
        def head(self, path: str) -> None:
            self.get(path)

    reply = call(application(Head), method="HEAD")

    assert (reply.code, reply.body) == (200, b"")


def test_a_response_that_fails_half_way_is_given_up() -> None:
    class Broken(RequestHandler):
        def get(self, path: str) -> None:
            self.write("begun")
            self.flush()
            raise ValueError("broken")

    with pytest.raises(ResponseAbortedError):
        call(application(Broken))


def test_a_head_that_the_server_does_not_take_is_the_servers_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def start_response(*args: object) -> Callable[[bytes], object]:
        raise AssertionError("a header that this server does not like")

    with pytest.raises(AssertionError, match="does not like"):
        application(Echo)(environ(), start_response)


# Coroutines


class Waiting(RequestHandler):
    async def get(self, path: str) -> None:
        async with asyncio.timeout(30):
            await asyncio.sleep(0)
        self.write(path)


class Generating(RequestHandler):
    @gen.coroutine
    def get(self, path: str) -> Generator[Any, Any, None]:
        yield gen.sleep(0)
        self.write(path)


@pytest.mark.parametrize("handler", [Waiting, Generating])
def test_a_coroutine_is_run_to_its_end(handler: type[RequestHandler]) -> None:
    assert call(application(handler), "/x").text == "x"


def test_a_thread_keeps_its_loop_and_no_tasks_on_it() -> None:
    loops: list[asyncio.AbstractEventLoop] = []
    tasks: list[asyncio.Task[object]] = []

    class Leaving(RequestHandler):
        async def get(self, path: str) -> None:
            loops.append(asyncio.get_running_loop())
            tasks.append(asyncio.ensure_future(asyncio.Event().wait()))

    made = application(Leaving)
    with ThreadPoolExecutor(1) as executor:
        for _ in range(2):
            assert executor.submit(call, made).result().code == 200

    assert loops[0] is loops[1]
    assert all(task.cancelled() for task in tasks)
    assert loops[0].is_closed()


def test_threads_do_not_share_a_loop() -> None:
    both = threading.Barrier(2, timeout=30)
    loops: list[asyncio.AbstractEventLoop] = []

    class Meeting(RequestHandler):
        async def get(self, path: str) -> None:
            loops.append(asyncio.get_running_loop())
            await asyncio.to_thread(both.wait)

    made = application(Meeting)
    with ThreadPoolExecutor(2) as executor:
        replies = [executor.submit(call, made) for _ in range(2)]
        assert [reply.result().code for reply in replies] == [200, 200]

    assert loops[0] is not loops[1]


async def test_below_a_server_with_a_loop_of_its_own_coroutines_are_refused(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    assert call(application(Echo), "/x").code == 200
    assert call(application(Waiting), "/x").code == 500
    assert LoopRunningError.__name__ in caplog.text


def test_many_threads_may_call_at_a_time() -> None:
    made = application(Echo)

    def one(number: int) -> Reply:
        handler = application(Waiting) if number % 3 == 0 else made
        return call(handler, f"/{number}")

    with ThreadPoolExecutor(8) as executor:
        replies = list(executor.map(one, range(400)))

    assert [reply.text.partition("|")[0] for reply in replies] == [str(n) for n in range(400)]


def test_what_a_handler_sets_in_its_context_stays_there() -> None:
    variable = contextvars.ContextVar("variable", default="outer")

    class Setting(RequestHandler):
        def get(self, path: str) -> None:
            self.write(variable.get())
            variable.set("inner")

    assert [call(application(Setting)).text for _ in range(2)] == ["outer", "outer"]


# What cannot work


def test_a_handler_that_waits_for_a_callback_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    class CallingBack(RequestHandler):
        @asynchronous
        def get(self, path: str) -> None: ...

    assert call(application(CallingBack)).code == 500
    assert "CallingBack.get returned before its response was finished" in caplog.text


@pytest.mark.parametrize("path", ["switch", "detach"])
def test_the_stream_itself_is_not_to_be_had(path: str, caplog: pytest.LogCaptureFixture) -> None:
    class Detaching(RequestHandler):
        def get(self, path: str) -> None:
            connection = self.request.connection
            assert connection is not None
            if path == "switch":
                switching = ResponseStartLine("HTTP/1.1", 101, "Switching Protocols")
                connection.write_headers(switching, HTTPHeaders({"Upgrade": "websocket"}))
            connection.detach()

    assert call(application(Detaching), f"/{path}").code == 500
    assert "serve this handler with ostro.httpserver" in caplog.text


def test_raw_bytes_are_refused() -> None:
    class Raw(RequestHandler):
        def get(self, path: str) -> None:
            with pytest.raises(HTTPOutputError, match="raw"):
                self.request.write("HTTP/1.1 200 OK\r\n\r\n")

    assert call(application(Raw)).code == 200


# Other WSGI applications beside handlers


def test_a_wsgi_application_answers_for_a_fallback_handler() -> None:
    def inner(environ: Environ, start_response: StartResponse) -> list[bytes]:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"inner ", environ["PATH_INFO"].encode()]

    made = WSGIApplication(
        [
            (r"/own/(.*)", Echo),
            (r".*", FallbackHandler, {"fallback": WSGIContainer(inner)}),
        ]
    )

    assert call(made, "/own/x").text == "x||192.0.2.1"
    assert call(made, "/x").text == "inner /x"
