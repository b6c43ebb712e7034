"""start() and wait(): programs that watch themselves."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from .support import Program, running, write

NEEDS_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")

PRELUDE = """
import asyncio, importlib, logging, os, signal, socket, sys, threading, time
from ostro.autoreload import add_reload_hook, start, wait, watch
from ostro.ioloop import IOLoop, run

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def on_loop(*functions):
    loop = IOLoop.current()
    for function in functions:
        loop.add_callback(function)
    loop.start()

logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
"""


def prepare(folder: Path, text: str) -> Path:
    """Write a program that says what `helper` says."""
    write(folder / "helper.py", "WORD = 'one'")
    script = folder / "script.py"
    write(script, text)
    script.write_text(PRELUDE + script.read_text())
    return script


def change(folder: Path, program: Program) -> str:
    """Change the module, and return what the next life says."""
    write(folder / "helper.py", "WORD = 'two'")
    return program.read_until("two")


@pytest.mark.parametrize("kind", ["asyncio.SelectorEventLoop", "uvloop.new_event_loop"])
def test_a_running_program_restarts_on_its_loop_after_its_hooks(tmp_path: Path, kind: str) -> None:
    if kind.startswith("uvloop"):
        pytest.importorskip("uvloop", reason="pip install uvloop")
    prepare(
        tmp_path,
        f"""
        import helper
        make = {kind.split(".")[0]!r}
        IOLoop(importlib.import_module(make).{kind.split(".")[1]}()).make_current()
        start(check_time=10)
        add_reload_hook(lambda: say("hook", asyncio.get_running_loop() is not None))
        add_reload_hook(lambda: 1 / 0)
        add_reload_hook(lambda: say("last hook", threading.current_thread().name))
        on_loop(lambda: say(helper.WORD, os.getpid()))
        """,
    )

    with running(tmp_path, "script.py") as program:
        program.read_until(f"one {program.pid}")
        last = change(tmp_path, program)

    told = [line for line in program.output if "hook" in line or "changed" in line]
    assert last == f"two {program.pid}"
    assert told[0] == f"{tmp_path / 'helper.py'} changed, restarting"
    assert told[1:3] == ["hook True", "Uncaught exception in a reload hook"]
    assert told[-1] == "last hook MainThread"
    assert any("ZeroDivisionError" in line for line in program.output)


def test_a_loop_that_is_made_after_start_restarts_the_program(tmp_path: Path) -> None:
    prepare(
        tmp_path,
        """
        import helper
        start(check_time=10)
        add_reload_hook(lambda: say("hook", threading.current_thread().name))

        async def main():
            say(helper.WORD)
            await asyncio.Event().wait()

        run(main)
        """,
    )

    with running(tmp_path, "script.py") as program:
        program.read_until("one")
        change(tmp_path, program)

    assert "hook MainThread" in program.output


def test_a_program_without_a_loop_and_one_that_is_stuck_restart(tmp_path: Path) -> None:
    prepare(
        tmp_path,
        """
        import helper
        start(check_time=10)
        say(helper.WORD)
        if helper.WORD == "one":
            threading.Event().wait()
        from ostro.autoreload import _watcher
        _watcher._STUCK = 0.01
        on_loop(lambda: say("stuck"), lambda: threading.Event().wait())
        """,
    )

    with running(tmp_path, "script.py") as program:
        program.read_until("one")
        change(tmp_path, program)
        program.read_until("stuck")
        write(tmp_path / "helper.py", "WORD = 'three'")
        program.read_until("three")


def test_nothing_of_the_process_is_left_to_the_next_life(tmp_path: Path) -> None:
    prepare(
        tmp_path,
        """
        import subprocess
        import helper
        given = int(sys.argv[1])
        if helper.WORD == "one":
            left = socket.socket()
            os.set_inheritable(left.fileno(), True)
            say("left", left.fileno())
            signal.setitimer(signal.ITIMER_REAL, 1000)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
            os.chdir("/")
        else:
            fds = [int(fd) for fd in os.listdir("/dev/fd")]
            there = [fd for fd in fds if fd > 2 and os.path.exists(f"/dev/fd/{fd}")]
            say("fds", given in fds, [fd for fd in there if os.get_inheritable(fd)] == [given])
            say("timer", signal.getitimer(signal.ITIMER_REAL)[0])
            say("mask", signal.pthread_sigmask(signal.SIG_BLOCK, ()))
            say("folder", os.getcwd())
        start(check_time=10)
        say("variable", os.environ.get("OSTRO_AUTORELOAD"))
        on_loop(lambda: say(helper.WORD))
        """,
    )
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    try:
        with running(tmp_path, "script.py", str(reading), fds=(reading,)) as program:
            program.read_until("one")
            change(tmp_path, program)
    finally:
        os.close(reading)
        os.close(writing)

    assert "fds True True" in program.output
    assert "timer 0.0" in program.output
    assert "mask set()" in program.output
    assert f"folder {tmp_path}" in program.output
    assert program.output.count("variable None") == 2


def test_source_that_does_not_compile_is_reported_and_waited_for(tmp_path: Path) -> None:
    prepare(
        tmp_path,
        """
        import helper
        start(check_time=10)
        on_loop(lambda: say(helper.WORD))
        """,
    )

    with running(tmp_path, "script.py") as program:
        program.read_until("one")
        write(tmp_path / "helper.py", "WORD = (")
        program.read_until("helper.py, line 1: '(' was never closed; waiting for a change")
        write(tmp_path / "helper.py", "WORD = '\0'")
        program.read_until("waiting for a change")
        change(tmp_path, program)


def test_an_edit_in_the_same_second_with_the_same_size_is_run(tmp_path: Path) -> None:
    prepare(
        tmp_path,
        """
        helper = importlib.import_module("helper")
        start(check_time=10)
        on_loop(lambda: say(helper.WORD))
        """,
    )
    helper = tmp_path / "helper.py"
    os.utime(helper, ns=(10**18, 10**18))

    with running(tmp_path, "script.py") as program:
        program.read_until("one")
        assert list((tmp_path / "__pycache__").glob("helper.*.pyc"))
        new = tmp_path / "new"
        new.write_text("WORD = 'two'")
        os.utime(new, ns=(10**18 + 1, 10**18 + 1))
        new.replace(helper)
        program.read_until("two")


def test_a_watched_file_may_be_deleted_and_come_back(tmp_path: Path) -> None:
    template = tmp_path / "page.html"
    template.write_text("one")
    prepare(
        tmp_path,
        """
        import pathlib
        watch("page.html")
        watch(pathlib.Path("later.html"))
        start(check_time=10)
        os.chdir("/")
        file = pathlib.Path(sys.argv[1])
        on_loop(lambda: say(file.read_text() if file.exists() else "gone"))
        """,
    )

    with running(tmp_path, "script.py", str(template)) as program:
        program.read_until("one")
        template.unlink()
        template.write_text("two")
        program.read_until("two")
        (tmp_path / "later.html").write_text("here")
        program.read_until("two")


def test_a_module_that_is_imported_later_is_watched(tmp_path: Path) -> None:
    prepare(
        tmp_path,
        """
        start(check_time=10)

        from ostro.autoreload._watcher import _snapshot

        def later():
            import helper
            if helper.__file__ in _snapshot.paths:
                say(helper.WORD)
            else:
                IOLoop.current().call_later(0.01, later)

        on_loop(later)
        """,
    )

    with running(tmp_path, "script.py") as program:
        program.read_until("one")
        change(tmp_path, program)


def test_an_edit_while_the_program_is_starting_again_is_not_lost(tmp_path: Path) -> None:
    prepare(
        tmp_path,
        """
        import helper
        if helper.WORD == "two":  # saved again, before anything watches
            say("two")
            new = os.path.join(os.path.dirname(__file__), "new")
            with open(new, "w") as file:
                file.write("WORD = 'three'")
            os.replace(new, helper.__file__)
        start(check_time=10)
        on_loop(lambda: say(helper.WORD, "runs"))
        """,
    )

    with running(tmp_path, "script.py") as program:
        program.read_until("one runs")
        change(tmp_path, program)
        program.read_until("three runs")


def test_wait_restarts_a_program_at_its_end_and_a_thread_of_it_only_once(tmp_path: Path) -> None:
    prepare(
        tmp_path,
        """
        import helper
        start(check_time=10)
        say(helper.WORD)
        wait()
        """,
    )

    with running(tmp_path, "script.py") as program:
        program.read_until("one")
        change(tmp_path, program)

    assert program.output.count("two") == 1


@pytest.mark.parametrize("extra", ["None", "broken"])
def test_changes_are_noticed_without_watchfiles(tmp_path: Path, extra: str) -> None:
    broken = """
        import types
        def watch(*args, **kwargs):
            raise OSError("no more watches")
            yield
        extra = types.ModuleType("watchfiles")
        extra.watch = watch
        sys.modules["watchfiles"] = extra
        """
    start = "sys.modules['watchfiles'] = None" if extra == "None" else broken
    prepare(
        tmp_path,
        f"""
        {start}
        import helper
        start(check_time=10)
        on_loop(lambda: say(helper.WORD))
        """,
    )

    with running(tmp_path, "script.py") as program:
        program.read_until("one")
        change(tmp_path, program)

    told = any("cannot be told of changes (no more watches)" in line for line in program.output)
    assert told == (extra == "broken")


@NEEDS_FORK
def test_a_parent_that_watches_restarts_with_its_children(tmp_path: Path) -> None:
    prepare(
        tmp_path,
        """
        import warnings
        import helper
        from ostro.process import fork_processes
        start(check_time=10)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the thread that watches
            task = fork_processes(2)
        on_loop(lambda: say(helper.WORD, task, os.getppid()))
        """,
    )

    with running(tmp_path, "script.py") as program:
        first = {program.read_until("one"), program.read_until("one")}
        second = {change(tmp_path, program), program.read_until("two")}
        program.send(signal.SIGTERM)

        assert program.finish() == 0
    assert first == {f"one {task} {program.pid}" for task in (0, 1)}
    assert second == {f"two {task} {program.pid}" for task in (0, 1)}


@NEEDS_FORK
@pytest.mark.parametrize("function", ["start", "wait"])
def test_children_that_nobody_could_restart_are_told_so(tmp_path: Path, function: str) -> None:
    prepare(
        tmp_path,
        f"""
        from ostro.process import fork_processes
        fork_processes(1)
        {function}()
        say("ended")
        """,
    )

    with running(tmp_path, "script.py") as program:
        assert program.finish() == 0

    assert any("run the program with python -m ostro.autoreload" in s for s in program.output)
    assert "ended" in program.output


def test_the_watching_ends_with_its_loop_and_begins_again_with_another(tmp_path: Path) -> None:
    prepare(
        tmp_path,
        """
        import helper
        first = IOLoop()
        start(first, check_time=1)
        start(first, check_time=1)
        threads = [t for t in threading.enumerate() if t.name == "ostro.autoreload"]
        say("threads", len(threads))
        first.close()
        threads[0].join()
        say("ended")
        start(check_time=10)
        on_loop(lambda: say(helper.WORD))
        """,
    )

    with running(tmp_path, "script.py") as program:
        program.read_until("threads 1")
        program.read_until("ended")
        program.read_until("one")
        change(tmp_path, program)


def test_the_thread_leaves_signals_to_the_main_thread(tmp_path: Path) -> None:
    prepare(
        tmp_path,
        """
        blocked = []

        def look(*_):  # in the thread, before it does anything
            threading.setprofile(None)
            sys.setprofile(None)
            blocked.append(signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
            begun.set()

        begun = threading.Event()
        threading.setprofile(look)
        start(check_time=10)
        begun.wait()
        say("blocked at once", *blocked, "and in the main thread",
            signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}))
        say("ready")
        say("got", signal.sigwait({signal.SIGTERM}).name)
        """,
    )

    with running(tmp_path, "script.py") as program:
        blocked = program.read_until("blocked at once")
        program.read_until("ready")
        program.send(signal.SIGTERM)
        program.read_until("got SIGTERM")

        assert program.finish() == 0
    assert blocked == "blocked at once True and in the main thread False"


@pytest.mark.parametrize(
    ("executable", "message"),
    [("", "cannot restart: there is no"), ("no-program", "cannot restart")],
)
def test_a_program_that_cannot_be_started_again_goes_on(
    tmp_path: Path, executable: str, message: str
) -> None:
    prepare(
        tmp_path,
        """
        import helper
        python = sys.executable
        sys.executable = sys.argv[1]
        start(check_time=10)

        def mended():
            sys.executable = python
            say("mended")

        signal.signal(signal.SIGUSR1, lambda *_: IOLoop.current().add_callback_from_signal(mended))
        on_loop(lambda: say(helper.WORD))
        """,
    )
    no_program = tmp_path / "no-program"
    no_program.write_bytes(b"\x7fELF")
    no_program.chmod(0o755)

    with running(tmp_path, "script.py", executable and str(no_program)) as program:
        program.read_until("one")
        write(tmp_path / "helper.py", "WORD = 'lost'")
        program.read_until(message)
        program.send(signal.SIGUSR1)
        program.read_until("mended")
        change(tmp_path, program)


def test_where_a_process_cannot_be_replaced_another_one_starts(tmp_path: Path) -> None:
    prepare(
        tmp_path,
        """
        import helper
        from ostro.autoreload import _restart
        _restart._replace = _restart._start_another  # as on Windows
        start(check_time=10)
        on_loop(lambda: say(helper.WORD, os.getpid()))
        """,
    )

    with running(tmp_path, "script.py") as program:
        program.read_until("one")
        last = change(tmp_path, program)
        status = program.wait()
        os.kill(int(last.split()[1]), signal.SIGKILL)

    assert status == 0
    assert last != f"two {program.pid}"


def test_descriptors_are_tried_where_the_system_does_not_list_them(tmp_path: Path) -> None:
    from ostro.autoreload._restart import open_fds

    (tmp_path / "5").touch()
    assert open_fds(str(tmp_path)) == [5]
    assert open_fds(str(tmp_path / "missing"))[:4] == [0, 1, 2, 3]


def test_a_folder_that_is_gone_is_still_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ostro.autoreload._restart import first_folder

    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert first_folder() == str(folder)
    folder.rmdir()
    assert first_folder() == os.curdir


@NEEDS_FORK
def test_of_several_who_ask_for_a_restart_one_is_heard(tmp_path: Path) -> None:
    prepare(
        tmp_path,
        """
        from ostro.autoreload import _family, _restart
        say("asked", _family.was_asked())
        _family.found()
        signal.signal(signal.SIGTERM, lambda *_: say("terminated"))
        say("asked", _family.was_asked())
        _family.restart_at_exit()
        _family.ask_parent()
        _family.ask_parent()
        say("asked", _family.was_asked())
        _restart._claim.acquire()  # as if another thread were restarting
        _family.restart_at_exit()
        """,
    )

    with running(tmp_path, "script.py") as program:
        assert program.finish() == 0

    assert program.output == ["asked False", "asked False", "terminated", "asked True"]


def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    from ostro.autoreload import start

    monkeypatch.setenv("OSTRO_AUTORELOAD", "0")
    start()

    assert "ostro.autoreload" not in {thread.name for thread in threading.enumerate()}


def test_a_check_time_that_is_none_is_refused(tmp_path: Path) -> None:
    from ostro.autoreload import start
    from ostro.ioloop import InvalidArgumentError

    for check_time in (0, -1, float("inf"), float("nan")):
        with pytest.raises(InvalidArgumentError, match="check_time"):
            start(check_time=check_time)


def test_a_program_given_as_text_restarts(tmp_path: Path) -> None:
    prepare(tmp_path, "")
    text = (
        "import os, helper\n"
        "from ostro.autoreload import start\n"
        "from ostro.ioloop import IOLoop\n"
        "start(check_time=10)\n"
        "os.write(1, (helper.WORD + '\\n').encode())\n"
        "IOLoop.current().start()\n"
    )

    with running(tmp_path, "-c", text, covered=False) as program:
        program.read_until("one")
        change(tmp_path, program)


def test_python_is_asked_for_when_its_command_line_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ostro.autoreload._restart import command

    monkeypatch.setattr(sys, "orig_argv", ["python"])
    monkeypatch.setattr(sys, "argv", ["embedded.py", "x"])

    assert command() == [sys.executable, "embedded.py", "x"]
