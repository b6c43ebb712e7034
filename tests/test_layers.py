"""Who imports whom: the layers of `[tool.ostro.layers]`, and what each package declares."""

import graphlib
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import files, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from .layout import (
    BY_DISTRIBUTION,
    LAYERS,
    NAMESPACE,
    PACKAGES,
    ROOT,
    SETTINGS,
    VERSION,
    Import,
    Package,
    imports_of,
    is_sibling,
    package_of,
    read_toml,
    strings,
    table,
)

each_package = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
INSTALLED = packages_distributions()
MODULES = [package for package in PACKAGES if package.module]
SANS_IO = strings(table(SETTINGS, "tool", "ostro")["sans-io"])
IO_MODULES = {
    "asyncio",
    "select",
    "selectors",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "threading",
}


def allowed(name: str) -> frozenset[str]:
    everyone = frozenset(package.name for package in PACKAGES) - {name}
    return everyone if "*" in LAYERS[name] else LAYERS[name]


@cache
def paths_of(distribution: str) -> list[str]:
    """Return what a distribution has installed."""
    return [file.as_posix() for file in files(distribution) or ()]


def distribution_of(found: Import) -> NormalizedName | None:
    """Return the distribution that an import needs, None for Python's own modules."""
    top = found.module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return None
    if top != NAMESPACE:
        known = [canonicalize_name(owner) for owner in INSTALLED.get(top, [found.module])]
        # A namespace has several: one that is called like the module, or the one that holds it.
        path = found.module.replace(".", "/")
        called = [owner for owner in known if owner == canonicalize_name(found.module)]
        holding = [
            owner
            for owner in (known if len(known) > 1 and not called else ())
            if any(name.startswith(path) for name in paths_of(owner))
        ]
        return [*called, *holding, *known][0]
    candidates = [found.module, *(f"{found.module}.{name}" for name in found.names)]
    owners = {owner.distribution for name in candidates if (owner := package_of(name))}
    assert owners, f"{found.file}:{found.line} imports {found.module}, which no package ships"
    return canonicalize_name(owners.pop())


def names(requirements: Iterable[Requirement]) -> set[NormalizedName]:
    return {canonicalize_name(requirement.name) for requirement in requirements}


def test_the_layers_have_no_cycle() -> None:
    graph = {name: below for name, below in LAYERS.items() if "*" not in below}

    graphlib.TopologicalSorter(graph).prepare()


@each_package
def test_every_package_has_its_place_in_the_layers(package: Package) -> None:
    assert package.name in LAYERS


def test_no_package_imports_one_that_it_may_not(tmp_path: Path) -> None:
    config = tmp_path / "importlinter.toml"
    roots = [package.module for package in MODULES]
    lines = ["[tool.importlinter]", f"root_packages = {roots}"]
    for package in MODULES:
        others = [o.module for o in MODULES if o.name not in allowed(package.name) | {package.name}]
        lines += [
            "[[tool.importlinter.contracts]]",
            f"name = '{package.name} imports no more than it may'",
            "type = 'forbidden'",
            f"source_modules = ['{package.module}']",
            f"forbidden_modules = {others}",
            "allow_indirect_imports = true",
        ]
    config.write_text("\n".join(lines))

    linter = Path(sys.executable).with_name("lint-imports")
    command = [str(linter), "--no-cache", "--config", str(config)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)

    assert done.returncode == 0, done.stdout + done.stderr


@each_package
def test_a_package_declares_what_it_imports_and_no_more(package: Package) -> None:
    if package.module is None:
        pytest.skip(f"{package.distribution} holds no code")
    needed = {distribution_of(found) for found in package.imports} - {None}
    needed.discard(canonicalize_name(package.distribution))

    assert needed == names(package.requirements) | names(package.extras)


@each_package
def test_a_declared_sibling_is_an_allowed_one(package: Package) -> None:
    siblings = {
        BY_DISTRIBUTION[name].name for name in names(package.requirements) & set(BY_DISTRIBUTION)
    }

    assert siblings <= allowed(package.name)


@each_package
def test_siblings_are_pinned_to_this_version_and_those_compatible_with_it(package: Package) -> None:
    pins = {
        str(requirement.specifier)
        for requirement in [*package.requirements, *package.extras]
        if is_sibling(requirement)
    }

    assert pins <= {"~=" + ".".join(VERSION.split(".")[:2])}


def test_the_meta_package_brings_every_package() -> None:
    meta = next(package for package in PACKAGES if package.name == NAMESPACE)

    assert names(meta.requirements) >= BY_DISTRIBUTION.keys() - {canonicalize_name(NAMESPACE)}


@each_package
def test_private_names_stay_in_their_package(package: Package) -> None:
    crossing = [
        f"{found.file.relative_to(ROOT)}:{found.line} {found.module} {' '.join(found.names)}"
        for found in package.imports
        if (owner := package_of(found.module)) and owner != package
        if any(part.startswith("_") for part in [*found.module.split("."), *found.names])
    ]

    assert crossing == []


@pytest.mark.parametrize("name", SANS_IO)
def test_a_sans_io_package_knows_no_socket_no_loop_and_no_thread(name: str) -> None:
    package = next(package for package in PACKAGES if package.name == name)
    imported = {found.module.partition(".")[0] for found in package.imports}

    assert imported & IO_MODULES == set()
    assert all(below in SANS_IO for below in LAYERS[name])


def test_what_the_tests_and_tools_import_is_declared_in_the_environment() -> None:
    environment = table(read_toml(ROOT / "hatch.toml"), "envs", "default")
    declared = names(Requirement(text) for text in strings(environment["dependencies"]))
    folders = [
        *(package.folder / "tests" for package in PACKAGES),
        ROOT / "tests",
        ROOT / "examples",
    ]
    files = (path for folder in folders for path in folder.rglob("*.py"))
    # The project downstream has an environment of its own.
    found = [use for path in files if "downstream" not in path.parts for use in imports_of(path)]
    ours = {"packages", "tests", *(path.stem for path in (ROOT / "examples").rglob("*.py"))}
    needed = {distribution_of(use) for use in found if use.module.partition(".")[0] not in ours}
    needed -= {None, *BY_DISTRIBUTION}

    assert needed <= declared
