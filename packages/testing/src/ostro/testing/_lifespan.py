"""An application that is started up for the time of a test."""

from __future__ import annotations

import asyncio

from ostro.web import Application

__all__ = ["Started"]


class Started:
    """Keep an application started up: its setting `lifespan` is entered and left.

    Both happen in one task, whichever tasks call `start` and `end`, since what is entered may
    depend on that. Where there is no Application, nothing happens.
    """

    def __init__(self, application: object) -> None:
        self._application = application if isinstance(application, Application) else None
        self._task: asyncio.Task[None] | None = None
        self._end: asyncio.Event | None = None

    async def start(self) -> None:
        """Start up. Raises StartupError of `ostro.web` where that fails."""
        application = self._application
        if application is None:
            return
        self._end = asyncio.Event()
        started = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(_live(application, started, self._end))
        await asyncio.wait([started, self._task], return_when=asyncio.FIRST_COMPLETED)
        if not started.done():
            started.cancel()
            task, self._task = self._task, None
            task.result()

    async def end(self) -> None:
        """Shut down; idempotent."""
        task, self._task = self._task, None
        if task is not None and self._end is not None:
            self._end.set()
            await task


async def _live(
    application: Application, started: asyncio.Future[None], end: asyncio.Event
) -> None:
    async with application.lifespan():
        started.set_result(None)
        await end.wait()
