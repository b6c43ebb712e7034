"""The pytest plugin: fixtures for a loop, a server and its clients, and asynchronous tests.

pytest finds it by itself once `ostro-testing` is installed; `-p ostro.testing.pytest_plugin` names
it where plugins are not looked for. A test that takes one of these fixtures, and is a coroutine
function, runs on the fixtures' loop. Tests of other plugins are left alone.

The fixtures depend on one that a test module, or a conftest.py, has to define: `app`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import Any, TypeAlias

import pytest

from ostro.httpclient import AsyncHTTPClient
from ostro.httpserver import HTTPServer
from ostro.httputil import HTTPServerConnectionDelegate
from ostro.ioloop import IOLoop
from ostro.websocket import WebSocketClientConnection, websocket_connect

from ._leaks import LeakCheck
from ._lifespan import Started
from ._memory_client import MemoryClient
from ._no_autoreload import no_autoreload
from ._ports import bind_unused_port
from ._pytest_async import (
    LOOP,
    is_asynchronous_fixture,
    make_synchronous,
    refuse_foreign_mark,
    synchronous_fixture,
)
from ._pytest_settings import check_settings, checks_leaks, define_settings, fixture_scope
from ._websockets import OpenedWebSockets

__all__ = [
    "WebSocketConnect",
    "app",
    "base_url",
    "http_client",
    "http_port",
    "http_server",
    "http_server_options",
    "io_loop",
    "memory_client",
    "no_leaks",
    "ws_connect",
]

WebSocketConnect: TypeAlias = Callable[..., "asyncio.Task[WebSocketClientConnection]"]
"""The type of the fixture `ws_connect`."""

_NO_APP = """\
there is no fixture named `app`. It says what the server serves; define it beside the tests, or in
conftest.py:

    @pytest.fixture
    def app():
        return ostro.web.Application([...])
"""

# Hooks


def pytest_addoption(parser: pytest.Parser) -> None:
    """Define what can be set in a pytest.ini or pyproject.toml."""
    define_settings(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Look at the settings, and keep applications in debug mode from restarting the tests."""
    check_settings(config)
    switched_off = ExitStack()
    switched_off.enter_context(no_autoreload())
    config.add_cleanup(switched_off.close)


