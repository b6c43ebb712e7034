"""Signals sent to the parent of forked children."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from ostro.process import _supervisor

from .support import running

PASSED_ON = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]

DRAINING = """
    import signal, sys
    from ostro.process import fork_processes

    mine = fork_processes(2)

    def drain(number, frame):
        say("drained", mine, signal.Signals(number).name)
        sys.exit({status})

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, drain)
    say("ready", mine)
    wait()
"""


@pytest.mark.parametrize("number", PASSED_ON)
def test_a_signal_is_passed_on_and_the_parent_waits_for_the_children_to_drain(
    tmp_path: Path, number: signal.Signals
) -> None:
    with running(DRAINING.format(status=0), tmp_path) as parent:
        assert parent.read_lines(2) == ["ready 0", "ready 1"]

        parent.send(number)

        status, lines, _ = parent.finish()
    assert status == 0
    assert lines == [f"drained 0 {number.name}", f"drained 1 {number.name}"]


def test_the_parent_is_told_once_that_it_stops_and_before_the_children_are(tmp_path: Path) -> None:
    source = DRAINING.format(status=0).replace(
        "fork_processes(2)", 'fork_processes(2, on_stop=lambda: say("stopping"))'
    )
    with running(source, tmp_path) as parent:
        parent.read_lines(2)

        parent.send(signal.SIGTERM)
        first = parent.read_line()
        parent.send(signal.SIGTERM)

        _, lines, _ = parent.finish()
    assert first == "stopping"
    # Not a list: both signals are passed on, and a child that is slow to end tells of both.
    assert set(lines) == {"drained 0 SIGTERM", "drained 1 SIGTERM"}


def test_the_parent_exits_with_status_one_when_a_child_fails_to_drain(tmp_path: Path) -> None:
    with running(DRAINING.format(status="mine"), tmp_path) as parent:
        parent.read_lines(2)

        parent.send(signal.SIGTERM)

        status, lines, _ = parent.finish()
    assert status == 1
    assert lines == ["drained 0 SIGTERM", "drained 1 SIGTERM"]


def test_children_have_the_signal_dispositions_and_the_mask_from_before(tmp_path: Path) -> None:
    source = """
        import signal
        from ostro.process import fork_processes
        def mine(number, frame): ...
        signal.signal(signal.SIGHUP, mine)
        fork_processes(1)
        assert signal.getsignal(signal.SIGHUP) is mine
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL
        assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])
        say("ready")
        wait()
    """
    with running(source, tmp_path) as parent:
        assert parent.read_line() == "ready"

        parent.send(signal.SIGTERM)  # whose default ends the child

        status, _, _ = parent.finish()
    assert status == 0


def test_the_parent_has_its_signals_back_when_it_leaves(tmp_path: Path) -> None:
    source = """
        import signal
        from ostro.process import fork_processes
        def mine(number, frame): ...
        signal.signal(signal.SIGCHLD, mine)
        try:
            fork_processes(1)
        except SystemExit:
            assert signal.getsignal(signal.SIGCHLD) is mine
            assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])
            say("as before")
    """
    with running(source, tmp_path) as parent:
        _, lines, _ = parent.finish()

    assert lines == ["as before"]


def test_after_a_signal_no_child_is_started_again(tmp_path: Path) -> None:
    source = """
        import os, signal, sys
        from ostro.process import fork_processes
        mine = fork_processes(2)
        say("ready", os.getpid())
        signal.signal(signal.SIGHUP, lambda number, frame: sys.exit(9))
        signal.signal(signal.SIGTERM, lambda number, frame: say("term"))
        say("set")
        wait()
    """
    with running(source, tmp_path) as parent:
        children = [line.split()[1] for line in parent.read_lines(4) if line != "set"]
        parent.send(signal.SIGTERM)
        assert parent.read_lines(2) == ["term", "term"]

        for child in children:
            os.kill(int(child), signal.SIGHUP)

        status, lines, _ = parent.finish()
    assert status == 1
    assert lines == []


def test_ctrl_c_at_a_terminal_reaches_each_child_once(tmp_path: Path) -> None:
    source = """
        import os, signal, sys
        from ostro.process import fork_processes
        os.open(sys.argv[1], os.O_RDWR)  # a session leader without a terminal: now it has one
        mine = fork_processes(2)
        seen = []
        def interrupted(number, frame):
            seen.append(number)
            say("interrupted")
        def finish(number, frame):
            say(len(seen))
            sys.exit(0)
        signal.signal(signal.SIGINT, interrupted)
        signal.signal(signal.SIGTERM, finish)
        say("ready")
        wait()
    """
    keyboard, terminal = os.openpty()
    with running(source, tmp_path, os.ttyname(terminal)) as parent:
        parent.read_lines(2)
        os.write(keyboard, b"\x03")
        assert parent.read_lines(2) == ["interrupted", "interrupted"]

        parent.send(signal.SIGTERM)  # is passed on after whatever came before it

        status, lines, _ = parent.finish()
    os.close(keyboard)
    os.close(terminal)
    assert status == 0
    assert lines == ["1", "1"]


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    source = """
        import os, signal, sys
        from ostro.process import fork_processes
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        fork_processes(1)
        say("ready", os.getpid())
        wait()
    """
    with running(source, tmp_path) as parent:
        child = int(parent.read_line().split()[1])
        parent.send(signal.SIGHUP)

        # Had the parent taken it as an order to stop, the child would not be started again.
        os.kill(child, signal.SIGKILL)

        assert parent.read_line().startswith("ready")
        parent.send(signal.SIGTERM)
        assert parent.finish()[0] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs prctl, which Linux has")
def test_the_first_process_of_a_container_reaps_orphans(tmp_path: Path) -> None:
    with running(
        """
        import ctypes, subprocess, time
        from ostro.process import _supervisor, fork_processes

        # What makes the first process what it is, here for one that is not: orphans become its own.
        PR_SET_CHILD_SUBREAPER = 36
        assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        _supervisor.INIT = os.getpid()

        fork_processes(1)

        orphan = int(subprocess.check_output(["sh", "-c", "sleep 0 >&2 & echo $!"]))
        try:
            while True:
                os.kill(orphan, 0)  # it has ended, or soon will have, and is there until reaped
                time.sleep(0.001)  # nobody is told when somebody else reaps it
        except ProcessLookupError:
            say("reaped")
        """,
        tmp_path,
    ) as parent:
        assert parent.read_line() == "reaped"
        assert parent.finish()[0] == 0


def test_a_child_of_somebody_else_is_left_to_them(tmp_path: Path) -> None:
    with running(
        """
        import subprocess
        from ostro.process import fork_processes

        helper = subprocess.Popen(["sh", "-c", "exit 7"])
        os.waitid(os.P_PID, helper.pid, os.WEXITED | os.WNOWAIT)
        try:
            fork_processes(1)
        except SystemExit:
            say("helper", helper.wait())
        """,
        tmp_path,
    ) as parent:
        assert parent.read_line() == "helper 7"
        assert parent.finish()[0] == 0


def test_where_the_sender_of_a_signal_is_unknown_it_is_taken_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(signal, "sigwaitinfo")  # as on macOS
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    taken = _supervisor._wait_for({signal.SIGUSR1})

    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert taken == (signal.SIGUSR1, False)
