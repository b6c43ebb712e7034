"""The workspace as its folders show it: the one list of packages, read by every check and tool.

Nothing here knows a package by name: a folder below packages/ with a pyproject.toml is a package.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
NAMESPACE = "ostro"


def read_toml(path: Path) -> dict[str, object]:
    """Return what a TOML file holds."""
    with path.open("rb") as file:
        return tomllib.load(file)


def table(data: object, *keys: str) -> dict[str, object]:
    """Return the table below `keys`, an empty one where there is none."""
    for key in keys:
        data = data.get(key, {}) if isinstance(data, dict) else {}
    if not isinstance(data, dict):
        raise TypeError(f"{'.'.join(keys)} is not a table")
    return data


def strings(value: object) -> list[str]:
    """Return a TOML array of strings, an empty one where there is none."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"not an array of strings: {value!r}")
    return value


class Import(NamedTuple):
    """One imported module, where, and the names taken out of it (none for a plain import)."""

    module: str
    names: tuple[str, ...]
    file: Path
    line: int


def imports_of(path: Path) -> Iterator[Import]:
    """Yield the absolute imports of a file: at its top, in functions, for type checking alike."""
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, (), path, node.lineno)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield Import(node.module, tuple(a.name for a in node.names), path, node.lineno)


@dataclass(frozen=True)
class Package:
    """One folder below packages/."""

    folder: Path

    @property
    def name(self) -> str:
        """Return the name of the folder."""
        return self.folder.name

    @cached_property
    def settings(self) -> dict[str, object]:
        """Return the package's pyproject.toml."""
        return read_toml(self.folder / "pyproject.toml")

    @cached_property
    def project(self) -> dict[str, object]:
        """Return the `[project]` table."""
        return table(self.settings, "project")

    @property
    def distribution(self) -> str:
        """Return the name that pip knows the package by."""
        return str(self.project["name"])

    @property
    def source(self) -> Path:
        """Return the folder that stands for the import path; the meta-package has none."""
        return self.folder / "src"

    @property
    def readme(self) -> Path:
        """Return the path of the README."""
        return self.folder / "README.md"

    @cached_property
    def files(self) -> list[Path]:
        """Return the modules that the package ships."""
        return sorted(self.source.rglob("*.py"))

    @cached_property
    def module_folder(self) -> Path | None:
        """Return the folder of the package's own module, or None for the meta-package."""
        marked = [path.parent for path in self.source.rglob("py.typed")]
        if len(marked) > 1:
            raise ValueError(f"{self.name} holds more than one module: {marked}")
        return marked[0] if marked else None

    @cached_property
    def module(self) -> str | None:
        """Return the name that the package is imported by, or None for the meta-package."""
        folder = self.module_folder
        return ".".join(folder.relative_to(self.source).parts) if folder else None

    @cached_property
    def requirements(self) -> list[Requirement]:
        """Return what the package needs always."""
        return [Requirement(text) for text in strings(self.project.get("dependencies"))]

    @property
    def extras(self) -> list[Requirement]:
        """Return what the package can make use of."""
        groups = table(self.project, "optional-dependencies")
        return [Requirement(text) for group in groups.values() for text in strings(group)]

    @cached_property
    def imports(self) -> list[Import]:
        """Return all that the package's source imports by an absolute name."""
        return [found for path in self.files for found in imports_of(path)]


def is_sibling(requirement: Requirement) -> bool:
    """Tell whether a requirement is met by a package of this workspace."""
    return canonicalize_name(requirement.name) in BY_DISTRIBUTION


def package_of(module: str) -> Package | None:
    """Return the package that ships a module, or None where none of ours does."""
    for package in PACKAGES:
        if package.module and f"{module}.".startswith(f"{package.module}."):
            return package
    return None


def first_python_block(path: Path) -> str | None:
    """Return the first fenced block of Python in a Markdown file."""
    found = re.search(r"^```python\n(.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL)
    return found[1] if found else None


PACKAGES = [Package(path.parent) for path in sorted(ROOT.glob("packages/*/pyproject.toml"))]
BY_DISTRIBUTION = {canonicalize_name(package.distribution): package for package in PACKAGES}
SETTINGS = read_toml(ROOT / "pyproject.toml")
VERSION = str(table(SETTINGS, "tool", "ostro")["version"])
LAYERS = {
    name: frozenset(strings(allowed))
    for name, allowed in table(SETTINGS, "tool", "ostro", "layers").items()
}
