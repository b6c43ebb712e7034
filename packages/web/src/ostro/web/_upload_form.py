"""A multipart form on its way in: fields into memory, files to disk, limits on both.

This file owns what has come of the form, and the thread that writes it. Which limits there are, and
what becomes of the request, is `_uploads`'s to say.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from typing import Final

from ostro.httputil import HTTPInputError, MultipartParser, PartHead

from ._uploaded_file import UploadedFile

__all__ = ["UploadForm"]

WRITE_SIZE: Final = 1048576
"""Bytes that are gathered for one write in a thread, and so the memory that an upload takes.

Measured with a file of 64 MiB: with half of that it costs a fifth more CPU.
"""


class UploadForm:
    """Takes the body of one form.

    `max_file_size` is for each file, `max_fields_size` for all plain fields with their names, both
    in bytes; a file of up to `memory_per_file` bytes stays in memory, larger ones go to `directory`
    (None: the system's for temporary files).
    """

    def __init__(
        self,
        parser: MultipartParser,
        *,
        max_file_size: int | None,
        max_fields_size: int,
        memory_per_file: int,
        directory: str | None,
    ) -> None:
        self.arguments: dict[str, list[bytes]] = {}
        self.files: dict[str, list[UploadedFile]] = {}
        self._parser = parser
        self._max_file_size = max_file_size
        self._max_fields_size = max_fields_size
        self._memory_per_file = memory_per_file
        self._directory = directory
        # The part that is coming: its head, and one of these.
        self._head: PartHead | None = None
        self._value: list[bytes] = []
        self._upload: UploadedFile | None = None
        self._fields_size = 0
        # All files, and those that have something for the disk, with how much that is.
        self._uploads: list[UploadedFile] = []
        self._waiting: dict[int, UploadedFile] = {}
        self._unwritten = 0
        # Held by whichever thread is at work on the files.
        self._lock = threading.Lock()
        self._closed = False

    def feed(self, chunk: bytes) -> Awaitable[None] | None:
        """Take the next part of the body; the one after it waits for what is returned.

        Raises HTTPInputError for what is malformed, and with status 413 for what is too large.
        """
        for event in self._parser.feed(chunk):
            if isinstance(event, bytes):
                self._add(event)
            elif isinstance(event, PartHead):
                self._begin(event)
            else:
                self._end()
        return self._write() if self._unwritten >= WRITE_SIZE else None

    def finish(self) -> Awaitable[None] | None:
        """Take note of the end of the body; the form is complete when what is returned is done.

        Raises HTTPInputError when the body has broken off.
        """
        self._parser.finish()
        return self._write() if self._waiting else None

    def _begin(self, head: PartHead) -> None:
        self._head = head
        self._count_field(len(head.name))
        if head.filename:
            self._upload = UploadedFile(head.filename, head.content_type, self._directory)
            self._uploads.append(self._upload)

    def _add(self, data: bytes) -> None:
        upload = self._upload
        if upload is None:
            self._count_field(len(data))
            self._value.append(data)
            return
        before = upload.size
        upload.add(data)
        if self._max_file_size is not None and upload.size > self._max_file_size:
            raise HTTPInputError(f"a file has more than {self._max_file_size} bytes", 413)
        if upload.size > self._memory_per_file:
            # With the one that makes it too large for memory, all that was kept there goes.
            self._unwritten += len(data) if before > self._memory_per_file else upload.size
            self._waiting[id(upload)] = upload

    def _count_field(self, size: int) -> None:
        self._fields_size += size
        if self._fields_size > self._max_fields_size:
            raise HTTPInputError(
                f"the fields of a form have more than {self._max_fields_size} bytes", 413
            )

    def _end(self) -> None:
        assert self._head is not None
        name, upload = self._head.name, self._upload
        if upload is None:
            self.arguments.setdefault(name, []).append(b"".join(self._value))
            self._value.clear()
        else:
            self.files.setdefault(name, []).append(upload)
            self._upload = None

    # The disk

    def _write(self) -> Awaitable[None]:
        uploads = list(self._waiting.values())
        self._waiting.clear()
        self._unwritten = 0
        return asyncio.get_running_loop().run_in_executor(None, self._write_out, uploads)

    def _write_out(self, uploads: list[UploadedFile]) -> None:
        with self._lock:
            if self._closed:
                return  # given up before this thread began
            for upload in uploads:
                upload.write_out()

    def rewind(self) -> None:
        """Make the files ready to be read."""
        for upload in self._uploads:
            upload.rewind()

    def release(self) -> None:
        """Let go of the files; those on disk are removed, in a thread. Idempotent."""
        if all(upload.path is None for upload in self._uploads) and not self._lock.locked():
            self.close()
            return
        asyncio.get_running_loop().run_in_executor(None, self.close)

    def close(self) -> None:
        """Close and remove the files, after whoever is at work on them. Blocks."""
        with self._lock:
            self._closed = True
            for upload in self._uploads:
                upload.close()
