"""How a static file handler answers: headers, conditions, ranges, and the content on its way.

Second layer of `StaticFileHandler`; see `_static`.
"""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections.abc import AsyncIterable, Awaitable, Coroutine, Generator
from datetime import datetime
from io import FileIO
from typing import Any, ClassVar

from ostro.httputil import (
    format_timestamp,
    get_content_range,
    parse_request_ranges,
    satisfiable_ranges,
)
from ostro.ioloop import COMPLETED

from ._byteranges import Body, multipart_body
from ._preconditions import precondition_fails, range_applies, unmodified_since
from ._static_source import PIECE_SIZE, StaticSource, in_executor
from ._vary import add_vary
from .errors import HTTPError

__all__ = ["StaticResponse"]


class Serving:
    """The rest of an answer, to be awaited; `is_awaited` tells whether somebody does."""

    __slots__ = ("_steps", "is_awaited")

    def __init__(self, steps: Coroutine[Any, Any, None]) -> None:  # Any: what asyncio passes
        self._steps = steps
        self.is_awaited = False

    def __await__(self) -> Generator[Any, Any, None]:  # Any: as above
        self.is_awaited = True
        return self._steps.__await__()

    def run(self) -> None:
        """Run it here, where no loop runs and so nothing has to wait."""
        self.is_awaited = True
        try:
            self._steps.send(None)
        except StopIteration:
            return
        self._steps.close()
        raise RuntimeError("content that has to be waited for cannot be served without a loop")

    def drop(self) -> None:
        """Do not run it."""
        self._steps.close()


