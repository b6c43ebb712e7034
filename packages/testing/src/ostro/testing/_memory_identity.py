"""Who a client in memory is to the application: its cookies, its login, its XSRF token.

The first layer of MemoryClient. It knows the application's settings, and asks nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from ostro.httpclient import AsyncHTTPClient, CookieJar
from ostro.httputil import HTTPHeaders, HTTPServerConnectionDelegate
from ostro.web import Application, create_signed_value

__all__ = ["MemoryIdentity"]


class MemoryIdentity(AsyncHTTPClient):
    """What a MemoryClient has of a user; see there."""

    application: HTTPServerConnectionDelegate
    base_url: str
    cookies: CookieJar

    def get_cookie(self, name: str) -> str | None:
        """Return the value of a cookie that the client has; None if it has none of this name."""
        return next((cookie.value for cookie in self.cookies if cookie.name == name), None)

    def set_cookie(self, name: str, value: str) -> None:
        """Give the client a cookie for its site."""
        self.cookies.store(self.base_url, [f"{name}={value}; Path=/"])

    def set_secure_cookie(self, name: str, value: str | bytes) -> None:
        """Give the client a cookie that is signed with the application's `cookie_secret`.

        So a test is logged in without the login. Raises TypeError without such an application.
        """
        settings = self._settings()
        if "cookie_secret" not in settings:
            raise TypeError("set_secure_cookie() needs an Application with a cookie_secret")
        signed = create_signed_value(
            settings["cookie_secret"], name, value, key_version=settings.get("key_version")
        )
        self.set_cookie(name, signed.decode())

    @property
    def xsrf_token(self) -> str:
        """The XSRF token of this client: the value of its cookie, which is made if there is none.

        It goes into the argument `_xsrf`, or the header X-XSRFToken.
        """
        name = self._settings().get("xsrf_cookie_name", "_xsrf")
        token = self.get_cookie(name)
        if token is None:
            token = secrets.token_hex(16)
            self.set_cookie(name, token)
        return token

    def _settings(self) -> Mapping[str, Any]:  # Any: those of an Application
        return self.application.settings if isinstance(self.application, Application) else {}

    # For the requests

    def _add_cookies(self, text: str, fields: HTTPHeaders) -> None:
        kept = self.cookies.header_for(text)
        if kept:
            own = fields.get("Cookie")
            fields["Cookie"] = f"{own}; {kept}" if own else kept

    def _store_cookies(self, text: str, fields: HTTPHeaders) -> None:
        self.cookies.store(text, fields.get_list("Set-Cookie"))
