"""One request's life: what is called, in which order, in all three generations of the API."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Generator, Iterator
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import IOLoop
from ostro.web import Application, Finish, RequestHandler, asynchronous

from .recorder import ORDER, Recorder, app_of, run, run_async
from .support import ask, fetch

# In order


def test_a_request_runs_through_initialize_prepare_method_and_on_finish() -> None:
    answer, calls = run(Recorder)

    assert calls == ORDER
    assert (answer.status, answer.text, answer.headers["X-Default"]) == (200, "done", "yes")


def test_a_plain_handler_needs_no_loop() -> None:
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()

    assert run(Recorder)[0].ended


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_each_method_has_its_function(method: str) -> None:
    class Handler(RequestHandler):
        def answer(self, _: str) -> None:
            self.set_header("X-Method", self.request.method)

        get = post = put = patch = delete = options = head = answer

    assert ask(app_of(Handler), method=method).headers["X-Method"] == method


def test_prepare_that_finishes_ends_the_request() -> None:
    class Handler(Recorder):
        def prepare(self) -> None:
            super().prepare()
            self.finish("prepared")

    answer, calls = run(Handler)

    assert answer.text == "prepared"
    assert calls == ["initialize", "prepare", "on_finish"]


async def test_an_asynchronous_prepare_is_waited_for(io_loop: IOLoop) -> None:
    class Handler(Recorder):
        async def prepare(self) -> None:
            await asyncio.sleep(0)
            self.calls.append("prepare")

    answer, calls = await run_async(Handler)

    assert (answer.text, calls) == ("done", ORDER)


async def test_an_asynchronous_prepare_that_finishes_ends_the_request(io_loop: IOLoop) -> None:
    class Handler(Recorder):
        async def prepare(self) -> None:
            await asyncio.sleep(0)
            self.finish("prepared")

    answer, calls = await run_async(Handler)

    assert answer.text == "prepared"
    assert calls == ["initialize", "on_finish"]


async def test_an_asynchronous_prepare_goes_before_an_asynchronous_method(io_loop: IOLoop) -> None:
    class Handler(Recorder):
        @gen.coroutine
        def prepare(self) -> Generator[Any, Any, None]:
            yield gen.moment
            self.calls.append("prepare")

        async def get(self) -> None:
            await asyncio.sleep(0)
            self.calls.append("get")

    assert (await run_async(Handler))[1] == ORDER


async def test_a_method_that_finishes_after_an_asynchronous_prepare(io_loop: IOLoop) -> None:
    class Handler(Recorder):
        async def prepare(self) -> None:
            await asyncio.sleep(0)

        def get(self) -> None:
            self.finish("done")

    assert (await run_async(Handler))[0].text == "done"


# The three generations


async def test_first_generation_a_callback_finishes(io_loop: IOLoop) -> None:
    class Handler(Recorder):
        @asynchronous
        def get(self) -> None:
            self.calls.append("get")
            io_loop.add_callback(self._on_result, "late")

        def _on_result(self, result: str) -> None:
            self.write(result)
            self.finish()

    answer, calls = await run_async(Handler)

    assert (answer.text, calls) == ("late", ORDER)


def test_under_asynchronous_the_response_is_not_finished_when_the_method_returns() -> None:
    class Handler(RequestHandler):
        @asynchronous
        def get(self, _: str) -> None:
            self.write("not yet")

    assert not ask(app_of(Handler)).ended


async def test_second_generation_a_generator_finishes(io_loop: IOLoop) -> None:
    class Handler(Recorder):
        @asynchronous
        @gen.engine
        def get(self) -> Generator[Any, Any, None]:
            self.calls.append("get")
            yield gen.Task(io_loop.add_callback)
            self.write("late")
            self.finish()

    answer, calls = await run_async(Handler)

    assert (answer.text, calls) == ("late", ORDER)


@pytest.mark.parametrize("decorated", [False, True])
async def test_second_generation_a_coroutine_finishes_by_itself(
    io_loop: IOLoop, decorated: bool
) -> None:
    def get(self: Recorder) -> Generator[Any, Any, None]:
        self.calls.append("get")
        yield gen.moment
        self.write("late")

    coroutine = gen.coroutine(get)
    method = asynchronous(coroutine) if decorated else coroutine

    answer, calls = await run_async(type("Handler", (Recorder,), {"get": method}))

    assert (answer.text, calls) == ("late", ORDER)


@pytest.mark.parametrize("decorated", [False, True])
async def test_third_generation_a_native_coroutine_finishes_by_itself(
    io_loop: IOLoop, decorated: bool
) -> None:
    async def get(self: Recorder) -> None:
        self.calls.append("get")
        async with asyncio.timeout(10):
            await asyncio.sleep(0)
        self.write("late")

    method = asynchronous(get) if decorated else get

    answer, calls = await run_async(type("Handler", (Recorder,), {"get": method}))

    assert (answer.text, calls) == ("late", ORDER)


async def test_a_coroutine_may_finish_by_hand(io_loop: IOLoop) -> None:
    class Handler(Recorder):
        async def get(self) -> None:
            await self.finish("by hand")

    assert (await run_async(Handler))[0].text == "by hand"


async def test_a_method_may_return_any_awaitable(io_loop: IOLoop) -> None:
    class Handler(Recorder):
        def get(self) -> Awaitable[object]:
            self.write("done")
            return io_loop.asyncio_loop.run_in_executor(None, int)

    assert (await run_async(Handler))[0].text == "done"


async def test_a_method_may_return_a_list_of_awaitables(io_loop: IOLoop) -> None:
    class Handler(Recorder):
        def get(self) -> list[Awaitable[object]]:
            self.write("done")
            return [asyncio.sleep(0), asyncio.sleep(0)]

    assert (await run_async(Handler))[0].text == "done"


async def test_a_method_may_return_what_finish_returns(io_loop: IOLoop) -> None:
    class Handler(Recorder):
        def get(self) -> Awaitable[None]:
            return self.finish("done")

    assert (await run_async(Handler))[0].text == "done"


@pytest.mark.parametrize("prepared", [True, False])
async def test_a_coroutine_that_returns_its_answer_instead_of_writing_it_is_a_500(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture, prepared: bool
) -> None:
    class Returning(RequestHandler):
        async def get(self) -> dict[str, str]:
            return {"lost": "answer"}

    class Prepared(Returning):
        async def prepare(self) -> None: ...

    answer = await fetch(Application([("/", Prepared if prepared else Returning)]))

    assert answer.status == 500
    assert (
        "get returned dict and wrote nothing; a response is sent with self.write()" in caplog.text
    )


async def _write(handler: RequestHandler) -> None:
    handler.write("x")


async def _flush(handler: RequestHandler) -> None:
    await handler.flush()


async def _finish(handler: RequestHandler) -> None:
    handler.finish("x")


async def _set_status(handler: RequestHandler) -> None:
    handler.set_status(202)


@pytest.mark.parametrize("answer", [_write, _flush, _finish, _set_status])
async def test_what_a_coroutine_returns_beside_its_answer_does_no_harm(
    io_loop: IOLoop,
    answer: Callable[[RequestHandler], Awaitable[None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Returning(RequestHandler):
        async def get(self) -> int:
            await answer(self)
            return 5

    given = await fetch(Application([("/", Returning)]))

    assert given.status in (200, 202)
    assert not caplog.records


async def test_a_coroutine_may_return_what_finish_or_flush_returns(io_loop: IOLoop) -> None:
    class Returning(RequestHandler):
        async def get(self) -> Awaitable[None]:
            return asyncio.get_running_loop().create_future()

    assert (await fetch(Application([("/", Returning)]))).status == 200


@pytest.mark.parametrize(
    ("result", "complaint"),
    [("text", "returned str, expected None or an awaitable"), (5, "returned int")],
)
def test_a_method_that_returns_something_else_is_a_500(
    caplog: pytest.LogCaptureFixture, result: object, complaint: str
) -> None:
    class Handler(Recorder):
        def get(self) -> object:
            return result

    assert run(Handler)[0].status == 500
    assert complaint in caplog.text


def test_a_generator_without_a_decorator_is_a_500_that_says_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Handler(Recorder):
        def get(self) -> Iterator[None]:
            yield

    assert run(Handler)[0].status == 500
    assert "is a generator; decorate it with gen.coroutine" in caplog.text


async def test_requests_do_not_share_context_variables(io_loop: IOLoop) -> None:
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")

    class Handler(RequestHandler):
        async def get(self, name: str) -> None:
            before = user.get()
            user.set(name)
            await asyncio.sleep(0)
            self.write(f"{before} {user.get()}")

    app = app_of(Handler)
    answers = await asyncio.gather(*(fetch(app, f"/{name}") for name in "abc"))

    assert [answer.text for answer in answers] == ["nobody a", "nobody b", "nobody c"]
    assert user.get() == "nobody"


async def test_async_callback_fills_arguments_in(io_loop: IOLoop) -> None:
    class Handler(Recorder):
        @asynchronous
        def get(self) -> None:
            assert self.async_callback(None) is None
            first = self.async_callback(self._first)
            assert first is not None
            io_loop.add_callback(first)

        def _first(self) -> None:
            second = self.async_callback(self._second, "a", last="b")
            assert second is not None
            io_loop.add_callback(second, "-")

        def _second(self, a: str, dash: str, last: str) -> None:
            self.finish(a + dash + last)

    assert (await run_async(Handler))[0].text == "a-b"


# Finish


def test_finish_sends_what_has_been_written() -> None:
    class Handler(Recorder):
        def get(self) -> None:
            self.set_status(202)
            self.write("so far")
            raise Finish

    answer, calls = run(Handler)

    assert (answer.status, answer.text) == (202, "so far")
    assert calls[-1] == "on_finish"


def test_finish_passes_its_argument_on(caplog: pytest.LogCaptureFixture) -> None:
    class Handler(Recorder):
        def prepare(self) -> None:
            raise Finish({"and": "more"})

    assert run(Handler)[0].text == '{"and": "more"}'
    assert not [record for record in caplog.records if record.name != "ostro.access"]


async def test_finish_ends_a_coroutine(io_loop: IOLoop) -> None:
    class Handler(Recorder):
        async def get(self) -> None:
            await asyncio.sleep(0)
            raise Finish("done")

    assert (await run_async(Handler))[0].text == "done"


def test_finish_after_the_end_changes_nothing() -> None:
    class Handler(Recorder):
        def get(self) -> None:
            self.finish("done")
            raise Finish

    assert run(Handler)[0].text == "done"


def test_finish_with_something_that_cannot_be_written_is_a_500() -> None:
    class Handler(Recorder):
        def get(self) -> None:
            raise Finish(["a list"])

    answer, calls = run(Handler)

    assert (answer.status, answer.ended) == (500, True)
    assert calls[-1] == "on_finish"


# Methods


class GetAndPut(RequestHandler):
    def get(self, _: str) -> None: ...
    def put(self, _: str) -> None: ...


@pytest.mark.parametrize("method", ["POST", "HEAD", "PROPFIND", "get", "PREPARE", "X"])
def test_another_method_gets_405_and_is_told_which_are_allowed(method: str) -> None:
    answer = ask(app_of(GetAndPut), method=method)

    assert (answer.status, answer.headers["Allow"]) == (405, "GET, PUT")


@pytest.mark.parametrize("method", RequestHandler.SUPPORTED_METHODS)
def test_a_handler_without_methods_allows_none(method: str) -> None:
    answer = ask(app_of(RequestHandler), method=method)

    assert (answer.status, answer.headers["Allow"]) == (405, "")


def test_a_handler_may_support_methods_of_its_own() -> None:
    class Handler(RequestHandler):
        SUPPORTED_METHODS = (*RequestHandler.SUPPORTED_METHODS, "PROPFIND", "LOCK")

        def propfind(self, _: str) -> None:
            self.write("found")

    assert ask(app_of(Handler), method="PROPFIND").text == "found"
    assert ask(app_of(Handler), method="LOCK").status == 405
    assert ask(app_of(Handler), method="GET").headers["Allow"] == "PROPFIND"


def test_prepare_is_not_called_for_an_unsupported_method() -> None:
    calls: list[str] = []
    ask(Application([("/", Recorder, {"calls": calls})]), method="PROPFIND")

    assert calls == ["initialize", "on_finish"]


def test_a_request_without_a_connection_is_refused() -> None:
    from ostro.httputil import HTTPServerRequest

    with pytest.raises(ValueError, match="no connection to answer on"):
        Recorder(Application(), HTTPServerRequest("GET", "/"), calls=[])