class StaticResponse(StaticSource):
    """Sends a static file. The public methods are those of StaticFileHandler."""

    CACHE_MAX_AGE: ClassVar[int] = 86400 * 365 * 10
    """Seconds for which browsers keep a file with a version in its URL: ten years."""

    # What `get` left to be awaited.
    _serving: Serving | None = None

    def head(self, path: str) -> Awaitable[None]:
        """Answer as GET does, without the content."""
        return self.get(path, include_body=False)

    def get(self, path: str, include_body: bool = True) -> Awaitable[None]:
        """Answer with the file at `path`, or a part of it.

        Returns an awaitable. A method of a subclass that calls this one returns it, awaits it, or,
        if it is no coroutine, just ends: then the file is sent after it.

        Raises `HTTPError` 403, 404 and 412.
        """
        self.path = self.parse_url_path(path or "")
        if self._from_memory():
            self._answer(include_body)
            return COMPLETED
        if not self._place_is_default and not self._validate():
            return COMPLETED
        serving = Serving(self._serve(include_body))
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            serving.run()
            return COMPLETED
        if self._serving is not None and not self._serving.is_awaited:
            self._serving.drop()
        self._serving = serving
        return serving

    def _call_method(self) -> Awaitable[object] | None:
        waits = super()._call_method()
        serving = self._serving
        if waits is None or waits is COMPLETED:
            return None if serving is None or serving.is_awaited else serving
        return waits

    def parse_url_path(self, url_path: str) -> str:
        """Return the path of a file, relative to the root, for that of a URL, relative to the
        prefix: the reverse of `make_static_url`. May be overridden.
        """
        return url_path.replace("/", os.sep)

    def _validate(self) -> bool:
        """Find the place as the subclass does; tell whether there is something to be sent."""
        absolute_path = self.get_absolute_path(self.root, self.path)
        validated = self.validate_absolute_path(self.root, absolute_path)
        if validated is None:
            return False
        self.absolute_path = validated
        return True

    # Headers

    def set_headers(self) -> None:
        """Set the headers of content and caching."""
        headers = self._headers
        headers["Accept-Ranges"] = "bytes"
        headers["X-Content-Type-Options"] = "nosniff"
        self.set_etag_header()
        if self.modified is not None:
            headers["Last-Modified"] = self._last_modified(self.modified)
        content_type = self.get_content_type()
        self.set_header("Content-Type", content_type)
        if self._file is not None and self._file.encoded:
            add_vary(headers, "Accept-Encoding")
            if self._representation is not None and self._representation.encoding:
                headers["Content-Encoding"] = self._representation.encoding
        cache_time = self.get_cache_time(self.path, self.modified, content_type)
        if cache_time > 0:
            headers["Cache-Control"] = f"max-age={cache_time}"
            headers["Expires"] = format_timestamp(time.time() + min(cache_time, self.CACHE_MAX_AGE))
        self.set_extra_headers(self.path)

    def _last_modified(self, modified: datetime) -> str:
        file = self._file
        if file is not None and file.modified is modified and file.last_modified is not None:
            return file.last_modified
        return format_timestamp(modified)

    def set_extra_headers(self, path: str) -> None:
        """Override to set further headers, or to change those that are set."""

    def get_cache_time(self, path: str, modified: datetime | None, mime_type: str) -> int:
        """Return the seconds for which the file may be kept without asking again; 0 if browsers
        are not told. Override for more control.

        By default ten years where the URL has an argument `v`, else 0.
        """
        return self.CACHE_MAX_AGE if "v" in self.request.query_arguments else 0

    def compute_etag(self) -> str | None:
        """Return the Etag of the file, made of its version: also for a part of it."""
        chosen = self._representation
        if chosen is not None and self._version_is_default:
            return chosen.etag
        final = bool(self.settings.get("static_hash_cache", True))
        version = self._version_at(self.absolute_path, final)
        if version is None:
            return None
        return f'"{version}-{chosen.encoding}"' if chosen and chosen.encoding else f'"{version}"'

    def should_return_304(self) -> bool:
        """Tell whether the client has the file as it is.

        Spec: RFC 9110 section 13.2.2.
        """
        if "If-None-Match" in self.request.headers:
            return self.check_etag_header()
        return unmodified_since(self.request.headers, self.modified)

    # The answer

    def _answer(self, include_body: bool) -> None:
        """Answer with content that is in memory."""
        representation = self._representation
        assert representation is not None
        body = self._begin(representation.size, include_body)
        content = representation.content
        if body is None:
            return
        assert content is not None
        for before, start, end in body.parts:
            if before:
                self.write(before)
            self.write(content[start:end])
        if body.tail:
            self.write(body.tail)

    async def _serve(self, include_body: bool) -> None:
        """Find the content, where it takes time, and send it."""
        if not self._content_is_file:
            self.modified = self.get_modified_time()
            body = self._begin(self.get_content_size(), include_body)
            if body is not None:
                await self._send(body, None)
            return
        handle = await self._load_file(include_body)
        try:
            if self._representation is None:
                return
            if handle is None:
                self._answer(include_body)
                return
            body = self._begin(self._representation.size, include_body)
            if body is not None:
                await self._send(body, handle)
        finally:
            if handle is not None:
                handle.close()

    def _begin(self, size: int, include_body: bool) -> Body | None:
        """Set status and headers; return what is to follow them, None for nothing."""
        self.set_headers()
        etag = self._headers.get("Etag")
        if precondition_fails(self.request.headers, etag, self.modified):
            raise HTTPError(412)
        if self.should_return_304():
            self.set_status(304)
            return None
        if not include_body:
            self._headers["Content-Length"] = str(size)
            if self.application.transforms:
                self.flush()  # what is sent now is not the whole body, for the transforms to know
            return None
        ranges = self._ranges(etag)
        if ranges is None:
            body = Body([(b"", 0, size)], b"", size)
        else:
            found = satisfiable_ranges(ranges, size)
            if not found:
                self._refuse_range(size)
                return None
            body = self._partial(found, size)
        return body

    def _ranges(self, etag: str | None) -> list[tuple[int | None, int | None]] | None:
        """Return the ranges that the client asks for, None for all of the file."""
        asked = self.request.headers.get("Range")
        if asked is None or self.request.method != "GET":
            return None
        date = self._headers.get("Last-Modified")
        if self._file is not None and not self._file.is_settled:
            date = None  # the file may change again within that second
        if not range_applies(self.request.headers, etag, date):
            return None
        return parse_request_ranges(asked)

    def _partial(self, ranges: list[tuple[int, int]], size: int) -> Body:
        self.set_status(206)
        if len(ranges) == 1:
            start, end = ranges[0]
            self._headers["Content-Range"] = get_content_range(start, end, size)
            return Body([(b"", start, end)], b"", end - start)
        headers = self._headers
        body, headers["Content-Type"] = multipart_body(ranges, size, headers["Content-Type"])
        return body

    def _refuse_range(self, size: int) -> None:
        """Answer 416. Nothing of what was said about the file holds for this answer."""
        self.clear()
        self.set_status(416)
        self._headers["Accept-Ranges"] = "bytes"
        self._headers["Content-Range"] = f"bytes */{size}"
        self._headers["Content-Length"] = "0"

    async def _send(self, body: Body, file: FileIO | None) -> None:
        """Send content that is not in memory, no more than a piece at a time."""
        self._headers["Content-Length"] = str(body.length)
        transforms = bool(self.application.transforms)
        is_slow = transforms and self._is_slow(body.length)
        for before, start, end in body.parts:
            if before:
                self.write(before)
            if file is None:
                await self._send_content(start, end)
            elif transforms:
                await self._send_pieces(file, start, end, is_slow)
            else:
                await self.flush()
                await self._connection.send_file(file, start, end - start)
        if body.tail:
            self.write(body.tail)

    async def _send_pieces(self, file: FileIO, start: int, end: int, is_slow: bool) -> None:
        """Send a part of a file through the application's transforms, in a thread where that
        `is_slow`.
        """
        await self.flush()
        while start < end:
            size = min(end - start, PIECE_SIZE)
            piece = await in_executor(functools.partial(_read_piece, file, start, size))
            if not piece:
                raise OSError(f"the file ended {end - start} bytes early")
            start += len(piece)
            if is_slow:
                piece = await in_executor(functools.partial(self._transform, piece, False))
                await self._connection.write(piece)
            else:
                self.write(piece)
                await self.flush()

    async def _send_content(self, start: int, end: int) -> None:
        """Send what a subclass has instead of a file."""
        bounds = (start, end) if self._status_code == 206 else (None, None)
        content = self.get_content(self.absolute_path, *bounds)
        if isinstance(content, bytes):
            self.write(content)
        elif isinstance(content, AsyncIterable):
            async for piece in content:
                self.write(piece)
                await self.flush()
        else:
            for piece in content:
                self.write(piece)
                await self.flush()


def _read_piece(file: FileIO, position: int, size: int) -> bytes:
    file.seek(position)
    return file.read(size)
