"""What a generator coroutine costs: CPU time per call, ours against Tornado's in one run.

    python benchmarks/gen_cost.py [ROUNDS]

Both decorators run the same generator functions on the same kind of loop (asyncio's), in turns, and
the best of the rounds counts, since machines are noisy. Tornado is a peer, used from outside, and
is left out if it is not installed. The ratio is Tornado's time over ours.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Generator
from typing import Any

from ostro import gen

CALLS = 20_000  # of the coroutine, in one measurement
WAITS = 2_000  # as many, where each call takes a turn of the loop

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]  # Any: either framework's


def one_completed(decorator: Decorator) -> Callable[..., Any]:
    """Yield one future that is done: the whole runs without a turn of the loop."""

    @decorator
    def body(done: "asyncio.Future[int]") -> Generator[Any, Any, int]:
        value: int = yield done
        return value

    return body


def ten_completed(decorator: Decorator) -> Callable[..., Any]:
    """Yield ten futures that are done."""

    @decorator
    def body(done: "asyncio.Future[int]") -> Generator[Any, Any, int]:
        value = 0
        for _ in range(10):
            value = yield done
        return value

    return body


def nothing_yielded(decorator: Decorator) -> Callable[..., Any]:
    """Return at once."""

    @decorator
    def body(done: "asyncio.Future[int]") -> Generator[Any, Any, int]:
        if not done.done():
            yield done
        return 1

    return body


def one_wait(decorator: Decorator) -> Callable[..., Any]:
    """Yield a future that is done at the next turn of the loop."""

    @decorator
    def body(done: "asyncio.Future[int]") -> Generator[Any, Any, int]:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_soon(future.set_result, 1)
        value: int = yield future
        return value

    return body


def nested_three(decorator: Decorator) -> Callable[..., Any]:
    """Yield a coroutine that yields a coroutine that waits a turn of the loop."""
    inner = one_wait(decorator)

    @decorator
    def middle(done: "asyncio.Future[int]") -> Generator[Any, Any, int]:
        value: int = yield inner(done)
        return value

    @decorator
    def body(done: "asyncio.Future[int]") -> Generator[Any, Any, int]:
        value: int = yield middle(done)
        return value

    return body


async def seconds_per_call(body: Callable[..., Any], calls: int) -> float:
    done = asyncio.get_running_loop().create_future()
    done.set_result(1)
    started = time.process_time()
    for _ in range(calls):
        await body(done)
    return (time.process_time() - started) / calls


def peers() -> dict[str, Decorator]:
    found: dict[str, Decorator] = {"ostro": gen.coroutine}
    try:
        import tornado.gen
    except ImportError:
        print("tornado is not installed: no comparison")
    else:
        found["tornado"] = tornado.gen.coroutine
    return found


def measure(
    subject: Callable[[Decorator], Callable[..., Any]],
    decorators: dict[str, Decorator],
    calls: int,
    rounds: int,
) -> None:
    bodies = {name: subject(decorator) for name, decorator in decorators.items()}
    best = dict.fromkeys(bodies, float("inf"))
    for _ in range(rounds):
        for name, body in bodies.items():
            best[name] = min(best[name], asyncio.run(seconds_per_call(body, calls)))
    line = "  ".join(f"{name} {seconds * 1e6:6.2f} us" for name, seconds in best.items())
    ratio = f"  ratio {best['tornado'] / best['ostro']:.2f}" if "tornado" in best else ""
    print(f"{subject.__name__:16} {line}{ratio}")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    decorators = peers()
    for subject in (nothing_yielded, one_completed, ten_completed):
        measure(subject, decorators, CALLS, rounds)
    for subject in (one_wait, nested_three):
        measure(subject, decorators, WAITS, rounds)


if __name__ == "__main__":
    main()