# Innermost, so that other plugins see what this makes of a test.
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_pycollect_makeitem() -> Generator[None, Any, Any]:  # Any: pytest's own type is as wide
    """Take the asynchronous tests that are ours."""
    made = yield
    for item in made if isinstance(made, list) else [made]:
        if isinstance(item, pytest.Function):
            make_synchronous(item)
    return made


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse what cannot end well."""
    refuse_foreign_mark(item)


# Outermost, for the same reason.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any],  # Any: a fixture gives what it likes
    request: pytest.FixtureRequest,
) -> Generator[None, Any, Any]:
    """Run the asynchronous fixtures that are ours."""
    if not is_asynchronous_fixture(fixturedef, request):
        return (yield)
    func = fixturedef.func
    loop: IOLoop = request.getfixturevalue(LOOP)
    with pytest.MonkeyPatch.context() as patch:
        synchronous = synchronous_fixture(func, loop, request.instance)
        patch.setattr(fixturedef, "func", synchronous)
        return (yield)


# Fixtures


@pytest.fixture(scope=fixture_scope)
def io_loop(pytestconfig: pytest.Config) -> Iterator[IOLoop]:
    """A new IOLoop, current while it lasts, and closed in the end."""
    previous = IOLoop.current(instance=False)
    loop = IOLoop()
    loop.make_current()
    check = LeakCheck(loop) if checks_leaks(pytestconfig) else None
    if check is not None:
        check.begin()
    yield loop
    try:
        if check is not None:
            check.end()
    finally:
        loop.clear_current()
        loop.close(all_fds=True)
        if previous is not None:
            previous.make_current()


@pytest.fixture
def no_leaks(io_loop: IOLoop) -> Iterator[None]:
    """Fail the test if it leaves tasks, streams, sockets or files behind.

    Best used as a mark, `@pytest.mark.usefixtures("no_leaks")`, so that it comes before the other
    fixtures, and what they leave counts, too.
    """
    check = LeakCheck(io_loop)
    check.begin()
    yield
    check.end()


@pytest.fixture
def app() -> HTTPServerConnectionDelegate:
    """What the server serves: to be defined by whoever uses it."""
    pytest.fail(_NO_APP, pytrace=False)


@pytest.fixture(scope=fixture_scope)
def http_server_options() -> dict[str, Any]:  # Any: the arguments of HTTPServer
    """Keyword arguments for the HTTPServer; to be overridden."""
    return {}


@pytest.fixture(scope=fixture_scope)
def _started_app(io_loop: IOLoop, app: object) -> Iterator[object]:
    """The application, which has been started up if it has a lifespan."""
    if not (isinstance(app, HTTPServerConnectionDelegate) or callable(app)):
        pytest.fail(
            f"the fixture `app` gives {app!r:.200}, expected an Application, "
            "or another request_callback of HTTPServer",
            pytrace=False,
        )
    started = Started(app)
    io_loop.run_sync(started.start)
    yield app
    io_loop.run_sync(started.end)


@pytest.fixture(scope=fixture_scope)
def _http_socket() -> socket.socket:
    """The socket that the server listens on, which owns it."""
    return bind_unused_port()[0]


@pytest.fixture(scope=fixture_scope)
def http_port(_http_socket: socket.socket) -> int:
    """The port of `http_server`."""
    port: int = _http_socket.getsockname()[1]
    return port


@pytest.fixture(scope=fixture_scope)
def http_server(
    io_loop: IOLoop,
    _started_app: Any,  # Any: it has been looked at
    _http_socket: socket.socket,
    http_server_options: dict[str, Any],  # Any: as above
) -> Iterator[HTTPServer]:
    """A server that serves `app` on a port of its own."""
    server = HTTPServer(_started_app, **http_server_options)
    server.add_sockets([_http_socket])
    yield server
    server.stop()
    io_loop.run_sync(server.close_all_connections)


@pytest.fixture(scope=fixture_scope)
def base_url(
    http_server: HTTPServer,
    http_port: int,
    http_server_options: dict[str, Any],  # Any: as above
) -> str:
    """The URL of `http_server`, without a path: "http://127.0.0.1:34567"."""
    scheme = "https" if http_server_options.get("ssl_options") else "http"
    return f"{scheme}://127.0.0.1:{http_port}"


@pytest.fixture(scope=fixture_scope)
def http_client(io_loop: IOLoop) -> Iterator[AsyncHTTPClient]:
    """The AsyncHTTPClient of the loop."""
    client = AsyncHTTPClient()
    yield client
    client.close()


@pytest.fixture(scope=fixture_scope)
def ws_connect(io_loop: IOLoop, base_url: str) -> Iterator[WebSocketConnect]:
    """A function that opens a WebSocket to `http_server`; they are closed in the end.

    It takes a path, and what `websocket_connect` takes besides.
    """
    opened = OpenedWebSockets()

    # Any: the arguments of websocket_connect
    def connect(path: str, **kwargs: Any) -> asyncio.Task[WebSocketClientConnection]:
        url = f"ws{base_url.removeprefix('http')}{path}"
        return opened.add_soon(websocket_connect(url, **kwargs))

    yield connect
    io_loop.run_sync(opened.close)


@pytest.fixture(scope=fixture_scope)
def memory_client(
    io_loop: IOLoop,
    _started_app: Any,  # Any: it has been looked at
) -> Iterator[MemoryClient]:
    """A client that asks `app` in memory."""
    client = MemoryClient(_started_app)
    yield client
    io_loop.run_sync(client.aclose)
