"""debug=True: what it sets, and that the program restarts when its files change."""

import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ostro.web import Application
from packages import programs

PROGRAM = """
    import os
    from ostro.ioloop import IOLoop
    from ostro.web import Application, RequestHandler
    import words
    {code}
    os.write(1, (words.WORD + chr(10)).encode())
    IOLoop.current().start()
    """


@contextmanager
def running(folder: Path, code: str) -> Iterator[Iterator[str]]:
    """Run a program that says a word of another file; give its lines."""
    (folder / "words.py").write_text("WORD = 'one'")
    (folder / "program.py").write_text(textwrap.dedent(PROGRAM).replace("{code}", code))
    with programs.running(
        folder, "program.py", environment={"OSTRO_AUTORELOAD": ""}, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        yield (line.strip() for line in process.stdout)


def replace(path: Path, text: str) -> None:
    new = path.with_name("new")
    new.write_text(text)
    new.replace(path)


def test_debug_sets_what_helps_to_develop() -> None:
    assert Application(debug=True).settings == {
        "debug": True,
        "serve_traceback": True,
        "compiled_template_cache": False,
        "static_hash_cache": False,
        "autoreload": True,
    }


def test_each_of_it_can_be_set_otherwise() -> None:
    settings: dict[str, Any] = {  # Any: as those of an application are
        "debug": True,
        "serve_traceback": False,
        "compiled_template_cache": True,
        "static_hash_cache": True,
        "autoreload": False,
    }

    assert Application(**settings).settings == settings
    assert "autoreload" not in Application(debug=False).settings


@pytest.mark.parametrize("setting", ["debug", "autoreload"])
def test_the_program_restarts_when_a_module_changes(tmp_path: Path, setting: str) -> None:
    with running(tmp_path, f"Application({setting}=True)") as lines:
        assert next(lines) == "one"
        replace(tmp_path / "words.py", "WORD = 'two'")
        assert next(lines) == "two"


def test_templates_that_stay_compiled_restart_it_too(tmp_path: Path) -> None:
    (tmp_path / "base.html").write_text("{% block word %}{% end %}")
    (tmp_path / "page.html").write_text("{% extends base.html %}{% block word %}one{% end %}")
    code = """
class Page(RequestHandler):
    def get(self):
        words.WORD = self.render_string("page.html").decode()

import sys
sys.path.append(ROOT)
from packages.web.tests.support import ask
ask(Application([("/", Page)], autoreload=True, template_path="."))
"""

    with running(tmp_path, code.replace("ROOT", repr(str(Path(__file__).parents[3])))) as lines:
        assert next(lines) == "one"
        replace(tmp_path / "base.html", "two {% block word %}{% end %}")
        assert next(lines) == "two one"


@pytest.mark.parametrize("settings", [{}, {"debug": True, "autoreload": False}])
def test_nothing_of_it_is_imported_otherwise(settings: dict[str, bool]) -> None:
    code = (
        "import sys; from ostro.web import Application; "
        f"Application(**{settings}); Application(wsgi=True, debug=True); "
        "sys.exit('ostro.autoreload' in sys.modules or 'ostro.web._debug_page' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], timeout=programs.DEADLINE)

    assert done.returncode == 0


def test_no_thread_is_left_by_applications_in_tests() -> None:
    before = set(threading.enumerate())

    Application(debug=True)

    assert set(threading.enumerate()) <= before
