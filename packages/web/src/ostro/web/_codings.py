"""The content codings that responses can be sent in, each as a compressor with one interface.

This file knows the libraries, and nothing of HTTP. brotli and Zstandard are extras, imported when
an application asks for them.

Spec: RFC 1952 (gzip), RFC 7932 (br), RFC 8878 and RFC 9659 (zstd).
"""

from __future__ import annotations

import importlib
import sys
import zlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

__all__ = ["CODINGS", "Coding", "Compressor"]


class Compressor(Protocol):
    """Compresses one body."""

    def compress(self, data: bytes) -> bytes:
        """Take the next part of the body, and return what is ready."""

    def flush(self) -> bytes:
        """Return what the receiver needs to read all that was taken so far."""

    def finish(self) -> bytes:
        """Return the end of the body."""


class Coding(NamedTuple):
    """A content coding: `levels` are the lowest and the highest, `extra` is what installs it.

    `load` returns what makes a compressor of a level, and raises ImportError without its library.
    """

    levels: tuple[int, int]
    default_level: int
    extra: str
    load: Callable[[], Callable[[int], Compressor]]


_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class _Gzip:
    __slots__ = ("_stream", "compress")

    def __init__(self, level: int) -> None:
        self._stream = zlib.compressobj(level, zlib.DEFLATED, _GZIP_WINDOW)
        self.compress = self._stream.compress

    def flush(self) -> bytes:
        return self._stream.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._stream.flush()


def _load_gzip() -> Callable[[int], Compressor]:
    return _Gzip


def _load_brotli() -> Callable[[int], Compressor]:
    import brotli  # type: ignore[import-untyped]  # it has no types

    class Brotli:
        __slots__ = ("_stream", "compress", "finish", "flush")

        def __init__(self, level: int) -> None:
            # Any: the library has no types.
            self._stream: Any = brotli.Compressor(mode=brotli.MODE_TEXT, quality=level)
            self.compress: Callable[[bytes], bytes] = self._stream.process
            self.flush: Callable[[], bytes] = self._stream.flush
            self.finish: Callable[[], bytes] = self._stream.finish

    return Brotli


def _load_zstd() -> Callable[[int], Compressor]:
    # From 3.14 on it comes with Python. Any: the one of the two that is not there has no types.
    own = sys.version_info >= (3, 14)
    if own:  # pragma: no cover  # coverage is measured on 3.11
        zstd: Any = importlib.import_module("compression.zstd")
    else:
        import backports.zstd as zstd

    class Zstd:
        __slots__ = ("_stream", "compress")

        def __init__(self, level: int) -> None:
            self._stream: Any = zstd.ZstdCompressor(level=level)
            self.compress: Callable[[bytes], bytes] = self._stream.compress

        def flush(self) -> bytes:
            flushed: bytes = self._stream.flush(zstd.ZstdCompressor.FLUSH_BLOCK)
            return flushed

        def finish(self) -> bytes:
            ending: bytes = self._stream.flush()
            return ending

    return Zstd


CODINGS: Final = {
    "zstd": Coding((1, 19), 3, "zstd", _load_zstd),
    "br": Coding((0, 11), 4, "br", _load_brotli),
    "gzip": Coding((1, 9), 6, "", _load_gzip),
}
"""The codings by their names in HTTP, the one that does most in its time first.

Zstandard above level 19 uses windows of more than 8 MiB, which receivers may refuse (RFC 9659).
"""
