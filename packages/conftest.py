"""What the tests of every package share: a loop of their own, on asyncio and on uvloop."""

import asyncio
import functools
import inspect
import os
import signal
from collections.abc import Iterator

import hypothesis
import pytest

from ostro.ioloop import IOLoop

# How long an example takes, and making one up, says something of the machine, and of what else it
# does.
hypothesis.settings.register_profile(
    "ostro", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("ostro")

ASYNC_TEST_DEADLINE = 45.0
"""Seconds after which a hanging asynchronous test is failed, well before pytest's own timeout."""


def _new_event_loop(kind: str) -> asyncio.AbstractEventLoop:
    if kind == "uvloop":
        uvloop = pytest.importorskip("uvloop", reason="pip install uvloop")
        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        return loop
    return asyncio.SelectorEventLoop()


@pytest.fixture(params=["asyncio", "uvloop"])
def io_loop(request: pytest.FixtureRequest) -> Iterator[IOLoop]:
    """An IOLoop that is current for the test and closed after it."""
    loop = IOLoop(_new_event_loop(request.param))
    loop.make_current()
    yield loop
    loop.clear_current()
    loop.close(all_fds=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Keep an application in debug mode from restarting the tests, whatever ran before.

    And undo what a shell has set up for a command in the background, or nohup: programs inherit
    what is ignored. With a handler it is the default for those that the tests start.
    """
    os.environ["OSTRO_AUTORELOAD"] = "0"
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: None)  # and still survive it


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def` tests that take `io_loop` on that loop."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    loop = pyfuncitem.funcargs.get("io_loop")
    if not isinstance(loop, IOLoop):
        pytest.fail(f"{pyfuncitem.name} is asynchronous and must take the io_loop fixture")
    names = pyfuncitem._fixtureinfo.argnames  # pytest offers no public name for this
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    loop.run_sync(functools.partial(pyfuncitem.obj, **arguments), timeout=ASYNC_TEST_DEADLINE)
    return True
