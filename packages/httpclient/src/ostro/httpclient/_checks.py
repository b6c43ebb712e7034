"""What a request and a client must be like, before anything is carried out: mistakes of callers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable
from typing import Final

from ._request import HTTPRequest

__all__ = ["check_least", "check_piece", "check_request"]

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
METHODS_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})

_is_token: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+").fullmatch
"""token. RFC 9110 section 5.6.2."""

_AUTH_MODES: Final = (None, "basic", "digest")

_TIMES: Final = ("connect_timeout", "request_timeout", "first_byte_timeout")


def check_request(request: HTTPRequest) -> None:
    """Accept a request, completed with the defaults.

    Raises ValueError for a method that cannot be sent, or is not standard unless that is allowed;
    for a body where none belongs, or none where one does; for a time or a size below zero; for an
    unknown way to authenticate; for a proxy without a port; for a client_key without a client_cert.
    Raises TypeError for a URL that is no text, and for a body_producer that is none.
    """
    if not isinstance(request.url, str):
        raise TypeError(f"the URL is a {type(request.url).__name__}, expected a str")
    method = request.method
    if not (method in METHODS and (method == "GET" or method == "HEAD")) or (
        request.body is not None or request.body_producer is not None
    ):
        _check_method(request)
    for name in _TIMES:
        seconds: float | None = getattr(request, name)
        if seconds is not None and not seconds >= 0:
            raise ValueError(f"{name} is {seconds} seconds, expected 0 (no limit) or more")
    if request.max_body_size is not None and request.max_body_size < 0:
        raise ValueError(f"max_body_size is {request.max_body_size} bytes, expected 0 or more")
    for name in ("auth_mode", "proxy_auth_mode"):
        mode: str | None = getattr(request, name)
        if mode not in _AUTH_MODES:
            raise ValueError(f"{name} is {mode!a:.100}, expected 'basic' or 'digest'")
    if request.proxy_host is not None and request.proxy_port is None:
        raise ValueError("proxy_host needs a proxy_port")
    if request.client_key is not None and request.client_cert is None:
        raise ValueError("client_key needs a client_cert: the certificate that it is the key of")


def _check_method(request: HTTPRequest) -> None:
    method = request.method
    if _is_token(method) is None or method == "CONNECT":
        raise ValueError(f"the method {method!a:.100} cannot be sent")
    if request.body is not None and request.body_producer is not None:
        raise ValueError("a request has a body or a body_producer, not both")
    producer = request.body_producer
    if not (producer is None or callable(producer) or isinstance(producer, AsyncIterable)):
        raise TypeError(
            f"the body_producer is a {type(producer).__name__}, expected a function that takes "
            "`write`, or an async iterable of bytes"
        )
    if request.allow_nonstandard_methods:
        return
    if method not in METHODS:
        raise ValueError(
            f"the method is {method!a:.100}, expected {', '.join(sorted(METHODS))}, or others with "
            "allow_nonstandard_methods"
        )
    present = request.body is not None or request.body_producer is not None
    if present is not (method in METHODS_WITH_BODY):
        raise ValueError(
            f"{method} has {'a' if present else 'no'} body, which needs allow_nonstandard_methods"
            + ("" if present else '; an empty one is body=""')
        )


def check_piece(data: object) -> None:
    """Raise TypeError for what a `body_producer` must not write."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"the body_producer gave a {type(data).__name__}, expected bytes")


def check_least(least: int, **values: float | None) -> None:
    """Raise ValueError for a value below `least`; None stands for none."""
    for name, value in values.items():
        if value is not None and not value >= least:
            raise ValueError(f"{name} is {value}, expected {least} or more")
