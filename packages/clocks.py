"""Time that is in the hands of a test."""

import asyncio


class FakeClock:
    """A clock that moves when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        """Seconds."""

    def __call__(self) -> float:
        """Return `now`."""
        return self.now


class StandingLoop(asyncio.SelectorEventLoop):
    """A loop on which no time passes but what a test lets pass, however long the test takes."""

    now = 1000.0
    """Seconds, to be moved on: what is due by then is called in the next turn."""

    def time(self) -> float:
        """Return `now`."""
        return self.now
