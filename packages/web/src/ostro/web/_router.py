"""Router and Mount: groups of routes below a prefix or a host, and other sites below one.

Both are descriptions. An application flattens them into the one list of its URLSpecs when it takes
them in, so that how deep a route lies costs nothing when a request comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from ostro.httputil import HTTPServerConnectionDelegate

from ._cors import CORS
from ._pattern import anchored, has_top_level_choice, literal_prefix
from ._urlspec import URLSpec
from .errors import NotReversibleError

if TYPE_CHECKING:
    from ._handler import RequestHandler

__all__ = ["HandlerSpec", "Mount", "Router", "flatten"]

NAMESPACE_SEPARATOR = ":"
"""What stands between the name of a Router and that of a route in it."""


class Router:
    """A group of routes that belong together, to be listed among an application's handlers.

        api = Router([
            (r"/items", ItemsHandler),
            (r"/items/{item_id:int}", ItemHandler, None, "item"),
        ], prefix="/api", name="api")
        application = Application([(r"/", MainHandler), api])
        application.reverse_url("api:item", 5)     # /api/items/5

    `handlers`: what an Application takes, further Routers among them. `prefix`: begins with a slash
    and ends without one; it stands before each pattern, is a pattern itself and may have arguments.
    `host`: a regular expression for the names of the hosts that the routes are for; requests for
    other hosts pass them by. `name`: stands before the names of the routes, with a colon. `cors`:
    the policy for them, where their handlers have none of their own; False for none at all.

    The routes take the place of the Router in its list: the order decides, as it does everywhere.
    A Router does not change, and may be used in several places.

    Raises ValueError for a prefix that cannot stand before a pattern, re.error for a malformed host
    pattern.
    """

    __slots__ = ("cors", "handlers", "host", "name", "prefix")

    def __init__(
        self,
        handlers: Iterable[HandlerSpec],
        *,
        prefix: str = "",
        host: str | None = None,
        name: str | None = None,
        cors: CORS | Literal[False] | None = None,
    ) -> None:
        _check_prefix(prefix)
        self.handlers: tuple[HandlerSpec, ...] = tuple(handlers)
        self.prefix = prefix
        self.host = None if host is None else re.compile(anchored(host), re.IGNORECASE)
        self.name = name
        self.cors = cors

    def __repr__(self) -> str:
        return f"<Router {self.prefix!r}: {len(self.handlers)} handlers>"


class Mount:
    """Another site below a prefix, to be listed among an application's handlers.

        Application([Mount("/blog", blog_application, name="blog"), (r"/", MainHandler)])

    `site`: an Application, which matches what comes after the prefix and keeps its settings, its
    transforms and its error pages, or any other HTTPServerConnectionDelegate, which takes the
    request as it comes, target and all, its body in parts. Either way `request.path` stays whole.
    `prefix`: plain text that begins with a slash and ends without one, or nothing, for all paths.
    `name`: by itself the root of the site, for `reverse_url`; with a colon behind it, it stands
    before the names that an Application has.

    In a mounted Application `RequestHandler.reverse_url` returns whole paths; its own `reverse_url`
    knows nothing of the prefix. Raises ValueError for a prefix that is no plain text, TypeError for
    a site that is none.
    """

    __slots__ = ("name", "prefix", "site")

    def __init__(
        self, prefix: str, site: HTTPServerConnectionDelegate, *, name: str | None = None
    ) -> None:
        _check_prefix(prefix)
        if not isinstance(site, HTTPServerConnectionDelegate):
            raise TypeError(
                f"what is mounted is an Application or an HTTPServerConnectionDelegate, "
                f"not {site!r}; FallbackHandler takes callbacks"
            )
        self.prefix = prefix
        self.site = site
        self.name = name

    def __repr__(self) -> str:
        return f"<Mount {self.prefix!r}: {self.site!r}>"


HandlerSpec: TypeAlias = (
    URLSpec
    | Router
    | Mount
    | tuple[str, "type[RequestHandler] | str"]
    | tuple[str, "type[RequestHandler] | str", Mapping[str, object] | None]
    | tuple[str, "type[RequestHandler] | str", Mapping[str, object] | None, str | None]
)
"""How an application names a handler: a URLSpec, the arguments of one in a tuple, or a group."""


class MountSpec(URLSpec):
    """All paths below the prefix of a Mount."""

    __slots__ = ("root", "site")

    def __init__(self, root: str, site: HTTPServerConnectionDelegate, name: str | None) -> None:
        # They know handlers and applications, which know routes.
        from ._application import Application
        from ._handover import DelegateHandler, MountHandler

        pattern = re.escape(root) + "(?:/.*)?" if root else ".*"
        handler = MountHandler if isinstance(site, Application) else DelegateHandler
        super().__init__(pattern, handler, {"root": root, "site": site}, name)
        self.template = root
        self.root = root
        self.site = site

    def reverse(self, *args: object) -> str:
        """Return the path of the site's root."""
        if args:
            raise NotReversibleError(
                f"what is mounted at {self.root!r} takes no arguments, and {len(args)} were given"
            )
        return self.root + "/"

    def reverse_url(self, name: str, *args: object) -> str:
        """Return the path, without the prefix, of what the site knows by this name.

        Raises KeyError where it knows no names, and what its own `reverse_url` raises.
        """
        from ._application import Application  # it knows routes

        if not isinstance(self.site, Application):
            raise KeyError(f"{self.site!r} is no Application and has no names, not {name!r} either")
        return self.site.reverse_url(name, *args)


