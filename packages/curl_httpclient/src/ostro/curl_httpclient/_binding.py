"""The part of pycurl that is used here, with types, which it does not have itself."""

from __future__ import annotations

from typing import Final, Protocol, TypeAlias, cast

import pycurl  # type: ignore[import-untyped]  # it has no types

__all__ = [
    "HTTP2",
    "SUPPRESS_CONNECT_HEADERS",
    "Curl",
    "CurlMulti",
    "Failure",
    "PycurlError",
    "check_libcurl",
    "new_curl",
    "new_multi",
]

MIN_LIBCURL: Final = (7, 80, 0)
"""The first that tells of each attempt to send a request (CURLOPT_PREREQFUNCTION)."""

Failure: TypeAlias = "tuple[Curl, int, str]"
"""A transfer that failed: its handle, libcurl's code for the failure, and its words."""

PycurlError: type[Exception] = pycurl.error
"""What pycurl raises: `args` are libcurl's code and its words."""

SUPPRESS_CONNECT_HEADERS: Final = 265
"""CURLOPT_SUPPRESS_CONNECT_HEADERS, for which pycurl has no name."""

HTTP2: Final[int] = (
    pycurl.CURL_HTTP_VERSION_2TLS
    if pycurl.version_info()[4] & pycurl.VERSION_HTTP2
    else pycurl.CURL_HTTP_VERSION_1_1
)
"""HTTP/2 where TLS offers it, if this libcurl can."""


class Curl(Protocol):
    """An easy handle: one transfer at a time, over connections that belong to the multi handle."""

    def setopt(self, option: int, value: object, /) -> None: ...
    def unsetopt(self, option: int, /) -> None: ...
    def getinfo(self, info: int, /) -> object: ...
    def pause(self, bitmask: int, /) -> object: ...
    def reset(self) -> None: ...
    def close(self) -> None: ...


class CurlMulti(Protocol):
    """A multi handle: many transfers, and the connections."""

    def setopt(self, option: int, value: object, /) -> None: ...
    def add_handle(self, curl: Curl, /) -> None: ...
    def remove_handle(self, curl: Curl, /) -> None: ...
    def socket_action(self, fd: int, events: int, /) -> tuple[int, int]: ...
    def info_read(self) -> tuple[int, list[Curl], list[Failure]]: ...
    def close(self) -> None: ...


def check_libcurl(number: int) -> None:
    """Accept a libcurl by its number, which has a byte for each part of the version.

    Raises ImportError for one that is too old.
    """
    version = (number >> 16, number >> 8 & 0xFF, number & 0xFF)
    if version < MIN_LIBCURL:
        found, expected = (".".join(map(str, each)) for each in (version, MIN_LIBCURL))
        raise ImportError(f"pycurl uses libcurl {found}, expected {expected} or newer")


def new_curl() -> Curl:
    """Return a new easy handle."""
    return cast("Curl", pycurl.Curl())


def new_multi() -> CurlMulti:
    """Return a new multi handle."""
    return cast("CurlMulti", pycurl.CurlMulti())


check_libcurl(pycurl.version_info()[2])
