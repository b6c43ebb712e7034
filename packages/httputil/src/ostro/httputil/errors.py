"""The exceptions of this package.

HTTPUtilError
├── HTTPInputError   the peer sent what HTTP, or a limit of ours, does not allow
└── HTTPOutputError  our side tried to send what does not fit the message it began

A wrong argument to a function (a header value with a line break, a bad cookie name) is a plain
ValueError.
"""

__all__ = ["HTTPInputError", "HTTPOutputError", "HTTPUtilError"]


class HTTPUtilError(Exception):
    """The root of this package's exceptions."""


class HTTPInputError(HTTPUtilError):
    """The peer's message is malformed or over a limit.

    `status` is the HTTP status code that answers it, 400 unless a better one is known.
    """

    def __init__(self, message: str = "malformed HTTP message", status: int = 400) -> None:
        super().__init__(message, status)
        self.message = message
        self.status = status

    def __str__(self) -> str:
        return self.message


class HTTPOutputError(HTTPUtilError):
    """The application's answer breaks the message that it is part of."""
