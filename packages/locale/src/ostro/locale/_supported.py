"""Which locales there are: the one state of this package, shared by all threads.

It is a snapshot that never changes, and is replaced as a whole: whoever reads it takes no lock and
sees either all of what was loaded before or all of what was loaded since.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from ._codes import parse, stand_ins
from .errors import InvalidCodeError, UnsupportedLocaleError

if TYPE_CHECKING:
    from ._locale import Locale


class Supported:
    """The translated locales, and the default one, which needs no translation.

    `untranslated` makes the locale of a code that has no translations.
    """

    __slots__ = ("_default", "_locales", "_translated", "_untranslated", "codes")

    def __init__(
        self,
        translated: Mapping[str, Locale],
        untranslated: Callable[[str], Locale],
        default_code: str,
    ) -> None:
        self._translated = translated
        self._untranslated = untranslated
        self._default = translated.get(default_code) or untranslated(default_code)
        self._locales = {**translated, default_code: self._default}
        self.codes = frozenset(self._locales)

    def exactly(self, code: str) -> Locale:
        """Return the locale `code`, else raise UnsupportedLocaleError."""
        parts = parse(code)
        found = self._locales.get(str(parts) if parts else code)
        if found is None:
            raise UnsupportedLocaleError(code, self.codes)
        return found

    def closest(self, codes: Iterable[str]) -> Locale:
        """Return the closest locale to the first of `codes` that has any, else the default."""
        for code in codes:
            parts = parse(code or "")  # None, where a user has no preference
            for each in stand_ins(parts) if parts else ():
                if each in self._locales:
                    return self._locales[each]
        return self._default

    def with_default(self, code: str) -> Supported:
        """Return the same translations with another default."""
        return Supported(self._translated, self._untranslated, code)

    def with_translations(
        self, translated: Mapping[str, Locale], untranslated: Callable[[str], Locale]
    ) -> Supported:
        """Return other translations with the same default."""
        return Supported(translated, untranslated, self._default.code)


class _State:
    """Holds the snapshot in force; the lock keeps two that replace it from undoing each other."""

    __slots__ = ("lock", "supported")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.supported: Supported | None = None


_STATE = _State()


def current() -> Supported:
    """Return what is supported now."""
    assert _STATE.supported is not None  # `_loading` sets it as the package is imported
    return _STATE.supported


def start(supported: Supported) -> None:
    """Put the first snapshot in force."""
    _STATE.supported = supported


def replace_translations(
    translated: Mapping[str, Locale], untranslated: Callable[[str], Locale]
) -> None:
    """Put other translations in force, and keep the default."""
    with _STATE.lock:
        _STATE.supported = current().with_translations(translated, untranslated)


def replace_default(code: str) -> None:
    """Put another default in force, and keep the translations."""
    parts = parse(code)
    if parts is None:
        raise InvalidCodeError(code)
    with _STATE.lock:
        _STATE.supported = current().with_default(str(parts))
