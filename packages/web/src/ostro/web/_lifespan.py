"""What an application needs from before its first request until after its last one.

This file enters and leaves the context managers of the setting `lifespan`. Who serves, and when
that ends, is `_serving`'s.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, TypeAlias

from .errors import StartupError

if TYPE_CHECKING:
    from ._application import Application

__all__ = ["Lifespan", "alive"]

app_log = logging.getLogger("ostro.application")

Lifespan: TypeAlias = "Callable[[Application], AbstractAsyncContextManager[object]]"
"""Takes the application and returns an asynchronous context manager around all its requests."""

_Entered: TypeAlias = tuple[str, AbstractAsyncContextManager[object]]


@contextlib.asynccontextmanager
async def alive(applications: Sequence[Application]) -> AsyncIterator[None]:
    """Enter what the applications need, in order; leave it in the reverse order.

    Raises StartupError where something cannot be entered; what was entered before is left then.
    What fails when it is left is logged, and the rest is left all the same.
    """
    entered: list[_Entered] = []
    try:
        for application in applications:
            application._alive = True
            await _enter(application, entered)
        yield
    finally:
        for application in applications:
            application._alive = False
        await _leave(entered)


async def _enter(application: Application, entered: list[_Entered]) -> None:
    for hook in _hooks(application):
        name = getattr(hook, "__qualname__", None) or repr(hook)
        try:
            manager = hook(application)
            if not isinstance(manager, AbstractAsyncContextManager):
                raise TypeError(
                    f"it returned {type(manager).__name__}, expected an asynchronous context "
                    "manager; is contextlib.asynccontextmanager missing?"
                )
            await manager.__aenter__()
        except Exception as error:
            raise StartupError(name, error) from error
        entered.append((name, manager))


def _hooks(application: Application) -> list[Lifespan]:
    given = application.settings.get("lifespan")
    if given is None:
        return []
    return [given] if callable(given) else list(given)


async def _leave(entered: list[_Entered]) -> None:
    while entered:
        name, manager = entered.pop()
        try:
            await manager.__aexit__(None, None, None)
        except Exception:  # noqa: BLE001 - whatever it raises, the rest is left, too
            app_log.exception("Uncaught exception in the shutdown of %r", name)
        except BaseException:
            # Cancelled: a second signal, which is for what hangs here, and not for the rest.
            await _leave(entered)
            raise
