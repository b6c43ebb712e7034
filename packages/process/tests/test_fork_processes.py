import signal
import threading
from pathlib import Path

import pytest

from ostro.ioloop import IOLoop
from ostro.process import ForkError, cpu_count, fork_processes, task_id

from .support import run

# What it does with children, seen from outside, in programs of their own.


def test_children_get_the_ids_from_zero_and_the_parent_exits_with_status_zero(
    tmp_path: Path,
) -> None:
    source = """
        from ostro.process import fork_processes, task_id
        assert task_id() is None
        mine = fork_processes(3)
        assert task_id() == mine
        say(mine)
    """

    status, lines, _ = run(source, tmp_path)

    assert status == 0
    assert lines == ["0", "1", "2"]


@pytest.mark.parametrize("count", ["None", "0", "-1"])
def test_no_positive_number_means_one_child_for_each_cpu(tmp_path: Path, count: str) -> None:
    source = f"""
        from ostro.process import fork_processes
        say(fork_processes({count}))
    """

    _, lines, _ = run(source, tmp_path)

    assert lines == sorted(str(n) for n in range(cpu_count()))


def test_no_number_of_restarts_means_the_default(tmp_path: Path) -> None:
    source = """
        from pathlib import Path
        from ostro.process import fork_processes

        fork_processes(1, None)

        failed = Path("failed")
        if not failed.exists():
            failed.touch()
            raise SystemExit(1)
        say("restarted")
    """

    status, lines, _ = run(source, tmp_path)

    assert (status, lines) == (0, ["restarted"])


def test_the_parent_leaves_by_systemexit_when_all_children_end_well(tmp_path: Path) -> None:
    source = """
        import os
        from ostro.process import fork_processes, task_id
        try:
            fork_processes(2)
        except SystemExit as error:
            print("parent", error.code, task_id())
    """

    _, lines, _ = run(source, tmp_path)

    assert lines == ["parent 0 None"]


def test_another_thread_can_tell_the_parent_that_supervises(tmp_path: Path) -> None:
    source = """
        import os, threading, warnings
        from ostro.process import fork_processes, is_supervising
        read, write = os.pipe()
        may_end, end = os.pipe()

        def watch():
            os.read(read, 1)  # a child runs
            say("parent", is_supervising())
            os.write(end, b"!")

        thread = threading.Thread(target=watch)
        thread.start()
        say("before", is_supervising())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the thread
            try:
                fork_processes(1)
            except SystemExit:
                thread.join()
                say("after", is_supervising())
            else:
                say("child", is_supervising())
                os.write(write, b"!")
                os.read(may_end, 1)
                os._exit(0)
    """

    _, lines, _ = run(source, tmp_path)

    assert lines == ["after False", "before False", "child False", "parent True"]


def test_a_child_that_fails_is_started_again_with_the_same_id(tmp_path: Path) -> None:
    source = """
        import sys
        from pathlib import Path
        from ostro.process import fork_processes
        mine = fork_processes(3, max_restarts=1)
        marker = Path(sys.argv[1], "failed")
        if mine == 1 and not marker.exists():
            marker.touch()
            say("failing", mine)
            sys.exit(7)
        say("working", mine)
    """

    status, lines, _ = run(source, tmp_path, str(tmp_path))

    assert status == 0
    assert lines == ["failing 1", "working 0", "working 1", "working 2"]


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGRTMIN + 3, "signal ")]
)
def test_a_child_that_a_signal_ends_is_started_again_and_the_log_names_it(
    tmp_path: Path, number: int, name: str
) -> None:
    source = f"""
        import logging, os, sys
        from pathlib import Path
        from ostro.process import fork_processes
        logging.basicConfig(level=logging.INFO)
        fork_processes(1)
        marker = Path(sys.argv[1], "failed")
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), {int(number)})
        say("working")
    """

    status, lines, log = run(source, tmp_path, str(tmp_path))

    assert status == 0
    assert lines == ["working"]
    assert f"was killed by {name}" in log
    assert "restarting" in log


def test_one_failure_more_than_max_restarts_ends_the_others_and_raises_with_both_figures(
    tmp_path: Path,
) -> None:
    source = """
        import os, signal, sys
        from ostro.process import TooManyRestartsError, fork_processes
        try:
            mine = fork_processes(2, max_restarts=2)
        except RuntimeError as error:
            assert isinstance(error, TooManyRestartsError)
            print("gave up:", error, error.failures, error.max_restarts)
            try:
                os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                print("no child is left")
            sys.exit(4)
        if mine == 0:
            wait()
        say("failing")
        sys.exit(1)
    """

    status, lines, _ = run(source, tmp_path)

    assert status == 4
    assert lines == [
        "failing",
        "failing",
        "failing",
        "gave up: child processes failed 3 times, expected no more than 2 restarts; "
        "the remaining children have been ended 3 2",
        "no child is left",
    ]


def test_a_child_that_ignores_sigterm_is_killed_when_the_parent_gives_up(tmp_path: Path) -> None:
    source = """
        import os, signal, sys
        from ostro.process import TooManyRestartsError, _supervisor, fork_processes
        _supervisor.ENDING_SECONDS = 0.1
        ready, tell = os.pipe()
        try:
            mine = fork_processes(2, max_restarts=0)
        except TooManyRestartsError:
            try:
                os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                print("no child is left")
            sys.exit(0)
        if mine == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.write(tell, b"x")
            wait()
        os.read(ready, 1)
        sys.exit(1)
    """

    _, lines, _ = run(source, tmp_path)

    assert lines == ["no child is left"]


