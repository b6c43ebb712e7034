"""AsyncHTTPClient: which client one gets, how results take to callbacks, what subclasses do."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ostro import gen
from ostro.httpclient import (
    AsyncHTTPClient,
    AsyncHTTPClient2,
    ClientClosedError,
    HTTPClientError,
    HTTPRequest,
    HTTPResponse,
    ResponseReceiver,
    SimpleAsyncHTTPClient,
)
from ostro.httpclient.simple_httpclient import SimpleAsyncHTTPClient as DocumentedName
from ostro.ioloop import IOLoop
from ostro.stack_context import ExceptionStackContext, NullContext, StackContext

from .conformance.fixtures import MakeClient, MakeRaw
from .conformance.servers import OK, Site, answers


@pytest.fixture(autouse=True)
def default_configuration() -> Iterator[None]:
    yield
    AsyncHTTPClient.configure(None)


class Canned(AsyncHTTPClient):
    """Answers every request itself."""

    name = "canned"

    def initialize(self, *, name: str = "canned", **kwargs: Any) -> None:
        super().initialize(**kwargs)
        self.name = name

    async def perform(
        self, request: HTTPRequest, receiver: ResponseReceiver | None = None
    ) -> HTTPResponse:
        await asyncio.sleep(0)
        if request.url == "http://broken/":
            raise LookupError(request.url)
        return HTTPResponse(request, 200, body=self.name.encode())


class Old(AsyncHTTPClient):
    """Carries requests out in the older way."""

    cancelled = False

    def fetch_impl(self, request: HTTPRequest, callback: Any) -> object:
        if "never" in request.url:
            return self
        self.io_loop.add_callback(callback, HTTPResponse(request, 200, body=b"old"))
        self.io_loop.add_callback(callback, HTTPResponse(request, 500))  # once too often
        return None

    def cancel(self) -> None:
        self.cancelled = True


# Which client


async def test_a_loop_has_one_client_of_each_class(io_loop: IOLoop) -> None:
    client = AsyncHTTPClient()

    assert AsyncHTTPClient() is client
    assert AsyncHTTPClient(io_loop) is client
    assert isinstance(client, SimpleAsyncHTTPClient)
    assert SimpleAsyncHTTPClient() is client
    assert isinstance(Canned(), Canned)
    assert Canned() is Canned()
    client.close()


async def test_another_loop_has_another_client(io_loop: IOLoop) -> None:
    other_loop = IOLoop(asyncio.SelectorEventLoop())

    client, other = AsyncHTTPClient(), AsyncHTTPClient(io_loop=other_loop)

    assert other is not client
    assert other.io_loop is other_loop
    await io_loop.run_in_executor(None, other_loop.close)
    other.close()


async def test_a_client_of_ones_own_is_made_by_force(io_loop: IOLoop) -> None:
    client, own = AsyncHTTPClient(), AsyncHTTPClient(force_instance=True)

    assert own is not client
    own.close()
    assert AsyncHTTPClient() is client


async def test_a_client_that_was_closed_is_replaced(io_loop: IOLoop) -> None:
    client = AsyncHTTPClient()

    client.close()

    assert client.closed
    assert AsyncHTTPClient() is not client


@pytest.mark.parametrize("impl", [Canned, f"{__name__}.Canned"])
async def test_configure_says_what_is_made(io_loop: IOLoop, impl: Any) -> None:
    if isinstance(impl, str):
        impl = f"{Canned.__module__}.Canned"
    AsyncHTTPClient.configure(impl, name="configured")

    assert isinstance(AsyncHTTPClient(), Canned)
    assert (await AsyncHTTPClient().fetch("http://a/")).body == b"configured"
    own = AsyncHTTPClient(force_instance=True, name="own")
    assert (await own.fetch("http://a/")).body == b"own"
    assert isinstance(SimpleAsyncHTTPClient(force_instance=True), SimpleAsyncHTTPClient)


async def test_what_is_no_client_cannot_be_configured(io_loop: IOLoop) -> None:
    wrong: Any = dict

    with pytest.raises(TypeError, match="AsyncHTTPClient"):
        AsyncHTTPClient.configure(wrong)
    AsyncHTTPClient.configure("builtins.dict")
    with pytest.raises(TypeError, match="AsyncHTTPClient"):
        AsyncHTTPClient()


async def test_the_documented_names_are_the_same(io_loop: IOLoop) -> None:
    assert AsyncHTTPClient2 is AsyncHTTPClient
    assert DocumentedName is SimpleAsyncHTTPClient


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"unknown": 1}, TypeError),
        ({"defaults": {"unknown": 1}}, ValueError),
        ({"max_clients": 0}, ValueError),
        ({"max_clients_per_host": 0}, ValueError),
        ({"max_header_size": -1}, ValueError),
    ],
)
async def test_options_that_make_no_sense_are_refused(
    io_loop: IOLoop, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        SimpleAsyncHTTPClient(force_instance=True, **options)


async def test_a_default_has_an_older_name(io_loop: IOLoop) -> None:
    client = Canned(force_instance=True, defaults={"use_gzip": False})

    assert client.defaults["decompress_response"] is False


# Fetching


async def test_arguments_beside_a_request_object_are_refused(io_loop: IOLoop) -> None:
    with pytest.raises(ValueError, match="method"):
        Canned().fetch(HTTPRequest("http://a/"), method="POST")


async def test_a_fetch_begins_before_it_is_awaited(io_loop: IOLoop) -> None:
    fetch = Canned().fetch("http://a/")
    done: asyncio.Future[object] = asyncio.Future()

    fetch.add_done_callback(done.set_result)

    assert await done is fetch


def test_a_fetch_may_begin_before_the_loop_runs(io_loop: IOLoop) -> None:
    bodies = []

    def on_response(response: HTTPResponse) -> None:
        bodies.append(response.body)
        IOLoop.current().stop()

    Canned().fetch("http://a/", on_response)
    io_loop.start()

    assert bodies == [b"canned"]


def test_a_generator_waits_for_a_fetch(io_loop: IOLoop) -> None:
    @gen.coroutine
    def program() -> Any:
        by_task = yield gen.Task(Canned().fetch, "http://a/")
        both = yield [Canned().fetch("http://a/"), Canned().fetch("http://b/")]
        return [by_task.body, *[response.body for response in both]]

    assert io_loop.run_sync(program) == [b"canned"] * 3


async def test_what_an_implementation_raises_reaches_the_callback_in_a_response(
    io_loop: IOLoop,
) -> None:
    got: asyncio.Future[HTTPResponse] = asyncio.Future()

    Canned().fetch("http://broken/", got.set_result)

    response = await got
    assert response.code == 599
    assert isinstance(response.error, LookupError)
    with pytest.raises(LookupError):
        response.rethrow()


# Callbacks


async def test_what_a_callback_raises_goes_to_the_loop(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    raised = asyncio.Event()

    def fail(response: HTTPResponse) -> None:
        raised.set()
        raise LookupError("in the callback")

    Canned().fetch("http://a/", fail)
    await raised.wait()

    assert "in the callback" in caplog.text
    assert any("fail" in record.getMessage() for record in caplog.records)


async def test_a_subclass_may_handle_what_a_callback_raises(io_loop: IOLoop) -> None:
    handled: asyncio.Future[object] = asyncio.Future()

    class Mine(Canned):
        def handle_callback_exception(self, callback: object) -> None:
            handled.set_result(callback)

    def fail(response: HTTPResponse) -> None:
        raise LookupError

    Mine(force_instance=True).fetch("http://a/", fail)

    assert await handled is fail


async def test_an_exception_context_sees_what_a_callback_raises(io_loop: IOLoop) -> None:
    seen: asyncio.Future[object] = asyncio.Future()

    def handle(kind: object, error: object, traceback: object) -> bool:
        seen.set_result(error)
        return True

    def fail(response: HTTPResponse) -> None:
        raise LookupError("for the context")

    with ExceptionStackContext(handle):
        Canned().fetch("http://a/", fail)
    with NullContext():
        assert isinstance(await seen, LookupError)


async def test_an_exception_context_sees_what_a_coroutine_as_callback_raises(
    io_loop: IOLoop,
) -> None:
    seen: asyncio.Future[object] = asyncio.Future()

    def handle(kind: object, error: object, traceback: object) -> bool:
        seen.set_result(error)
        return True

    async def fail(response: HTTPResponse) -> None:
        await asyncio.sleep(0)
        raise LookupError("for the context")

    with ExceptionStackContext(handle):
        Canned().fetch("http://a/", fail)
    with NullContext():
        assert isinstance(await seen, LookupError)


async def test_a_callback_runs_in_the_contexts_of_its_fetch_once(io_loop: IOLoop) -> None:
    entered = []
    done = asyncio.Event()

    @contextlib.contextmanager
    def context() -> Iterator[None]:
        entered.append(True)
        yield

    with StackContext(context):
        Canned().fetch("http://a/", lambda response: done.set())
    before = len(entered)
    with NullContext():
        await done.wait()

    assert len(entered) == before + 1


async def test_an_exception_context_sees_what_a_streaming_callback_raises(
    io_loop: IOLoop, site: Site
) -> None:
    client = SimpleAsyncHTTPClient(force_instance=True)
    seen = []

    def handle(kind: object, error: object, traceback: object) -> bool:
        seen.append(error)
        return True

    def fail(piece: bytes) -> None:
        raise LookupError("for the context")

    with ExceptionStackContext(handle):
        fetch = client.fetch(f"{site.url}/echo", streaming_callback=fail)

    assert (await fetch).code == 200
    assert [type(error) for error in seen] == [LookupError]
    client.close()


async def test_a_callback_may_be_a_coroutine(io_loop: IOLoop) -> None:
    done = asyncio.Event()

    async def on_response(response: HTTPResponse) -> None:
        await asyncio.sleep(0)
        done.set()

    Canned().fetch("http://a/", on_response)

    await done.wait()


# Subclasses


async def test_the_older_way_to_carry_requests_out(io_loop: IOLoop) -> None:
    client = Old()

    response = await client.fetch("http://a/")

    assert response.body == b"old"
    assert (await client.perform(HTTPRequest("http://a/"))).body == b"old"
    with pytest.raises(NotImplementedError, match="stream"):
        async with client.stream("http://a/"):
            pytest.fail("the block is not entered")


async def test_the_older_way_hears_of_a_cancellation(io_loop: IOLoop) -> None:
    client = Old()
    fetch = client.fetch("http://never/")
    await asyncio.sleep(0)

    fetch.cancel()
    await asyncio.wait([fetch])

    assert client.cancelled


async def test_a_cancellation_needs_nobody_to_hear_of_it(io_loop: IOLoop) -> None:
    class Silent(Old):
        def fetch_impl(self, request: HTTPRequest, callback: Any) -> object:
            return None

    fetch = Silent().fetch("http://a/")
    await asyncio.sleep(0)

    fetch.cancel()
    await asyncio.wait([fetch])

    assert fetch.cancelled()


async def test_the_older_way_may_be_put_on_top_of_the_newer(io_loop: IOLoop) -> None:
    seen = []

    class Tracing(Canned):
        def fetch_impl(self, request: HTTPRequest, callback: Any) -> object:
            def trace(response: HTTPResponse) -> None:
                seen.append(response.code)
                callback(response)

            return super().fetch_impl(request, trace)

    client = Tracing()

    assert (await client.fetch("http://a/")).body == b"canned"
    with pytest.raises(LookupError):
        await client.fetch("http://broken/", raise_error=False)
    assert seen == [200, 599]


async def test_a_subclass_that_does_nothing_says_so(io_loop: IOLoop) -> None:
    class Nothing(AsyncHTTPClient):
        pass

    with pytest.raises(NotImplementedError, match="Nothing"):
        await Nothing().fetch("http://a/")


# The end


async def test_a_fetch_that_ends_as_it_is_cancelled_by_others_is_cancelled(
    io_loop: IOLoop, raw: MakeRaw
) -> None:
    client = SimpleAsyncHTTPClient(force_instance=True)
    server = await raw(answers(OK))
    fetch = client.fetch(server.url)
    await asyncio.sleep(0)

    fetch.cancel()
    client.close()

    with pytest.raises((asyncio.CancelledError, ClientClosedError)):
        await fetch


def test_a_client_may_be_closed_after_its_loop() -> None:
    io_loop = IOLoop(asyncio.SelectorEventLoop())
    client = SimpleAsyncHTTPClient(io_loop, force_instance=True)
    io_loop.close()

    with pytest.raises(ClientClosedError, match="loop"):
        client.fetch("http://a/")
    client.close()
    with pytest.raises(ClientClosedError):
        client.fetch("http://a/")


async def test_errors_have_a_text_and_a_repr(io_loop: IOLoop) -> None:
    error = HTTPClientError(404)

    assert str(error) == "HTTP 404: Not Found"
    assert repr(error) == "HTTPClientError(404, 'Not Found')"
    assert str(HTTPClientError(799)) == "HTTP 799: Unknown"
    assert str(ClientClosedError()) == "HTTP 599: the client is closed"


async def test_a_fetch_that_nobody_awaits_leaves_no_trace_with_a_callback(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    gc.collect()  # what others have left is not to be heard of here
    caplog.clear()
    done: asyncio.Future[HTTPResponse] = asyncio.Future()

    Canned().fetch("http://broken/", done.set_result)
    await done
    await asyncio.sleep(0)
    gc.collect()

    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "no name 'module.Class'"),
        ("Client", "no name 'module.Class'"),
        ("ostro.httpclient.Missing", "ostro.httpclient has no 'Missing'"),
        ("ostro.missing.Client", "ostro.missing"),
        ("broken_package.client.Client", "not_installed_anywhere"),
    ],
)
async def test_a_configured_name_that_leads_nowhere_says_where_it_ends(
    io_loop: IOLoop,
    name: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "broken_package").mkdir()
    (tmp_path / "broken_package" / "client.py").write_text("import not_installed_anywhere\n")
    monkeypatch.syspath_prepend(tmp_path)
    AsyncHTTPClient.configure(name)

    with pytest.raises(ImportError, match=message):
        AsyncHTTPClient()


@pytest.mark.parametrize("name", ["url", "headers", "body", "_body", "start_time", "unknown"])
async def test_a_default_that_no_request_asks_for_is_refused(io_loop: IOLoop, name: str) -> None:
    with pytest.raises(ValueError, match=rf"no parameter {name} .*connect_timeout.*user_agent"):
        AsyncHTTPClient(force_instance=True, defaults={name: "value"})


@pytest.mark.parametrize("client_class", [Canned, Old, SimpleAsyncHTTPClient])
def test_a_client_is_freed_when_it_is_forgotten(
    io_loop: IOLoop, client_class: type[AsyncHTTPClient]
) -> None:
    gc.disable()
    try:
        client = weakref.ref(client_class(io_loop, force_instance=True))
        assert client() is None
    finally:
        gc.enable()


async def test_a_client_that_a_callback_closes_ends_that_fetch_too(
    io_loop: IOLoop, make_client: MakeClient, raw: MakeRaw
) -> None:
    client = make_client()
    server = await raw(answers(OK, stay=True))

    with pytest.raises(ClientClosedError, match="during the fetch"):
        await client.fetch(server.url, streaming_callback=lambda piece: client.close())

    await server.all_gone()


async def test_a_client_that_was_closed_gives_a_response_that_was_there_already(
    io_loop: IOLoop,
) -> None:
    class Late(Canned):
        async def perform(
            self, request: HTTPRequest, receiver: ResponseReceiver | None = None
        ) -> HTTPResponse:
            response = HTTPResponse(request, 200)
            self._tasks.clear()
            self.close()
            return response

    response = await Late(force_instance=True).fetch("http://a/")

    assert response.code == 200
