"""python -m ostro.autoreload: scripts and modules that end, and run again after a change."""

import os
import signal
import sys
import zipfile
from pathlib import Path

import pytest

from ostro.autoreload import main

from .support import running, write

WAITING = "waiting for a change"
COMMAND = ("-m", "ostro.autoreload")
NEEDS_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")


def test_a_script_runs_again_in_the_same_process_with_its_arguments(tmp_path: Path) -> None:
    write(tmp_path / "helper.py", "WORD = 'one'")
    script = """
        import os, sys, helper
        print(helper.WORD, os.getpid(), sys.argv, sys.path[0] == os.path.dirname(__file__),
              __name__, sys.modules["__main__"].__file__ == __file__, sys.flags.optimize,
              sys.flags.dev_mode, flush=True)
        """
    write(tmp_path / "folder.py", "")
    write(tmp_path / "script.py", script)

    with running(
        tmp_path, *COMMAND, "script.py", "-m", "--x=1", "a b", options=("-O", "-X", "dev")
    ) as program:
        first = program.read_until("one")
        program.read_until("script.py ended with status 0; " + WAITING)
        write(tmp_path / "helper.py", "WORD = 'two'")
        second = program.read_until("two")

    arguments = ["script.py", "-m", "--x=1", "a b"]
    assert first == f"one {program.pid} {arguments} True __main__ True 1 True"
    assert second == first.replace("one", "two")


