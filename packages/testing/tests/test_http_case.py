"""AsyncHTTPTestCase and AsyncHTTPSTestCase: a server for each test, and clients for it."""

# The assertions are those of unittest, as users of its test cases write them.
# ruff: noqa: PT009, PT027

import asyncio
import contextlib
import os
import ssl
import warnings
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

import pytest

from ostro import testing, web
from ostro.httpclient import AsyncHTTPClient, HTTPError, HTTPResponse
from ostro.httpserver import HTTPServer
from ostro.httputil import HTTPServerRequest
from ostro.testing import (
    AsyncHTTPSTestCase,
    AsyncHTTPTestCase,
    BlockingCallError,
    ThrowawayCertificate,
    gen_test,
)
from ostro.testing import _websockets as websockets
from ostro.websocket import WebSocketHandler

from .support import complaint_of, passes, run_case

steps: list[str] = []


@contextlib.asynccontextmanager
async def lifespan(application: web.Application) -> AsyncIterator[None]:
    steps.append("up")
    yield
    steps.append("down")


class Hello(web.RequestHandler):
    def get(self) -> None:
        self.write(f"Hello over {self.request.protocol}")

    def post(self) -> None:
        self.write(self.request.body)


class Echo(WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        self.write_message(message)


class DeafEcho(WebSocketHandler):
    """Does not answer when the client closes."""

    async def on_message(self, message: str | bytes) -> None:
        await asyncio.Event().wait()


def make_app() -> web.Application:
    return web.Application(
        [(r"/", Hello), (r"/echo", Echo), (r"/deaf", DeafEcho)], lifespan=lifespan
    )


class HTTPTest(AsyncHTTPTestCase):
    """These are tests by themselves."""

    check_leaks = True

    def get_app(self) -> web.Application:
        return make_app()

    def get_httpserver_options(self) -> dict[str, Any]:
        return {"protocol": "http", "no_keep_alive": True}

    def test_fetch_waits_for_the_response(self) -> None:
        response = self.fetch("/")

        self.assertEqual(response.body, b"Hello over http")
        self.assertEqual(response.headers["Connection"], "close")

    def test_fetch_takes_what_a_request_takes(self) -> None:
        response = self.fetch("/", method="POST", body=b"body", headers={"X-Mine": "1"})

        self.assertEqual(response.body, b"body")

    def test_fetch_raises_for_codes_only_if_it_is_told_to(self) -> None:
        self.assertEqual(self.fetch("/nowhere").code, 404)
        with self.assertRaises(HTTPError):
            self.fetch("/nowhere", raise_error=True)

    def test_fetch_takes_a_whole_url(self) -> None:
        self.assertEqual(self.fetch(self.get_url("/")).code, 200)

    def test_a_response_may_go_to_a_callback(self) -> None:
        self.http_client.fetch(self.get_url("/"), self.stop)

        response: HTTPResponse = self.wait()

        self.assertEqual(response.code, 200)

    @gen_test
    def test_a_response_may_be_yielded(self) -> Generator[Any, Any, None]:
        response = yield self.http_client.fetch(self.get_url("/"))

        self.assertEqual(response.code, 200)

    async def test_a_response_may_be_awaited(self) -> None:
        self.assertEqual((await self.http_client.fetch(self.get_url("/"))).code, 200)
        self.assertIs(AsyncHTTPClient(), self.http_client)

    async def test_fetch_in_a_coroutine_is_told_what_to_do_instead(self) -> None:
        with self.assertRaisesRegex(BlockingCallError, "await self.http_client.fetch"):
            self.fetch("/")

    async def test_a_websocket_is_opened_and_closed(self) -> None:
        ws = await self.ws_connect("/echo")
        await ws.write_message("hello")

        self.assertEqual(await ws.read_message(), "hello")

    def test_a_websocket_may_go_to_a_callback(self) -> None:
        self.ws_connect("/echo", callback=self.stop)

        self.assertEqual(self.wait().close_code, None)

    async def test_a_websocket_that_is_refused_is_an_error(self) -> None:
        with self.assertRaises(Exception):  # noqa: B017 - its kind is that of websocket_connect
            await self.ws_connect("/")

    def test_the_application_has_been_started_up(self) -> None:
        self.assertEqual(steps[-1], "up")
        self.addCleanup(lambda: self.assertEqual(steps[-1], "up"))

    def test_urls_have_the_port_of_the_server(self) -> None:
        self.assertEqual(self.get_url("/a?b"), f"http://127.0.0.1:{self.get_http_port()}/a?b")
        self.assertIsInstance(self.http_server, HTTPServer)


class HTTPSTest(AsyncHTTPSTestCase):
    """These are tests by themselves."""

    check_leaks = True

    def get_app(self) -> web.Application:
        return make_app()

    def test_the_client_does_not_verify_the_certificate(self) -> None:
        self.assertEqual(self.fetch("/").body, b"Hello over https")

    def test_nor_do_websockets(self) -> None:
        ws = self.io_loop.run_sync(lambda: self.ws_connect("/echo"))
        self.io_loop.run_sync(lambda: ws.write_message("hello"))

        self.assertEqual(self.io_loop.run_sync(ws.read_message), "hello")


class OwnCertificateTest(AsyncHTTPSTestCase):
    """These are tests by themselves."""

    certificate = ThrowawayCertificate()

    def get_app(self) -> web.Application:
        return make_app()

    def get_ssl_options(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate.certfile, self.certificate.keyfile)
        return context

    def test_a_client_may_verify_it(self) -> None:
        url = self.get_url("/").replace("127.0.0.1", "localhost")
        response = self.fetch(url, validate_cert=True, ca_certs=self.certificate.ca_certs)

        self.assertEqual(response.code, 200)


class CallbackTest(AsyncHTTPTestCase):
    """This is a test by itself."""

    def get_app(self) -> Callable[[HTTPServerRequest], object]:
        def answer(request: HTTPServerRequest) -> None:
            request.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain")
            request.finish()

        return answer

    def test_a_function_can_be_served(self) -> None:
        self.assertEqual(self.fetch("/").body, b"plain")


def test_a_websocket_that_does_not_close_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websockets, "CLOSE_TIMEOUT", 0.01)

    class Case(HTTPTest):
        check_leaks = False  # its handler waits for ever

        async def runTest(self) -> None:
            ws = await self.ws_connect("/deaf")
            for _ in range(
                100
            ):  # more than are taken from the network before the first is dealt with
                await ws.write_message("wait")

    assert passes(run_case(Case))


