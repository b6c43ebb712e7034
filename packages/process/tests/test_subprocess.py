import asyncio
import functools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ostro.ioloop import IOLoop
from ostro.process import CalledProcessError, Subprocess

from .support import run

STREAM = Subprocess.STREAM

ECHO = [sys.executable, "-S", "-c", "import sys; sys.stdout.write(sys.stdin.read().upper())"]
UNTIL_EOF = [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"]


def exiting(status: int) -> list[str]:
    return [sys.executable, "-S", "-c", f"raise SystemExit({status})"]


def open_descriptors() -> set[str]:
    return set(os.listdir("/dev/fd"))


@pytest.fixture(params=["pidfd", "thread"], autouse=True)
def way_of_watching(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every behaviour, both ways of noticing an exit."""
    if request.param == "thread":
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    elif not hasattr(os, "pidfd_open"):
        pytest.skip("this platform has no pidfd_open")


async def test_what_is_written_to_stdin_is_read_from_stdout(io_loop: IOLoop) -> None:
    process = Subprocess(ECHO, stdin=STREAM, stdout=STREAM)

    await process.stdin.write(b"hello")
    process.stdin.close()

    assert await process.stdout.read_until_close() == b"HELLO"
    assert await process.wait_for_exit() == 0


async def test_stderr_is_a_stream_of_its_own(io_loop: IOLoop) -> None:
    program = "import sys; sys.stderr.write('bad'); sys.stdout.write('good')"
    process = Subprocess([sys.executable, "-S", "-c", program], stdout=STREAM, stderr=STREAM)

    assert await process.stderr.read_until_close() == b"bad"
    assert await process.stdout.read_until_close() == b"good"
    await process.wait_for_exit()


async def test_without_stream_the_attributes_are_those_of_popen(io_loop: IOLoop) -> None:
    process = Subprocess(exiting(0), stdout=subprocess.PIPE)

    assert process.stdin is None
    assert process.proc.stdout is not None
    assert process.stdout is process.proc.stdout
    await process.wait_for_exit()
    process.proc.stdout.close()


async def test_a_status_other_than_zero_is_an_error(io_loop: IOLoop) -> None:
    process = Subprocess(exiting(3))

    with pytest.raises(CalledProcessError) as caught:
        await process.wait_for_exit()

    assert caught.value.returncode == 3
    assert caught.value.cmd == exiting(3)
    assert process.returncode == 3


async def test_a_status_other_than_zero_is_returned_when_so_asked(io_loop: IOLoop) -> None:
    assert await Subprocess(exiting(3)).wait_for_exit(raise_error=False) == 3


async def test_a_process_ended_by_a_signal_has_its_negative_number(io_loop: IOLoop) -> None:
    process = Subprocess(UNTIL_EOF, stdin=STREAM)

    process.proc.kill()

    assert await process.wait_for_exit(raise_error=False) == -signal.SIGKILL
    process.stdin.close()


async def test_all_who_wait_are_told_and_those_who_come_late_too(io_loop: IOLoop) -> None:
    process = Subprocess(exiting(5))
    first, second = process.wait_for_exit(False), process.wait_for_exit(False)

    assert [await first, await second] == [5, 5]
    assert await process.wait_for_exit(False) == 5
    with pytest.raises(CalledProcessError):
        await process.wait_for_exit()


async def test_cancelling_one_who_waits_touches_neither_process_nor_others(
    io_loop: IOLoop,
) -> None:
    process = Subprocess(UNTIL_EOF, stdin=STREAM)
    impatient, patient = process.wait_for_exit(), process.wait_for_exit()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(impatient, timeout=0)
    process.stdin.close()

    assert await patient == 0


def test_one_who_gives_up_in_the_same_turn_as_the_exit_is_left_alone(io_loop: IOLoop) -> None:
    async def wait() -> int:
        process = Subprocess(UNTIL_EOF, stdin=STREAM)
        cancelled, other = process.wait_for_exit(), process.wait_for_exit()
        other_task = asyncio.ensure_future(other)
        assert isinstance(cancelled, asyncio.Future)
        process.stdin.close()
        process.proc.wait()  # only so that the exit is there before the loop looks
        cancelled.cancel()
        return await other_task

    assert io_loop.run_sync(wait) == 0


async def test_the_exit_callback_gets_the_status(io_loop: IOLoop) -> None:
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    process = Subprocess(exiting(6))

    process.set_exit_callback(told.set_result)

    assert await told == 6


async def test_an_exit_callback_set_after_the_exit_is_called(io_loop: IOLoop) -> None:
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    process = Subprocess(exiting(6))
    await process.wait_for_exit(raise_error=False)

    process.set_exit_callback(told.set_result)

    assert not told.done()
    assert await told == 6


async def test_wait_for_exit_takes_a_callback(io_loop: IOLoop) -> None:
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    Subprocess(exiting(0)).wait_for_exit(callback=told.set_result)

    assert await told == 0


async def test_nothing_is_left_of_a_process_nobody_waits_for(io_loop: IOLoop) -> None:
    before = open_descriptors()
    process = Subprocess(ECHO, stdin=STREAM, stdout=STREAM, stderr=STREAM)
    gone: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    process.set_exit_callback(gone.set_result)

    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()
    await gone

    assert open_descriptors() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)  # noqa: ASYNC222  # does not wait, it looks


async def test_a_program_that_does_not_exist_leaves_no_pipe_open(io_loop: IOLoop) -> None:
    before = open_descriptors()

    with pytest.raises(FileNotFoundError):
        Subprocess(["/no/such/program"], stdin=STREAM, stdout=STREAM, stderr=STREAM)

    assert open_descriptors() == before


async def test_options_of_popen_are_passed_on(io_loop: IOLoop, tmp_path: Path) -> None:
    program = "import os; print(os.getcwd(), os.environ['MINE'])"
    process = Subprocess(
        [sys.executable, "-S", "-c", program], stdout=STREAM, cwd=tmp_path, env={"MINE": "yes"}
    )

    assert await process.stdout.read_until_close() == f"{tmp_path} yes\n".encode()
    await process.wait_for_exit()


async def test_where_pidfd_open_is_refused_a_thread_waits(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(pid: int) -> int:
        raise PermissionError("as in a sandbox")

    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)

    assert await Subprocess(exiting(4)).wait_for_exit(raise_error=False) == 4


async def test_initialize_and_uninitialize_of_older_programs_change_nothing(
    io_loop: IOLoop,
) -> None:
    before = signal.getsignal(signal.SIGCHLD)

    Subprocess.initialize()
    Subprocess.uninitialize()

    assert signal.getsignal(signal.SIGCHLD) == before


def test_the_loop_may_be_given(io_loop: IOLoop) -> None:
    io_loop.clear_current()
    process = Subprocess(exiting(2), io_loop=io_loop)

    assert io_loop.run_sync(functools.partial(process.wait_for_exit, raise_error=False)) == 2


@pytest.mark.parametrize("all_fds", [True, False])
def test_a_process_that_outlives_its_loop_disturbs_nobody(
    tmp_path: Path, request: pytest.FixtureRequest, all_fds: bool
) -> None:
    source = """
        import asyncio, gc, os, sys
        from ostro.ioloop import IOLoop
        from ostro.process import Subprocess
        way, all_fds = sys.argv[1:]
        if way == "thread":
            del os.pidfd_open
        before = sorted(os.listdir("/dev/fd"))
        loop = IOLoop(asyncio.SelectorEventLoop())
        process = Subprocess([sys.executable, "-c", "input()"], stdin=-1, io_loop=loop)
        loop.close(all_fds=all_fds == "True")
        process.stdin.close()
        process.proc.wait()
        gc.collect()
        assert sorted(os.listdir("/dev/fd")) == before
        print("ended")
    """
    way = request.node.callspec.params["way_of_watching"]

    assert run(source, tmp_path, way, str(all_fds))[1] == ["ended"]
