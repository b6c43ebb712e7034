"""What traces and metrics are told of each request."""

import asyncio
import contextvars
import io
import logging
from collections.abc import Callable
from typing import Any

import pytest

from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    HTTPServerRequest,
    ResponseStartLine,
)
from ostro.ioloop import IOLoop
from ostro.web import (
    Application,
    FallbackHandler,
    Finish,
    HTTPError,
    Mount,
    RequestHandler,
    RequestObserver,
    RequestOutcome,
    Router,
    URLSpec,
    asynchronous,
    stream_request_body,
)

from .support import (
    MemoryConnection,
    ask,
    connected,
    fetch,
    raw_get,
    raw_post,
    read_answer,
    serving,
)


class Recorder:
    """Makes observers, and keeps what they are told."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.errors: list[BaseException] = []
        self.outcomes: list[RequestOutcome] = []

    def __call__(self, request: HTTPServerRequest, route: URLSpec | None) -> RequestObserver:
        recorder = self

        class Recording(RequestObserver):
            def on_error(self, error: BaseException) -> None:
                recorder.events.append(f"error {type(error).__name__}")
                recorder.errors.append(error)

            def on_end(self, outcome: RequestOutcome) -> None:
                recorder.events.append(f"end {outcome.status}")
                recorder.outcomes.append(outcome)

        self.events.append(f"start {request.path} {route and route.template}")
        return Recording(request, route)

    @property
    def outcome(self) -> RequestOutcome:
        (outcome,) = self.outcomes
        return outcome


class Page(RequestHandler):
    def initialize(self, fail: bool = False) -> None:
        if fail:
            raise ValueError("cannot be made")

    def get(self, item: int = 0) -> Any:  # Any: subclasses are coroutines
        self.write("hello")

    def post(self) -> None:
        raise HTTPError(403)

    def put(self) -> None:
        raise KeyError("bug")

    def delete(self) -> None:
        raise Finish("done")


class Slow(Page):
    @asynchronous
    def get(self, item: int = 0) -> None: ...


class Streaming(Page):
    async def get(self, item: int = 0) -> None:
        for _ in range(3):
            self.write("abc")
            await self.flush()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def site(recorder: Recorder, **settings: Any) -> Application:
    return Application(
        [
            ("/", Page),
            ("/unmade", Page, {"fail": True}),
            ("/slow", Slow),
            ("/stream", Streaming),
            Router([Router([("/{item:int}", Page)], prefix="/items")], prefix="/api"),
        ],
        request_observers=[recorder],
        **settings,
    )


def test_start_and_end_are_told_in_order(recorder: Recorder) -> None:
    answer = ask(site(recorder))

    assert answer.text == "hello"
    assert recorder.events == ["start / /", "end 200"]


def test_the_outcome_has_what_metrics_want(recorder: Recorder) -> None:
    ask(site(recorder), "/api/items/5")

    outcome = recorder.outcome
    assert isinstance(outcome.handler, Page)
    assert outcome.route == "/api/items/{item:int}"
    assert (outcome.status, outcome.body_bytes, outcome.disconnected) == (200, 5, False)
    assert outcome.seconds_to_head is not None
    assert 0 <= outcome.seconds_to_head <= outcome.seconds < 10


@pytest.mark.parametrize(
    ("method", "path", "events"),
    [
        ("POST", "/", ["start / /", "error HTTPError", "end 403"]),
        ("PUT", "/", ["start / /", "error KeyError", "end 500"]),
        ("DELETE", "/", ["start / /", "end 200"]),
        ("PATCH", "/", ["start / /", "error HTTPError", "end 405"]),
        ("GET", "/none", ["start /none None", "error HTTPError", "end 404"]),
        ("GET", "/unmade", ["start /unmade /unmade", "error ValueError", "end 500"]),
    ],
)
def test_exceptions_are_told(recorder: Recorder, method: str, path: str, events: list[str]) -> None:
    ask(site(recorder), path, method=method)

    assert recorder.events == events
    if path == "/none":
        assert recorder.outcome.route is None


async def test_a_streamed_answer_ends_when_it_ends(io_loop: IOLoop, recorder: Recorder) -> None:
    await fetch(site(recorder), "/stream")

    assert recorder.events == ["start /stream /stream", "end 200"]
    assert recorder.outcome.body_bytes == 9


def test_a_head_has_no_body(recorder: Recorder) -> None:
    class Headed(Page):
        head = Page.get

    ask(Application([("/", Headed)], request_observers=[recorder]), method="HEAD")

    assert recorder.outcome.body_bytes == 0


def test_a_client_that_goes_away_is_told(recorder: Recorder) -> None:
    connection = ask(site(recorder), "/slow")
    assert recorder.events == ["start /slow /slow"]

    connection.lose()

    assert recorder.events == ["start /slow /slow", "end 499"]
    assert recorder.outcome.disconnected
    assert recorder.outcome.seconds_to_head is None


def test_an_answer_that_breaks_off_ends_once(recorder: Recorder) -> None:
    class Breaking(RequestHandler):
        def get(self) -> None:
            self.write("half")
            self.flush()
            raise RuntimeError

    ask(Application([("/", Breaking)], request_observers=[recorder]))

    assert recorder.events == ["start / /", "error RuntimeError", "end 200"]


def test_an_observer_may_be_declined_or_made_by_a_class(recorder: Recorder) -> None:
    def only_items(request: HTTPServerRequest, route: URLSpec | None) -> RequestObserver | None:
        return recorder(request, route) if "items" in request.path else None

    app = Application(
        [("/.*", Page)], request_observers=[only_items, RequestObserver, RequestObserver]
    )

    assert ask(app, "/x").text == "hello"
    assert ask(app, "/y", method="POST").status == 403
    assert recorder.events == []
    ask(app, "/items")
    assert recorder.events == ["start /items /.*", "end 200"]


@pytest.mark.parametrize("where", ["start", "on_error", "on_end"])
def test_what_an_observer_raises_harms_nobody(
    recorder: Recorder, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(RequestObserver):
        def __init__(self, request: HTTPServerRequest, route: URLSpec | None) -> None:
            self.fail("start")

        def on_error(self, error: BaseException) -> None:
            self.fail("on_error")

        def on_end(self, outcome: RequestOutcome) -> None:
            self.fail("on_end")

        def fail(self, here: str) -> None:
            if here == where:
                raise RuntimeError(f"bug in {here}")

    app = Application([("/", Page)], request_observers=[Failing, recorder])

    assert ask(app, method="POST").status == 403
    assert recorder.events == ["start / /", "error HTTPError", "end 403"]
    assert f"bug in {where}" in caplog.text


variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


class Attaching(RequestObserver):
    def __init__(self, request: HTTPServerRequest, route: URLSpec | None) -> None:
        assert variable.get() == "unset"
        variable.set(request.path)


class Reading(RequestHandler):
    def initialize(self) -> None:
        self.seen = [variable.get()]

    async def get(self) -> None:
        self.seen.append(variable.get())
        await asyncio.sleep(0)
        self.seen.append(await asyncio.create_task(self.child()))
        called = asyncio.Event()
        asyncio.get_running_loop().call_soon(self.callback, called)
        await called.wait()
        self.write(" ".join(self.seen))

    async def child(self) -> str:
        return variable.get()

    def callback(self, called: asyncio.Event) -> None:
        self.seen.append(variable.get())
        called.set()


async def test_a_variable_set_at_the_start_is_seen_everywhere_in_the_request(
    io_loop: IOLoop,
) -> None:
    app = Application([("/.*", Reading)], request_observers=[Attaching])
    async with serving(app) as port, connected(port) as (reader, writer):
        for path in ("/a", "/b"):
            writer.write(raw_get(path))
            assert (await read_answer(reader))[2].decode() == f"{path} {path} {path} {path}"


# Others who answer


class Answering(HTTPServerConnectionDelegate):
    """Keeps the connections, for the test to answer on."""

    def __init__(self) -> None:
        self.connections: list[HTTPConnection] = []

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        self.connections.append(request_conn)
        return HTTPMessageDelegate()


def answer_on(connection: HTTPConnection, end: bool) -> None:
    start_line = ResponseStartLine("HTTP/1.1", 202, "Accepted")
    connection.write_headers(start_line, HTTPHeaders(), b"one", end=end)


@pytest.mark.parametrize("end", [True, False])
def test_the_answer_of_a_mounted_delegate_is_seen(recorder: Recorder, end: bool) -> None:
    delegate = Answering()
    ask(Application([Mount("/d", delegate)], request_observers=[recorder]), "/d/x")
    assert recorder.events == ["start /d/x /d"]
    (connection,) = delegate.connections

    answer_on(connection, end)
    if not end:
        connection.write(b"two")
        connection.finish()

    assert recorder.events == ["start /d/x /d", "end 202"]
    assert recorder.outcome.body_bytes == (3 if end else 6)


def test_the_loss_of_a_client_of_a_mounted_delegate_is_seen(recorder: Recorder) -> None:
    app = Application([Mount("/d", Answering())], request_observers=[recorder])
    connection = ask(app, "/d")

    connection.lose()

    assert recorder.events == ["start /d /d", "end 499"]
    assert recorder.outcome.disconnected


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_mounted_application_is_observed_from_outside_and_inside(
    recorder: Recorder, both: bool, method: str
) -> None:
    inside = Recorder()
    inner = Application([("/page", Page)], request_observers=[inside] if both else None)
    app = Application([Mount("/m", inner)], request_observers=[recorder])

    ask(app, "/m/page", method=method)

    end = "end 200" if method == "GET" else "end 403"
    error = [] if method == "GET" else ["error HTTPError"]
    assert recorder.events == ["start /m/page /m", *error, end]
    assert recorder.outcome.route == "/m/page"
    assert inside.events == (["start /m/page /page", *error, end] if both else [])


def test_an_application_in_a_fallback_is_observed_from_outside(recorder: Recorder) -> None:
    app = Application(
        [("/.*", FallbackHandler, {"fallback": Application([("/page", Page)])})],
        request_observers=[recorder],
    )

    ask(app, "/page")

    assert recorder.events == ["start /page /.*", "end 200"]
    assert recorder.outcome.route == "/page"


async def test_a_fallback_that_answers_raw_is_observed(io_loop: IOLoop, recorder: Recorder) -> None:
    def fallback(request: HTTPServerRequest) -> None:
        request.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        request.finish()

    app = Application(
        [("/.*", FallbackHandler, {"fallback": fallback})], request_observers=[recorder]
    )
    async with serving(app) as port, connected(port) as (reader, writer):
        writer.write(raw_get())
        assert (await read_answer(reader))[2] == b"hi"

    assert recorder.events == ["start / /.*", "end 200"]


@stream_request_body
class Upload(RequestHandler):
    def data_received(self, chunk: bytes) -> None: ...

    def post(self) -> None:
        self.write("taken")


@pytest.mark.parametrize("mounted", [True, False])
def test_a_streamed_request_is_observed(recorder: Recorder, mounted: bool) -> None:
    handlers = [("/up", Upload)]
    app = Application(
        [Mount("", Application(handlers))] if mounted else handlers,
        request_observers=[recorder],
    )

    ask(app, "/up", method="POST", body=[b"a", b"b"])

    assert recorder.events == [f"start /up {None if mounted else '/up'}", "end 200"]


async def test_a_body_that_the_server_refuses_has_the_status_that_it_answers(
    io_loop: IOLoop, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    class Small(Upload):
        max_body_size = 10

    app = Application([("/up", Small)], request_observers=[recorder])
    async with serving(app) as port, connected(port) as (reader, writer):
        writer.write(raw_post("/up", b"x" * 11))
        status, _, _ = await read_answer(reader)

    assert status == "HTTP/1.1 413 Content Too Large"
    assert recorder.events == ["start /up /up", "end 413"]
    assert not recorder.outcome.disconnected
    (record,) = [record for record in caplog.records if record.name == "ostro.access"]
    assert (record.levelno, record.getMessage()[:13]) == (logging.WARNING, "413 POST /up ")


@pytest.mark.parametrize("short_cut", [True, False])
async def test_an_answer_that_is_broken_off_here_is_not_the_clients_doing(
    io_loop: IOLoop, recorder: Recorder, short_cut: bool
) -> None:
    async def begin_and_give_up(request: HTTPServerRequest) -> None:
        assert request.connection is not None
        answer_on(request.connection, False)
        await asyncio.sleep(0)
        request.connection.close()
        await asyncio.Event().wait()  # until it is cancelled

    class Breaking(RequestHandler):
        async def get(self) -> None:
            await self.flush()
            raise ValueError

    handler = (
        ("/", Breaking) if short_cut else ("/", FallbackHandler, {"fallback": begin_and_give_up})
    )
    app = Application([handler], request_observers=[recorder])
    async with serving(app) as port, connected(port) as (reader, writer):
        writer.write(raw_get())
        await reader.read()

    assert not recorder.outcome.disconnected


@pytest.mark.parametrize("handler", [Upload, Page])
def test_all_applications_around_a_handler_observe_it(handler: type[RequestHandler]) -> None:
    recorders = [Recorder() for _ in range(4)]
    app = Application([("/x", handler)], request_observers=[recorders[0]])
    for recorder in recorders[1:]:
        app = Application([Mount("", app)], request_observers=[recorder])

    ask(app, "/x", method="POST", body=[b"a"])

    assert [len(recorder.outcomes) for recorder in recorders] == [1, 1, 1, 1]


def test_without_observers_a_mounted_stream_is_not_observed(recorder: Recorder) -> None:
    inner = Application([("/up", Upload)])
    app = Application([Mount("/m", inner)], request_ids=None, cors=None)

    assert ask(app, "/m/up", method="POST", body=b"a").text == "taken"


# The connection in between


class Whole(RequestHandler):
    """Uses all that a connection can do."""

    def initialize(self, use: Callable[[HTTPConnection], object]) -> None:
        self.use = use

    def get(self) -> None:
        assert self.request.connection is not None
        self.use(self.request.connection)


@pytest.mark.parametrize(
    "use",
    [
        lambda c: c.pause_reading(),
        lambda c: c.resume_reading(),
        lambda c: c.detach(),
        lambda c: c.run_on_loop(lambda: None),
    ],
)
def test_what_the_connection_does_not_do_the_one_in_between_does_not_either(
    recorder: Recorder, use: Callable[[HTTPConnection], object]
) -> None:
    app = Application([("/", Whole, {"use": use})], request_observers=[recorder])

    ask(app)

    assert isinstance(recorder.errors[0], NotImplementedError)


def test_what_the_connection_does_the_one_in_between_does_too(recorder: Recorder) -> None:
    def use(connection: HTTPConnection) -> None:
        connection.write_informational(103, HTTPHeaders())
        assert connection.get_ssl_certificate() is None
        assert connection.context.remote_ip == "192.0.2.1"
        assert not connection.loopless
        connection.set_max_body_size(5)
        connection.set_body_timeout(5)
        assert getattr(connection, "start_line").method == "GET"  # noqa: B009 - of MemoryConnection

    app = Application([("/", Whole, {"use": use})], request_observers=[recorder])

    connection = ask(app)

    assert connection.informational == [103]
    assert recorder.errors == []


async def test_a_file_is_counted(io_loop: IOLoop, recorder: Recorder) -> None:
    class Sending(RequestHandler):
        async def get(self) -> None:
            self.set_header("Content-Length", 3)
            await self.flush()
            assert self.request.connection is not None
            await self.request.connection.send_file(io.BytesIO(b"abcde"), 1, 3)

    app = Application([("/", Sending)], request_observers=[recorder])
    async with serving(app) as port, connected(port) as (reader, writer):
        writer.write(raw_get())
        assert (await read_answer(reader))[2] == b"bcd"

    assert recorder.outcome.body_bytes == 3


@pytest.mark.parametrize("mounted", [True, False])
async def test_a_connection_that_is_taken_away_ends_the_request(
    io_loop: IOLoop, recorder: Recorder, mounted: bool
) -> None:
    class Taking(RequestHandler):
        @asynchronous
        def get(self) -> None:
            assert self.request.connection is not None
            stream = self.request.connection.detach()
            stream.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\nraw")
            stream.close()

    app = Application([("/", Taking)], request_observers=[recorder])
    if mounted:
        app = Application([Mount("", app)], request_observers=[Recorder()])
    async with serving(app) as port, connected(port) as (reader, writer):
        writer.write(raw_get())
        assert (await reader.read()).endswith(b"raw")

    assert recorder.events == ["start / /", "end 101"]


def test_a_request_without_a_connection_is_refused_as_ever(recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="has no connection to answer on"):
        site(recorder)(HTTPServerRequest("GET", "/"))


def test_the_default_host_and_a_default_handler_are_observed(recorder: Recorder) -> None:
    app = Application(
        default_host="www.example.com",
        default_handler_class=Page,
        request_observers=[recorder],
    )
    app.add_handlers("www.example.com", [])

    moved = ask(app, "/x")
    ask(app, "/x", headers={"Host": "www.example.com"})

    assert moved.headers["Location"] == "http://www.example.com/x"
    assert recorder.events == ["start /x None", "end 302", "start /x None", "end 200"]
    assert isinstance(moved, MemoryConnection)


def test_where_all_observers_decline_nobody_is_told() -> None:
    app = Application([("/", Page)], request_observers=[lambda request, route: None])

    assert ask(app, method="POST").status == 403
