"""What the packages export: a public name has one home, and an import sets nothing in motion."""

import importlib
import inspect
import subprocess
import sys
from collections import defaultdict

import pytest

from .layout import PACKAGES, Package

MODULES = [package for package in PACKAGES if package.module]
each_package = pytest.mark.parametrize("package", MODULES, ids=lambda package: package.name)

SECOND_HOMES: dict[str, str] = {
    "ostro.netutil.ssl_options_to_context": "documented in netutil, needed one layer below it",
    "ostro.escape.native_str": "documented; str is the native string of Python 3",
    "ostro.escape.to_basestring": "documented; the same as to_unicode in Python 3",
    "ostro.web.url": "the documented short name of web.URLSpec",
    "ostro.gen.Multi": "the older of the documented names of gen.multi",
    "ostro.gen.multi_future": "the newer of the documented names of gen.multi",
    "ostro.process.CalledProcessError": "the documented name of the standard library's exception",
    "ostro.httpclient.AsyncHTTPClient2": "the documented name that it had when it was new",
    "ostro.httpclient.HTTPError": "the older of the documented names of HTTPClientError",
    "ostro.httpserver.HTTPRequest": "the documented name of httputil.HTTPServerRequest",
}
"""Public names of what has another one already, each with its reason."""


def exports(package: Package) -> dict[str, object]:
    module = importlib.import_module(str(package.module))
    return {name: getattr(module, name) for name in module.__all__}


@each_package
def test_a_package_says_what_is_public(package: Package) -> None:
    module = importlib.import_module(str(package.module))

    assert module.__doc__
    assert module.__all__, "an empty __all__: nothing can be used"
    assert len(set(module.__all__)) == len(module.__all__)
    assert [name for name in module.__all__ if name.startswith("_")] == []
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@each_package
def test_what_a_package_exports_is_its_own(package: Package) -> None:
    foreign = [
        name
        for name, value in exports(package).items()
        if inspect.isclass(value) or inspect.isfunction(value)
        if f"{package.module}.{name}" not in SECOND_HOMES
        if not f"{value.__module__}.".startswith(f"{package.module}.")
    ]

    assert foreign == []


def test_a_public_class_or_function_has_one_name() -> None:
    homes = defaultdict(list)
    for package in MODULES:
        for name, value in exports(package).items():
            if inspect.isclass(value) or inspect.isfunction(value):
                homes[value].append(f"{package.module}.{name}")
    repeated = [paths for paths in homes.values() if len(set(paths) - SECOND_HOMES.keys()) > 1]

    assert repeated == []


def test_importing_everything_starts_no_loop_no_thread_and_no_log_handler() -> None:
    modules = [package.module for package in MODULES]
    program = (
        f"import importlib, logging, sys, threading\n"
        f"for name in {modules}: importlib.import_module(name)\n"
        "from ostro.ioloop import IOLoop\n"
        "assert not IOLoop.initialized()\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "assert not logging.getLogger().handlers, logging.getLogger().handlers\n"
    )

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=30
    )

    assert done.returncode == 0, done.stderr