def test_a_module_runs_again_with_the_paths_it_had(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    other = tmp_path / "other"
    other.mkdir()
    write(other / "found.py", "WORD = 'found'")
    source = """
        import os, sys
        import found
        from . import __name__ as name
        print({word!r}, found.WORD, name, sys.argv[1:], flush=True)
        os.chdir("/")
        """
    write(package / "__main__.py", source.format(word="one"))

    with running(
        tmp_path, *COMMAND, "-m", "package", "--flag", environment={"PYTHONPATH": "other"}
    ) as program:
        first = program.read_until("one")
        program.read_until(WAITING)
        write(package / "__main__.py", source.format(word="two"))
        second = program.read_until("two")

    assert first == "one found package ['--flag']"
    assert second == "two found package ['--flag']"


def test_a_script_that_fails_in_any_way_runs_again_once_it_is_mended(tmp_path: Path) -> None:
    script = write(tmp_path / "script.py", "import helper; print('done', flush=True)")

    with running(tmp_path, *COMMAND, "script.py") as program:
        program.read_until("No module named 'helper'")
        program.read_until("ended with status 1; " + WAITING)
        write(tmp_path / "helper.py", "def broken(:\n")
        program.read_until("helper.py, line 1")
        write(tmp_path / "helper.py", "import os\nos.getpid() / 0\n")
        program.read_until("ZeroDivisionError")
        program.read_until("status 1; " + WAITING)
        write(tmp_path / "helper.py", "import sys\nsys.exit('no more')\n")
        program.read_until("no more")
        program.read_until("status 1; " + WAITING)
        write(tmp_path / "helper.py", "import sys\nsys.exit(3)\n")
        program.read_until("status 3; " + WAITING)
        write(tmp_path / "helper.py", "")
        program.read_until("done")
        program.read_until("status 0; " + WAITING)
        program.send(signal.SIGTERM)
        status = program.finish()

    assert status == -signal.SIGTERM
    assert not any("ostro/autoreload" in line for line in program.output)  # no frames of ours
    assert script.exists()


def test_a_script_that_cannot_be_compiled_is_waited_for(tmp_path: Path) -> None:
    write(tmp_path / "script.py", "print('one'\n")

    with running(tmp_path, *COMMAND, "--until-success", "script.py") as program:
        program.read_until("SyntaxError")
        program.read_until("status 1; " + WAITING)
        write(tmp_path / "script.py", "print('two')\n")
        status = program.finish()

    assert status == 0
    assert program.output[-1] == "two"


@pytest.mark.parametrize("name", ["package.late", "late"])
def test_a_module_that_is_missing_is_waited_for(tmp_path: Path, name: str) -> None:
    with running(tmp_path, *COMMAND, "--until-success", "-m", name) as program:
        program.read_until("status 1; " + WAITING)
        (tmp_path / "package").mkdir()
        write(tmp_path / "late.py", "print('here')")
        write(tmp_path / "package" / "late.py", "print('here')")
        write(tmp_path / "package" / "__init__.py", "")
        program.read_until("here")

        assert program.finish() == 0


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_folder_and_a_zip_file_are_run_by_their_main_module(tmp_path: Path, kind: str) -> None:
    program_text = "import sys, part; print(part.WORD, sys.argv[1:])"
    target = tmp_path / "target"
    if kind == "folder":
        target.mkdir()
        write(target / "__main__.py", program_text)
        write(target / "part.py", "WORD = 'here'")
    else:
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("__main__.py", program_text)
            archive.writestr("part.py", "WORD = 'here'")

    with running(tmp_path, *COMMAND, "--until-success", "target", "x") as program:
        program.read_until("here ['x']")

        assert program.finish() == 0


def test_signal_handlers_of_the_script_do_not_keep_the_waiting_alive(tmp_path: Path) -> None:
    write(
        tmp_path / "script.py",
        """
        import signal
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        """,
    )

    for number in (signal.SIGINT, signal.SIGTERM):
        with running(tmp_path, *COMMAND, "script.py") as program:
            program.read_until(WAITING)
            program.send(number)

            assert program.finish() == -number


def test_without_a_path_for_imports_the_script_gets_none(tmp_path: Path) -> None:
    write(tmp_path / "script.py", f"import sys; sys.exit({str(tmp_path)!r} in sys.path)")

    with running(tmp_path, *COMMAND, "--until-success", "script.py", options=("-P",)) as program:
        assert program.finish() == 0


def test_interrupting_the_script_ends_it(tmp_path: Path) -> None:
    write(tmp_path / "script.py", "raise KeyboardInterrupt")

    with running(tmp_path, *COMMAND, "script.py") as program:
        assert program.finish() != 0

    assert "KeyboardInterrupt" in program.output


@NEEDS_FORK
def test_several_processes_are_restarted_together(tmp_path: Path) -> None:
    write(tmp_path / "helper.py", "WORD = 'one'")
    write(
        tmp_path / "script.py",
        """
        import os
        from ostro.autoreload import start
        from ostro.ioloop import IOLoop
        from ostro.process import fork_processes

        task = fork_processes(2)
        import helper
        loop = IOLoop.current()
        start(loop, check_time=10)
        line = f"{helper.WORD} {task} of {os.getppid()}\\n"
        loop.add_callback(lambda: os.write(1, line.encode()))
        loop.start()
        """,
    )

    with running(tmp_path, *COMMAND, "script.py") as program:
        first = {program.read_until("one"), program.read_until("one")}
        write(tmp_path / "helper.py", "WORD = 'two'")
        second = {program.read_until("two"), program.read_until("two")}
        program.send(signal.SIGTERM)
        program.read_until("ended with status 0; " + WAITING)

    assert first == {f"one {task} of {program.pid}" for task in (0, 1)}
    assert second == {f"two {task} of {program.pid}" for task in (0, 1)}


@NEEDS_FORK
@pytest.mark.parametrize("ending", ["pass", "sys.exit(0)", "raise ValueError('wrong')"])
def test_a_forked_child_of_the_script_ends_where_the_script_does(
    tmp_path: Path, ending: str
) -> None:
    write(
        tmp_path / "script.py",
        f"""
        import os, sys
        child = os.fork()
        if not child:
            {ending}
        else:
            print("child:", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        """,
    )

    with running(tmp_path, *COMMAND, "--until-success", "script.py") as program:
        program.read_until("child: 1" if "raise" in ending else "child: 0")

        assert program.finish() == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there is nothing to run"),
        (["--until-success"], "there is nothing to run"),
        (["-m"], "-m needs the name of a module"),
        (["--until-failure", "x.py"], "unknown option --until-failure"),
        (["no-such-file.py"], "there is no no-such-file.py"),
    ],
)
def test_a_command_line_without_sense_is_refused(
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["autoreload", *arguments])

    with pytest.raises(SystemExit) as ending:
        main()

    assert ending.value.code == 2
    assert capsys.readouterr().err.endswith(f"ostro.autoreload: {message}\n")


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_shown(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["autoreload", option, "script.py"])

    with pytest.raises(SystemExit) as ending:
        main()

    assert ending.value.code == 0
    assert "--until-success" in capsys.readouterr().out


def test_a_module_may_stand_right_after_its_option(tmp_path: Path) -> None:
    write(tmp_path / "word.py", "print('here')")

    with running(tmp_path, *COMMAND, "--until-success", "-mword") as program:
        assert program.finish() == 0

    assert "here" in program.output


def test_a_program_that_is_told_to_end_is_not_waited_for(tmp_path: Path) -> None:
    write(
        tmp_path / "script.py",
        """
        import os, signal, sys
        from ostro.autoreload import end_with_program

        def on_signal(*_):
            end_with_program()
            sys.exit(3)

        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)  # signal.pause would not see what comes just before it
        signal.signal(signal.SIGTERM, on_signal)
        print("ready", flush=True)
        while True:
            os.read(woken, 1)
        """,
    )

    with running(tmp_path, *COMMAND, "script.py") as program:
        program.read_until("ready")
        program.send(signal.SIGTERM)

        assert program.finish() == 3

    assert not any(WAITING in line for line in program.output)
