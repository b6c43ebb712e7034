"""What all pages of an application share: template loaders, UI modules, UI methods.

Made once for each application, from its settings.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ._ui_modules import BUILT_IN_MODULES, UIModule

if TYPE_CHECKING:
    from ostro.template import BaseLoader

__all__ = ["PageTools", "UIMethod"]

UIMethod = Callable[..., Any]
"""A function for templates; its first parameter is the handler. Any: what follows is its own."""


class PageTools:
    """The loaders, UI modules and UI methods of one application.

    `ui_modules` and `ui_methods` are the settings of these names: a module, a dictionary, or a list
    of these. Raises TypeError for anything else.
    """

    __slots__ = ("loaders", "ui_methods", "ui_modules")

    def __init__(self, ui_modules: object, ui_methods: object) -> None:
        # By who makes them, and from which folder.
        self.loaders: dict[tuple[object, str], BaseLoader] = {}
        self.ui_modules: dict[str, type[UIModule]] = {
            **BUILT_IN_MODULES,
            **{
                name: value
                for name, value in _entries("ui_modules", ui_modules)
                if _is_ui_module(value)
            },
        }
        self.ui_methods: dict[str, UIMethod] = {
            name: value for name, value in _entries("ui_methods", ui_methods) if callable(value)
        }


def _is_ui_module(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, UIModule) and value is not UIModule


def _entries(setting: str, given: object) -> Iterator[tuple[str, Any]]:
    """Yield the public names of a setting, with what they stand for (Any: the caller looks)."""
    if given is None:
        return
    if isinstance(given, ModuleType):
        # Of a module, functions: the classes it imports are no methods of a page.
        wanted = setting == "ui_modules"
        yield from (
            (name, value)
            for name, value in vars(given).items()
            if not name.startswith("_") and inspect.isclass(value) is wanted
        )
    elif isinstance(given, Mapping):
        yield from ((name, value) for name, value in given.items() if not name.startswith("_"))
    elif isinstance(given, list | tuple):
        for each in given:
            yield from _entries(setting, each)
    else:
        raise TypeError(
            f"setting {setting} takes a module, a dictionary, or a list of these, "
            f"not {type(given).__name__}"
        )
