"""Cookies, plain and signed, of a request handler.

Third layer of `RequestHandler`; see `_output`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http.cookies import Morsel
from typing import Any

from ostro.httputil import format_set_cookie

from ._input import Input
from ._signing import (
    CookieSecret,
    create_signed_value,
    decode_signed_value,
    get_signature_key_version,
)
from .errors import MissingSettingError

__all__ = ["Cookies"]

_SECONDS_PER_DAY = 86400
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

_IGNORED_ATTRIBUTES = frozenset(("comment", "version"))
_ATTRIBUTES = frozenset(
    ("domain", "expires", "path", "max_age", "secure", "httponly", "samesite", "partitioned")
)


class Cookies(Input):
    """Reads and sets cookies. The public methods are those of RequestHandler."""

    @property
    def cookies(self) -> Mapping[str, Morsel[str]]:
        """The cookies of the request: `http.cookies.Morsel` objects by name."""
        return self.request.cookies

    def get_cookie(self, name: str, default: str | None = None) -> str | None:
        """Return the value of the request's cookie with the given name, else `default`."""
        morsel = self.request.cookies.get(name)
        return default if morsel is None else morsel.value

    def set_cookie(
        self,
        name: str,
        value: str | bytes,
        domain: str | None = None,
        expires: float | tuple[int, ...] | time.struct_time | datetime | None = None,
        path: str = "/",
        expires_days: float | None = None,
        *,
        max_age: int | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
        partitioned: bool = False,
        **attributes: Any,  # Any: the attributes have types of their own
    ) -> None:
        """Set a cookie; setting it again replaces what was set before in this response.

        `expires`: a unix timestamp, a time tuple or a datetime; `expires_days`: the same, days from
        now. Without either and without `max_age` (in seconds), the cookie lasts until the browser
        is closed. `samesite`: "Lax", "Strict" or "None". The names of `attributes` are those of
        `http.cookies.Morsel`: the same ones, in any case; `comment` and `version`, which browsers
        ignore, are not sent.

        Raises ValueError for characters in name, value, domain, path or samesite that would end the
        cookie or the header, and for attributes that a `__Host-` or `__Secure-` name does not
        allow; TypeError for an unknown attribute.

        Spec: RFC 6265bis section 4.1.
        """
        if attributes:
            given = _attributes(attributes)
            Cookies.set_cookie(  # not a subclass's, which made this call
                self,
                name,
                value,
                **{
                    "domain": domain,
                    "expires": expires,
                    "path": path,
                    "expires_days": expires_days,
                    "max_age": max_age,
                    "secure": secure,
                    "httponly": httponly,
                    "samesite": samesite,
                    "partitioned": partitioned,
                    **given,
                },
            )
            return
        if expires_days is not None and expires is None:
            expires = time.time() + expires_days * _SECONDS_PER_DAY
        header = format_set_cookie(
            name,
            value.decode("utf-8") if isinstance(value, bytes) else value,
            domain=domain,
            expires=expires,
            path=path,
            max_age=max_age,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
        )
        if self._new_cookies is None:
            self._new_cookies = {}
        self._new_cookies[name] = header

    def clear_cookie(
        self,
        name: str,
        path: str = "/",
        domain: str | None = None,
        *,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
        partitioned: bool = False,
    ) -> None:
        """Delete the cookie with the given name; path, domain and `partitioned` must be those it
        was set with. Raises as `set_cookie` does.
        """
        self.set_cookie(
            name,
            "",
            domain=domain,
            expires=_LONG_AGO,
            path=path,
            secure=secure or name.lower().startswith(("__host-", "__secure-")),
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
        )

    def clear_all_cookies(
        self,
        path: str = "/",
        domain: str | None = None,
        *,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
        partitioned: bool = False,
    ) -> None:
        """Delete all the cookies the user sent with this request, each as `clear_cookie` does.

        Those that cannot have been set with this path and domain, or not by this server, are left
        alone. Raises ValueError for attributes that no cookie can have.
        """
        asked: dict[str, Any] = {  # Any: as for set_cookie
            "secure": secure,
            "httponly": httponly,
            "samesite": samesite,
            "partitioned": partitioned,
        }
        # A subclass that extends clear_cookie may know the older parameters only.
        further = {name: value for name, value in asked.items() if value}
        format_set_cookie("any", "", path=path, domain=domain, **further)
        for name in self.request.cookies:
            with contextlib.suppress(ValueError):
                self.clear_cookie(name, path=path, domain=domain, **further)

    def set_secure_cookie(
        self,
        name: str,
        value: str | bytes,
        expires_days: float | None = 30,
        *,
        version: int | None = None,
        domain: str | None = None,
        path: str = "/",
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
        max_age: int | None = None,
        partitioned: bool = False,
        **attributes: Any,  # Any: as for set_cookie
    ) -> None:
        """Sign and timestamp a cookie so it cannot be forged; `value` may hold any bytes.

        Needs the `cookie_secret` setting. `expires_days` is how long the browser keeps it (None:
        until it is closed), independent of `max_age_days` of `get_secure_cookie`, which reads it.
        `version` is the format of the signature. The remaining parameters, `attributes` among them,
        are those of `set_cookie`.
        """
        self.set_cookie(
            name,
            self.create_signed_value(name, value, version),
            domain=domain,
            path=path,
            expires_days=expires_days,
            max_age=max_age,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
            **attributes,
        )

    set_signed_cookie = set_secure_cookie

    def get_secure_cookie(
        self,
        name: str,
        value: str | bytes | None = None,
        max_age_days: float = 31,
        min_version: int | None = None,
    ) -> bytes | None:
        """Return the given signed cookie if it validates and is not older than `max_age_days`, or
        None.

        `value` is verified in place of the cookie, if given. Needs the `cookie_secret` setting.
        """
        if value is None:
            value = self.get_cookie(name)
        return decode_signed_value(
            self._cookie_secret(), name, value, max_age_days=max_age_days, min_version=min_version
        )

    get_signed_cookie = get_secure_cookie

    def get_secure_cookie_key_version(
        self, name: str, value: str | bytes | None = None
    ) -> int | None:
        """Return the version of the key that a signed cookie was signed with, unverified."""
        if value is None:
            value = self.get_cookie(name)
        return None if value is None else get_signature_key_version(value)

    get_signed_cookie_key_version = get_secure_cookie_key_version

    def create_signed_value(
        self, name: str, value: str | bytes, version: int | None = None
    ) -> bytes:
        """Sign and timestamp a string so it cannot be forged, for use outside cookies.

        `get_secure_cookie(name, value)` reads it. With several secrets, the setting `key_version`
        says which signs.
        """
        key_version: int | None = self.settings.get("key_version")
        return create_signed_value(
            self._cookie_secret(), name, value, version=version, key_version=key_version
        )

    def require_setting(self, name: str, feature: str = "this feature") -> None:
        """Raise `MissingSettingError` if the given app setting is not defined."""
        if not self.settings.get(name):
            raise MissingSettingError(
                f"the application needs the {name!r} setting to use {feature}"
            )

    def _cookie_secret(self) -> CookieSecret:
        self.require_setting("cookie_secret", "secure cookies")
        secret: CookieSecret = self.settings["cookie_secret"]
        return secret


def _attributes(given: dict[str, Any]) -> dict[str, Any]:  # Any: as for set_cookie
    """Return attributes of a morsel under the names that `set_cookie` has for them."""
    named = {name.lower().replace("-", "_"): value for name, value in given.items()}
    unknown = named.keys() - _ATTRIBUTES - _IGNORED_ATTRIBUTES
    if unknown:
        raise TypeError(
            f"cookie attribute {min(unknown)!r} is unknown; "
            f"the attributes are: {', '.join(sorted(_ATTRIBUTES))}"
        )
    return {name: value for name, value in named.items() if name in _ATTRIBUTES}
