"""What happens when something is raised in one request's life, stage by stage."""

import asyncio
import logging
from collections.abc import Generator
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import IOLoop
from ostro.web import Application, HTTPError, RequestHandler, asynchronous

from .recorder import ORDER, Recorder, app_of, run, run_async
from .support import ask

FAULTS = [
    (ValueError("broken"), 500),
    (HTTPError(403), 403),
    (HTTPError(418, "%s!", "short"), 418),
    (asyncio.CancelledError(), 500),
]


@pytest.mark.parametrize(("error", "status"), FAULTS[:3])
def test_an_exception_in_initialize_is_answered(error: BaseException, status: int) -> None:
    class Handler(RequestHandler):
        def initialize(self) -> None:
            raise error

    assert ask(app_of(Handler)).status == status


@pytest.mark.parametrize(("error", "status"), FAULTS[:3])
def test_an_exception_in_initialize_is_answered_where_there_is_a_body(
    error: BaseException, status: int
) -> None:
    class Handler(RequestHandler):
        def initialize(self) -> None:
            raise error

    assert ask(app_of(Handler), method="POST", body=b"a=b").status == status


def test_an_exception_in_initialize_is_logged_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Handler(RequestHandler):
        def initialize(self) -> None:
            raise ValueError("broken")

    ask(app_of(Handler), "/a")

    assert "Uncaught exception GET /a (192.0.2.1)\nHTTPServerRequest" in caplog.text
    assert "ValueError: broken" in caplog.text


def test_arguments_that_initialize_does_not_take_are_a_500() -> None:
    assert ask(Application([("/", Recorder, {"unknown": 1})])).status == 500


def test_an_exception_in_set_default_headers_is_answered() -> None:
    class Handler(RequestHandler):
        def set_default_headers(self) -> None:
            raise ValueError("broken")

    assert ask(app_of(Handler)).status == 500


@pytest.mark.parametrize(("error", "status"), FAULTS)
@pytest.mark.parametrize("stage", ["prepare", "get"])
def test_an_exception_in_a_plain_function_is_answered(
    stage: str, error: BaseException, status: int
) -> None:
    def fail(self: Recorder) -> None:
        self.write("dropped")
        raise error

    answer, calls = run(type("Handler", (Recorder,), {stage: fail}))

    assert answer.status == status
    assert "dropped" not in answer.text
    assert answer.headers["X-Default"] == "yes"
    assert calls[-1] == "on_finish"


@pytest.mark.parametrize(("error", "status"), FAULTS)
@pytest.mark.parametrize("stage", ["prepare", "get"])
async def test_an_exception_in_a_coroutine_is_answered(
    io_loop: IOLoop, stage: str, error: BaseException, status: int
) -> None:
    async def fail(self: Recorder) -> None:
        self.write("dropped")
        await asyncio.sleep(0)
        raise error

    answer, calls = await run_async(type("Handler", (Recorder,), {stage: fail}))

    assert answer.status == status
    assert "dropped" not in answer.text
    assert calls[-1] == "on_finish"


async def test_an_exception_in_the_method_after_an_asynchronous_prepare(io_loop: IOLoop) -> None:
    class Handler(Recorder):
        async def prepare(self) -> None:
            await asyncio.sleep(0)

        def get(self) -> None:
            raise HTTPError(409)

    assert (await run_async(Handler))[0].status == 409


@pytest.mark.parametrize(("error", "status"), FAULTS[:3])
async def test_an_exception_in_a_decorated_generator_is_answered(
    io_loop: IOLoop, error: BaseException, status: int
) -> None:
    class Handler(Recorder):
        @asynchronous
        @gen.engine
        def get(self) -> Generator[Any, Any, None]:
            yield gen.Task(io_loop.add_callback)
            raise error

    answer, calls = await run_async(Handler)

    assert answer.status == status
    assert calls[-1] == "on_finish"


@pytest.mark.parametrize(("error", "status"), FAULTS[:3])
async def test_an_exception_in_a_callback_under_asynchronous_is_answered(
    io_loop: IOLoop, error: Exception, status: int
) -> None:
    class Handler(Recorder):
        @asynchronous
        def get(self) -> None:
            io_loop.add_callback(self._first)

        def _first(self) -> None:
            io_loop.call_later(0, self._second)

        def _second(self) -> None:
            raise error

    answer, calls = await run_async(Handler)

    assert answer.status == status
    assert calls[-1] == "on_finish"


def test_an_exception_in_a_method_under_asynchronous_is_answered() -> None:
    class Handler(Recorder):
        @asynchronous
        def get(self) -> None:
            raise HTTPError(403)

    answer, calls = run(Handler)

    assert (answer.status, answer.ended) == (403, True)
    assert calls[-1] == "on_finish"


async def test_an_exception_after_the_response_is_logged(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    class Handler(Recorder):
        async def get(self) -> None:
            self.finish("done")
            raise ValueError("too late")

    answer, calls = await run_async(Handler)

    assert (answer.status, answer.text) == (200, "done")
    assert calls.count("on_finish") == 1
    assert "ValueError: too late" in caplog.text


def test_an_exception_that_is_no_error_goes_through() -> None:
    class Handler(Recorder):
        def get(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(Handler)


def test_an_exception_that_is_no_error_goes_through_asynchronous() -> None:
    class Handler(Recorder):
        @asynchronous
        def get(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(Handler)


def test_an_exception_in_on_finish_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Handler(Recorder):
        def on_finish(self) -> None:
            raise ValueError("broken")

    answer, _ = run(Handler)

    assert (answer.status, answer.text) == (200, "done")
    assert "ValueError: broken" in caplog.text


def test_an_exception_in_on_finish_of_an_error_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Handler(Recorder):
        def get(self) -> None:
            raise HTTPError(404)

        def on_finish(self) -> None:
            raise ValueError("broken")

    assert run(Handler)[0].status == 404
    assert "ValueError: broken" in caplog.text


def test_an_exception_in_the_log_function_does_not_keep_on_finish_from_running(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(handler: RequestHandler) -> None:
        raise ValueError("no log")

    calls: list[str] = []
    answer = ask(Application([("/", Recorder, {"calls": calls})], log_function=fail))

    assert (answer.status, calls) == (200, ORDER)
    assert "ValueError: no log" in caplog.text


def test_an_exception_in_log_exception_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Handler(Recorder):
        def get(self) -> None:
            raise ValueError("first")

        def log_exception(self, *_: object) -> None:
            raise ValueError("second")

    assert run(Handler)[0].status == 500
    assert "Uncaught exception in log_exception" in caplog.text
    assert "ValueError: second" in caplog.text


async def test_a_handler_whose_own_task_is_cancelled_answers_500(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    class Handler(Recorder):
        async def get(self) -> None:
            task = asyncio.ensure_future(asyncio.Event().wait())
            io_loop.add_callback(task.cancel)
            await task

    answer, calls = await run_async(Handler)

    assert answer.status == 500
    assert calls[-1] == "on_finish"


async def test_a_handler_that_is_cancelled_after_its_answer_changes_nothing(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    ended = asyncio.Event()

    class Handler(Recorder):
        async def get(self) -> None:
            self.finish("done")
            ended.set()
            raise asyncio.CancelledError

    answer, calls = await run_async(Handler)
    await ended.wait()
    await asyncio.sleep(0)

    assert (answer.status, calls.count("on_finish")) == (200, 1)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
