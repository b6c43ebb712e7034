"""Content codings undone, piece by piece and within bounds. brotli and Zstandard are extras.

Spec: RFC 9110 section 8.4; RFC 1950 to 1952, RFC 7932, RFC 8878 and RFC 9659.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from .errors import ContentDecodingError, ResponseTooLargeError

__all__ = ["Decoder", "accepted_codings", "decoder_for"]

PIECE_SIZE: Final = 65536
"""Bytes of decompressed body that are in memory at a time, for each coding."""

MAX_CODINGS: Final = 3
"""Codings on top of each other that are undone. One is usual; each costs memory and time."""

_ZSTD_WINDOW_LOG: Final = 23
"""The largest window of Zstandard: 8 MiB. RFC 9659 section 3."""


class _Stage(Protocol):
    """Undoes one coding."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes stand for, in pieces of bounded size."""
        ...

    def finished(self) -> bool:
        """Say whether the end of the coded data has been seen."""
        ...


class _Zlib:
    """gzip, which may have several members, and deflate, which some send without its wrapping."""

    def __init__(self, name: str, window: int) -> None:
        self._name = name
        self._window = window
        self._stream: zlib._Decompress | None = None
        self._empty = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        piece = b""
        while data or len(piece) == PIECE_SIZE:
            if self._stream is None or (self._stream.eof and data):
                self._stream = self._new_stream(data)
            self._empty = False
            try:
                piece = self._stream.decompress(data, PIECE_SIZE)
            except zlib.error as error:
                raise ContentDecodingError(f"the body is not {self._name}: {error}") from error
            if piece:
                yield piece
            data = self._stream.unconsumed_tail or self._stream.unused_data

    def _new_stream(self, data: bytes) -> zlib._Decompress:
        # RFC 1950: the method in the low bits is 8. A raw stream that begins so would be of a kind
        # that no compressor makes.
        raw = self._window == zlib.MAX_WBITS and data[0] & 0x0F != 8
        return zlib.decompressobj(-zlib.MAX_WBITS if raw else self._window)

    def finished(self) -> bool:
        return self._empty or (self._stream is not None and self._stream.eof)


class _Brotli:
    def __init__(self) -> None:
        import brotli  # type: ignore[import-untyped]  # it has no types

        # Any: the library has no types.
        self._stream: Any = brotli.Decompressor()
        self._error: type[Exception] = brotli.error
        self._empty = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._empty = False
        if self._stream.is_finished():
            raise ContentDecodingError("the body goes on after the end of its brotli stream")
        try:
            piece: bytes = self._stream.process(data, output_buffer_limit=PIECE_SIZE)
            while piece:
                yield piece
                if self._stream.is_finished():
                    return
                piece = self._stream.process(b"", output_buffer_limit=PIECE_SIZE)
        except self._error as error:
            raise ContentDecodingError(f"the body is not brotli: {error}") from error

    def finished(self) -> bool:
        return self._empty or bool(self._stream.is_finished())


class _Zstd:
    def __init__(self) -> None:
        self._library = _zstd_library()
        # Any: the one of the two libraries that is not there has no types.
        self._stream: Any = None
        self._empty = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._empty = False
        piece = b""
        while data or len(piece) == PIECE_SIZE:
            if self._stream is None or (self._stream.eof and data):
                options = {self._library.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
                self._stream = self._library.ZstdDecompressor(options=options)
            elif self._stream.eof:
                return
            try:
                piece = self._stream.decompress(data, PIECE_SIZE)
            except self._library.ZstdError as error:
                raise ContentDecodingError(f"the body is not Zstandard: {error}") from error
            if piece:
                yield piece
            data = self._stream.unused_data if self._stream.eof else b""

    def finished(self) -> bool:
        return self._empty or (self._stream is not None and bool(self._stream.eof))


def _zstd_library() -> Any:
    # From 3.14 on it comes with Python. Any: as above.
    own = sys.version_info >= (3, 14)
    if own:  # pragma: no cover  # coverage is measured on 3.11
        return importlib.import_module("compression.zstd")
    import backports.zstd

    return backports.zstd


def _gzip() -> _Stage:
    return _Zlib("gzip", 16 + zlib.MAX_WBITS)


def _deflate() -> _Stage:
    return _Zlib("deflate", zlib.MAX_WBITS)


@functools.cache
def _codings() -> dict[str, Callable[[], _Stage]]:
    """Return the codings that can be undone here, the ones liked most last."""
    found: dict[str, Callable[[], _Stage]] = {"gzip": _gzip, "deflate": _deflate, "x-gzip": _gzip}
    if importlib.util.find_spec("brotli") is not None:
        found["br"] = _Brotli
    try:
        _zstd_library()
    except ImportError:
        """The extra is not installed."""
    else:
        found["zstd"] = _Zstd
    return found


@functools.cache
def accepted_codings() -> str:
    """Return the value of Accept-Encoding: what can be undone here."""
    return ", ".join([name for name in _codings() if name != "x-gzip"])


def decoder_for(content_encoding: str, limit: int | None) -> Decoder | None:
    """Return what undoes a Content-Encoding; None where that cannot be done, or need not be.

    Args:
        content_encoding: The value of the field.
        limit: Bytes that the decoded body may have; None for no limit.
    """
    names = [name.strip(" \t").lower() for name in content_encoding.split(",")]
    names = [name for name in names if name and name != "identity"]
    codings = _codings()
    if not names or len(names) > MAX_CODINGS or any(name not in codings for name in names):
        return None
    # The field names them in the order in which they were applied.
    return Decoder([codings[name]() for name in reversed(names)], limit)


class Decoder:
    """Undoes the codings of one body.

    `decode` raises ContentDecodingError for what is malformed, ResponseTooLargeError for what
    becomes too large.
    """

    def __init__(self, stages: list[_Stage], limit: int | None) -> None:
        self._stages = stages
        self._limit = limit
        self._size = 0

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes of the body stand for, in pieces of bounded size."""
        for piece in self._through(data, 0):
            self._size += len(piece)
            if self._limit is not None and self._size > self._limit:
                raise ResponseTooLargeError(
                    f"body of more than {self._limit} bytes when decompressed"
                )
            yield piece

    def _through(self, data: bytes, depth: int) -> Iterator[bytes]:
        if depth == len(self._stages):
            yield data
            return
        for piece in self._stages[depth].feed(data):
            yield from self._through(piece, depth + 1)

    def finish(self) -> None:
        """Accept the end of the body. Raises ContentDecodingError where it is cut off."""
        if not all(stage.finished() for stage in self._stages):
            raise ContentDecodingError("the body ends in the middle of its coding")
