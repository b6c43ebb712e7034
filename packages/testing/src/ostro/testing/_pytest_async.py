"""Asynchronous tests and fixtures under pytest: those that use our loop run on it.

They are given to pytest as plain functions, so that neither it nor another plugin takes them for
its own. What is marked for another plugin (`asyncio`, `anyio`, `trio`) is left to that one.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any

import pytest

from ostro.ioloop import IOLoop

from ._failures import CallbackFailures
from ._pytest_settings import timeout_of
from ._runner import refuse_result, run_on
from ._timeouts import get_async_test_timeout
from ._warning_trap import FORGOTTEN_AWAIT, WarningTrap
from .errors import ForgottenAwaitError

__all__ = [
    "LOOP",
    "is_asynchronous_fixture",
    "make_synchronous",
    "refuse_foreign_mark",
    "synchronous_fixture",
]

LOOP = "io_loop"
"""The fixture that makes a test one of ours; all the others depend on it."""

OUR_FIXTURES = frozenset(
    {LOOP, "http_server", "http_port", "http_client", "base_url", "ws_connect", "memory_client"}
)

_FOREIGN_MARKS = ("asyncio", "anyio", "trio")


def _foreign_mark(item: pytest.Item) -> str | None:
    return next((name for name in _FOREIGN_MARKS if item.get_closest_marker(name)), None)


def _uses_loop(item: pytest.Function) -> bool:
    asks_for_another = "anyio_backend" in inspect.signature(item.obj).parameters
    return LOOP in item.fixturenames and not asks_for_another


def make_synchronous(item: pytest.Function) -> None:
    """Have an asynchronous test run on our loop, if it uses that and is nobody else's."""
    test = item.obj
    if inspect.iscoroutinefunction(test) and _uses_loop(item) and _foreign_mark(item) is None:
        item.obj = _on_loop_of(item, test)


def refuse_foreign_mark(item: pytest.Item) -> None:
    """Fail a test that would wait for ever: it uses our server, and runs on another loop."""
    mark = _foreign_mark(item)
    if isinstance(item, pytest.Function) and mark is not None and LOOP in item.fixturenames:
        pytest.fail(
            f"{item.name} is marked {mark!r} and uses fixtures of ostro.testing, whose loop would "
            "not run: remove the mark, and it runs on that loop",
            pytrace=False,
        )


def _on_loop_of(
    item: pytest.Function,
    test: Callable[..., Awaitable[object]],
) -> Callable[..., None]:
    @functools.wraps(test)
    def run(**arguments: object) -> None:
        __tracebackhide__ = True
        io_loop = item.funcargs[LOOP]
        assert isinstance(io_loop, IOLoop), f"the fixture {LOOP} gives {io_loop!r}, not an IOLoop"
        run_test(io_loop, item.name, functools.partial(test, **arguments), timeout_of(item))

    return run


def run_test(
    io_loop: IOLoop, name: str, test: Callable[[], Awaitable[object]], timeout: float
) -> None:
    """Run a test on the loop; fail with what its callbacks raise, and for forgotten awaits."""
    __tracebackhide__ = True
    failures = CallbackFailures()
    end = failures.watch(io_loop)
    try:
        with WarningTrap(*FORGOTTEN_AWAIT) as forgotten:
            result = failures.guard(functools.partial(run_on, io_loop, name, test, timeout))
    finally:
        end()
    if forgotten.caught:
        raise ForgottenAwaitError(forgotten.caught)
    refuse_result(name, result)


# Fixtures


_FixtureDef = pytest.FixtureDef[Any]  # Any: a fixture gives what it likes


def is_asynchronous_fixture(fixturedef: _FixtureDef, request: pytest.FixtureRequest) -> bool:
    """Tell whether a fixture is asynchronous and ours to run: it asks for our fixtures, itself or
    through others.
    """
    func = fixturedef.func
    return (
        (inspect.iscoroutinefunction(func) or inspect.isasyncgenfunction(func))
        and not getattr(func, "_force_asyncio_fixture", False)  # @pytest_asyncio.fixture
        and "anyio_backend" not in fixturedef.argnames
        and _asks_for_ours(fixturedef, request)
    )


def _asks_for_ours(fixturedef: _FixtureDef, request: pytest.FixtureRequest) -> bool:
    names: tuple[str, ...] = getattr(fixturedef, "argnames", ())  # `request` is one without
    return not OUR_FIXTURES.isdisjoint(names) or any(
        # pytest has no public name for it. All of them have been set up at this time.
        _asks_for_ours(request._get_active_fixturedef(name), request)
        for name in names
    )


def synchronous_fixture(
    func: Callable[..., Any], io_loop: IOLoop, instance: object
) -> Callable[..., Any]:  # Any: as above
    """Return an asynchronous fixture's function as one that runs on the loop.

    `instance` is that of the class that the test is a method of, if it is one: pytest makes another
    for each test, and its methods are to be called on that.
    """
    if inspect.ismethod(func) and isinstance(instance, type(func.__self__)):
        func = func.__func__.__get__(instance)
    name = func.__qualname__
    timeout = get_async_test_timeout()
    if inspect.iscoroutinefunction(func):

        @functools.wraps(func)
        def run(*args: Any, **kwargs: Any) -> object:
            return run_on(io_loop, name, functools.partial(func, *args, **kwargs), timeout)

        return run

    @functools.wraps(func)
    def run_and_end(*args: Any, **kwargs: Any) -> Generator[object, None, None]:
        generator: AsyncGenerator[object, None] = func(*args, **kwargs)
        yield run_on(io_loop, name, lambda: anext(generator), timeout)
        more = run_on(io_loop, name, lambda: anext(generator, _END), timeout)
        if more is not _END:
            pytest.fail(f"the fixture {name} has more than one yield", pytrace=False)

    return run_and_end


_END = object()
