"""The trial of a compiled build: `hatch run compiled [--rounds N] [--seconds S] [--keep FOLDER]`.

Copies the source, compiles the hot modules with mypyc as `compile_plan` says, runs the tests of the
hot packages on the result, and compares a server whose handlers are interpreted with that of the
same source interpreted: what it answers and logs, and its CPU time for each request. The exit
status is 1 when a module does not compile, a test fails or an answer differs; the figures decide
nothing.
"""

from __future__ import annotations

import argparse
import ast
import http.client
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from compile_plan import HOT, INTERPRETED, KNOWN_DIFFERENCES, SUBCLASSED, TESTED
from measure import START_DEADLINE, Load, free_port, running, server_command, wrk

ROOT = Path(__file__).parents[1]
PACKAGES = ROOT / "packages"
SETUP = Path(__file__).with_name("compile_setup.py")
PATHS = ("/", "/async")
"""What is measured."""

FORM = "application/x-www-form-urlencoded"
REQUESTS = [
    *(("GET", path, "") for path in (*PATHS, "/waiting", "/json", "/story/7", "/r999/7", "/none")),
    *(("POST", path, "message=hello") for path in ("/form", "/echo", "/")),
    ("POST", "/form", "text=hello"),
    ("HEAD", "/", ""),
]
"""Method, path and form of what both trees must answer alike."""
MARK = "@mypyc_attr(allow_interpreted_subclasses=True)\n"
IMPORT_MARK = """\
import typing as _t
if _t.TYPE_CHECKING:
    from mypy_extensions import mypyc_attr
"""

ABC_MARK = """
import abc as _abc
_classes: tuple[object, ...] = ({names},)
for _class in _classes:
    if isinstance(_class, _abc.ABCMeta):
        _abc._abc_init(_class)  # type: ignore[attr-defined]  # the stubs leave it out
"""
"""What a metaclass does for a class and mypyc 2.4.1 leaves out: without memory of its own a class
looks its instances up in that of its base, and `isinstance({}, HTTPHeaders)` is true.
"""

# Run in the compiled tree: import each module named, and say which did not come from a library, and
# which classes share what `isinstance` remembers.
CHECK = """
import abc, importlib, importlib.machinery, sys
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    loader = module.__loader__
    if not isinstance(loader, importlib.machinery.ExtensionFileLoader):
        print(f"{name} was imported with {loader}")
    for found in list(vars(module).values()):
        if isinstance(found, abc.ABCMeta) and "_abc_impl" not in vars(found):
            print(f"{found} asks its base what isinstance says")
for name in ("mypy_extensions", "librt"):
    if name in sys.modules:
        print(f"{name} was imported, so that a compiled build would depend on it")
"""


def copy_source(tree: Path) -> None:
    """Copy all packages into one tree, as installed wheels lie."""
    for source in sorted(PACKAGES.glob("*/src")):
        shutil.copytree(
            source, tree, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.so")
        )


def planned(tree: Path) -> dict[str, Path]:
    """Return the modules to compile, by name, and their files relative to the tree."""
    modules = {}
    for package in HOT:
        for path in sorted((tree / "ostro" / package).rglob("*.py")):
            file = path.relative_to(tree)
            name = ".".join(file.with_suffix("").parts[1:])
            if path.stem != "__init__" and name not in INTERPRETED:
                modules[name] = file
    return modules


def mark_module(path: Path, subclassed: tuple[str, ...]) -> None:
    """Tell mypyc, in a copied module, that interpreted classes derive from those classes of it, and
    make up for what it does not do for abstract ones.
    """
    lines = path.read_text().splitlines(keepends=True)
    body = ast.parse("".join(lines)).body
    found = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
    for node in sorted((found[name] for name in subclassed), key=lambda node: -node.lineno):
        lines.insert(node.lineno - 1, MARK)
    if subclassed:
        first = next(
            node
            for node in body
            if not isinstance(node, ast.Expr)
            and not (isinstance(node, ast.ImportFrom) and node.module == "__future__")
        )
        lines.insert(first.lineno - 1, IMPORT_MARK)
    if derived := [name for name, node in found.items() if node.bases]:
        lines.append(ABC_MARK.format(names=", ".join(derived)))
    path.write_text("".join(lines))


def unknown_names(modules: dict[str, Path], tree: Path) -> Iterator[str]:
    """Yield what the plan names and the source does not have."""
    for name in INTERPRETED:
        if not (tree / "ostro" / Path(*name.split("."))).with_suffix(".py").exists():
            yield f"INTERPRETED names {name}, which is no module"
    for name, subclassed in SUBCLASSED.items():
        if name not in modules:
            yield f"SUBCLASSED names {name}, which is not compiled"
            continue
        body = ast.parse((tree / modules[name]).read_text()).body
        classes = {node.name for node in body if isinstance(node, ast.ClassDef)}
        for missing in sorted(set(subclassed) - classes):
            yield f"SUBCLASSED names {name}.{missing}, which is no class"


