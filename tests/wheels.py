"""Build every package, look into the wheels, and use each wheel in an environment of its own.

    python -m tests.wheels [NAME ...]

For each package: build an sdist and, from it, a wheel; see that all files lie below its own module
and that no path is owned twice; then make a fresh environment, install the wheel there with the
siblings that it declares (those just built, never from an index), import it, run the first Python
block of its README, and check that block with mypy. This shows what the shared environment hides: a
dependency that nobody declared, a file or a type that is not shipped, an example that does not run.
With the wheel of `ostro-testing` goes a project of somebody else, in tests/downstream, whose tests
are run as its authors would run them. Needs `uv` and mypy beside this Python.
"""

import re
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.parser import HeaderParser
from pathlib import Path
from subprocess import PIPE, STDOUT, TimeoutExpired, run

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .layout import (
    BY_DISTRIBUTION,
    PACKAGES,
    VERSION,
    Package,
    first_python_block,
    read_toml,
    strings,
    table,
)

DOWNSTREAM = Path(__file__).with_name("downstream")
"""A project that is built on Ostro, with tests in every style."""

COMMAND_TIMEOUT = 600.0
"""Seconds that one command may take; the slowest is the first build, which fetches hatchling."""

EXAMPLE_TIMEOUT = 120.0
"""Seconds that a README's example may take: it must end by itself."""

WORKERS = 4

LIKE_A_CAREFUL_USER = (
    "--strict",
    # A short example need not annotate its own functions.
    "--allow-untyped-defs",
    "--allow-incomplete-defs",
    "--allow-untyped-calls",
    "--allow-untyped-decorators",
)
"""How mypy looks at an example, with the types that the installed wheels bring."""


class CheckError(Exception):
    """A package that fails a check: its message is all that the report shows."""


def execute(*command: object, timeout: float = COMMAND_TIMEOUT, cwd: Path | None = None) -> str:
    """Run a command and return what it printed."""
    words = [str(word) for word in command]
    try:
        done = run(
            words, stdout=PIPE, stderr=STDOUT, text=True, timeout=timeout, cwd=cwd, check=False
        )
    except TimeoutExpired as error:
        raise CheckError(f"still running after {timeout:.0f} s: {' '.join(words)}") from error
    if done.returncode:
        raise CheckError(f"exit code {done.returncode}: {' '.join(words)}\n{done.stdout}")
    return done.stdout


def uv(*arguments: object) -> str:
    """Run the uv that belongs to this Python."""
    return execute(Path(sys.executable).with_name("uv"), *arguments)


