"""The package as a whole."""

import subprocess
import sys

import ostro.template

LIGHT = """
import sys
import ostro.template
heavy = {"asyncio", "socket", "ssl", "inspect", "tokenize", "logging", "traceback"}
if sys.version_info < (3, 14):  # there it comes with every NamedTuple
    heavy.add("ast")
own = {name for name in sys.modules if name.startswith("ostro.")}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert {name.split(".")[1] for name in own} == {"template", "escape"}, own
"""


def test_every_public_name_is_documented() -> None:
    for name in ostro.template.__all__:
        assert getattr(ostro.template, name).__doc__, name


def test_importing_it_imports_no_server_and_little_else() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path}\n{LIGHT}"],
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert done.returncode == 0, done.stderr
