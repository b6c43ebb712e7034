"""AsyncTestCase: a loop for each test, waiting, and where exceptions of callbacks go."""

# The assertions are those of unittest, as users of its test cases write them.
# ruff: noqa: PT009, PT027

import asyncio
import contextlib
import functools
import logging
import re
import unittest
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

import pytest

from ostro import gen
from ostro.ioloop import IOLoop
from ostro.stack_context import ExceptionStackContext
from ostro.testing import (
    AsyncTestCase,
    AsyncTestTimeoutError,
    BlockingCallError,
    gen_test,
    get_async_test_timeout,
)
from packages import clocks

from .support import complaint_of, passes, run_case, run_method


class WaitTest(AsyncTestCase):
    """These are tests by themselves."""

    def test_wait_returns_what_stop_was_given(self) -> None:
        self.io_loop.add_callback(self.stop, "result")

        self.assertEqual(self.wait(), "result")

    def test_wait_returns_keyword_arguments_as_a_dict(self) -> None:
        self.io_loop.add_callback(self.stop, code=200, body=b"")

        self.assertEqual(self.wait(), {"code": 200, "body": b""})

    def test_wait_after_stop_returns_at_once(self) -> None:
        self.stop(1)

        self.assertEqual(self.wait(), 1)

    def test_there_may_be_several_waits(self) -> None:
        for expected in (1, 2):
            self.io_loop.add_callback(self.stop, expected)
            self.assertEqual(self.wait(), expected)

    def test_nothing_is_left_of_one_wait_for_the_next(self) -> None:
        self.stop(1)
        self.wait()
        self.io_loop.add_callback(self.stop)

        self.assertIsNone(self.wait())

    def test_wait_goes_on_until_its_condition_holds(self) -> None:
        seen: list[int] = []

        def step(number: int) -> None:
            seen.append(number)
            self.stop(number)
            if number < 3:
                self.io_loop.add_callback(step, number + 1)

        self.io_loop.add_callback(step, 1)

        self.assertEqual(self.wait(condition=lambda: len(seen) == 3), 3)

    def test_a_stop_before_wait_counts_only_if_its_condition_holds(self) -> None:
        ready: list[bool] = []
        self.stop("too early")
        self.io_loop.add_callback(ready.append, True)
        self.io_loop.add_callback(self.stop, "in time")

        self.assertEqual(self.wait(condition=lambda: ready), "in time")

    def test_wait_raises_after_its_timeout(self) -> None:
        with self.assertRaises(AsyncTestTimeoutError) as caught:
            self.wait(timeout=0.001)

        self.assertEqual(caught.exception.timeout, 0.001)
        self.assertIn("0.001 seconds", str(caught.exception))

    def test_the_timeout_counts_for_each_wait_anew(self) -> None:
        with self.assertRaises(AsyncTestTimeoutError):
            self.wait(timeout=0.001)
        self.io_loop.add_callback(self.stop, 1)

        self.assertEqual(self.wait(timeout=50), 1)

    def test_a_timeout_of_0_is_no_limit(self) -> None:
        self.io_loop.add_callback(self.stop, 1)

        self.assertEqual(self.wait(timeout=0), 1)

    def test_stop_takes_one_kind_of_argument(self) -> None:
        with self.assertRaises(TypeError):
            self.stop(1, code=200)


class LoopTest(AsyncTestCase):
    """These are tests by themselves."""

    loops: list[IOLoop] = []

    def test_the_loop_is_current(self) -> None:
        self.assertIs(IOLoop.current(), self.io_loop)
        self.assertIs(asyncio.get_event_loop(), self.io_loop.asyncio_loop)

    def test_each_test_has_its_own_loop(self) -> None:
        self._check_loop()

    def test_each_test_has_its_own_loop_really(self) -> None:
        self._check_loop()

    def _check_loop(self) -> None:
        self.assertNotIn(self.io_loop, self.loops)
        self.loops.append(self.io_loop)


