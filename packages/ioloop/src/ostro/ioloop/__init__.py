"""The event loop: asyncio's loop with callbacks, timeouts, file descriptors and futures.

`IOLoop` is a facade on an asyncio loop, and any asyncio library works on it. `run(main)` runs a
program; `PeriodicCallback` calls something regularly; `deliver` brings the result of an awaitable
to a callback; a `Sweeper` keeps the deadlines of many with one timer.
"""

from ._completed import COMPLETED, Completed
from ._deliver import deliver
from ._errors import (
    HandlerExistsError,
    InvalidArgumentError,
    IOLoopError,
    LoopClosedError,
    LoopExistsError,
    LoopRunningError,
    LoopStoppedError,
    TimeoutError,
    UnknownHandlerError,
)
from ._loop import IOLoop
from ._periodic import PeriodicCallback
from ._program import run
from ._start import start_task
from ._sweeper import NEVER, Alarm, Expiring, RegularSweeper, Sweeper

__all__ = [
    "COMPLETED",
    "NEVER",
    "Alarm",
    "Completed",
    "Expiring",
    "HandlerExistsError",
    "IOLoop",
    "IOLoopError",
    "InvalidArgumentError",
    "LoopClosedError",
    "LoopExistsError",
    "LoopRunningError",
    "LoopStoppedError",
    "PeriodicCallback",
    "RegularSweeper",
    "Sweeper",
    "TimeoutError",
    "UnknownHandlerError",
    "deliver",
    "run",
    "start_task",
]
