"""UploadHandler: uploads of any size, on disk before the method runs, and gone after the request.

It is a handler of streamed bodies; what it does with them is in `_upload_form`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from typing import ClassVar

from ostro.httputil import BodyLimits, HTTPFile, HTTPInputError, multipart_parser

from ._handler import RequestHandler
from ._pieces import has_loop
from ._upload_form import UploadForm
from ._uploaded_file import UploadedFile
from ._xsrf import XSRF_TOKEN_HEADERS

__all__ = ["UploadHandler"]


class UploadHandler(RequestHandler):
    """Takes multipart forms whose files may be large: they go to disk while they come.

    When the method runs, `uploads` has the files (`self.request.files` does, too), and the fields
    of the form are arguments as ever. `prepare` runs before the body comes, so that it can refuse
    it; it sees no arguments of the form. Whatever becomes of the request, its temporary files are
    removed; `save` keeps one.

        class Photos(UploadHandler):
            max_body_size = 1 << 30
            max_file_size = 200 << 20

            async def post(self):
                for photo in self.uploads["photo"]:
                    await photo.save(f"/srv/photos/{uuid4()}")

    The limits are attributes that `prepare` may set, too. `max_body_size` bounds the whole. A body
    of another type is kept in memory as in any handler, up to `max_fields_size`.
    """

    max_file_size: int | None = None
    """Bytes that each file may have; None leaves it to `max_body_size`. More are answered 413."""

    max_fields_size: int = 1048576
    """Bytes that all plain fields may have together, with the names of all parts: they are kept in
    memory. More are answered 413.
    """

    max_parts: int = 100
    """Fields and files that a form may have; more are answered 400."""

    memory_per_file: int = 65536
    """Bytes up to which a file is kept in memory."""

    upload_directory: str | os.PathLike[str] | None = None
    """Where temporary files are made; None: where the system has them, often in memory.

    Where the files are saved later is a good place: then that is a rename.
    """

    _streams_body: ClassVar[bool] = True

    # What the body becomes, made with its first bytes: a form, or else these bytes.
    _form: UploadForm | None = None
    _chunks: list[bytes] | None = None
    _chunks_size = 0
    # Whether the XSRF token is looked for in the form.
    _xsrf_is_due = False

    @property
    def uploads(self) -> dict[str, list[UploadedFile]]:
        """The files of the form: all of them, in order, for each field. None before they have come,
        nor in a body that is no form.
        """
        return {} if self._form is None else self._form.files

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Take the next part of the body."""
        if self._form is None and self._chunks is None:
            self._begin_body()
        if self._form is not None:
            return self._form.feed(chunk)
        assert self._chunks is not None
        self._chunks.append(chunk)
        self._chunks_size += len(chunk)
        if self._chunks_size > self.max_fields_size:
            raise HTTPInputError(
                f"the body is no upload and has more than {self.max_fields_size} bytes", 413
            )
        return None

    def _begin_body(self) -> None:
        parser = multipart_parser(self.request.headers, limits=BodyLimits(max_parts=self.max_parts))
        if parser is None:
            self._chunks = []
            return
        directory = self.upload_directory
        self._form = UploadForm(
            parser,
            max_file_size=self.max_file_size,
            max_fields_size=self.max_fields_size,
            memory_per_file=self.memory_per_file,
            directory=None if directory is None else os.fspath(directory),
        )

    def _check_xsrf_at_headers(self) -> None:
        """Look for the token in the headers now; else it is in the form, as browsers send it."""
        if any(name in self.request.headers for name in XSRF_TOKEN_HEADERS):
            self.check_xsrf_cookie()
        else:
            self._xsrf_is_due = True

    def _end_of_body(self) -> Awaitable[None] | None:
        form = self._form
        if form is None:
            self.request.body = b"".join(self._chunks or ())
            self._take_body()
            return None
        waits = form.finish()
        if waits is not None:
            return self._take_form(form, waits)
        self._set_form(form)
        return None

    async def _take_form(self, form: UploadForm, waits: Awaitable[None]) -> None:
        await waits
        self._set_form(form)

    def _set_form(self, form: UploadForm) -> None:
        form.rewind()
        # As lists of what request.files is declared to hold: a list of one type is none of another.
        files: dict[str, list[HTTPFile]] = {name: [*some] for name, some in form.files.items()}
        self.request.set_form(form.arguments, files)
        self._take_body()

    def _take_body(self) -> None:
        if self._xsrf_is_due:
            self.check_xsrf_cookie()

    def _log(self) -> None:
        """Log the request, which is over, and let go of its files once nobody uses them."""
        try:
            super()._log()
        finally:
            form = self._form
            if form is not None and not self._connection.loopless:
                if has_loop():
                    # Not before the function returns that has finished the request; and only then
                    # is it known whether that was the first step of a task.
                    asyncio.get_running_loop().call_soon(self._release, form)
                else:
                    form.close()

    def _after_run(self) -> None:
        if self._form is not None:
            self._form.close()

    def _release(self, form: UploadForm) -> None:
        task = self._task
        if task is None or task.done():
            form.release()
        else:
            task.add_done_callback(lambda _: form.release())
