"""Which loop a generator runs on, and what that loop keeps alive for it."""

import asyncio

from ostro.ioloop import IOLoop

_ALIVE = "_ostro_gen_alive"
# An attribute of the loop, and no table of this module: what is never finished goes with its loop.


def current_loop() -> asyncio.AbstractEventLoop:
    """Return the running asyncio loop, or the one that is to run in this thread."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return IOLoop.current().asyncio_loop


def alive_on(loop: asyncio.AbstractEventLoop) -> set[object]:
    """Return the set of what must not be garbage-collected while it waits on this loop.

    A generator that waits for a future is referred to by that future, and often by nothing else;
    when the future is only referred to by what the generator holds, both would vanish.
    """
    alive: set[object] | None = getattr(loop, _ALIVE, None)
    if alive is None:
        alive = set()
        setattr(loop, _ALIVE, alive)
    return alive
