"""The recipe in docs/howto/observe.md, with the real SDK of OpenTelemetry."""

import asyncio
import re
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from ostro.httpserver import HTTPServer
from ostro.ioloop import run
from ostro.netutil import bind_sockets
from ostro.web import Application, HTTPError, Mount, RequestHandler, RequestObserver, Router

from .layout import ROOT

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Traces:
    """A tracer, and what it has recorded."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer: Tracer = provider.get_tracer("test")

    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def servers(self) -> dict[str, ReadableSpan]:
        return {
            str(_attributes(s)["url.path"]): s for s in self.spans() if s.kind is SpanKind.SERVER
        }


def _attributes(span: ReadableSpan) -> dict[str, Any]:  # Any: values of several types
    return dict(span.attributes or {})


@pytest.fixture
def traces() -> Traces:
    return Traces()


def recipe(traces: Traces) -> type[RequestObserver]:
    """The observer of the documents, with a tracer of the test."""
    page = (ROOT / "docs/howto/observe.md").read_text()
    block = re.search(r"^## OpenTelemetry$.*?^```python\n(.*?)^```$", page, re.M | re.S)
    assert block
    names: dict[str, Any] = {"__name__": "recipe"}  # Any: a module's names
    exec(compile(block[1], "observe.md", "exec"), names)
    names["tracer"] = traces.tracer
    observer: type[RequestObserver] = names["Traced"]
    return observer


class Working(RequestHandler):
    """Makes a span in each of the ways in which a handler may do its work."""

    def initialize(self, tracer: Tracer) -> None:
        self.tracer = tracer

    def work(self, name: str) -> None:
        with self.tracer.start_as_current_span(f"{name} {self.path_kwargs['word']}"):
            pass

    async def get(self, word: str) -> None:
        called = asyncio.Event()
        self.work("plain")
        await asyncio.sleep(0.01)  # so that others run in between
        self.work("awaited")
        await asyncio.create_task(self.in_task())
        asyncio.get_running_loop().call_soon(self.in_callback, called)
        await called.wait()
        await asyncio.to_thread(self.work, "thread")
        with self.tracer.start_as_current_span(f"open {word}"):
            self.finish("done")  # while a span of its own is the current one

    async def in_task(self) -> None:
        await asyncio.sleep(0)
        self.work("task")

    def in_callback(self, called: asyncio.Event) -> None:
        self.work("callback")
        called.set()

    def post(self, word: str) -> None:
        raise RuntimeError("a bug")

    def put(self, word: str) -> None:
        raise HTTPError(409)


def site(traces: Traces) -> Application:
    kwargs = {"tracer": traces.tracer}
    return Application(
        [
            Router([("/{word:str}", Working, kwargs)], prefix="/words"),
            Mount("/site", Application([("/{word:str}", Working, kwargs)])),
        ],
        request_observers=[recipe(traces)],
        log_function=lambda handler: None,
    )


def ask(traces: Traces, *requests: tuple[str, str]) -> None:
    """Send requests at the same time, each with its method and path, and wait for the answers."""

    async def main() -> None:
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(site(traces))
        server.add_sockets(sockets)
        base = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        asked = [
            urllib.request.Request(base + path, method=method, headers=headers)
            for method, path in requests
        ]
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(len(asked)) as clients:  # handlers use the threads of the loop
            await asyncio.gather(*(loop.run_in_executor(clients, _open, each) for each in asked))
        server.stop()
        await server.drain()

    run(main)


def _open(request: urllib.request.Request) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(request, timeout=60).read()
    except urllib.error.HTTPError as error:
        error.close()


def test_a_server_span_continues_the_trace_of_the_client(traces: Traces) -> None:
    ask(traces, ("GET", "/words/a"))

    span = traces.servers()["/words/a"]
    assert span.context is not None
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == PARENT
    assert (span.name, span.status.status_code) == ("GET /words/{word:str}", StatusCode.UNSET)
    assert _attributes(span).items() >= {
        ("http.route", "/words/{word:str}"),
        ("http.request.method", "GET"),
        ("http.response.status_code", 200),
        ("http.response.body.size", 4),
    }


def test_spans_of_a_handler_are_children_of_their_own_request(traces: Traces) -> None:
    words = [f"w{number}" for number in range(8)]

    ask(traces, *(("GET", f"/words/{word}") for word in words))

    servers = traces.servers()
    ways = {"plain", "awaited", "task", "callback", "thread", "open"}
    for word in words:
        server = servers[f"/words/{word}"]
        assert server.context is not None
        children = {
            span.name.split()[0]
            for span in traces.spans()
            if span.parent is not None and span.parent.span_id == server.context.span_id
            if span.name.endswith(f" {word}")
        }
        assert children == ways
    assert len(traces.spans()) == len(words) * (1 + len(ways))


def test_errors_are_recorded(traces: Traces) -> None:
    ask(traces, ("POST", "/words/a"), ("PUT", "/words/b"), ("GET", "/nowhere"), ("ODD", "/words/c"))

    servers = traces.servers()
    failed, refused, lost, odd = (
        servers[p] for p in ("/words/a", "/words/b", "/nowhere", "/words/c")
    )
    assert failed.status.status_code is StatusCode.ERROR
    (event,) = failed.events
    assert event.attributes is not None
    assert event.attributes["exception.message"] == "a bug"
    assert (refused.status.status_code, refused.events) == (StatusCode.UNSET, ())
    assert _attributes(refused)["http.response.status_code"] == 409
    assert (lost.name, "http.route" in _attributes(lost)) == ("GET", False)
    assert odd.name == "_OTHER /words/{word:str}"


def test_a_mounted_application_is_in_the_trace_with_its_whole_route(traces: Traces) -> None:
    ask(traces, ("GET", "/site/a"))

    assert traces.servers()["/site/a"].name == "GET /site/{word:str}"
