"""The package as a whole: what it imports, what it exports, and its README."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import ostro.http1

SOURCE = Path(ostro.http1.__file__).parent
README = Path(__file__).parent.parent / "README.md"

# What brings in I/O, a clock or a logging configuration.
FORBIDDEN = {
    "asyncio",
    "logging",
    "os",
    "pathlib",
    "select",
    "selectors",
    "signal",
    "socket",
    "ssl",
    "subprocess",
    "threading",
    "time",
}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
    return names


def test_only_the_standard_library_and_httputil_are_imported() -> None:
    for path in SOURCE.glob("*.py"):
        for name in imported(path) - {"ostro.httputil"}:
            top = name.partition(".")[0]
            assert top in sys.stdlib_module_names, (path.name, name)
            assert top not in FORBIDDEN, (path.name, name)


def test_every_public_name_has_one_home_and_a_docstring() -> None:
    for name in ostro.http1.__all__:
        value = getattr(ostro.http1, name)
        if isinstance(value, type):
            assert value.__module__.startswith("ostro.http1."), name
            assert value.__doc__, name
    assert len(set(ostro.http1.__all__)) == len(ostro.http1.__all__)


def test_modules_are_of_a_size_to_be_read() -> None:
    for path in SOURCE.glob("*.py"):
        assert len(path.read_text().splitlines()) < 500, path.name


def test_the_example_of_the_readme_runs() -> None:
    code = README.read_text().split("```python\n")[1].split("```")[0]

    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 60
