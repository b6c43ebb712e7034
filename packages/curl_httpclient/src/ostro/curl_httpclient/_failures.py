"""From libcurl's code for a failure to the error that it is."""

from __future__ import annotations

from typing import Final

import pycurl  # type: ignore[import-untyped]  # it has no types

from ._binding import Curl
from .errors import (
    CurlConnectError,
    CurlError,
    CurlMalformedResponseError,
    CurlProxyError,
    CurlResponseTooLargeError,
    CurlStreamClosedError,
    CurlTimeoutError,
    CurlTLSError,
)

__all__ = ["error_for"]

E_PROXY: Final = 97
"""CURLE_PROXY, for which pycurl has no name."""

E_TOO_LARGE: Final = 100
"""CURLE_TOO_LARGE, for which pycurl has no name."""

E_HTTP2_STREAM: Final = 92
E_HTTP3: Final = 95
E_QUIC_CONNECT_ERROR: Final = 96

_ERRORS: Final[dict[int, type[CurlError]]] = {
    pycurl.E_OPERATION_TIMEDOUT: CurlTimeoutError,
    pycurl.E_COULDNT_RESOLVE_HOST: CurlConnectError,
    pycurl.E_COULDNT_CONNECT: CurlConnectError,
    pycurl.E_INTERFACE_FAILED: CurlConnectError,
    pycurl.E_COULDNT_RESOLVE_PROXY: CurlConnectError,
    E_PROXY: CurlProxyError,
    pycurl.E_SSL_CONNECT_ERROR: CurlTLSError,
    pycurl.E_PEER_FAILED_VERIFICATION: CurlTLSError,
    pycurl.E_SSL_CERTPROBLEM: CurlTLSError,
    pycurl.E_SSL_CIPHER: CurlTLSError,
    pycurl.E_SSL_CACERT_BADFILE: CurlTLSError,
    pycurl.E_SSL_ENGINE_INITFAILED: CurlTLSError,
    pycurl.E_SSL_ISSUER_ERROR: CurlTLSError,
    pycurl.E_SSL_CRL_BADFILE: CurlTLSError,
    pycurl.E_SSL_INVALIDCERTSTATUS: CurlTLSError,
    pycurl.E_SSL_PINNEDPUBKEYNOTMATCH: CurlTLSError,
    pycurl.E_USE_SSL_FAILED: CurlTLSError,
    E_QUIC_CONNECT_ERROR: CurlConnectError,
    pycurl.E_GOT_NOTHING: CurlStreamClosedError,
    pycurl.E_PARTIAL_FILE: CurlStreamClosedError,
    pycurl.E_SEND_ERROR: CurlStreamClosedError,
    pycurl.E_RECV_ERROR: CurlStreamClosedError,
    pycurl.E_SEND_FAIL_REWIND: CurlStreamClosedError,
    pycurl.E_UNSUPPORTED_PROTOCOL: CurlMalformedResponseError,
    pycurl.E_FTP_WEIRD_SERVER_REPLY: CurlMalformedResponseError,  # CURLE_WEIRD_SERVER_REPLY
    pycurl.E_BAD_CONTENT_ENCODING: CurlMalformedResponseError,
    pycurl.E_HTTP2: CurlMalformedResponseError,
    E_HTTP2_STREAM: CurlMalformedResponseError,
    E_HTTP3: CurlMalformedResponseError,
    E_TOO_LARGE: CurlResponseTooLargeError,
    pycurl.E_FILESIZE_EXCEEDED: CurlResponseTooLargeError,
}

_OF_MESSAGES: Final = (CurlStreamClosedError, CurlMalformedResponseError)
"""What can go wrong when HTTP is spoken."""

_BY_WORDS: Final[dict[int, dict[str, type[CurlError]]]] = {
    pycurl.E_RECV_ERROR: {
        "chunk": CurlMalformedResponseError,
        "Chunk": CurlMalformedResponseError,
        "Malformed encoding": CurlMalformedResponseError,
    },
    E_HTTP2_STREAM: {
        "reset by server": CurlStreamClosedError,
        "closed cleanly": CurlStreamClosedError,
    },
    pycurl.E_BAD_FUNCTION_ARGUMENT: {
        "response header": CurlMalformedResponseError,
        "private key": CurlTLSError,
    },
}
"""Words of libcurl, where its code says something else too."""


def error_for(curl: Curl, code: int, text: str, *, connected: bool, proxied: bool) -> CurlError:
    """Return the error for a transfer that ended with this code, and with these words.

    Args:
        curl: What had it.
        code: The code.
        text: The words.
        connected: Whether all was there for the request to be sent.
        proxied: Whether there is a proxy.
    """
    kind = _ERRORS.get(code, CurlError)
    if code == pycurl.E_HTTP2 and not text:
        # Of what breaks HTTP/2 it says more.
        kind, text = CurlStreamClosedError, "the connection was closed before the response"
    text = text or f"libcurl failed with code {code}"
    if code == pycurl.E_OPERATION_TIMEDOUT and not connected:
        text = f"timed out while connecting: {text}"
    for words, meant in _BY_WORDS.get(code, {}).items():
        if words in text:
            kind = meant
    if connected or not (kind in _OF_MESSAGES or kind is CurlConnectError):
        return kind(code, text)
    # Nobody but a proxy has been spoken to yet.
    status = curl.getinfo(pycurl.HTTP_CONNECTCODE)
    assert isinstance(status, int)  # what libcurl says it is
    if status >= 300:
        return CurlProxyError(code, f"the proxy answers {status} to CONNECT", status=status)
    return CurlProxyError(code, text) if proxied and kind in _OF_MESSAGES else kind(code, text)
