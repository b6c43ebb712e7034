"""Output transforms: what changes every response of an application on its way out."""

from __future__ import annotations

from ostro.httputil import HTTPHeaders, HTTPServerRequest

__all__ = ["ChunkedTransferEncoding", "OutputTransform"]


class OutputTransform:
    """Changes a response as it is sent; one is made for each request.

    Subclasses override either method or both. `finishing` is true for the last chunk, which may be
    the first.
    """

    def __init__(self, request: HTTPServerRequest) -> None:
        pass

    def is_slow(self, status_code: int, headers: HTTPHeaders, size: int) -> bool:
        """Tell whether this transform takes long for a response whose body has `size` bytes.

        Asked before the first chunk of a large body that is whole: that is then passed on in
        several chunks, the later ones from a thread.
        """
        return False

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Return what to send in place of the status, the headers and the first of the body."""
        return status_code, headers, chunk

    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
        """Return what to send in place of later bytes of the body."""
        return chunk


class ChunkedTransferEncoding(OutputTransform):
    """Asks for the chunked coding where a response is sent before its length is known.

    A server connection does so by itself; the class remains for applications that list their
    transforms.

    Spec: RFC 9112 section 7.1.
    """

    def __init__(self, request: HTTPServerRequest) -> None:
        super().__init__(request)
        self._possible = request.supports_http_1_1()

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Add the Transfer-Encoding header where it applies."""
        has_body = status_code >= 200 and status_code not in (204, 304)
        if self._possible and has_body and not finishing and "Content-Length" not in headers:
            headers["Transfer-Encoding"] = "chunked"
        return status_code, headers, chunk