def build(package: Package, target: Path) -> Path:
    """Build the sdist, and the wheel from that sdist; return the wheel."""
    folder = target / package.name
    uv("build", "--quiet", "--python", sys.executable, "--out-dir", folder, package.folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def metadata_of(wheel: Path) -> tuple[str, list[Requirement]]:
    """Return a wheel's version, and what it needs when no extra is asked for."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        fields = HeaderParser().parsestr(archive.read(name).decode())
    needed = [Requirement(text) for text in fields.get_all("Requires-Dist", [])]
    return fields["Version"], [r for r in needed if not (r.marker and "extra" in str(r.marker))]


def payload_of(wheel: Path) -> set[str]:
    """Return the paths that a wheel installs, its own metadata aside."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def check_contents(package: Package, wheel: Path) -> None:
    """See that a wheel holds the package's module whole, and nothing else."""
    version, _ = metadata_of(wheel)
    if version != VERSION:
        raise CheckError(f"{wheel.name} has version {version}, the workspace {VERSION}")
    files = {path for path in package.source.rglob("*") if path.is_file()}
    expected = _written({path.relative_to(package.source).as_posix() for path in files})
    found = _written(payload_of(wheel))
    if found != expected:
        raise CheckError(
            f"{wheel.name}: missing {sorted(expected - found)}, too much {sorted(found - expected)}"
        )
    own = f"{package.module}/".replace(".", "/")
    if stray := sorted(path for path in found if not path.startswith(own)):
        raise CheckError(f"{wheel.name} holds files outside {own}: {stray}")


def _written(paths: set[str]) -> set[str]:
    """Leave out what was compiled: it may be there, or not."""
    return {path for path in paths if not path.endswith((".pyc", ".so", ".pyd"))}


def check_owners(wheels: dict[str, Path]) -> Iterator[str]:
    """Yield a message for each path that two wheels install."""
    owners: dict[str, str] = {}
    for name, wheel in wheels.items():
        for path in payload_of(wheel):
            if (other := owners.setdefault(path, name)) != name:
                yield f"{path} is in the wheels of {other} and {name}"


def with_siblings(package: Package, wheels: dict[str, Path]) -> list[Path]:
    """Return a package's wheel and those of its siblings, declared directly or through others."""
    chosen: dict[str, Path] = {}
    waiting = [package.name]
    while waiting:
        name = waiting.pop()
        if name not in chosen:
            chosen[name] = wheels[name]
            _, needed = metadata_of(wheels[name])
            waiting += [
                BY_DISTRIBUTION[key].name
                for requirement in needed
                if (key := canonicalize_name(requirement.name)) in BY_DISTRIBUTION
            ]
    return list(chosen.values())


def use_alone(package: Package, wheels: dict[str, Path], target: Path) -> None:
    """Install a wheel in a fresh environment, import it there, and run its README's example."""
    environment = target / f"env-{package.name}"
    uv("venv", "--quiet", "--python", sys.executable, environment)
    python = environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    uv("pip", "install", "--quiet", "--python", python, *with_siblings(package, wheels))
    uv("pip", "check", "--quiet", "--python", python)
    home = target / f"run-{package.name}"
    home.mkdir()
    isolated = (python, "-I", "-W", "error")
    if package.module:
        execute(*isolated, "-c", f"import {package.module}", cwd=home)
    if example := first_python_block(package.readme):
        script = home / "example.py"
        script.write_text(example)
        execute(*isolated, script, cwd=home, timeout=EXAMPLE_TIMEOUT)
        mypy = (sys.executable, "-m", "mypy", "--python-executable", python, "--no-incremental")
        execute(*mypy, *LIKE_A_CAREFUL_USER, script, cwd=home)
    elif package.module:
        raise CheckError(f"{package.readme} shows no Python")


def requirements_downstream(wheels: dict[str, Path]) -> Iterator[str | Path]:
    """Yield what the project downstream needs: our wheels by their paths, the others by name."""
    project = table(read_toml(DOWNSTREAM / "pyproject.toml"), "project")
    extras = table(project, "optional-dependencies").values()
    groups = [project["dependencies"], *extras]
    for requirement in (Requirement(text) for group in groups for text in strings(group)):
        package = BY_DISTRIBUTION.get(canonicalize_name(requirement.name))
        if package is None:
            yield str(requirement)
            continue
        extra = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
        yield f"{requirement.name}{extra} @ {wheels[package.name].as_uri()}"
        yield from (path for path in with_siblings(package, wheels) if path != wheels[package.name])


def use_downstream(wheels: dict[str, Path], target: Path) -> None:
    """Install a project that is built on ours, run its tests in each way, and look at its types."""
    environment = target / "env-downstream"
    uv("venv", "--quiet", "--python", sys.executable, environment)
    python = environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    uv("pip", "install", "--quiet", "--python", python, *requirements_downstream(wheels))
    home = target / "downstream"
    shutil.copytree(DOWNSTREAM, home, ignore=shutil.ignore_patterns("__pycache__"))
    careful = (python, "-W", "error", "-m")
    for runner in ("unittest", "ostro.testing"):
        said = execute(*careful, runner, "guestbook.tests.test_unittest_style", cwd=home)
        if not re.search(r"^Ran [1-9]", said, re.MULTILINE):
            raise CheckError(f"{runner} has run no test:\n{said}")
    for arguments in ([], ["-n", "2"], ["-o", "asyncio_mode=auto"]):
        execute(*careful, "pytest", "-q", *arguments, cwd=home)
    mypy = (sys.executable, "-m", "mypy", "--python-executable", python, "--no-incremental")
    execute(*mypy, cwd=home)


def check(package: Package, wheels: dict[str, Path], target: Path) -> str | None:
    """Check one package's wheel; return what is wrong with it."""
    started = time.perf_counter()
    try:
        check_contents(package, wheels[package.name])
        use_alone(package, wheels, target)
        if package.name == "testing":
            use_downstream(wheels, target)
    except CheckError as error:
        print(f"FAIL  {package.distribution}\n{error}", flush=True)
        return package.name
    print(f"ok    {package.distribution:24} {time.perf_counter() - started:5.1f} s", flush=True)
    return None


def main(chosen: list[str]) -> int:
    """Check the packages named, or all; return the exit code."""
    if unknown := set(chosen) - {package.name for package in PACKAGES}:
        print(f"no such package: {', '.join(sorted(unknown))}")
        return 2
    selected = [package for package in PACKAGES if not chosen or package.name in chosen]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool:
        target = Path(folder)
        try:
            built = list(pool.map(lambda package: build(package, target), PACKAGES))
        except CheckError as error:
            print(f"FAIL  no wheel\n{error}")
            return 1
        wheels = dict(zip((package.name for package in PACKAGES), built, strict=True))
        failed = list(check_owners(wheels))
        for message in failed:
            print(f"FAIL  {message}")
        results = pool.map(lambda package: check(package, wheels, target), selected)
        failed += [name for name in results if name]
    print(f"{len(selected)} wheels checked, {len(failed)} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
