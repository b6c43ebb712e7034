"""Which files the imported modules came from.

Knows nothing of what the files hold or when they change.
"""

from __future__ import annotations

import importlib.machinery
import os
import site
import sys
import sysconfig
from collections.abc import Iterator, Mapping

__all__ = ["is_library", "new_module_files", "places_of"]

_LIBRARIES = tuple(
    os.path.join(form, "")
    for path in {
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        site.getusersitepackages(),
    }
    for form in (path, os.path.realpath(path))
)


def is_library(path: str) -> bool:
    """Tell whether a file was installed, and is not what somebody is working on."""
    return path.startswith(_LIBRARIES)


def new_module_files(modules: Mapping[str, object], known: dict[str, int]) -> Iterator[str]:
    """Yield the files of modules that were imported since the last time.

    `known` is kept for the caller, and holds the identity of each module that was seen.
    """
    for name, module in list(modules.items()):
        if known.get(name) != id(module):
            known[name] = id(module)
            path = _file_of(module)
            if path is not None:
                yield path


def _file_of(module: object) -> str | None:
    try:
        # Not getattr: a module that loads itself when it is first used would do so now.
        names: dict[str, object] = object.__getattribute__(module, "__dict__")
        path = names.get("__file__")
    except AttributeError:
        return None  # what else stands in sys.modules
    if not isinstance(path, str):
        return None
    archive = getattr(names.get("__loader__"), "archive", None)
    if isinstance(archive, str):
        path = archive  # the file that a module in a zip file lies in
    return os.path.abspath(path)


def places_of(error: BaseException | None) -> Iterator[str]:
    """Yield the files that could mend an exception: those it went through, and those it misses."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        trace = error.__traceback__
        while trace:
            yield trace.tb_frame.f_code.co_filename
            trace = trace.tb_next
        if isinstance(error, SyntaxError) and error.filename:
            yield error.filename
        if isinstance(error, ModuleNotFoundError) and error.name:
            yield from _candidates(error.name)
        error = error.__cause__ or error.__context__


def _candidates(name: str) -> Iterator[str]:
    """Yield where a module that was not found could have been."""
    parent, _, last = name.rpartition(".")
    if parent and parent not in sys.modules:
        yield from _candidates(parent)
        return
    folders = getattr(sys.modules[parent], "__path__", ()) if parent else sys.path
    for folder in list(folders):
        if isinstance(folder, str):
            for suffix in importlib.machinery.SOURCE_SUFFIXES:
                yield os.path.join(folder, last + suffix)
                yield os.path.join(folder, last, "__init__" + suffix)
