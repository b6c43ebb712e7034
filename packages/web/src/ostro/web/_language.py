"""The language of a request: the user's locale, or that of the browser.

Sixth layer of `RequestHandler`; see `_output`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ostro.httputil import parse_accept

from ._identity import refuse_awaitable
from ._xsrf import Xsrf

if TYPE_CHECKING:
    from ostro.locale import Locale

__all__ = ["Language"]

_MAX_REMEMBERED: Final = 256
"""Accept-Language headers whose locales are kept; there are few that many browsers send."""
_MAX_REMEMBERED_LENGTH: Final = 256
"""The longest of them, in characters; browsers send shorter ones."""


class Language(Xsrf):
    """Finds the locale of a request. The public methods are those of RequestHandler."""

    _locale: Locale | None = None

    @property
    def locale(self) -> Locale:
        """The locale for the current session: that of `get_user_locale`, else that of
        `get_browser_locale`; found when it is first needed. It can be set.
        """
        if self._locale is None:
            found = self.get_user_locale()
            refuse_awaitable(found, "get_user_locale", "set self.locale in prepare instead")
            if isinstance(found, str):
                from ostro import locale  # only here and below: most handlers need none

                found = locale.get(found)
            self._locale = found or self.get_browser_locale()
        return self._locale

    @locale.setter
    def locale(self, value: Locale) -> None:
        self._locale = value

    def get_user_locale(self) -> Locale | str | None:
        """Override to determine the locale from the authenticated user.

        Return a `ostro.locale.Locale`, the code of one, or None to ask the browser. It cannot be a
        coroutine.
        """
        return None

    def get_browser_locale(self, default: str = "en_US") -> Locale:
        """Determine the user's locale from the Accept-Language header.

        It is the closest to the first language that has any, else the default of `ostro.locale`;
        `default` is the code for requests without the header.

        Spec: RFC 9110 section 12.5.4.
        """
        from ostro import locale

        header = self.request.headers.get("Accept-Language")
        if header:
            memory = _current_memory(locale.get_supported_locales())
            found = memory.get(header) or _negotiated(header, memory)
            if found is not None:
                return found
        return locale.get(default)


def _negotiated(header: str, memory: dict[str, Locale]) -> Locale | None:
    """Return the closest locale to the languages in a header, None if there are none in it."""
    from ostro import locale

    codes = [item.value for item in parse_accept(header) if item.quality]
    if not codes:
        return None
    found = locale.get(*codes)
    if len(header) <= _MAX_REMEMBERED_LENGTH:
        if len(memory) >= _MAX_REMEMBERED:
            memory.clear()
        memory[header] = found
    return found


class _Memory:
    """The locales of headers that came since the translations were loaded."""

    __slots__ = ("locales", "supported")

    def __init__(self, supported: frozenset[str] | None) -> None:
        # What `ostro.locale` returned: for other translations it returns another set.
        self.supported = supported
        self.locales: dict[str, Locale] = {}


_memory = _Memory(None)


def _current_memory(supported: frozenset[str]) -> dict[str, Locale]:
    """Return the locales by header; none yet where other translations have been loaded."""
    global _memory  # replaced as a whole, so that threads see one or the other
    memory = _memory
    if memory.supported is not supported:
        memory = _memory = _Memory(supported)
    return memory.locales
