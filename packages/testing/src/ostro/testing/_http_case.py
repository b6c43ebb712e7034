"""AsyncHTTPTestCase: an application, a server that serves it, and a client to ask it with."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

from ostro.httpclient import AsyncHTTPClient, HTTPResponse
from ostro.httpserver import HTTPServer
from ostro.httputil import HTTPServerConnectionDelegate, HTTPServerRequest
from ostro.websocket import WebSocketClientConnection, websocket_connect

from ._case import AsyncTestCase
from ._certificate import shared_certificate
from ._lifespan import Started
from ._no_autoreload import no_autoreload
from ._ports import bind_unused_port
from ._websockets import OpenedWebSockets
from .errors import BlockingCallError

__all__ = ["AsyncHTTPSTestCase", "AsyncHTTPTestCase"]


class AsyncHTTPTestCase(AsyncTestCase):
    """A test case that starts up an HTTP server.

    A subclass says what is served:

        class MyHTTPTest(AsyncHTTPTestCase):
            def get_app(self):
                return Application([(r"/", MyHandler)])

            def test_homepage(self):
                response = self.fetch("/")
                self.assertEqual(response.code, 200)

            async def test_homepage_with_await(self):
                response = await self.http_client.fetch(self.get_url("/"))
                self.assertEqual(response.body, b"Hello, world")

    Each test has a server on a port of its own. If the application has the setting `lifespan`, it
    is started up before the test and shut down after it.
    """

    http_server: HTTPServer
    http_client: AsyncHTTPClient

    def setUp(self) -> None:
        """Start the server, and make a client."""
        super().setUp()
        self._websockets = OpenedWebSockets()
        with no_autoreload():
            self._app = self.get_app()
        self._started = Started(self._app)
        self.addAsyncCleanup(self._started.end)
        self._run("the start-up of the application", self._started.start)
        self.http_server = self.get_http_server()
        sock, self._port = bind_unused_port()
        self.http_server.add_sockets([sock])
        self.addCleanup(self._close)
        self.http_client = self.get_http_client()

    def tearDown(self) -> None:
        """Stop the server. A subclass that overrides this calls it."""
        self._close()
        super().tearDown()

    def _close(self) -> None:
        self.http_server.stop()
        self._run("the end of the server", self._close_connections)
        if hasattr(self, "http_client"):
            self.http_client.close()

    async def _close_connections(self) -> None:
        await self._websockets.close()
        await self.http_server.close_all_connections()

    # What a subclass says

    def get_app(
        self,
    ) -> HTTPServerConnectionDelegate | Callable[[HTTPServerRequest], object]:
        """Return what is to be tested: an Application, or another callback of an HTTPServer.

        To be overridden.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not define get_app(): "
            "it returns the Application that is to be tested"
        )

    def get_http_server(self) -> HTTPServer:
        """Return the server, which does not listen yet."""
        return HTTPServer(self._app, **self.get_httpserver_options())

    def get_http_client(self) -> AsyncHTTPClient:
        """Return the client. By default it is that of the loop, so that the code under test shares
        it.
        """
        return AsyncHTTPClient()

    # Any: the arguments of HTTPServer
    def get_httpserver_options(self) -> dict[str, Any]:
        """Return additional keyword arguments for HTTPServer; may be overridden."""
        return {}

    def get_protocol(self) -> str:
        """Return the scheme of the server's URLs."""
        return "http"

    # What a test uses

    def get_http_port(self) -> int:
        """Return the port that the server listens on, another one for each test."""
        return self._port

    def get_url(self, path: str) -> str:
        """Return the URL of a path on the server."""
        return f"{self.get_protocol()}://127.0.0.1:{self.get_http_port()}{path}"

    # Any: the arguments of HTTPRequest
    def fetch(self, path: str, raise_error: bool = False, **kwargs: Any) -> HTTPResponse:
        """Fetch a path of the server, and wait for the response.

        Args:
            path: A path, or a whole URL.
            raise_error: Raise an HTTPError for codes outside of 200 to 299. It is False here, since
                tests often look at such responses.
            **kwargs: What `AsyncHTTPClient.fetch` takes besides, `method` and `body` for instance.

        Raises AsyncTestTimeoutError, BlockingCallError in an asynchronous test, and what
        `AsyncHTTPClient.fetch` raises where there is no response.
        """
        if self.io_loop.running():
            raise BlockingCallError(
                "fetch()", "say `await self.http_client.fetch(self.get_url(path))`"
            )
        whole = path.lower().startswith(("http://", "https://"))
        url = path if whole else self.get_url(path)
        response: HTTPResponse = self._run(
            f"fetch({path!r})",
            lambda: self.http_client.fetch(url, raise_error=raise_error, **kwargs),
        )
        return response

    # Any: the arguments of websocket_connect
    def ws_connect(self, path: str, **kwargs: Any) -> asyncio.Task[WebSocketClientConnection]:
        """Open a WebSocket to the server; it is closed after the test.

            async def test_echo(self):
                ws = await self.ws_connect("/echo")
                await ws.write_message("hello")
                self.assertEqual(await ws.read_message(), "hello")

        Args:
            path: A path on the server.
            **kwargs: What `websocket_connect` takes besides.

        Returns and raises what `websocket_connect` does.
        """
        url = "ws" + self.get_url(path).removeprefix("http")
        return self._websockets.add_soon(websocket_connect(url, **kwargs))


class AsyncHTTPSTestCase(AsyncHTTPTestCase):
    """A test case that starts up an HTTPS server.

    Its certificate is made for the occasion, by trustme (`pip install 'ostro-testing[https]'`), and
    the client does not verify it.
    """

    def get_http_client(self) -> AsyncHTTPClient:
        """Return a client that does not verify certificates."""
        return AsyncHTTPClient(force_instance=True, defaults={"validate_cert": False})

    # Any: as in the base class
    def get_httpserver_options(self) -> dict[str, Any]:
        """Return the `ssl_options` for HTTPServer; may be extended."""
        return {"ssl_options": self.get_ssl_options()}

    # Any: ssl's own parameters
    def get_ssl_options(self) -> dict[str, Any] | ssl.SSLContext:
        """Return the server's `ssl_options`; may be overridden.

        By default it has a throwaway certificate for localhost, 127.0.0.1 and ::1.
        """
        return shared_certificate().server_options()

    def get_protocol(self) -> str:
        """Return the scheme of the server's URLs."""
        return "https"

    # Any: as in the base class
    def ws_connect(self, path: str, **kwargs: Any) -> asyncio.Task[WebSocketClientConnection]:
        """Open a WebSocket to the server, without verifying its certificate."""
        kwargs.setdefault("ssl_options", {"cert_reqs": ssl.CERT_NONE})
        return super().ws_connect(path, **kwargs)
