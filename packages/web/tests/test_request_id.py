"""The id of a request."""

import asyncio
import logging
import re
from contextvars import ContextVar

import pytest

from ostro.ioloop import IOLoop
from ostro.web import (
    Application,
    HTTPError,
    Mount,
    RequestHandler,
    RequestIdFilter,
    RequestIds,
    asynchronous,
    current_request_id,
)

from .support import ask, connected, fetch, raw_get, read_answer, serving

GENERATED = re.compile(r"[0-9a-f]{32}")


class Told(RequestHandler):
    def get(self) -> None:
        self.write(f"{self.request_id} {current_request_id()}")


class InTasks(RequestHandler):
    async def get(self) -> None:
        async def child() -> str:
            await asyncio.sleep(0)
            return current_request_id()

        in_thread = await asyncio.to_thread(current_request_id)
        self.write(f"{self.request_id} {await asyncio.create_task(child())} {in_thread}")


class InCallbacks(RequestHandler):
    @asynchronous
    def get(self) -> None:
        IOLoop.current().add_callback(self.later)

    def later(self) -> None:
        self.finish(f"{self.request_id} {current_request_id()}")


def site(ids: RequestIds | None = None) -> Application:
    return Application(
        [("/", Told), ("/tasks", InTasks), ("/callbacks", InCallbacks)], request_ids=ids
    )


def both(text: str) -> str:
    """The one id that a text of ids has."""
    (request_id,) = set(text.split())
    return request_id


def test_an_id_is_made_for_whoever_asks() -> None:
    first, second = both(ask(site()).text), both(ask(site()).text)

    assert GENERATED.fullmatch(first)
    assert first != second


def test_a_request_that_nobody_asks_has_none() -> None:
    class Silent(RequestHandler):
        def get(self) -> None:
            self.write(current_request_id())

    assert ask(Application([("/", Silent)])).text == "-"


def test_with_ids_each_request_has_one_from_its_beginning() -> None:
    class Early(RequestHandler):
        def initialize(self) -> None:
            self.early = current_request_id()

        def get(self) -> None:
            self.write(f"{self.early} {self.request_id} {current_request_id()}")

    app = Application([("/", Early)], request_ids=RequestIds())

    assert GENERATED.fullmatch(both(ask(app).text))


@pytest.mark.parametrize("given", ["a", "a" * 128, "Root=1-67891233-abcdef0123", "a@b"])
def test_the_id_of_a_trusted_header_is_taken(given: str) -> None:
    app = site(RequestIds(trusted_header="X-Request-ID"))

    assert both(ask(app, headers={"X-Request-ID": given}).text) == given


@pytest.mark.parametrize("given", ["", "a" * 129, "a b", "a,b", "a;b", 'a"b', "é", "<b>", "a\tb"])
def test_what_is_no_id_is_not(given: str) -> None:
    app = site(RequestIds(trusted_header="X-Request-ID"))

    assert GENERATED.fullmatch(both(ask(app, headers={"X-Request-ID": given}).text))


def test_a_header_that_is_not_trusted_is_not_looked_at() -> None:
    assert GENERATED.fullmatch(both(ask(site(RequestIds()), headers={"X-Request-ID": "a"}).text))


def test_the_id_is_repeated_in_each_answer_where_a_header_is_named_for_it() -> None:
    class Failing(RequestHandler):
        def get(self) -> None:
            raise HTTPError(400)

    ids = RequestIds(trusted_header="X-In", response_header="X-Out")
    app = Application([("/", Told), ("/bad", Failing)], request_ids=ids)

    for path, status in [("/", 200), ("/bad", 400), ("/none", 404)]:
        answer = ask(app, path, headers={"X-In": "it"})
        assert (answer.status, answer.headers["X-Out"]) == (status, "it")
    assert "X-Out" not in ask(site(RequestIds(trusted_header="X-In"))).headers


@pytest.mark.parametrize("name", ["", "a b", "a:", "é"])
def test_a_header_that_can_be_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="header"):
        RequestIds(trusted_header=name)
    with pytest.raises(ValueError, match="header"):
        RequestIds(response_header=name)


async def test_tasks_threads_and_callbacks_have_the_id_of_their_request(io_loop: IOLoop) -> None:
    app = site(RequestIds())

    for path in ("/tasks", "/callbacks"):
        assert GENERATED.fullmatch(both((await fetch(app, path)).text))


async def test_requests_on_one_connection_have_an_id_and_a_context_each(io_loop: IOLoop) -> None:
    leaked: ContextVar[str] = ContextVar("leaked", default="nothing")

    class Leaking(RequestHandler):
        def get(self) -> None:
            self.write(f"{leaked.get()} {current_request_id()}")
            leaked.set("something")
            assert self.request_id

    app = Application([("/", Leaking)])
    async with serving(app) as port, connected(port) as (reader, writer):
        for _ in range(3):
            writer.write(raw_get())
            assert (await read_answer(reader))[2] == b"nothing -"
        writer.write(raw_get() * 3)
        for _ in range(3):
            assert (await read_answer(reader))[2] == b"nothing -"


async def test_requests_at_the_same_time_do_not_mix(io_loop: IOLoop) -> None:
    class Meeting(RequestHandler):
        waiting = 0
        all_here = asyncio.Event()

        async def get(self) -> None:
            before = current_request_id()
            Meeting.waiting += 1
            if Meeting.waiting == 10:
                self.all_here.set()
            await self.all_here.wait()
            self.write(f"{before} {current_request_id()}")

    app = Application([("/", Meeting)], request_ids=RequestIds())

    answers = await asyncio.gather(*(fetch(app) for _ in range(10)))

    assert len({both(answer.text) for answer in answers}) == 10


def test_a_mounted_application_has_the_id_of_the_one_around_it() -> None:
    ids = RequestIds(response_header="X-Out")
    app = Application([Mount("/a", site(RequestIds(response_header="X-In")))], request_ids=ids)

    answer = ask(app, "/a")

    assert both(answer.text) == answer.headers["X-Out"] == answer.headers["X-In"]


def test_a_handler_may_set_its_own() -> None:
    class Own(RequestHandler):
        def prepare(self) -> None:
            self.request_id = "own"
            self.route = "mine"

        def get(self) -> None:
            self.write(f"{self.request_id} {self.route}")

    assert ask(Application([("/", Own)], request_ids=RequestIds())).text == "own mine"


def test_the_filter_puts_the_id_into_log_records(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(RequestIdFilter())
    caplog.set_level(logging.INFO, "ostro.access")
    app = site(RequestIds(trusted_header="X-In"))

    ask(app, headers={"X-In": "it"})
    logging.getLogger("ostro.access").info("between requests")

    assert [vars(record)["request_id"] for record in caplog.records] == ["it", "-"]
