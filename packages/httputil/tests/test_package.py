"""What the package as a whole promises."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import sys
from pathlib import Path

import pytest

import ostro.httputil

ROOT = Path(ostro.httputil.__file__).parent
MODULES = sorted(module.name for module in pkgutil.iter_modules([str(ROOT)]))
README = Path(__file__).parents[1] / "README.md"


def test_everything_in_all_exists_and_is_documented() -> None:
    for name in ostro.httputil.__all__:
        exported = getattr(ostro.httputil, name)
        if isinstance(exported, type) or callable(exported):
            assert exported.__doc__, name


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_hold(name: str) -> None:
    module = importlib.import_module(f"ostro.httputil.{name}")

    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_the_standard_library_and_escape_only(name: str) -> None:
    allowed = sys.stdlib_module_names | {"ostro.escape"}

    for node in ast.walk(ast.parse((ROOT / f"{name}.py").read_text())):
        if isinstance(node, ast.Import):
            assert {alias.name.partition(".")[0] for alias in node.names} <= allowed
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module in allowed or (node.module or "").partition(".")[0] in allowed


def test_the_first_example_of_the_readme_runs() -> None:
    code = README.read_text().partition("```python\n")[2].partition("```")[0]

    assert code
    exec(compile(code, str(README), "exec"), {"__name__": "__main__"})
