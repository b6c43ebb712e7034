"""Who is asking: the current user, and the way to the login page and back.

Fourth layer of `RequestHandler`; see `_output`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from types import CoroutineType
from typing import Any, Final
from urllib.parse import urlsplit

from ostro.httputil import url_concat

from ._cookies import Cookies
from ._location import is_on_hosts, on_this_host

__all__ = ["Identity", "refuse_awaitable"]


class _Unknown:
    """The type of the value that stands for a user whom nobody has asked for yet."""


_UNKNOWN: Final = _Unknown()


class Identity(Cookies):
    """Knows the user of a request. The public methods are those of RequestHandler."""

    # Any: what a user is, the application decides.
    _current_user: Any = _UNKNOWN

    @property
    def current_user(self) -> Any:  # Any: as above
        """The user who is logged in, None (or whatever is false) if nobody is.

        It is what `get_current_user` returned when it was first needed in this request. It can be
        set, too: in a `prepare` that is a coroutine, where the user comes from a database.

            async def prepare(self):
                self.current_user = await load_user(self.get_secure_cookie("user"))
        """
        user = self._current_user
        if user is _UNKNOWN:
            user = self.get_current_user()
            refuse_awaitable(user, "get_current_user", "set self.current_user in prepare instead")
            self._current_user = user
        return user

    @current_user.setter
    def current_user(self, value: Any) -> None:  # Any: as above
        self._current_user = value

    def get_current_user(self) -> Any:  # Any: as above
        """Override to determine the current user from, e.g., a cookie. It cannot be a coroutine."""
        return None

    def get_login_url(self) -> str:
        """Override to customize the login URL based on the request.

        By default it is the `login_url` setting. Raises `MissingSettingError` without one.
        """
        self.require_setting("login_url", "@authenticated")
        url: str = self.settings["login_url"]
        return url

    def get_next_url(self, default: str = "/", *, allowed_hosts: Iterable[str] = ()) -> str:
        """Return where to go after the login: the `next` argument, if it leads to this site.

        `authenticated` puts it there, but anybody may write a link with another one. What leads to
        another host, or cannot be told, is replaced by `default`. `allowed_hosts` are hosts to
        accept besides that of the request, each with its port if it is not the usual.
        """
        target = self.get_argument("next", "")
        request = self.request
        hosts = [host.lower() for host in (request.host, *allowed_hosts)]
        return target if is_on_hosts(target, request.protocol, hosts) else default

    def _login_target(self) -> str:
        """Return the login URL, with the way back in it unless it has arguments of its own."""
        url = self.get_login_url()
        if "?" in url:
            return url
        request = self.request
        if urlsplit(url).scheme:
            back = request.full_url()
        else:
            query = f"?{request.query}" if request.query else ""
            back = on_this_host(request.path + query)
        return url_concat(url, {"next": back})


def refuse_awaitable(value: object, method: str, instead: str) -> None:
    """Raise TypeError if a method that cannot wait was overridden by one that must be awaited.

    A coroutine would be true, and so pass for a user.
    """
    if isinstance(value, CoroutineType):
        value.close()  # nobody will await it
    elif not inspect.isawaitable(value):
        return
    raise TypeError(f"{method} returned an awaitable, and cannot be a coroutine; {instead}")
