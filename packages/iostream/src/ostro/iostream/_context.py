"""From the `ssl_options` of an application to an `ssl.SSLContext`."""

import functools
import os
import ssl
from collections.abc import Mapping
from typing import Final, TypeAlias

from .errors import TLSOptionError

SSLOptions: TypeAlias = Mapping[str, object] | ssl.SSLContext
"""TLS settings: a ready context, or a dict with some of the keys of `SSL_OPTION_NAMES`."""

SSL_OPTION_NAMES: Final = (
    "certfile",
    "keyfile",
    "ca_certs",
    "cert_reqs",
    "ciphers",
    "ssl_version",
)

# Forward secrecy and authenticated encryption only; TLS 1.3 suites are all of that kind.
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!MD5"

_ANY_VERSION: Final = (
    ssl.PROTOCOL_TLS,  # has the value of the old PROTOCOL_SSLv23
    ssl.PROTOCOL_TLS_CLIENT,
    ssl.PROTOCOL_TLS_SERVER,
)


def ssl_options_to_context(
    ssl_options: SSLOptions, server_side: bool | None = None
) -> ssl.SSLContext:
    """Return the context that the options describe.

    It speaks TLS 1.2 and newer, without compression and renegotiation. A client verifies the
    certificate of the server and its name, unless `cert_reqs` is `ssl.CERT_NONE`; a server asks
    for a certificate of the client only if `cert_reqs` says so.

    Args:
        ssl_options: An SSLContext is returned as it is. A dict may have `certfile` and `keyfile`
            (PEM files, for a server required, for a client its own certificate), `ca_certs` (a PEM
            file of authorities to trust instead of the system's), `cert_reqs` (`ssl.CERT_NONE`,
            ...), `ciphers` (an OpenSSL list, for TLS 1.2) and `ssl_version`
            (`ssl.PROTOCOL_TLSv1_2` allows only that, `ssl.PROTOCOL_TLS` any).
        server_side: Which side the context is for. None means the server's if there is a
            `certfile`, otherwise the client's.

    Raises:
        TLSOptionError: If a key is unknown or a value is not accepted.
        OSError: If a file cannot be loaded (`ssl.SSLError` is one too).

    Spec: RFC 9325 (recommendations for TLS), RFC 7457.
    """
    if isinstance(ssl_options, ssl.SSLContext):
        return ssl_options
    for name, value in ssl_options.items():
        if name not in SSL_OPTION_NAMES:
            raise TLSOptionError(name, value, SSL_OPTION_NAMES)
    if server_side is None:
        server_side = ssl_options.get("certfile") is not None
    context = _new_context(server_side)
    _set_version(context, ssl_options.get("ssl_version"))
    _set_certificate(context, ssl_options, server_side)
    _set_verification(context, ssl_options, server_side)
    ciphers = _text(ssl_options, "ciphers")
    if ciphers is not None:
        context.set_ciphers(ciphers)
    return context


@functools.cache
def default_client_context() -> ssl.SSLContext:
    """Return the context of clients without options; loading the authorities takes a while."""
    return ssl_options_to_context({}, server_side=False)


def _new_context(server_side: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server_side else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_ciphers(_CIPHERS)
    if server_side:
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    return context


def _set_version(context: ssl.SSLContext, version: object) -> None:
    if version is None or version in _ANY_VERSION:
        return
    if version != ssl.PROTOCOL_TLSv1_2:
        raise TLSOptionError("ssl_version", version, ["PROTOCOL_TLS", "PROTOCOL_TLSv1_2"])
    context.maximum_version = ssl.TLSVersion.TLSv1_2


def _set_certificate(
    context: ssl.SSLContext, options: Mapping[str, object], server_side: bool
) -> None:
    certfile = _text(options, "certfile")
    keyfile = _text(options, "keyfile")
    if certfile is not None:
        # For a key that is encrypted, OpenSSL asks at the terminal: as a server is started, but not
        # as a client connects, when the loop would wait.
        context.load_cert_chain(certfile, keyfile, None if server_side else "")
    elif server_side or keyfile is not None:
        raise TLSOptionError("certfile", None, ["the path of a PEM file"])


def _set_verification(
    context: ssl.SSLContext, options: Mapping[str, object], server_side: bool
) -> None:
    ca_certs = _text(options, "ca_certs")
    requirement = options.get("cert_reqs")
    if requirement is None:
        requirement = ssl.CERT_NONE if server_side else ssl.CERT_REQUIRED
    if not isinstance(requirement, int) or requirement not in list(ssl.VerifyMode):
        accepted = [mode.name for mode in ssl.VerifyMode]
        raise TLSOptionError("cert_reqs", requirement, accepted)
    mode = ssl.VerifyMode(requirement)
    context.check_hostname = not server_side and mode is not ssl.CERT_NONE
    context.verify_mode = mode
    if ca_certs is not None:
        context.load_verify_locations(ca_certs)
    elif mode is not ssl.CERT_NONE:
        purpose = ssl.Purpose.CLIENT_AUTH if server_side else ssl.Purpose.SERVER_AUTH
        context.load_default_certs(purpose)


def _text(options: Mapping[str, object], name: str) -> str | None:
    value = options.get(name)
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if value is None or isinstance(value, str):
        return value
    raise TLSOptionError(name, value, ["a str"])
