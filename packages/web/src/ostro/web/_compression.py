"""Compressed responses: which, in which coding, and what it does to their headers.

The transforms here decide by the headers alone, and leave the bytes to the compressors of
`_codings`. Where the compressing is done, on the loop or beside it, is decided by `_output`.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

from ostro.httputil import HTTPHeaders, HTTPServerRequest

from ._codings import CODINGS, Compressor
from ._encodings import accepted_encodings
from ._transforms import OutputTransform
from ._vary import add_vary

__all__ = ["Compression", "ContentEncoding", "GZipContentEncoding", "transforms_of_settings"]

DEFAULT_MIN_LENGTH: Final = 1024
"""Bytes from which on compressing is worth it: less fits in one packet anyway."""

DEFAULT_TYPES: Final = (
    "text/*",
    "application/javascript",
    "application/x-javascript",
    "application/ecmascript",
    "application/json",
    "application/*+json",
    "application/x-ndjson",
    "application/manifest+json",
    "application/xml",
    "application/*+xml",
    "application/wasm",
    "application/vnd.ms-fontobject",
    "font/ttf",
    "font/otf",
    "image/svg+xml",
    "image/bmp",
    "image/x-icon",
    "image/vnd.microsoft.icon",
)
"""Types whose bodies get much smaller."""

DEFAULT_EXCLUDED: Final = ("text/event-stream",)
"""Streams that stand open for hours, and would keep 256 KiB of compressor each."""

_NO_BODY_STATUS: Final = frozenset((204, 205))

_OF_THE_BYTES: Final = (
    "Accept-Ranges",
    "Content-Digest",
    "Content-Length",
    "Content-Md5",
    "Digest",
    "Repr-Digest",
)
"""Headers that say what no longer holds of other bytes. Spec: RFC 9530 sections 2 and 3."""

_SEVERAL_RANGES: Final = "multipart/byteranges;"
"""The beginning of a Content-Type. Spec: RFC 9110 section 14.6."""


class Compression:
    """What is compressed, and how: a value of the setting `compress_response`.

    `codings`: names of content codings, the best first; by default all of "zstd", "br" and "gzip"
    that are installed. `levels`: their levels by name, in place of the defaults (3, 4 and 6).
    `min_length`: bytes that a body must have, where its length is known. `types`, `excluded`:
    content types, also as "text/*" and "application/*+json"; the latter win.

    Raises ValueError for a coding that is not known or not installed, and for a level that it does
    not have.
    """

    def __init__(
        self,
        *,
        codings: Iterable[str] | None = None,
        levels: Mapping[str, int] | None = None,
        min_length: int = DEFAULT_MIN_LENGTH,
        types: Iterable[str] = DEFAULT_TYPES,
        excluded: Iterable[str] = DEFAULT_EXCLUDED,
    ) -> None:
        self.min_length = min_length
        self._types = frozenset(types)
        self._excluded = frozenset(excluded)
        makers = _installed() if codings is None else {name: _load(name) for name in codings}
        given = dict(levels or {})
        # What makes a compressor, by coding, the best first.
        self._makers = {
            name: functools.partial(make, _level(name, given.pop(name, None)))
            for name, make in makers.items()
        }
        if given:
            raise ValueError(f"levels of {sorted(given)}, which are not among the codings")
        self.codings = tuple(self._makers)
        self.takes = functools.lru_cache(maxsize=256)(self._takes)

    def _takes(self, content_type: str) -> bool:
        media_type = content_type.partition(";")[0].strip().lower()
        patterns = _patterns(media_type)
        return not self._types.isdisjoint(patterns) and self._excluded.isdisjoint(patterns)

    def choose(self, accept_encoding: str) -> str | None:
        """Return the coding for a client with this Accept-Encoding, None for no coding.

        Spec: RFC 9110 section 12.5.3.
        """
        accepted = accepted_encodings(accept_encoding, self.codings)
        return accepted[0] if accepted else None

    def compressor(self, coding: str) -> Compressor:
        """Return a new compressor."""
        return self._makers[coding]()


def _patterns(media_type: str) -> list[str]:
    main, _, sub = media_type.partition("/")
    patterns = [media_type, f"{main}/*"]
    if "+" in sub:
        patterns.append(f"{main}/*+{sub.rpartition('+')[2]}")
    return patterns


def _installed() -> dict[str, Callable[[int], Compressor]]:
    found = {}
    for name, coding in CODINGS.items():
        with contextlib.suppress(ImportError):
            found[name] = coding.load()
    return found


def _load(name: str) -> Callable[[int], Compressor]:
    coding = CODINGS.get(name)
    if coding is None:
        raise ValueError(f"content coding {name!r}, expected some of {', '.join(CODINGS)}")
    try:
        return coding.load()
    except ImportError as error:
        raise ValueError(
            f"the content coding {name!r} needs: pip install ostro-web[{coding.extra}]"
        ) from error


def _level(name: str, given: int | None) -> int:
    coding = CODINGS[name]
    if given is None:
        return coding.default_level
    low, high = coding.levels
    if not low <= given <= high:
        raise ValueError(f"level {given} of {name}, expected {low} to {high}")
    return given


class ContentEncoding(OutputTransform):
    """Sends responses compressed, in the coding that the client and `compression` like best.

    Left as they are: what is short, of a type that compresses badly, encoded already, a part of
    something (206), or marked `Cache-Control: no-transform`. What could have been compressed says
    `Vary: Accept-Encoding` all the same. A strong Etag becomes a weak one, since the bytes differ
    from those of another coding; it still matches If-None-Match.

    Spec: RFC 9110 sections 8.4, 8.8.1 and 12.5.5.
    """

    def __init__(self, request: HTTPServerRequest, compression: Compression | None = None) -> None:
        super().__init__(request)
        self._options = compression or _everything()
        self._accept_encoding = request.headers.get("Accept-Encoding", "")
        self._compressor: Compressor | None = None

    def is_slow(self, status_code: int, headers: HTTPHeaders, size: int) -> bool:
        """Tell whether the response is one that is compressed."""
        return self._coding(status_code, headers, size) is not None

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Decide, and compress the first part of the body."""
        if not self._applies(status_code, headers):
            return status_code, headers, chunk
        add_vary(headers, "Accept-Encoding")
        size = len(chunk) if finishing else _announced(headers)
        coding = self._coding(status_code, headers, size)
        if coding is None:
            if status_code == 304 and self._options.choose(self._accept_encoding) is not None:
                # What it stands for was perhaps sent compressed, and has the Etag of that.
                _weaken_etag(headers)
            return status_code, headers, chunk
        self._compressor = self._options.compressor(coding)
        headers["Content-Encoding"] = coding
        _weaken_etag(headers)
        for name in _OF_THE_BYTES:
            headers.pop(name, None)
        return status_code, headers, self.transform_chunk(chunk, finishing)

    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
        """Compress a part of the body so that the client can read all of it at once."""
        compressor = self._compressor
        if compressor is None or not (chunk or finishing):
            return chunk
        compressed = compressor.compress(chunk)
        return compressed + (compressor.finish() if finishing else compressor.flush())

    def _applies(self, status_code: int, headers: HTTPHeaders) -> bool:
        """Tell whether a response like this one is compressed for some clients."""
        content_type = headers.get("Content-Type", "")
        return (
            # Several ranges do not say of what; it may be what is compressed as a whole.
            (self._options.takes(content_type) or content_type.startswith(_SEVERAL_RANGES))
            and status_code not in _NO_BODY_STATUS
            and "Content-Encoding" not in headers
            and "no-transform" not in headers.get("Cache-Control", "").lower()
        )

    def _coding(self, status_code: int, headers: HTTPHeaders, size: int | None) -> str | None:
        if (
            (size is not None and size < self._options.min_length)
            or status_code in (206, 304)
            or "Content-Range" in headers
            or not self._applies(status_code, headers)
        ):
            return None
        return self._options.choose(self._accept_encoding)


