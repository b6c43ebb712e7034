"""The exceptions of this package.

WSGIError
├── InvalidResponseError  a WSGI application broke the protocol
├── ClientGoneError       nothing more can be sent (also ConnectionError)
└── ResponseAbortedError  a response was given up after its head; the WSGI server is to cut it off
"""

from __future__ import annotations

__all__ = ["ClientGoneError", "InvalidResponseError", "ResponseAbortedError", "WSGIError"]


class WSGIError(Exception):
    """The root of this package's exceptions."""


class InvalidResponseError(WSGIError):
    """A WSGI application answered in a way that the protocol does not allow. Spec: PEP 3333."""


class ClientGoneError(WSGIError, ConnectionError):
    """The client has gone while a WSGI application answered it.

    Raised by the `write` callable; an application that is iterated over is closed instead.
    """

    def __init__(self) -> None:
        super().__init__("the client has closed the connection")


class ResponseAbortedError(WSGIError):
    """A response was given up after its head had been sent, or its connection closed.

    It is raised to the WSGI server, which then drops the connection: only so can the client see
    that the response is not whole.
    """