class AsyncMethodsTest(AsyncTestCase):
    """These are tests by themselves."""

    async def asyncSetUp(self) -> None:
        self.steps = ["set up"]
        self.addAsyncCleanup(self.clean_up, "cleaned up")

    async def clean_up(self, step: str) -> None:
        await asyncio.sleep(0)
        self.steps.append(step)

    async def asyncTearDown(self) -> None:
        self.steps.append("torn down")

    async def test_a_coroutine_needs_no_decorator(self) -> None:
        await asyncio.sleep(0)

        self.assertIs(IOLoop.current(), self.io_loop)
        self.assertEqual(self.steps, ["set up"])

    def test_a_generator_needs_no_decorator(self) -> Generator[Any, Any, None]:
        result = yield asyncio.sleep(0, "slept")

        self.assertEqual(result, "slept")

    def test_what_can_be_awaited_may_be_returned(self) -> Any:
        return asyncio.ensure_future(asyncio.sleep(0), loop=self.io_loop.asyncio_loop)

    @gen_test
    def test_a_generator_may_have_the_decorator(self) -> Generator[Any, Any, None]:
        result = yield asyncio.sleep(0, "slept")

        self.assertEqual(result, "slept")

    @gen_test(timeout=50)
    async def test_a_coroutine_may_have_the_decorator(self) -> None:
        await asyncio.sleep(0)

    @gen_test
    def test_a_plain_method_may_have_the_decorator(self) -> None:
        self.assertTrue(self.io_loop.running())

    async def test_a_context_manager_is_left_after_the_test(self) -> None:
        @contextlib.asynccontextmanager
        async def manager() -> AsyncIterator[str]:
            yield "entered"
            self.steps.append("left")

        self.assertEqual(await self.enterAsyncContext(manager()), "entered")
        self.addCleanup(lambda: self.assertNotIn("left", self.steps))


def test_set_up_tear_down_and_cleanups_run_in_order_and_then_the_loop_is_closed() -> None:
    class Case(AsyncMethodsTest):
        def runTest(self) -> None:
            self.steps.append("tested")

    case = Case()
    result = unittest.TestResult()
    case.run(result)

    assert passes(result)
    assert case.steps == ["set up", "tested", "torn down", "cleaned up"]
    assert case.io_loop.asyncio_loop.is_closed()


def test_the_loop_is_closed_when_the_set_up_fails() -> None:
    class Case(AsyncTestCase):
        def setUp(self) -> None:
            super().setUp()
            loops.append(self.io_loop)
            raise ValueError("the subclass's")

        def runTest(self) -> None: ...

    loops: list[IOLoop] = []

    assert "the subclass's" in complaint_of(run_case(Case))
    assert loops[0].asyncio_loop.is_closed()


def test_tasks_that_are_left_are_cancelled() -> None:
    ends: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("cancelled")

    async def method(self: AsyncTestCase) -> None:
        self.task = asyncio.create_task(forever())  # type: ignore[attr-defined]  # to keep it
        await asyncio.sleep(0)

    assert passes(run_method(method))
    assert ends == ["cancelled"]


@pytest.fixture
def no_current_loop() -> None:
    IOLoop.clear_current()


def test_the_loop_that_was_current_is_current_again(io_loop: IOLoop) -> None:
    assert passes(run_method(lambda self: self.assertIsNot(IOLoop.current(), io_loop)))
    assert IOLoop.current() is io_loop


def test_a_loop_that_was_there_before_is_not_closed(io_loop: IOLoop) -> None:
    def get_new_ioloop(self: AsyncTestCase) -> IOLoop:
        return io_loop

    result = run_method(
        lambda self: self.assertIs(self.io_loop, io_loop), get_new_ioloop=get_new_ioloop
    )

    assert passes(result)
    assert not io_loop.asyncio_loop.is_closed()
    assert io_loop.asyncio_loop.get_exception_handler() is None


@pytest.mark.usefixtures("no_current_loop")
def test_the_loop_of_the_process_is_not_closed() -> None:
    def get_new_ioloop(self: AsyncTestCase) -> IOLoop:
        return IOLoop.instance()

    result = run_method(lambda self: None, get_new_ioloop=get_new_ioloop)

    assert passes(result)
    assert not IOLoop.instance().asyncio_loop.is_closed()
    IOLoop.instance().close()
    IOLoop.clear_current()


# Exceptions of callbacks


def broken() -> None:
    raise ZeroDivisionError("in a callback")


@pytest.mark.parametrize("way", ["IOLoop", "asyncio"])
def test_an_exception_of_a_callback_is_raised_by_wait(way: str) -> None:
    def method(self: AsyncTestCase) -> None:
        schedule(self.io_loop, way)
        with self.assertRaisesRegex(ZeroDivisionError, "in a callback"):
            self.wait()
        self.io_loop.add_callback(self.stop)
        self.wait()

    assert passes(run_method(method))


