"""A certificate for tests: made when it is needed, so that no private key is shipped."""

from __future__ import annotations

import functools
import os
import shutil
import ssl
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path

from .errors import MissingExtraError

__all__ = ["ThrowawayCertificate", "shared_certificate"]


class ThrowawayCertificate:
    """A new certificate with a new key, of a new authority, for tests of TLS.

    `certfile` and `keyfile` are paths of PEM files for a server, `ca_certs` is what a client takes
    to verify it; they are deleted with this object.

    Raises `MissingExtraError` if trustme, which makes it, is not installed.

    Args:
        hosts: The names and IP addresses that it is for.
    """

    def __init__(self, hosts: Iterable[str] = ("localhost", "127.0.0.1", "::1")) -> None:
        try:
            import trustme  # only tests of TLS need it, and it brings the cryptography package
        except ImportError as error:
            raise MissingExtraError("trustme", "https") from error
        authority = trustme.CA()
        issued = authority.issue_cert(*hosts)
        folder = Path(tempfile.mkdtemp(prefix="ostro-testing-"))
        weakref.finalize(self, _remove, folder, os.getpid())
        self.certfile = str(folder / "certificate.pem")
        self.keyfile = str(folder / "key.pem")
        self.ca_certs = str(folder / "authority.pem")
        for number, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(self.certfile, append=number > 0)
        issued.private_key_pem.write_to_path(self.keyfile)
        authority.cert_pem.write_to_path(self.ca_certs)

    def server_options(self) -> dict[str, str]:
        """Return `ssl_options` for a server."""
        return {"certfile": self.certfile, "keyfile": self.keyfile}

    def client_context(self) -> ssl.SSLContext:
        """Return a context for clients that trust this certificate alone."""
        return ssl.create_default_context(cafile=self.ca_certs)


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # and this is not the end of a child that it has forked
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def shared_certificate() -> ThrowawayCertificate:
    """Return the certificate of this process."""
    return ThrowawayCertificate()
