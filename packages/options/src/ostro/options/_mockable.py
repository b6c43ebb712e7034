"""Options that `unittest.mock.patch.object` can patch."""

from __future__ import annotations

TYPE_CHECKING = False  # as in __init__.py
if TYPE_CHECKING:
    from typing import Any

    from ._parser import OptionParser


class Mockable:
    """A stand-in whose attributes are the options, made for `patch.object`.

    `patch.object` sets the attribute, then deletes it; deleting gives the option the value
    back that it had before. The values are of any type, as in OptionParser.
    """

    __slots__ = ("_options", "_originals")

    _options: OptionParser
    _originals: dict[str, list[Any]]

    def __init__(self, options: OptionParser) -> None:
        object.__setattr__(self, "_options", options)
        object.__setattr__(self, "_originals", {})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._options, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # Noted before it can fail: patch.object deletes the attribute also when setting it failed.
        self._originals.setdefault(name, []).append(self._options[name])
        self._options[name] = value

    def __delattr__(self, name: str) -> None:
        if not self._originals.get(name):
            raise AttributeError(f"option {name!r} is not patched")
        self._options[name] = self._originals[name].pop()
