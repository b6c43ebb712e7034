import signal
import subprocess
import sys
import threading
import time
from types import FrameType

import pytest

from ostro.ioloop import InvalidArgumentError, IOLoop

from .support import fake_time, run_until_idle

# pytest-timeout would use the same signal otherwise.
pytestmark = pytest.mark.timeout(60, method="thread")


def test_action_is_called_while_the_loop_is_blocked(io_loop: IOLoop) -> None:
    seen: list[tuple[int, FrameType | None]] = []

    def block() -> None:
        # From here on: an alarm that comes before the loop runs is none of its business.
        io_loop.set_blocking_signal_threshold(0.01, lambda *alarm: seen.append(alarm))
        # A system call that waits would be entered without a look at a signal that came just
        # before. Giving the interpreter lock away, since Python 3.11 notices a signal that another
        # thread was interrupted by when it takes that again, and not earlier.
        while not seen:
            time.sleep(0)
        io_loop.stop()

    io_loop.add_callback(block)
    io_loop.start()
    io_loop.set_blocking_signal_threshold(None, None)

    number, frame = seen[0]
    assert number == signal.SIGALRM
    assert frame is not None


def test_stack_is_logged_of_where_the_alarm_found_the_loop(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    def block_for_the_log() -> None:
        signal.raise_signal(signal.SIGALRM)
        io_loop.stop()

    io_loop.set_blocking_log_threshold(60)
    io_loop.add_callback(block_for_the_log)
    io_loop.start()
    io_loop.set_blocking_log_threshold(None)

    [record] = caplog.records
    assert record.name == "ostro.general"
    assert record.getMessage().startswith("IOLoop blocked for more than 60.000000 seconds in\n")
    assert "block_for_the_log" in record.getMessage()


def test_alarm_is_pending_only_while_the_loop_runs(io_loop: IOLoop) -> None:
    seen = []

    def look() -> None:
        seen.append(signal.getitimer(signal.ITIMER_REAL)[0] > 0)

    def action(signum: int, frame: FrameType | None) -> None:
        pytest.fail("nothing blocks")

    io_loop.set_blocking_signal_threshold(60, action)
    look()
    io_loop.add_callback(look)
    run_until_idle(io_loop)
    look()
    io_loop.run_sync(look)
    look()
    io_loop.set_blocking_signal_threshold(None, None)
    io_loop.run_sync(look)

    assert seen == [False, True, False, True, False, False]


async def test_threshold_can_be_set_on_a_running_loop(io_loop: IOLoop) -> None:
    io_loop.set_blocking_log_threshold(60)
    pending = signal.getitimer(signal.ITIMER_REAL)[0]
    io_loop.set_blocking_log_threshold(None)

    assert 60 < pending <= 75
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_loop_that_turns_puts_the_alarm_off() -> None:
    pending: list[float] = []

    def look() -> None:
        pending.append(signal.getitimer(signal.ITIMER_REAL)[0])
        io_loop.stop()

    with fake_time() as (io_loop, _):
        io_loop.set_blocking_log_threshold(60)
        io_loop.add_callback(signal.setitimer, signal.ITIMER_REAL, 50)  # as if time went by
        io_loop.call_later(60, look)
        io_loop.start()

    assert 60 < pending[0] <= 75


def test_signal_is_given_back(io_loop: IOLoop) -> None:
    def previous(signum: int, frame: FrameType | None) -> None:
        pytest.fail("no alarm was asked for")

    original = signal.signal(signal.SIGALRM, previous)

    io_loop.set_blocking_log_threshold(60)
    io_loop.set_blocking_log_threshold(50)
    during = signal.getsignal(signal.SIGALRM)
    io_loop.close()

    assert during is not previous
    assert signal.getsignal(signal.SIGALRM) is previous
    signal.signal(signal.SIGALRM, original)


def test_alarm_after_a_foreign_loop_has_ended_is_ignored(io_loop: IOLoop) -> None:
    def action(signum: int, frame: FrameType | None) -> None:
        pytest.fail("the loop is not blocked, it does not run")

    io_loop.set_blocking_signal_threshold(60, action)

    signal.raise_signal(signal.SIGALRM)

    io_loop.set_blocking_signal_threshold(None, None)


def test_no_alarm_is_left_behind_when_a_foreign_loop_ends(io_loop: IOLoop) -> None:
    loop = io_loop.asyncio_loop

    async def main() -> float:
        io_loop.set_blocking_signal_threshold(60, None)  # it would kill a program that goes on
        return signal.getitimer(signal.ITIMER_REAL)[0]

    during = loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_asyncgens())  # as asyncio.run does at its end
    after = signal.getitimer(signal.ITIMER_REAL)[0]
    io_loop.close()

    assert during > 60
    assert after == 0
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_process_is_killed_without_an_action() -> None:
    script = """
import signal
from ostro.ioloop import IOLoop
io_loop = IOLoop()
io_loop.set_blocking_signal_threshold(0.01, None)
def block():
    while True:
        signal.sigwait([signal.SIGUSR1])
io_loop.add_callback(block)
io_loop.start()
"""

    process = subprocess.run([sys.executable, "-c", script], check=False)

    assert process.returncode == -signal.SIGALRM


@pytest.mark.parametrize("seconds", [0, -1])
def test_threshold_that_is_not_above_0_is_refused(io_loop: IOLoop, seconds: float) -> None:
    with pytest.raises(InvalidArgumentError, match="a number above 0, or None"):
        io_loop.set_blocking_log_threshold(seconds)


def test_threshold_is_refused_in_another_thread(io_loop: IOLoop) -> None:
    seen = []

    def in_thread() -> None:
        with pytest.raises(InvalidArgumentError, match="the main thread"):
            io_loop.set_blocking_log_threshold(60)
        seen.append("refused")

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()

    assert seen == ["refused"]