class _Place(NamedTuple):
    """What the Routers around a route have to say about it."""

    prefix: str = ""
    hosts: tuple[re.Pattern[str], ...] = ()
    namespace: str = ""
    cors: CORS | Literal[False] | None = None

    def inside(self, router: Router) -> _Place:
        return _Place(
            self.prefix + router.prefix,
            self.hosts if router.host is None else (*self.hosts, router.host),
            self.namespace + (router.name + NAMESPACE_SEPARATOR if router.name else ""),
            self.cors if router.cors is None else router.cors,
        )

    def named(self, name: str | None) -> str | None:
        return None if name is None else self.namespace + name


_OUTSIDE = _Place()


def flatten(handlers: Iterable[object], place: _Place = _OUTSIDE) -> Iterator[URLSpec]:
    """Return the URLSpecs that `handlers` describe, in order; those of Routers with all that lies
    around them.

    Raises TypeError for what is no HandlerSpec, ValueError for a Mount below a prefix that is no
    plain text.
    """
    for handler in handlers:
        if isinstance(handler, Router):
            yield from flatten(handler.handlers, place.inside(handler))
        elif isinstance(handler, Mount):
            yield _mounted(handler, place)
        else:
            spec = _as_spec(handler)
            yield spec if place == _OUTSIDE else _placed(spec, place)


def _as_spec(handler: object) -> URLSpec:
    """Return a HandlerSpec as a URLSpec; whatever the types say, people make mistakes."""
    if isinstance(handler, URLSpec):
        return handler
    if not isinstance(handler, tuple | list) or not 2 <= len(handler) <= 4:
        raise TypeError(
            "a handler is a URLSpec or a tuple (pattern, handler_class[, kwargs[, name]]), "
            f"a Router or a Mount, not {handler!r}"
        )
    return URLSpec(*handler)


def _placed(spec: URLSpec, place: _Place) -> URLSpec:
    """Return a spec as it is inside of Routers: a new one, as it may be used elsewhere, too."""
    inside = type(spec)(
        place.prefix + _after_prefix(spec.template) if place.prefix else spec.template,
        spec.handler_class,
        spec.kwargs,
        place.named(spec.name),
    )
    inside.hosts = place.hosts
    if inside.cors is None:
        inside.cors = place.cors
    return inside


def _after_prefix(pattern: str) -> str:
    body = pattern.removeprefix("^")
    if has_top_level_choice(body):
        return f"(?:{body.removesuffix('$')})"
    return body


def _mounted(mount: Mount, place: _Place) -> MountSpec:
    prefix = place.prefix + mount.prefix
    root, exact = literal_prefix(prefix)
    if not exact:
        raise ValueError(f"the prefix {prefix!r} of a Mount is a pattern, expected plain text")
    spec = MountSpec(root, mount.site, place.named(mount.name))
    spec.hosts, spec.cors = place.hosts, place.cors
    return spec


def _check_prefix(prefix: str) -> None:
    if not prefix:
        return
    if not prefix.startswith(("/", "(")) or prefix.endswith("/"):
        raise ValueError(f"the prefix {prefix!r} must begin with a slash and end without one")
    if anchored(prefix) == prefix or has_top_level_choice(prefix):
        raise ValueError(
            f"the prefix {prefix!r} has a '$' at its end, or a '|' outside of groups: "
            "nothing could stand behind it"
        )