def test_a_case_without_an_application_says_what_is_missing() -> None:
    class Case(AsyncHTTPTestCase):
        def runTest(self) -> None: ...

    assert "Case does not define get_app(): it returns the Application" in complaint_of(
        run_case(Case)
    )


def no_database(application: web.Application) -> contextlib.AbstractAsyncContextManager[None]:
    raise ZeroDivisionError("no database")


def test_an_application_that_cannot_start_fails_the_test() -> None:
    class Case(HTTPTest):
        def get_app(self) -> web.Application:
            def lifespan(
                application: web.Application,
            ) -> contextlib.AbstractAsyncContextManager[None]:
                raise ZeroDivisionError("no database")

            return web.Application(lifespan=lifespan)

        def runTest(self) -> None: ...

    assert "no database" in complaint_of(run_case(Case))


def test_the_server_ends_where_the_client_cannot_be_made() -> None:
    class Case(HTTPTest):
        def get_http_client(self) -> AsyncHTTPClient:
            raise ZeroDivisionError("no client")

        def runTest(self) -> None: ...

    assert "no client" in complaint_of(run_case(Case))


@pytest.mark.parametrize(("before", "meanwhile"), [(None, "0"), ("1", "1")])
def test_an_application_in_debug_mode_does_not_restart_the_tests(
    monkeypatch: pytest.MonkeyPatch, before: str | None, meanwhile: str
) -> None:
    monkeypatch.delenv("OSTRO_AUTORELOAD")
    if before is not None:
        monkeypatch.setenv("OSTRO_AUTORELOAD", before)
    seen: list[str | None] = []

    class Case(HTTPTest):
        def get_app(self) -> web.Application:
            seen.append(os.environ.get("OSTRO_AUTORELOAD"))
            return make_app()

        def runTest(self) -> None: ...

    assert passes(run_case(Case))
    assert seen == [meanwhile]
    assert os.environ.get("OSTRO_AUTORELOAD") == before


def test_a_context_manager_lasts_for_a_test() -> None:
    class Case(testing.AsyncTestCase):
        def setUp(self) -> None:
            super().setUp()
            self.caught = testing.setup_with_context_manager(
                self, warnings.catch_warnings(record=True)
            )
            warnings.simplefilter("always")

        def runTest(self) -> None:
            warnings.warn("caught", stacklevel=1)
            assert self.caught is not None
            assert len(self.caught) == 1

    assert passes(run_case(Case))
