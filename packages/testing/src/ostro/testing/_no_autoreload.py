"""Applications in debug mode restart their program when its files change; tests must not be."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

__all__ = ["no_autoreload"]

_VARIABLE = "OSTRO_AUTORELOAD"


@contextlib.contextmanager
def no_autoreload() -> Iterator[None]:
    """Make applications that do not watch their files, unless the environment says otherwise."""
    if _VARIABLE in os.environ:
        yield
        return
    os.environ[_VARIABLE] = "0"
    try:
        yield
    finally:
        del os.environ[_VARIABLE]
