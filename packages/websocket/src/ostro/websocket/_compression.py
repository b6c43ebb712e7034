"""How applications say that, and how, a WebSocket is compressed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from ._deflate import CompressionOptions

CompressionChoice: TypeAlias = CompressionOptions | Mapping[str, object] | None
"""None for no compression; a dict with some of the keys below, or CompressionOptions, for it."""

_NAMES: Final = {"compression_level": "level"}
"""A documented key, and what it is called here. The others have the same name in both."""


def compression_options_of(choice: CompressionChoice) -> CompressionOptions | None:
    """Return the options that are meant.

    Raises ValueError for a key that is not known, or a value that is out of bounds.
    """
    if choice is None or isinstance(choice, CompressionOptions):
        return choice
    values: dict[str, object] = {}
    for key, value in choice.items():
        name = _NAMES.get(key, key)
        if name not in CompressionOptions.__dataclass_fields__:
            known = sorted({*_NAMES, *CompressionOptions.__dataclass_fields__})
            raise ValueError(f"compression option {key!r:.60} is unknown, expected one of {known}")
        values[name] = value
    return CompressionOptions(**values)  # type: ignore[arg-type]  # it checks them itself
