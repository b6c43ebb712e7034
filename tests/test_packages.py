"""The shape of every package folder, and of the workspace around them."""

import itertools
import re
import subprocess
from pathlib import Path

import pytest

from .layout import (
    NAMESPACE,
    PACKAGES,
    ROOT,
    SETTINGS,
    VERSION,
    Package,
    first_python_block,
    strings,
    table,
)

each_package = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)

TOP_LEVEL = {
    ".ci",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "benchmarks",
    "docs",
    "examples",
    "hatch.toml",
    "mkdocs.yml",
    "packages",
    "pyproject.toml",
    "tests",
}
SECTIONS = ["build-system", "project", "tool"]
MAX_README_LINES = 60
MAX_MODULE_LINES = 800
OF_ONE_MACHINE = re.compile(
    rf"""
    {re.escape(str(ROOT))}(?=[/"'`\s])       # where this copy happens to lie
    | (?<![\w.~])/(home|root|Users)/\w       # somebody's home
    | https?://[\w.-]*(pypi|pythonhosted)    # a package index: pip and uv know theirs
    """,
    re.VERBOSE,
)
UNEXPLAINED = re.compile(
    r"""
    [#]\ type:\ ignore(?!\[)             # says not even what is ignored
    | [#]\ type:\ ignore\[[\w, -]+\]\s*$
    | [#]\ noqa(:[A-Z0-9, ]+)?\s*$
    | [#]\ pragma:\ no\ cover\s*$
    """,
    re.VERBOSE,
)


def tracked_files() -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout, or git is not installed")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@each_package
def test_a_package_holds_its_code_its_tests_and_two_files(package: Package) -> None:
    found = {
        path.relative_to(package.folder).parts[0]
        for path in tracked_files()
        if package.folder in path.parents
    }
    hook = table(package.settings, "tool", "hatch", "build", "hooks", "custom").get("path")
    expected = {"pyproject.toml", "README.md"} | ({"src", "tests"} if package.module else set())

    assert found == expected | ({hook} if hook else set())


@each_package
def test_a_package_ships_one_typed_module_and_leaves_the_namespace_open(package: Package) -> None:
    if package.module is None:
        assert package.name == NAMESPACE
        assert package.files == []
        return
    folder = package.module_folder
    assert folder is not None

    assert (
        package.module == f"{NAMESPACE}.{package.name}"
        or package.module.replace(".", "_") == f"{NAMESPACE}_{package.name}"
    )
    assert (folder / "__init__.py").is_file()
    assert [path for path in package.files if folder not in path.parents] == []


@each_package
def test_a_package_is_named_after_its_folder(package: Package) -> None:
    expected = (
        NAMESPACE if package.name == NAMESPACE else f"{NAMESPACE}-{package.name.replace('_', '-')}"
    )

    assert package.distribution == expected


@each_package
def test_a_package_reads_the_one_version_of_the_workspace(package: Package) -> None:
    source = table(package.settings, "tool", "hatch", "version")
    found = re.search(str(source["pattern"]), (package.folder / str(source["path"])).read_text())

    assert "version" not in package.project
    assert "version" in strings(package.project["dynamic"])
    assert found is not None
    assert found["version"] == VERSION


@each_package
def test_package_settings_come_in_one_order(package: Package) -> None:
    assert list(package.settings) == SECTIONS
    assert list(package.project) == [
        key for key in list(PACKAGES[0].project) if key in package.project
    ] + [key for key in package.project if key not in PACKAGES[0].project]


@each_package
def test_tests_of_a_package_are_no_package_themselves(package: Package) -> None:
    assert list((package.folder / "tests").rglob("__init__.py")) == []


@each_package
def test_a_readme_is_short_and_shows_how_to_install_and_use_the_package(package: Package) -> None:
    text = package.readme.read_text()
    example = first_python_block(package.readme)

    assert text.startswith(f"# {package.distribution}\n")
    assert len(text.splitlines()) <= MAX_README_LINES
    assert re.search(rf"pip install {package.distribution}(?![\w-])", text)
    assert example or not package.module
    compile(example or "", str(package.readme), "exec")


def test_mypy_looks_into_every_package() -> None:
    prefix = "$MYPY_CONFIG_FILE_DIR/packages/"
    listed = [
        path
        for path in strings(table(SETTINGS, "tool", "mypy")["mypy_path"])
        if path.startswith(prefix)
    ]

    assert listed == [f"{prefix}{package.name}/src" for package in PACKAGES if package.module]


def test_the_top_level_holds_no_more_than_it_needs() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked_files()} <= TOP_LEVEL


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 100


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    lengths = {
        path: len(path.read_text().splitlines()) for path in tracked_files() if path.suffix == ".py"
    }

    assert {
        str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > MAX_MODULE_LINES
    } == {}


def test_a_check_that_is_switched_off_has_its_reason_beside_it() -> None:
    bare = []
    for path in tracked_files():
        if path.suffix == ".py" and path != Path(__file__):
            lines = ["", "", *path.read_text().splitlines()]
            for above, line in zip(itertools.pairwise(lines), lines[2:], strict=False):
                explained = any(text.lstrip().startswith("# ") for text in above)
                if UNEXPLAINED.search(line) and not explained:
                    bare.append(f"{path.relative_to(ROOT)}: {line.strip()}")

    assert bare == []


def test_nothing_in_the_repository_belongs_to_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked_files()
        if (match := OF_ONE_MACHINE.search(path.read_text(errors="replace")))
    ]

    assert found == []
