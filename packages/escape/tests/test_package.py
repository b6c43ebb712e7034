"""The package as a whole."""

import ast
import sys
from pathlib import Path

import ostro.escape

SOURCES = sorted(Path(ostro.escape.__file__).parent.glob("*.py"))


def test_every_public_name_is_exported_and_documented() -> None:
    for name in ostro.escape.__all__:
        assert getattr(ostro.escape, name).__doc__, name


def test_only_the_standard_library_is_imported() -> None:
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert all(
                    alias.name.split(".")[0] in sys.stdlib_module_names for alias in node.names
                )
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                assert (node.module or "").split(".")[0] in sys.stdlib_module_names
