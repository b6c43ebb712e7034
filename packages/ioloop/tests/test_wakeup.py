"""Signals wake a loop of asyncio, whenever they come."""

import asyncio
import selectors
import signal
import socket
from collections.abc import Iterator

import pytest

from ostro.ioloop import IOLoop, LoopStoppedError

from .support import FakeSelector


class NotingSelector(FakeSelector):
    """Knows whether there has been an event."""

    woken = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(timeout)
        self.woken |= bool(events)
        return events


@pytest.fixture
def foreign() -> Iterator[int]:
    """A socket for the signals of somebody else."""
    woken, wake = socket.socketpair()
    wake.setblocking(False)
    with woken, wake:
        yield wake.fileno()


def wakeup_fd() -> int:
    """Return where signals write to, and have them write nowhere."""
    return signal.set_wakeup_fd(-1)


@pytest.mark.parametrize("method", ["start", "run_sync"])
def test_signal_wakes_the_loop_though_its_handler_does_not(method: str) -> None:
    selector = NotingSelector()
    io_loop = IOLoop(asyncio.SelectorEventLoop(selector))
    selector.on_idle = io_loop.asyncio_loop.stop
    previous = signal.signal(signal.SIGUSR1, lambda *_: None)

    async def wait() -> None:
        await asyncio.sleep(0)
        selector.woken = False  # by add_callback
        signal.raise_signal(signal.SIGUSR1)
        await asyncio.Event().wait()  # until nothing happens any more

    if method == "start":
        io_loop.add_callback(wait)
        io_loop.start()
    else:
        with pytest.raises(LoopStoppedError):
            io_loop.run_sync(wait)
    woken = selector.woken
    io_loop.close()
    signal.signal(signal.SIGUSR1, previous)

    assert woken
    assert wakeup_fd() == -1


def test_who_sees_to_signals_already_goes_on(foreign: int) -> None:
    signal.set_wakeup_fd(foreign)
    io_loop = IOLoop(asyncio.SelectorEventLoop())

    inside = io_loop.run_sync(lambda: asyncio.sleep(0, signal.set_wakeup_fd(foreign)))

    io_loop.close()
    assert (inside, wakeup_fd()) == (foreign, foreign)


def test_who_sees_to_signals_from_now_on_goes_on(foreign: int) -> None:
    io_loop = IOLoop(asyncio.SelectorEventLoop())

    inside = io_loop.run_sync(lambda: asyncio.sleep(0, signal.set_wakeup_fd(foreign)))

    io_loop.close()
    assert inside != -1
    assert wakeup_fd() == foreign


def test_a_loop_runs_in_an_interpreter_to_which_signals_do_not_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("set_wakeup_fd only works in main thread of the main interpreter")

    monkeypatch.setattr(signal, "set_wakeup_fd", refuse)
    io_loop = IOLoop(asyncio.SelectorEventLoop())

    assert io_loop.run_sync(lambda: asyncio.sleep(0, "done")) == "done"

    io_loop.close()