def compile_tree(tree: Path, opt_level: str) -> bool:
    """Compile the planned modules of a tree in place; tell whether all of them came out."""
    modules = planned(tree)
    if wrong := list(unknown_names(modules, tree)):
        print(*wrong, sep="\n")
        return False
    originals = {tree / file: (tree / file).read_text() for file in modules.values()}
    for name, file in modules.items():
        mark_module(tree / file, SUBCLASSED.get(name, ()))
    print(f"compiling {len(modules)} modules of {', '.join(HOT)}", flush=True)
    files = [str(file) for file in modules.values()]
    done = subprocess.run([sys.executable, str(SETUP), opt_level, *files], cwd=tree, check=False)
    for path, text in originals.items():
        path.write_text(text)
    if done.returncode:
        return False
    names = [f"ostro.{name}" for name in modules]
    checked = subprocess.run(
        [sys.executable, "-c", CHECK, *names],
        env=environment(tree),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    print(checked.stdout, end="")
    return not checked.returncode and not checked.stdout


def environment(tree: Path) -> dict[str, str]:
    """Return an environment in which `ostro` is found in the tree before anywhere else."""
    return {**os.environ, "PYTHONPATH": str(tree)}


def run_tests(tree: Path) -> bool:
    """Run the tests of the hot packages on the compiled tree; tell whether they passed."""
    for test, reason in KNOWN_DIFFERENCES.items():
        print(f"not run: {test}: {reason}")
    chosen = [str(PACKAGES / tests) for tests in TESTED]
    left_out = [f"--deselect=packages/{test}" for test in KNOWN_DIFFERENCES]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *left_out, *chosen], cwd=ROOT, env=environment(tree), check=False
    )
    return not done.returncode


def answers(tree: Path) -> tuple[list[tuple[int, bytes]], bytes]:
    """Return what a server says to REQUESTS, on one connection, and what it logs, without times."""
    port = free_port()
    command = [part.replace("{port}", str(port)) for part in server_command("ostro")]
    with subprocess.Popen(command, env=environment(tree), stderr=subprocess.PIPE) as server:
        found = []
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_DEADLINE)
        try:
            _connect(connection)
            for method, path, form in REQUESTS:
                connection.request(method, path, form, {"Content-Type": FORM})
                response = connection.getresponse()
                found.append((response.status, response.read()))
        finally:
            connection.close()
            server.terminate()
            log = re.sub(rb"[0-9.]+ms", b"ms", server.communicate()[1])
    return found, log


def _connect(connection: http.client.HTTPConnection) -> None:
    deadline = time.monotonic() + START_DEADLINE
    while True:
        try:
            return connection.connect()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)  # the server has no other way to tell that it is ready


def answer_alike(trees: dict[str, Path]) -> bool:
    """Tell whether servers of both trees answer alike, and log alike."""
    expected, expected_log = answers(trees["interpreted"])
    found, log = answers(trees["compiled"])
    for request, before, after in zip(REQUESTS, expected, found, strict=True):
        if before != after:
            print(f"{request}: interpreted {before}, compiled {after}")
    for name, text in {"interpreted": expected_log, "compiled": log}.items():
        if log != expected_log:
            print(f"the log of the {name} server:", text.decode(), sep="\n")
    return (found, log) == (expected, expected_log)


def compare(trees: dict[str, Path], rounds: int, seconds: float) -> None:
    """Print the least CPU time of a request over rounds in which the trees take turns."""
    for path in PATHS:
        loads: dict[str, list[Load]] = {name: [] for name in trees}
        for _ in range(rounds):
            for name, tree in trees.items():
                argv = ["env", f"PYTHONPATH={tree}", *server_command("ostro")]
                with running(argv) as server:
                    loads[name].append(wrk(server, path, seconds=seconds))
        best = {name: min(load.cpu_microseconds for load in runs) for name, runs in loads.items()}
        faults = {load.faults for runs in loads.values() for load in runs if load.faults}
        figures = ", ".join(f"{name} {figure:.1f} us" for name, figure in best.items())
        ratio = best["interpreted"] / best["compiled"]
        print(f"{path:8} {figures}: {ratio:.2f} times as fast", *sorted(faults), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=4, help="rounds of the comparison; 0: none")
    parser.add_argument("--seconds", type=float, default=3, help="how long each measurement takes")
    parser.add_argument("--opt-level", default="3", choices="0123", help="of the C compiler")
    parser.add_argument("--keep", type=Path, help="work in this folder, which must not exist")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        trees = {"interpreted": folder / "interpreted", "compiled": folder / "compiled"}
        for tree in trees.values():
            copy_source(tree)
        if not compile_tree(trees["compiled"], options.opt_level):
            print("the hot modules do not compile", file=sys.stderr)
            return 1
        if not run_tests(trees["compiled"]):
            print("the compiled modules fail tests", file=sys.stderr)
            return 1
        if not answer_alike(trees):
            print("the compiled server is another", file=sys.stderr)
            return 1
        if options.rounds:
            compare(trees, options.rounds, options.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