@pytest.mark.parametrize("way", ["IOLoop", "asyncio"])
def test_an_exception_of_a_callback_ends_an_asynchronous_test(way: str) -> None:
    async def method(self: AsyncTestCase) -> None:
        schedule(self.io_loop, way)
        await asyncio.Event().wait()

    assert "ZeroDivisionError: in a callback" in complaint_of(run_method(method))


def schedule(io_loop: IOLoop, way: str) -> None:
    if way == "IOLoop":
        io_loop.add_callback(broken)
    else:
        io_loop.asyncio_loop.call_soon(broken)


def test_an_exception_that_no_wait_has_raised_fails_the_test() -> None:
    async def method(self: AsyncTestCase) -> None:
        self.io_loop.add_callback(broken)
        self.addAsyncCleanup(asyncio.sleep, 0)

    assert "ZeroDivisionError: in a callback" in complaint_of(run_method(method))


def test_an_exception_of_a_callback_comes_beside_that_of_the_test() -> None:
    def method(self: AsyncTestCase) -> None:
        self._failures.add(KeyError("of the callback"))
        raise ValueError("of the test")

    result = run_method(method)

    texts = [text for _, text in result.errors]
    assert len(texts) == 2
    assert "of the test" in texts[0]
    assert "of the callback" in texts[1]


def test_of_several_exceptions_the_first_is_raised_and_the_others_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def method(self: AsyncTestCase) -> None:
        self.io_loop.add_callback(broken)
        self.io_loop.add_callback(functools.partial(int, "another"))
        with self.assertRaises(ZeroDivisionError):
            self.wait()

    assert passes(run_method(method))
    assert "Another exception in a callback of a test" in caplog.text


def test_an_exception_of_work_in_the_background_is_logged_and_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def method(self: AsyncTestCase) -> None:
        self.io_loop.spawn_callback(broken)
        self.io_loop.add_callback(self.stop)
        self.wait()

    assert passes(run_method(method))
    assert "Exception in callback" in caplog.text


def test_an_exception_that_a_stack_context_handles_is_none_of_the_tests() -> None:
    handled: list[BaseException] = []

    def method(self: AsyncTestCase) -> None:
        def handle(kind: type[BaseException], error: BaseException, tb: object) -> bool:
            handled.append(error)
            self.stop()
            return True

        with ExceptionStackContext(handle):
            self.io_loop.add_callback(broken)
        self.wait()

    assert passes(run_method(method))
    assert len(handled) == 1


def test_what_asyncio_complains_of_besides_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def method(self: AsyncTestCase) -> None:
        self.io_loop.asyncio_loop.call_exception_handler({"message": "only a complaint"})

    with caplog.at_level(logging.ERROR):
        assert passes(run_method(method))
    assert "only a complaint" in caplog.text


def test_a_test_can_be_run_without_collecting_its_result() -> None:
    class Case(AsyncTestCase):
        async def runTest(self) -> None:
            self.io_loop.add_callback(broken)
            await asyncio.Event().wait()

    with pytest.raises(ZeroDivisionError):
        Case().debug()


# Mistakes of a test


def test_a_test_that_returns_something_is_told_so() -> None:
    text = complaint_of(run_method(lambda self: 42))

    assert "ReturnValueError" in text
    assert "returned 42, expected None" in text


@pytest.mark.parametrize("decorate", [lambda method: method, gen_test])
def test_so_is_one_that_returns_it_in_the_end(
    decorate: Callable[[Callable[..., Any]], Callable[..., Any]],  # Any: whatever tests return
) -> None:
    async def method(self: AsyncTestCase) -> int:
        return 42

    assert "method returned 42, expected None" in complaint_of(run_method(decorate(method)))


@pytest.mark.parametrize(
    ("name", "other"), [("setUp", "asyncSetUp"), ("tearDown", "asyncTearDown")]
)
def test_a_coroutine_in_the_place_of_a_plain_method_is_told_its_name(name: str, other: str) -> None:
    async def prepare(self: AsyncTestCase) -> None: ...

    case = type("Case", (AsyncTestCase,), {"runTest": lambda self: None, name: prepare})
    text = complaint_of(run_case(case))

    assert f"prepare is a coroutine: name it {other}" in text


