"""The language of a request: the user's locale, or that of the browser.

Sixth layer of `RequestHandler`; see `_output`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ostro.httputil import parse_accept

from ._identity import refuse_awaitable
from ._xsrf import Xsrf

if TYPE_CHECKING:
    from ostro.locale import Locale

__all__ = ["Language"]

_REMEMBERED_HEADERS = 256
_MAX_REMEMBERED = 256
"""The longest Accept-Language header, in characters, that is kept; browsers send shorter ones."""


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
            languages = _languages if len(header) <= _MAX_REMEMBERED else _read_languages
            codes = languages(header)
            if codes:
                return locale.get(*codes)
        return locale.get(default)


def _read_languages(header: str) -> tuple[str, ...]:
    """Return the languages of an Accept-Language header, the best first."""
    return tuple([item.value for item in parse_accept(header) if item.quality])


_languages = lru_cache(_REMEMBERED_HEADERS)(_read_languages)