def test_a_fork_that_fails_ends_the_children_there_are(tmp_path: Path) -> None:
    source = """
        import errno, os, signal
        from ostro.process import fork_processes
        fork, times = os.fork, []
        def fork_once():
            times.append(1)
            if len(times) > 1:
                raise OSError(errno.EAGAIN, "no more")
            return fork()
        os.fork = fork_once
        try:
            fork_processes(2)
        except OSError as error:
            try:
                os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                say(error.strerror, "and no child is left")
            os._exit(0)
        wait()
    """

    _, lines, _ = run(source, tmp_path)

    assert lines == ["no more and no child is left"]


def test_each_child_has_random_numbers_of_its_own(tmp_path: Path) -> None:
    source = """
        import random
        from ostro.process import fork_processes
        random.seed(1)
        expected = random.Random(1).random()
        fork_processes(3)
        found = random.random()
        assert found != expected
        say(found)
    """

    status, lines, _ = run(source, tmp_path)

    assert status == 0
    assert len(set(lines)) == 3


def test_what_stands_in_output_buffers_is_written_once(tmp_path: Path) -> None:
    source = """
        import sys
        from ostro.process import fork_processes
        print("before")  # into a buffer, since standard output is a pipe
        sys.stderr = None
        fork_processes(2)
    """

    _, lines, _ = run(source, tmp_path)

    assert lines == ["before"]


def test_output_that_is_closed_is_no_obstacle(tmp_path: Path) -> None:
    source = """
        import sys
        from ostro.process import fork_processes
        sys.stderr.close()
        say(fork_processes(1))
    """

    _, lines, _ = run(source, tmp_path)

    assert lines == ["0"]


def test_a_child_cannot_fork_again(tmp_path: Path) -> None:
    source = """
        from ostro.process import ForkError, fork_processes
        mine = fork_processes(1)
        try:
            fork_processes(1)
        except ForkError as error:
            print(error)
    """

    _, lines, _ = run(source, tmp_path)

    assert lines == ["fork_processes was called in child 0 of fork_processes"]


def test_each_child_may_run_a_loop_of_its_own(tmp_path: Path) -> None:
    source = """
        from ostro.ioloop import IOLoop
        from ostro.process import fork_processes
        mine = fork_processes(2)
        loop = IOLoop.instance()
        loop.add_callback(say, "loop", mine)
        loop.add_callback(loop.stop)
        loop.start()
        loop.close()
    """

    status, lines, _ = run(source, tmp_path)

    assert status == 0
    assert lines == ["loop 0", "loop 1"]


# What it refuses; nothing has been forked when it does.


def test_it_refuses_where_the_current_thread_has_an_ioloop(io_loop: IOLoop) -> None:
    with pytest.raises(ForkError, match="after an IOLoop was made"):
        fork_processes(1)


async def test_it_refuses_where_a_loop_runs(io_loop: IOLoop) -> None:
    with pytest.raises(ForkError, match="while an event loop runs"):
        fork_processes(1)


def test_it_refuses_where_the_loop_of_the_process_exists(tmp_path: Path) -> None:
    source = """
        from ostro.ioloop import IOLoop
        from ostro.process import ForkError, fork_processes
        loop = IOLoop.instance()
        IOLoop.clear_current()
        try:
            fork_processes(1)
        except ForkError as error:
            print(error)
        loop.close()
    """

    _, lines, _ = run(source, tmp_path)

    assert len(lines) == 1
    assert lines[0].startswith("fork_processes was called after an IOLoop was made")


def test_it_refuses_outside_the_main_thread() -> None:
    errors: list[Exception] = []

    def call() -> None:
        try:
            fork_processes(1)
        except ForkError as error:
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()

    assert str(errors[0]) == "fork_processes must be called in the main thread"


def test_it_refuses_on_a_platform_without_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.fork")

    with pytest.raises(ForkError, match="does not have"):
        fork_processes(1)


def test_where_there_is_no_posix_it_can_be_imported_and_refuses(tmp_path: Path) -> None:
    source = """
        import os, signal
        from ostro import iostream
        del os.fork, os.waitpid, os.kill
        for name in ("SIGHUP", "SIGCHLD", "SIGKILL", "pthread_sigmask", "sigwaitinfo", "sigwait"):
            delattr(signal, name)
        from ostro.process import ForkError, fork_processes
        try:
            fork_processes(1)
        except ForkError as error:
            print(error)
    """

    _, lines, _ = run(source, tmp_path)

    assert lines == ["fork_processes needs os.fork, which this platform does not have"]


def test_it_refuses_a_negative_number_of_restarts() -> None:
    with pytest.raises(ValueError, match="max_restarts is -1, expected 0 or more"):
        fork_processes(1, max_restarts=-1)


def test_it_warns_of_live_threads_by_name() -> None:
    finish = threading.Event()
    thread = threading.Thread(target=finish.wait, name="a worker of mine")
    thread.start()

    # Warnings are errors here, so this one comes instead of the fork.
    with pytest.raises(RuntimeWarning, match="a worker of mine"):
        fork_processes(1)

    finish.set()
    thread.join()


def test_outside_of_children_there_is_no_task_id() -> None:
    assert task_id() is None
