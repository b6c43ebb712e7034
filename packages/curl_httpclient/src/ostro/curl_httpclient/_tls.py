"""From the TLS settings of a request to the options of a handle.

Libcurl brings a TLS library of its own, which shares nothing with Python's `ssl` but files. It
compares these settings before it uses a connection again.
"""

from __future__ import annotations

import functools
import os
import ssl
from collections.abc import Mapping
from typing import Final

import pycurl  # type: ignore[import-untyped]  # it has no types

from ostro.httpclient import HTTPRequest

from ._binding import Curl

__all__ = ["set_tls"]

_OPTIONS: Final = ("certfile", "keyfile", "ca_certs", "cert_reqs", "ciphers", "ssl_version")
"""The names of `ssl_options`, as `ostro.netutil.ssl_options_to_context` takes them."""

_ANY_VERSION: Final = (None, ssl.PROTOCOL_TLS, ssl.PROTOCOL_TLS_CLIENT)


def set_tls(curl: Curl, request: HTTPRequest) -> None:
    """Set whom to trust, and who we are.

    Raises ValueError for settings that are not accepted, an SSLContext for one; OSError for a file
    that cannot be read.
    """
    options = _options_of(request)
    for name in options:
        if name not in _OPTIONS:
            raise ValueError(f"ssl_options has {name!a:.100}, expected {', '.join(_OPTIONS)}")
    version = pycurl.SSLVERSION_TLSv1_2
    if options.get("ssl_version") == ssl.PROTOCOL_TLSv1_2:
        version |= pycurl.SSLVERSION_MAX_TLSv1_2
    elif options.get("ssl_version") not in _ANY_VERSION:
        raise ValueError("ssl_version is neither PROTOCOL_TLS nor PROTOCOL_TLSv1_2")
    curl.setopt(pycurl.SSLVERSION, version)
    _set_verification(curl, options)
    certfile, keyfile = _file(options, "certfile"), _file(options, "keyfile")
    if certfile is not None:
        curl.setopt(pycurl.SSLCERT, certfile)
        curl.setopt(pycurl.SSLKEY, certfile if keyfile is None else keyfile)
        # The TLS library would ask at the terminal for one, and the loop would wait.
        curl.setopt(pycurl.KEYPASSWD, "")
    elif keyfile is not None:
        raise ValueError("ssl_options: keyfile needs a certfile")
    ciphers = options.get("ciphers")
    if isinstance(ciphers, str):
        curl.setopt(pycurl.SSL_CIPHER_LIST, ciphers)


def _options_of(request: HTTPRequest) -> Mapping[str, object]:
    options = request.ssl_options
    if options is None:
        return {
            "certfile": request.client_cert,
            "keyfile": request.client_key,
            "ca_certs": request.ca_certs,
            "cert_reqs": ssl.CERT_REQUIRED if request.validate_cert else ssl.CERT_NONE,
        }
    if isinstance(options, ssl.SSLContext):
        raise ValueError(
            "ssl_options is an SSLContext, which libcurl cannot use; expected a dict with "
            f"{', '.join(_OPTIONS)}; SimpleAsyncHTTPClient takes an SSLContext"
        )
    return options


def _set_verification(curl: Curl, options: Mapping[str, object]) -> None:
    if options.get("cert_reqs") == ssl.CERT_NONE:
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        return
    curl.setopt(pycurl.SSL_VERIFYPEER, 1)
    curl.setopt(pycurl.SSL_VERIFYHOST, 2)
    ca_certs = _file(options, "ca_certs")
    if ca_certs is not None:
        curl.setopt(pycurl.CAINFO, ca_certs)
        curl.unsetopt(pycurl.CAPATH)
        return
    cafile, capath = _system_authorities()
    if cafile is not None:
        curl.setopt(pycurl.CAINFO, cafile)
    if capath is not None:
        curl.setopt(pycurl.CAPATH, capath)


def _file(options: Mapping[str, object], name: str) -> str | None:
    """Return the path of a file that can be read."""
    path = options.get(name)
    if path is None:
        return None
    if not isinstance(path, (str, os.PathLike)):
        raise ValueError(f"{name} is {path!a:.100}, expected the path of a PEM file")
    text = os.fspath(path)
    with open(text, "rb"):
        return text


@functools.cache
def _system_authorities() -> tuple[str | None, str | None]:
    """Return the file and the folder of the authorities that Python trusts on this machine.

    Libcurl may have been built elsewhere, with the paths of another system. Where Python has none,
    which is so on Windows and with some builds for macOS, libcurl's own are left as they are.
    """
    paths = ssl.get_default_verify_paths()
    return paths.cafile, paths.capath
