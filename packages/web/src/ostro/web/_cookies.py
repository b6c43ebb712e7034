"""Cookies, plain and signed, of a request handler.

Third layer of `RequestHandler`; see `_output`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http.cookies import Morsel

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
    ) -> None:
        """Set a cookie; setting it again replaces what was set before in this response.

        `expires`: a unix timestamp, a time tuple or a datetime; `expires_days`: the same, days from
        now. Without either and without `max_age` (in seconds), the cookie lasts until the browser
        is closed. `samesite`: "Lax", "Strict" or "None".

        Raises ValueError for characters in name, value, domain, path or samesite that would end the
        cookie or the header, and for attributes that a `__Host-` or `__Secure-` name does not
        allow.

        Spec: RFC 6265bis section 4.1.
        """
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

    def clear_cookie(self, name: str, path: str = "/", domain: str | None = None) -> None:
        """Delete the cookie with the given name; path and domain must be those it was set with."""
        self.set_cookie(
            name,
            "",
            domain=domain,
            expires=datetime(2000, 1, 1, tzinfo=UTC),
            path=path,
            secure=name.startswith(("__Host-", "__Secure-")),
        )

    def clear_all_cookies(self, path: str = "/", domain: str | None = None) -> None:
        """Delete all the cookies the user sent with this request."""
        for name in self.request.cookies:
            self.clear_cookie(name, path=path, domain=domain)

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
    ) -> None:
        """Sign and timestamp a cookie so it cannot be forged; `value` may hold any bytes.

        Needs the `cookie_secret` setting. `expires_days` is how long the browser keeps it (None:
        until it is closed), independent of `max_age_days` of `get_secure_cookie`, which reads it.
        `version` is the format of the signature. The remaining parameters are those of
        `set_cookie`.
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
        )

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

    def get_secure_cookie_key_version(
        self, name: str, value: str | bytes | None = None
    ) -> int | None:
        """Return the version of the key that a signed cookie was signed with, unverified."""
        if value is None:
            value = self.get_cookie(name)
        return None if value is None else get_signature_key_version(value)

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
