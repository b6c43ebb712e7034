"""What a request handler knows of its request by the way that it came: its route, its arguments.

A layer of `RequestHandler`; see `_output`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ._hooks import Hooks
from ._request_id import request_id_of
from ._urlspec import RouteMatch

if TYPE_CHECKING:
    from ._observing import Observed

__all__ = ["Routed"]


class Routed(Hooks):
    """Reads the route. The public names are those of RequestHandler."""

    # What the request's path matched; set when the request is run.
    _match: RouteMatch
    # Who observes the request.
    _observed: Observed | None = None

    @property
    def path_args(self) -> list[str | None]:
        """The arguments that the unnamed groups of the URL pattern found, decoded.

        Raises as `decode_argument` does.
        """
        return [None if arg is None else self.decode_argument(arg) for arg in self._match.args]

    @property
    def path_kwargs(self) -> dict[str, Any]:  # Any: each converter has a type of its own
        """The arguments that the named groups of the URL pattern found, by name: decoded, or what
        its converters made of them.

        Raises as `decode_argument` does.
        """
        match = self._match
        if match.spec.converters is not None:
            return dict(match.kwargs)
        return {
            name: arg if arg is None else self.decode_argument(arg, name)
            for name, arg in match.kwargs.items()
        }

    @functools.cached_property
    def route(self) -> str | None:
        """The pattern of the route that led here, as it was written, with what Routers and Mounts
        put before it; None where no route matched. Known from `prepare` on.
        """
        return self._route()

    def _route(self) -> str | None:
        template = self._match.spec.template
        return self._root + template if template else None

    @functools.cached_property
    def request_id(self) -> str:
        """The id of this request; see `RequestIds`, without which one is made when it is asked
        for.
        """
        return request_id_of(self.request)
