"""A certificate for tests: made when it is needed, so that no private key is shipped.

The standard library cannot make one, and a dependency that can is large; a certificate of this one
kind is a page of DER.

Spec: RFC 5280 section 4, RFC 5915 for the key.
"""

from __future__ import annotations

import base64
import datetime
import functools
import hashlib
import ipaddress
import secrets
import shutil
import ssl
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path

from . import _der as der
from ._p256 import PrivateKey

__all__ = ["SelfSignedCertificate", "shared_certificate"]

_EC_PUBLIC_KEY = der.object_identifier("1.2.840.10045.2.1")
_PRIME256V1 = der.object_identifier("1.2.840.10045.3.1.7")
_ECDSA_WITH_SHA256 = der.sequence(der.object_identifier("1.2.840.10045.4.3.2"))
_COMMON_NAME = der.object_identifier("2.5.4.3")

_SUBJECT_KEY = der.object_identifier("2.5.29.14")
_KEY_USAGE = der.object_identifier("2.5.29.15")
_ALTERNATIVE_NAMES = der.object_identifier("2.5.29.17")
_BASIC_CONSTRAINTS = der.object_identifier("2.5.29.19")
_AUTHORITY_KEY = der.object_identifier("2.5.29.35")

_VALID_DAYS = 30
"""Nobody should get used to it."""


class SelfSignedCertificate:
    """A new certificate, signed by itself, with a new key.

    `certfile` and `keyfile` are paths of PEM files; they are deleted with this object. The first
    is also what a client takes for its `ca_certs` to verify the server.

    Args:
        hosts: The names and IP addresses that it is for.
    """

    def __init__(self, hosts: Iterable[str] = ("localhost", "127.0.0.1", "::1")) -> None:
        key = PrivateKey()
        folder = Path(tempfile.mkdtemp(prefix="ostro-testing-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.certfile = str(folder / "certificate.pem")
        self.keyfile = str(folder / "key.pem")
        Path(self.certfile).write_text(_pem("CERTIFICATE", _certificate(key, list(hosts))))
        Path(self.keyfile).write_text(_pem("EC PRIVATE KEY", _private_key(key)))

    def server_options(self) -> dict[str, str]:
        """Return `ssl_options` for a server."""
        return {"certfile": self.certfile, "keyfile": self.keyfile}

    def client_context(self) -> ssl.SSLContext:
        """Return a context for clients that trust this certificate alone."""
        return ssl.create_default_context(cafile=self.certfile)


@functools.cache
def shared_certificate() -> SelfSignedCertificate:
    """Return the certificate of this process."""
    return SelfSignedCertificate()


def _pem(label: str, content: bytes) -> str:
    text = base64.encodebytes(content).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"


def _private_key(key: PrivateKey) -> bytes:
    return der.sequence(
        der.integer(1),
        der.octet_string(key.secret),
        der.context(0, _PRIME256V1),
        der.context(1, der.bit_string(key.public)),
    )


def _certificate(key: PrivateKey, hosts: list[str]) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    name = der.sequence(
        der.set_of(der.sequence(_COMMON_NAME, der.utf8_string("a test, by ostro.testing")))
    )
    content = der.sequence(
        der.context(0, der.integer(2)),  # version 3
        der.integer(secrets.randbits(127)),
        _ECDSA_WITH_SHA256,
        name,
        der.sequence(
            der.time(now - datetime.timedelta(days=1)),
            der.time(now + datetime.timedelta(days=_VALID_DAYS)),
        ),
        name,
        der.sequence(der.sequence(_EC_PUBLIC_KEY, _PRIME256V1), der.bit_string(key.public)),
        der.context(3, der.sequence(*_extensions(key, hosts))),
    )
    r, s = key.sign(content)
    signature = der.bit_string(der.sequence(der.integer(r), der.integer(s)))
    return der.sequence(content, _ECDSA_WITH_SHA256, signature)


def _extensions(key: PrivateKey, hosts: list[str]) -> Iterable[bytes]:
    """Yield the extensions; strict verification asks for those of an authority, too."""
    identifier = hashlib.sha1(key.public, usedforsecurity=False).digest()
    critical = der.boolean(True)
    yield der.sequence(
        _BASIC_CONSTRAINTS, critical, der.octet_string(der.sequence(der.boolean(True)))
    )
    usage = der.bit_string(b"\x84", 2)  # bits 0, digitalSignature, and 5, keyCertSign
    yield der.sequence(_KEY_USAGE, critical, der.octet_string(usage))
    yield der.sequence(_SUBJECT_KEY, der.octet_string(der.octet_string(identifier)))
    authority = der.sequence(der.primitive_context(0, identifier))
    yield der.sequence(_AUTHORITY_KEY, der.octet_string(authority))
    names = der.sequence(*map(_alternative_name, hosts))
    yield der.sequence(_ALTERNATIVE_NAMES, der.octet_string(names))


def _alternative_name(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return der.primitive_context(2, host.encode("idna"))
    return der.primitive_context(7, address.packed)
