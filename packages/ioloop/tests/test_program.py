import asyncio
import signal
import sys

import pytest

import ostro.ioloop
from ostro.ioloop import InvalidArgumentError, IOLoop, LoopRunningError


@pytest.fixture(params=["asyncio", "uvloop"], autouse=True)
def kind_of_loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "asyncio":
        monkeypatch.setitem(sys.modules, "uvloop", None)  # import raises ImportError
    else:
        pytest.importorskip("uvloop", reason="pip install uvloop")


async def give() -> int:
    await asyncio.sleep(0)
    return 5


def test_program_may_be_a_coroutine_function() -> None:
    assert ostro.ioloop.run(give) == 5


def test_program_may_be_a_coroutine() -> None:
    assert ostro.ioloop.run(give()) == 5


def test_program_may_be_a_function_that_returns_an_awaitable() -> None:
    assert list(ostro.ioloop.run(lambda: asyncio.gather(give(), give()))) == [5, 5]


def test_program_of_another_kind_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="expected a coroutine function or a coroutine"):
        ostro.ioloop.run(5)  # type: ignore[call-overload]  # the wrong type is what is tested


def test_loop_of_the_program_is_the_instance_while_it_runs() -> None:
    async def main() -> bool:
        return IOLoop.initialized() and IOLoop.current() is IOLoop.instance()

    assert ostro.ioloop.run(main)
    assert not IOLoop.initialized()


def test_program_leaves_the_instance_that_exists() -> None:
    installed = IOLoop.instance()

    async def main() -> IOLoop:
        return IOLoop.instance()

    assert ostro.ioloop.run(main) is installed
    installed.close()


def test_end_of_the_program_cancels_what_is_pending() -> None:
    seen = []

    async def background() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            seen.append("ended")

    async def main() -> None:
        IOLoop.current().spawn_callback(background)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    ostro.ioloop.run(main)

    assert seen == ["ended"]


def test_exception_of_the_program_is_raised() -> None:
    async def fail() -> None:
        raise LookupError("failed")

    with pytest.raises(LookupError, match="failed"):
        ostro.ioloop.run(fail)


def test_control_c_cancels_the_program() -> None:
    seen = []

    async def main() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    with pytest.raises(KeyboardInterrupt):
        ostro.ioloop.run(main)

    assert seen == ["cancelled"]


@pytest.mark.timeout(60, method="thread")  # it would use the same signal otherwise
def test_end_of_the_program_ends_the_blocking_threshold() -> None:
    async def main() -> None:
        IOLoop.current().set_blocking_log_threshold(60)

    ostro.ioloop.run(main)

    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_program_inside_a_running_loop_is_refused() -> None:
    async def main() -> None:
        with pytest.raises(LoopRunningError, match="await the function instead"):
            ostro.ioloop.run(give)

    ostro.ioloop.run(main)


@pytest.mark.parametrize("debug", [True, False])
def test_debug_mode_is_passed_on(debug: bool) -> None:
    async def main() -> bool:
        return asyncio.get_running_loop().get_debug()

    assert ostro.ioloop.run(main, debug=debug) is debug


def test_coroutine_that_is_refused_is_not_left_unawaited() -> None:
    async def main() -> None:
        with pytest.raises(LoopRunningError):
            ostro.ioloop.run(give())

    ostro.ioloop.run(main)
