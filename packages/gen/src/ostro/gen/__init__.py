"""Write asynchronous code as generators.

`engine` with `Task`, `Callback`, `Wait` and `WaitAll` is for functions that take callbacks;
`coroutine` is for generators that return a future; and all of it waits for whatever can be
awaited: native coroutines, futures of asyncio and concurrent.futures. One Runner steps them all.
"""

from ._convert import convert_yielded, maybe_future, moment
from ._decorators import coroutine, engine, is_coroutine_function
from ._errors import (
    BadYieldError,
    ExhaustedError,
    GenError,
    KeyReuseError,
    LeakedCallbackError,
    ReturnValueIgnoredError,
    TimeoutError,
    UnknownKeyError,
)
from ._keys import Callback, Wait, WaitAll
from ._multi import Multi, multi, multi_future
from ._outcome import Return
from ._points import Arguments, PointHost, YieldPoint
from ._task import Task
from ._timing import sleep, with_timeout
from ._wait_iterator import WaitIterator

__all__ = [
    "Arguments",
    "BadYieldError",
    "Callback",
    "ExhaustedError",
    "GenError",
    "KeyReuseError",
    "LeakedCallbackError",
    "Multi",
    "PointHost",
    "Return",
    "ReturnValueIgnoredError",
    "Task",
    "TimeoutError",
    "UnknownKeyError",
    "Wait",
    "WaitAll",
    "WaitIterator",
    "YieldPoint",
    "convert_yielded",
    "coroutine",
    "engine",
    "is_coroutine_function",
    "maybe_future",
    "moment",
    "multi",
    "multi_future",
    "sleep",
    "with_timeout",
]
