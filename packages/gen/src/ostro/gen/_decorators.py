"""The decorators: engine and coroutine.

(Any, here: the yields of a generator may be of any type, and so may what is sent to it.)
"""

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine, Generator
from contextvars import copy_context
from types import GeneratorType
from typing import Any, ParamSpec, TypeVar, overload

from ostro.ioloop import Completed, deliver

from ._errors import ReturnValueIgnoredError
from ._loops import current_loop
from ._outcome import Return, settled_future, without_our_frames
from ._runner import Runner

P = ParamSpec("P")
T = TypeVar("T")

_MARK = "__ostro_coroutine__"


# The most specific first.
@overload
def coroutine(func: Callable[P, Generator[Any, Any, T]]) -> Callable[P, asyncio.Future[T]]: ...
@overload
def coroutine(func: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, asyncio.Future[T]]: ...
@overload
def coroutine(func: Callable[P, T]) -> Callable[P, asyncio.Future[T]]: ...
def coroutine(func: Callable[P, Any]) -> Callable[P, asyncio.Future[Any]]:
    """Decorate a generator function: the decorated function returns an asyncio.Future.

    The generator runs at once, up to the first yield of something that is not ready yet, and goes
    on whenever that is there. What it returns (`return value` or `raise gen.Return(value)`) is
    the result of the future, and what it raises its exception; nothing is raised to the caller.
    An exception that nobody retrieves is logged by asyncio. Cancelling the future cancels what
    the generator waits for, or raises CancelledError at its yield.

    It runs in a `contextvars.Context` of its own. It is no asyncio.Task: `asyncio.current_task()`
    is that of the caller up to the first wait, and None afterwards. What needs a task, such as
    `asyncio.timeout`, belongs in an `async def` function; when one is yielded, it runs in a task.

    With the keyword argument `callback` (unless the function has a parameter of this name), the
    result is also passed to that, through the loop, and an exception to the active stack context
    (or it is logged): see `ostro.ioloop.deliver`.

    Other functions may be decorated as well: of an `async def` function the future is a task, and
    of any other it is done at once.

    Args:
        func: A generator function, or any other.

    Raises:
        TypeError: If it is an asynchronous generator function, or not callable.
    """
    _check_decorated(func, "coroutine")
    name = _name_of(func)
    has_own_callback = "callback" in _parameters_of(func)

    @functools.wraps(func)
    def start_coroutine(*args: P.args, **kwargs: P.kwargs) -> asyncio.Future[Any]:
        if kwargs and not has_own_callback and "callback" in kwargs:
            return _start_with_callback(start_coroutine, args, kwargs)
        # The future is in no variable here: this frame may be in the traceback of its exception,
        # and the cycle would delay the report of an exception that nobody retrieves.
        try:
            result = func(*args, **kwargs)
        except Return as end:
            return settled_future(end.value, None)
        except StopIteration as stop:
            # As in generators (PEP 479): a future cannot hold it.
            error = RuntimeError(f"{name} raised StopIteration")
            error.__cause__ = stop
            return settled_future(None, error)
        except (Exception, asyncio.CancelledError) as raised:  # noqa: BLE001 - the future's
            return settled_future(None, without_our_frames(raised))
        return _future_of(result, name)

    setattr(start_coroutine, _MARK, True)
    return start_coroutine


def _start_with_callback(
    start: Callable[..., asyncio.Future[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> asyncio.Future[Any]:
    """Start a coroutine without its argument `callback`, which gets the result as well."""
    callback = kwargs.pop("callback")
    future = start(*args, **kwargs)
    if callback is not None:
        deliver(future, callback)
    return future


def _future_of(result: Any, name: str) -> asyncio.Future[Any]:
    """Run what a decorated function returned, if it is something to run."""
    if isinstance(result, (GeneratorType, Generator)):  # the first is the fast one
        runner = Runner(result, copy_context(), name)
        return runner.start() or settled_future(*runner.outcome())
    if inspect.iscoroutine(result):
        return asyncio.ensure_future(result, loop=current_loop())
    return settled_future(result, None)


def is_coroutine_function(func: object) -> bool:
    """Tell whether a function was decorated with `coroutine`.

    (`async def` functions are not: `inspect.iscoroutinefunction` tells those.)
    """
    return bool(getattr(func, _MARK, False))


def engine(func: Callable[P, object]) -> Callable[P, None]:
    """Decorate a generator function that takes a callback, or needs none: nothing is returned.

    The generator runs at once, up to the first yield of something that is not ready yet. Up to
    there its exceptions are raised to the caller; later they go to the stack context that was
    active at the call, or, if there is none that handles them, to
    `IOLoop.handle_callback_exception`, which logs them. Exceptions in the callbacks that the
    generator starts (through a library that carries the stack context) are thrown into it at the
    yield where it waits.

    `engine` may decorate `async def` functions, which run as tasks, with their exceptions treated
    in the same way; and any other function, which it just calls. It runs an awaitable that such a
    function returns.

    Args:
        func: A generator function, or any other.

    Raises:
        TypeError: If it is an asynchronous generator function, or not callable.
        ReturnValueIgnoredError: When it is called, in the same way as its own exceptions: if the
            generator or `async def` function returns something.
        LeakedCallbackError: In the same way: if the generator ended before it waited for all of
            its callbacks.
    """
    _check_decorated(func, "engine")
    name = _name_of(func)

    @functools.wraps(func)
    def start_engine(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            result = func(*args, **kwargs)
        except Return as end:
            refuse_value(end.value)
            return
        if isinstance(result, Generator):
            future = _start_engine(Runner(result, copy_context(), name), refuse_value)
            if future is not None:
                deliver(future, refuse_value)
        elif inspect.iscoroutine(result):
            deliver(result, refuse_value)
        elif inspect.isawaitable(result) and not isinstance(result, Completed):
            deliver(result, functools.partial(_ignore, func))

    @functools.wraps(func)  # its name is what is logged, if there is no stack context
    def refuse_value(value: object) -> None:
        if value is not None:
            raise ReturnValueIgnoredError(value, name)

    return start_engine


def _start_engine(
    runner: Runner, refuse_value: Callable[[object], None]
) -> asyncio.Future[Any] | None:
    """Start a generator; return its future, or raise how it ended."""
    runner.catch()
    future = runner.start()
    if future is not None:
        return future
    value, error = runner.outcome()
    if error is None:
        refuse_value(value)
        return None
    try:
        raise error
    finally:
        del error  # its traceback refers to this frame


def _ignore(func: object, value: object) -> None:
    """Do nothing with the result of an awaitable that a plain function returned."""


def _check_decorated(func: object, decorator: str) -> None:
    if not callable(func):
        raise TypeError(f"gen.{decorator} decorates functions, not {func!r}")
    if inspect.isasyncgenfunction(func):
        raise TypeError(
            f"gen.{decorator} cannot run {_name_of(func)}, an asynchronous generator function "
            "(both async and yield): use one of the two"
        )


def _name_of(func: object) -> str:
    return getattr(func, "__qualname__", None) or repr(func)


def _parameters_of(func: Callable[..., object]) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(func).parameters)
    except (TypeError, ValueError):  # a function of an extension module
        return frozenset()
