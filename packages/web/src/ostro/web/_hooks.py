"""What a subclass of RequestHandler defines: its methods, its hooks, and its limits.

A layer of `RequestHandler`; see `_output`. When they are called is decided by the last one.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ostro.httputil import HTTPServerRequest

from ._cors import CORS
from ._pages import Pages
from .errors import HTTPError

if TYPE_CHECKING:
    from ._application import Application
    from ._urlspec import RouteMatch, URLSpec

__all__ = ["Hooks"]


class Hooks(Pages):
    """Does nothing, or answers 405. The public names are those of RequestHandler."""

    cancel_on_disconnect: ClassVar[bool] = True
    """Whether a coroutine of this handler is cancelled when the connection to the client breaks."""

    max_body_size: ClassVar[int | None] = None
    """Bytes that the body of a request may have, in place of the server's limit; None leaves that.

    A longer one is answered 413, before any of it is read where its length is announced.
    """

    body_timeout: ClassVar[float | None] = None
    """Seconds that the body of a request may take, in place of the server's; 0 means no limit."""

    handler_timeout: ClassVar[float | None] = None
    """Seconds that this handler may take for its answer; None means no limit.

    Then its coroutine is cancelled, and 503 sent unless an answer has begun. With a streamed body,
    `prepare`, `data_received` and the method are timed one by one.
    """

    cors: ClassVar[CORS | Literal[False] | None] = None
    """Who may read the answers of this handler from pages of other origins; None leaves that to the
    Router or the application, False allows nobody.
    """

    # Whether the body is handed over as it comes.
    _streams_body: ClassVar[bool] = False

    def prepare(self) -> Awaitable[None] | None:
        """Override for work before each method, whichever it is.

        If it finishes the response, the method is not called. It may be a coroutine.
        """
        return None

    # Any: each subclass states the arguments that its URL pattern passes.
    def head(self, *args: Any, **kwargs: Any) -> Any:
        """Override to answer HEAD; 405 otherwise."""
        raise HTTPError(405)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Override to answer GET; 405 otherwise."""
        raise HTTPError(405)

    def post(self, *args: Any, **kwargs: Any) -> Any:
        """Override to answer POST; 405 otherwise."""
        raise HTTPError(405)

    def put(self, *args: Any, **kwargs: Any) -> Any:
        """Override to answer PUT; 405 otherwise."""
        raise HTTPError(405)

    def patch(self, *args: Any, **kwargs: Any) -> Any:
        """Override to answer PATCH; 405 otherwise."""
        raise HTTPError(405)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Override to answer DELETE; 405 otherwise."""
        raise HTTPError(405)

    def options(self, *args: Any, **kwargs: Any) -> Any:
        """Override to answer OPTIONS; 405 otherwise."""
        raise HTTPError(405)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Override to take the next part of the body, under `@stream_request_body`.

        It may be a coroutine: the client is then slowed down to its pace.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define data_received")

    def on_connection_close(self) -> None:
        """Override to clean up when the client goes away while the request is being worked on.

        Called once. Proxies may keep their connection open after the client has gone, so it may
        come late or not at all; work that every request needs belongs into `on_finish`.
        """

    # Where a streamed body has further steps

    def _check_xsrf_at_headers(self) -> None:
        """Check the XSRF token before the body comes, which may hold it."""
        self.check_xsrf_cookie()

    def _end_of_body(self) -> Awaitable[None] | None:
        """Do what is left to do with a body that has come, before the method is called."""
        return None

    def _after_run(self) -> None:
        """Let go of what the request has held, where no loop runs that could do so later."""

    @classmethod
    def _look_through(
        cls, spec: URLSpec, request: HTTPServerRequest, root: str
    ) -> tuple[Application, RouteMatch, str] | None:
        """Return the application that answers in the place of this handler, its match and its root,
        if it is one of ours: what its handler wants of the body is asked for before that comes.
        """
        return None
