"""Protection against cross-site request forgery (XSRF): a token in a cookie and in each form.

Fifth layer of `RequestHandler`; see `_output`. Another site can make a browser send a request with
its cookies, but cannot read them, and so cannot send the token a second time.
"""

from __future__ import annotations

from typing import Any, Final

from ostro.escape import xhtml_escape

from ._identity import Identity
from ._xsrf_token import XsrfToken
from .errors import HTTPError

__all__ = ["XSRF_SAFE_METHODS", "Xsrf"]

XSRF_SAFE_METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS"))
"""The methods that change nothing, and so need no token."""

_PERSISTENT_DAYS = 30


XSRF_TOKEN_HEADERS: Final = ("X-Xsrftoken", "X-Csrftoken")
"""Where a token is, if it is not an argument."""


class Xsrf(Identity):
    """Makes and checks the tokens. The public methods are those of RequestHandler."""

    # What this response shows of the token, once something asked for it.
    _xsrf_token: bytes | None = None

    @property
    def xsrf_token(self) -> bytes:
        """The XSRF token of the session, masked anew for this response; it is ASCII.

        Reading it sets the cookie `_xsrf` if the browser has none: a page whose scripts, and no
        forms, need the token reads it for that alone. Where there is a `current_user` the cookie
        lasts 30 days, otherwise until the browser is closed.

        Settings: `xsrf_cookie_name`; `xsrf_cookie_kwargs`, arguments of `set_cookie`;
        `xsrf_cookie_version`, 2 or, without a mask, 1. Cookies of either version are read.
        """
        if self._xsrf_token is None:
            version = self.settings.get("xsrf_cookie_version", 2)
            session = self._session_token()
            if session is not None:
                self._xsrf_token = session.format(version)
            else:
                self._xsrf_token = XsrfToken.new().format(version)
                self._set_xsrf_cookie(self._xsrf_token)
        return self._xsrf_token

    def check_xsrf_cookie(self) -> None:
        """Verify that the cookie `_xsrf` and the token in the request match; else raise
        `HTTPError` 403.

        The token is the argument `_xsrf`, or the header X-XSRFToken or X-CSRFToken. With the
        setting `xsrf_cookies` it is called before `prepare`, for all methods but GET, HEAD and
        OPTIONS, also for what scripts send. Override it to do nothing in a handler whose clients
        are not known by a cookie. An Application that is mounted in another, or is its fallback,
        goes by its own settings.
        """
        headers = self.request.headers
        sent = (
            self.get_argument("_xsrf", "")
            or headers.get(XSRF_TOKEN_HEADERS[0])
            or headers.get(XSRF_TOKEN_HEADERS[1])
        )
        if not sent:
            raise HTTPError(403, "'_xsrf' argument missing from %s", self.request.method)
        token = XsrfToken.parse(sent)
        if token is None:
            raise HTTPError(403, "'_xsrf' argument is no XSRF token")
        session = self._session_token()
        if session is None:
            raise HTTPError(403, "XSRF cookie missing from %s", self.request.method)
        if not session.matches(token):
            raise HTTPError(403, "XSRF cookie does not match '_xsrf' argument")

    def xsrf_form_html(self) -> str:
        """Return an HTML `<input/>` element to be included with all POST forms.

        In a template: `{% module xsrf_form_html() %}`.
        """
        return f'<input type="hidden" name="_xsrf" value="{xhtml_escape(self.xsrf_token)}"/>'

    def _session_token(self) -> XsrfToken | None:
        """Return the token in the request's cookie."""
        cookie = self.get_cookie(self._xsrf_cookie_name())
        return XsrfToken.parse(cookie) if cookie else None

    def _set_xsrf_cookie(self, value: bytes) -> None:
        # Any: the arguments of set_cookie
        attributes: dict[str, Any] = dict(self.settings.get("xsrf_cookie_kwargs") or {})
        if "expires_days" not in attributes and self.current_user:
            attributes["expires_days"] = _PERSISTENT_DAYS
        self.set_cookie(self._xsrf_cookie_name(), value, **attributes)

    def _xsrf_cookie_name(self) -> str:
        name: str = self.settings.get("xsrf_cookie_name", "_xsrf")
        return name
