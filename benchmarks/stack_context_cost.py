"""What stack_context costs: nothing to speak of while unused, some microseconds while used.

Run it from anywhere with ostro-stack-context and ostro-ioloop installed:

    python benchmarks/stack_context_cost.py

Each line is the best of several rounds, in nanoseconds for one operation.
"""

import asyncio
import contextlib
import timeit
from collections.abc import Callable

from ostro.ioloop import IOLoop
from ostro.stack_context import ExceptionStackContext, StackContext, is_active, wrap

ROUNDS = 7
OPERATIONS = 50_000


def nothing() -> None:
    """Be a callback that costs as little as a callback can."""


def measure(name: str, operation: Callable[[], object]) -> None:
    seconds = min(timeit.repeat(operation, number=OPERATIONS, repeat=ROUNDS))
    print(f"{name:<58}{seconds / OPERATIONS * 1e9:8.0f} ns")


async def measure_loop(name: str, add: Callable[[Callable[[], None]], object]) -> None:
    """Measure scheduling a callback and running it, on a loop that has many of them to do."""
    seconds = []
    for _ in range(ROUNDS):
        start = timeit.default_timer()
        for _ in range(OPERATIONS):
            add(nothing)
        await asyncio.sleep(0)
        seconds.append(timeit.default_timer() - start)
    print(f"{name:<58}{min(seconds) / OPERATIONS * 1e9:8.0f} ns")


def main() -> None:
    loop = IOLoop(asyncio.SelectorEventLoop())
    call_soon = loop.asyncio_loop.call_soon

    print("unused:")
    measure("  call of a function, to compare", nothing)
    measure("  is_active()", is_active)
    loop.run_sync(lambda: measure_loop("  asyncio's call_soon, to compare", call_soon))
    loop.run_sync(lambda: measure_loop("  IOLoop.add_callback", loop.add_callback))

    print("used:")
    with ExceptionStackContext(lambda *_: True):
        measure("  wrap()", lambda: wrap(nothing))
        measure("  call of what one ExceptionStackContext wrapped", wrap(nothing))
        loop.run_sync(lambda: measure_loop("  IOLoop.add_callback", loop.add_callback))
    with StackContext(contextlib.nullcontext), StackContext(contextlib.nullcontext):
        measure("  call of what two StackContexts wrapped", wrap(nothing))
    loop.close()


if __name__ == "__main__":
    main()
