"""Time that is in the hands of a test."""

import asyncio


class StandingLoop(asyncio.SelectorEventLoop):
    """A loop on which no time passes but what a test lets pass, however long the test takes."""

    now = 1000.0
    """Seconds, to be moved on: what is due by then is called in the next turn."""

    def time(self) -> float:
        """Return `now`."""
        return self.now
