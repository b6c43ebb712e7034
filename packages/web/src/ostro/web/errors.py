"""The exceptions of this package.

WebError
├── HTTPError               becomes an error response
│   ├── MissingArgumentError  a required argument is not there (400)
│   └── JSONBodyError         the body is not the JSON that it should be (400)
├── Finish                  ends the request with what has been written so far
├── NotReversibleError      a URL cannot be built from its pattern
├── MissingSettingError     the application lacks a setting that a feature needs
├── StartupError            something that the application needs could not be started
└── UnfinishedError         a method waits for callbacks where no event loop runs
"""

from __future__ import annotations

from ostro.httputil import responses

__all__ = [
    "Finish",
    "HTTPError",
    "JSONBodyError",
    "MissingArgumentError",
    "MissingSettingError",
    "NotReversibleError",
    "StartupError",
    "UnfinishedError",
    "WebError",
]


class WebError(Exception):
    """The root of this package's exceptions."""


class HTTPError(WebError):
    """An exception that turns into an HTTP error response.

    `status_code`: the status of the response. `log_message`: what the log says, with `args` filled
    in by `%`; the client does not see it unless `serve_traceback` is set. `reason`: the reason
    phrase, if not the usual.
    """

    def __init__(
        self,
        status_code: int = 500,
        log_message: str | None = None,
        *args: object,
        reason: str | None = None,
    ) -> None:
        super().__init__(status_code, log_message, *args)
        self.status_code = status_code
        self.log_message = log_message
        self.args = args
        self.reason = reason

    def get_message(self) -> str | None:
        """Return the log message with its arguments filled in, or None without one."""
        if self.log_message is None or not self.args:
            return self.log_message
        return self.log_message % self.args

    def __str__(self) -> str:
        message = self.get_message()
        text = (
            f"HTTP {self.status_code}: {self.reason or responses.get(self.status_code, 'Unknown')}"
        )
        return f"{text} ({message})" if message else text


class MissingArgumentError(HTTPError):
    """A required argument is not in the request; becomes a 400 response. `arg_name` names it."""

    def __init__(self, arg_name: str) -> None:
        super().__init__(400, "Missing argument %s", arg_name)
        self.arg_name = arg_name


class JSONBodyError(HTTPError):
    """The request body is not JSON, or not the JSON that is expected; becomes a 400 response.

    `problem` says what is wrong, without a word of what the client sent. `line` and `column` say
    where, both from 1 on, and are None where there is no such place.
    """

    def __init__(self, problem: str, line: int | None = None, column: int | None = None) -> None:
        where = "" if line is None else f" at line {line}, column {column}"
        super().__init__(400, "Bad JSON body: %s%s", problem, where)
        self.problem = problem
        self.line = line
        self.column = column


class Finish(WebError):  # noqa: N818 - it is no error, and Tornado's name
    """Ends the request without an error: what has been written so far is sent.

    An argument, if given, is passed on to `RequestHandler.finish`.
    """


class NotReversibleError(WebError):
    """A URL was asked for by name, and its pattern is too general or the arguments do not fit."""


class MissingSettingError(WebError):
    """A feature was used without the application setting that it needs."""


class StartupError(WebError):
    """One of the context managers of the setting `lifespan` could not be entered.

    `hook` is its name; the exception that it raised is the cause.
    """

    def __init__(self, hook: str, error: BaseException) -> None:
        super().__init__(f"the startup of {hook!r} failed: {type(error).__name__}: {error}")
        self.hook = hook


class UnfinishedError(WebError):
    """A method returned before its response was finished, and no event loop runs that could call it
    back (WSGI). `method_name` names it: "MainHandler.get".
    """

    def __init__(self, method_name: str) -> None:
        super().__init__(
            f"{method_name} returned before its response was finished, and no event loop runs here "
            "(WSGI) that could call it back; make it a coroutine ('async def'), which is run to "
            "its end, or call finish() before it returns"
        )
        self.method_name = method_name
