"""Objects by dotted name, as handlers may be given."""

from __future__ import annotations

import importlib


def import_object(name: str) -> object:
    """Return the object that `name` ("package.module.Class") stands for.

    Raises ImportError, which says how far the name could be followed.
    """
    module_name, dot, attribute = name.rpartition(".")
    if not dot:
        return importlib.import_module(name)
    module = importlib.import_module(module_name)
    try:
        found: object = getattr(module, attribute)
    except AttributeError:
        raise ImportError(f"module {module_name!r} has no attribute {attribute!r}") from None
    return found