def test_a_set_up_that_does_not_call_the_original_is_told_so() -> None:
    text = complaint_of(run_method(lambda self: None, setUp=lambda self: None))

    assert "Case.setUp() has made no loop: it has to call super().setUp()" in text


def test_a_forgotten_await_is_told(recwarn: pytest.WarningsRecorder) -> None:
    async def helper() -> None: ...

    async def method(self: AsyncTestCase) -> None:
        helper()  # type: ignore[unused-coroutine]  # that is the point

    text = complaint_of(run_method(method))

    assert "forgotten await: coroutine 'test_a_forgotten_await_is_told.<locals>.helper'" in text
    assert list(recwarn) == []


def test_other_warnings_are_none_of_its_business() -> None:
    def method(self: AsyncTestCase) -> None:
        import warnings

        warnings.warn("a RuntimeWarning of another kind", RuntimeWarning, stacklevel=1)

    with pytest.warns(RuntimeWarning, match="of another kind"):
        assert passes(run_method(method))


def test_wait_in_a_coroutine_is_told_what_to_do_instead() -> None:
    async def method(self: AsyncTestCase) -> None:
        with self.assertRaisesRegex(BlockingCallError, "await what is to be waited for"):
            self.wait()

    assert passes(run_method(method))


def test_stopping_the_loop_by_hand_is_told() -> None:
    async def method(self: AsyncTestCase) -> None:
        self.io_loop.stop()
        await asyncio.Event().wait()

    assert "LoopStoppedError" in complaint_of(run_method(method))


# Time


def test_a_coroutine_that_takes_too_long_fails_where_it_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ASYNC_TEST_TIMEOUT", "0.01")

    async def method(self: AsyncTestCase) -> None:
        await wait_for_nothing()

    result = run_method(method)

    assert len(result.failures) == 1  # not an error
    text = complaint_of(result)
    assert "was not finished after 0.01 seconds" in text
    assert re.search(r"seconds, waiting at .*test_case\.py:\d+, in wait_for_nothing \(", text)
    assert "await wait_for_nothing()" in text


async def wait_for_nothing() -> None:
    await asyncio.Event().wait()


def test_a_decorated_test_has_the_timeout_of_its_decorator() -> None:
    @gen_test(timeout=0.01)
    def method(self: AsyncTestCase) -> Generator[Any, Any, None]:
        yield wait_for_nothing()

    text = complaint_of(run_method(method))

    assert re.search(r"after 0\.01 seconds, waiting at .*, in wait_for_nothing \(", text)


def test_the_place_is_the_last_in_the_file_of_the_test() -> None:
    @contextlib.asynccontextmanager  # there is a frame of contextlib's between ours
    async def slow() -> AsyncIterator[None]:
        await wait_for_nothing()
        yield

    @gen_test(timeout=0.01)
    async def method(self: AsyncTestCase) -> None:
        async with slow():
            pass

    assert re.search(r"test_case\.py:\d+, in wait_for_nothing", complaint_of(run_method(method)))


def test_a_generator_is_shown_where_it_waits_for_another() -> None:
    @gen.coroutine
    def another() -> Generator[Any, Any, None]:
        yield wait_for_nothing()

    @gen_test(timeout=0.01)
    def method(self: AsyncTestCase) -> Generator[Any, Any, None]:
        yield gen.moment
        loop.now += 0.01
        yield another()

    loop = clocks.StandingLoop()
    text = complaint_of(run_method(method, get_new_ioloop=lambda self: IOLoop(loop)))

    assert re.search(r"waiting at .*test_case\.py:\d+, in method \(", text)
    assert "yield another()" in text


def test_the_timeout_is_5_seconds_or_what_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ASYNC_TEST_TIMEOUT", raising=False)
    assert get_async_test_timeout() == 5

    monkeypatch.setenv("ASYNC_TEST_TIMEOUT", "0.5")
    assert get_async_test_timeout() == 0.5


@pytest.mark.parametrize("text", ["soon", "-1", "nan"])
def test_a_timeout_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ASYNC_TEST_TIMEOUT", text)

    with pytest.raises(ValueError, match="ASYNC_TEST_TIMEOUT is"):
        get_async_test_timeout()
