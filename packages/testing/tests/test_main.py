"""The runner: what is run, with which options, and how it ends."""

import os
import signal
import subprocess
import sys
import textwrap
import unittest
from pathlib import Path

import pytest

from ostro import autoreload, testing
from ostro.options import options

MODULE = """
    import unittest

    class FirstTest(unittest.TestCase):
        def test_one(self): ...
        def test_two(self): ...

    class SecondTest(unittest.TestCase):
        def test_three(self): ...
"""
SCRIPT = """
    from ostro import testing
    {all}
    if __name__ == "__main__":
        testing.main({arguments})
"""
ALL = """
    def all():
        return unittest.defaultTestLoader.loadTestsFromTestCase(SecondTest)
"""


def execute(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run Python in a folder; return how it ended and what it said."""
    words = [sys.executable, "-W", "error", *arguments]
    done = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stdout + done.stderr


def script(folder: Path, all: str = "", arguments: str = "") -> str:
    source = SCRIPT.format(all=textwrap.indent(textwrap.dedent(all), "    "), arguments=arguments)
    (folder / "runtests.py").write_text(textwrap.dedent(MODULE) + textwrap.dedent(source))
    return "runtests.py"


def test_modules_classes_and_methods_are_named_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "some_tests.py").write_text(textwrap.dedent(MODULE))

    for name, count in (("some_tests", 3), ("some_tests.FirstTest", 2)):
        status, said = execute(tmp_path, "-m", "ostro.testing", name, "--logging=none", "-v")
        assert status == 0
        assert f"Ran {count} test" in said


def test_without_a_name_tests_are_discovered(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(textwrap.dedent(MODULE))

    assert "Ran 3 tests" in execute(tmp_path, "-m", "ostro.testing")[1]


class Run:
    """A call of `main` in this process, which runs no test but notes what it would run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
        self.arguments: dict[str, object] = {}
        monkeypatch.setattr(sys, "argv", ["runtests.py", *words])
        monkeypatch.setattr(unittest, "main", lambda **arguments: self.arguments.update(arguments))


@pytest.fixture(autouse=True)
def main_module(monkeypatch: pytest.MonkeyPatch) -> object:
    """A module that stands for `__main__`."""
    module = type(sys)("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    return module


@pytest.mark.parametrize(
    ("words", "others"),
    [
        ((), []),
        (("--logging=none", "-v", "--failfast"), ["-v", "--failfast"]),
        (("-k", "pattern", "--durations", "3"), ["-k", "pattern", "--durations", "3"]),
        (("--exception_on_interrupt=true", "--exception-on-interrupt"), []),
    ],
)
def test_options_go_to_whom_they_belong(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], others: list[str], main_module: object
) -> None:
    run = Run(monkeypatch, "--logging=none", *words)

    testing.main(verbosity=2)

    assert run.arguments == {
        "argv": ["runtests.py", *others],
        "module": main_module,
        "verbosity": 2,
    }


def test_names_are_not_looked_for_in_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch, "--logging=none", "-k", "pattern", "some.module")

    testing.main()

    assert run.arguments["module"] is None


def test_a_script_may_define_all(monkeypatch: pytest.MonkeyPatch, main_module: object) -> None:
    main_module.all = lambda: None  # type: ignore[attr-defined]  # what scripts do
    run = Run(monkeypatch, "--logging=none")

    testing.main()

    assert run.arguments["defaultTest"] == "all"


def test_the_module_itself_discovers(monkeypatch: pytest.MonkeyPatch, main_module: object) -> None:
    spec = type("Spec", (), {"name": "ostro.testing.__main__"})
    main_module.__spec__ = spec  # type: ignore[attr-defined]  # as `python -m` does
    run = Run(monkeypatch, "--logging=none")

    testing.main()

    assert run.arguments["module"] is None
    assert sys.argv[0].endswith(" -m ostro.testing"), "what is shown cannot be typed"


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_shows_both_kinds_of_options(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    run = Run(monkeypatch, "--logging=none", word)

    testing.main()

    assert "exception" in capsys.readouterr().out
    assert run.arguments == {"argv": ["runtests.py", word]}


def test_a_wrong_value_ends_with_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Run(monkeypatch, "--exception_on_interrupt=perhaps")

    with pytest.raises(SystemExit) as ended:
        testing.main()

    assert ended.value.code == 2
    assert "runtests.py: " in capsys.readouterr().err


def test_ctrl_c_may_kill_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers: list[object] = []
    monkeypatch.setattr(signal, "signal", lambda number, handler: handlers.append(handler))
    Run(monkeypatch, "--logging=none", "--exception_on_interrupt=false")
    try:
        testing.main()
    finally:
        options.exception_on_interrupt = True

    assert handlers == [signal.SIG_DFL]


def test_the_tests_may_run_again_after_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[str] = []
    monkeypatch.setattr(autoreload, "wait", lambda: waits.append("waited"))
    Run(monkeypatch, "--logging=none", "--autoreload")
    try:
        testing.main()
    finally:
        options.autoreload = False

    assert waits == ["waited"]


def test_scripts_run_as_they_are_described(tmp_path: Path) -> None:
    assert "Ran 3 tests" in execute(tmp_path, script(tmp_path))[1]
    assert "Ran 1 test" in execute(tmp_path, script(tmp_path, ALL))[1]
    assert "Ran 2 tests" in execute(tmp_path, script(tmp_path, ALL), "runtests.FirstTest")[1]
    assert os.path.exists(tmp_path / "runtests.py")
