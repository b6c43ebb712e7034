"""The types that users see: a strict mypy is content with an application of theirs, which works."""

import subprocess
import sys
from pathlib import Path

import pytest

from ostro.ioloop import IOLoop

from .support import as_form, ask, fetch
from .typed_application import make_app
from .typed_pages import make_app as make_pages

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("program", ["typed_application.py", "typed_pages.py"])
def test_a_strict_mypy_is_content_with_a_typed_application(program: str) -> None:
    pytest.importorskip("mypy", reason="pip install mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]

    done = subprocess.run(
        [*command, str(Path(__file__).with_name(program))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.returncode) == ("", 0)


async def test_the_typed_application_works(io_loop: IOLoop) -> None:
    app = make_app()

    assert (await fetch(app, "/")).text == "prepared"
    assert (await fetch(app, "/decorated")).text == "decorated"
    assert (await fetch(app, "/decorated", method="POST")).text == "engine"
    assert (await fetch(app, "/native/x")).text == "x"
    assert (await fetch(app, "/fall")).text == "prepared"
    assert ask(app, "/gone").status == 410
    assert ask(app, "/plain/a?required=r").text == ('{"all": ["r", "x", null, 5, [], "letter"]}')
    assert ask(app, "/plain/x?required=r").text == '{"status": 404}'
    assert ask(app, "/plain/a/", **as_form("body=b")).headers["Location"] == "/plain/a/"
    assert ask(app, "/plain/a", method="HEAD").reason == "Nothing"
    assert (await fetch(app, "/decorated", method="PUT")).status == 200


async def test_the_typed_pages_work(io_loop: IOLoop) -> None:
    app = make_pages()
    home = await fetch(app, "/?user=Ann")
    posted = await fetch(app, "/?next=/there", method="POST")

    assert home.text.startswith(
        "Shop: AGET <p>B</p>/ en_US"
        '<link href="/entry.css" type="text/css" rel="stylesheet"/>'
        '<link href="/" type="text/css" rel="stylesheet"/>'
    )
    assert (await fetch(app, "/")).headers["Location"] == "/login?next=%2F"
    assert posted.text == "waited 54"
    assert posted.headers["Location"] == "/there"
    assert (await fetch(app, "/", method="PUT")).text == "<p>405</p>"