class GZipContentEncoding(ContentEncoding):
    """Sends responses compressed with gzip: what the setting `gzip` stands for.

    `MIN_LENGTH` and `GZIP_LEVEL` may be set, on the class, before the first request.
    """

    MIN_LENGTH: ClassVar[int] = DEFAULT_MIN_LENGTH
    GZIP_LEVEL: ClassVar[int] = CODINGS["gzip"].default_level

    def __init__(self, request: HTTPServerRequest) -> None:
        super().__init__(request, _only_gzip(self.MIN_LENGTH, self.GZIP_LEVEL))


# Any: an application keeps what it likes in its settings
def transforms_of_settings(
    settings: Mapping[str, Any],
) -> list[Callable[[HTTPServerRequest], OutputTransform]]:
    """Return the transforms that the settings `compress_response` and `gzip` ask for."""
    compression = settings.get("compress_response")
    if isinstance(compression, Compression):
        return [functools.partial(ContentEncoding, compression=compression)]
    if compression:
        return [ContentEncoding]
    return [GZipContentEncoding] if settings.get("gzip") else []


@functools.cache
def _everything() -> Compression:
    return Compression()


@functools.lru_cache(maxsize=16)
def _only_gzip(min_length: int, level: int) -> Compression:
    return Compression(codings=["gzip"], levels={"gzip": level}, min_length=min_length)


def _announced(headers: HTTPHeaders) -> int | None:
    """Return the length that a response says it has, or None."""
    length = headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _weaken_etag(headers: HTTPHeaders) -> None:
    etag = headers.get("Etag", "")
    if etag.startswith('"'):
        headers["Etag"] = f"W/{etag}"
