"""From the TLS settings of a request to an SSLContext, made once for all requests that share them.

Two requests have the same context exactly if their settings are the same, so that the context
stands for the settings wherever connections are compared.
"""

from __future__ import annotations

import functools
import os
import ssl
from collections.abc import Mapping

from ostro.netutil import ssl_options_to_context

from ._request import HTTPRequest

__all__ = ["context_of"]

_MAX_CONTEXTS = 32
"""Contexts that are kept. Each holds the system's authorities, about 500 KiB."""

_FILES = ("ca_certs", "certfile", "keyfile")

_Settings = tuple[tuple[str, object], ...]
_Versions = tuple[int, ...]


def context_of(request: HTTPRequest) -> ssl.SSLContext:
    """Return the context for what a request says.

    A file that was replaced makes for another context. Raises ValueError for settings that are
    not accepted, OSError for a file that cannot be read (ssl.SSLError is one).
    """
    options = request.ssl_options
    if isinstance(options, ssl.SSLContext):
        return options
    if options is None:
        if (
            request.validate_cert
            and request.ca_certs is None
            and request.client_cert is None
            and request.client_key is None
        ):
            return _context((), ())
        options = _options_of(request)
    settings = tuple(sorted(options.items()))
    return _context(settings, tuple([_version(options.get(name)) for name in _FILES]))


def _options_of(request: HTTPRequest) -> Mapping[str, object]:
    options: dict[str, object] = {}
    if not request.validate_cert:
        options["cert_reqs"] = ssl.CERT_NONE
    if request.ca_certs is not None:
        options["ca_certs"] = request.ca_certs
    if request.client_cert is not None:
        options["certfile"] = request.client_cert
    if request.client_key is not None:
        options["keyfile"] = request.client_key
    return options


def _version(name: object) -> int:
    """Return what changes when a file is replaced."""
    # Where there is no such file, this says which; the error of `ssl` does not.
    return os.stat(name).st_mtime_ns if isinstance(name, (str, os.PathLike)) else 0


@functools.lru_cache(maxsize=_MAX_CONTEXTS)
def _context(settings: _Settings, versions: _Versions) -> ssl.SSLContext:
    try:
        context = ssl_options_to_context(dict(settings), server_side=False)
    except OSError as error:
        # As it comes, it says neither of which file it speaks nor of which setting.
        named = [f"{name} {value!a:.200}" for name, value in settings if name in _FILES]
        raise type(error)(error.errno, f"{' and '.join(named)}: {error.strerror}") from error
    context.set_alpn_protocols(["http/1.1"])
    return context
