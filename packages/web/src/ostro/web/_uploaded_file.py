"""UploadedFile: a file that a client has sent, in memory or on disk.

It may be written by one thread at a time, and knows neither the loop nor the request.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import os
import shutil
import tempfile
from typing import IO, Final

from ostro.httputil import HTTPFile

__all__ = ["UploadedFile"]

COPY_SIZE: Final = 262144
"""Bytes that are in memory at a time while a file is copied."""


class UploadedFile(HTTPFile):
    """One file of an upload that `UploadHandler` has taken.

    An HTTPFile whose content need not be in memory: `size` is its length in bytes, `path` the
    temporary file that holds it, None while it is small enough for memory. `file` is open for
    reading, at its start at first. All is gone when the request is over, unless `save` was called.
    """

    __slots__ = ("_directory", "_file", "_kept", "_unwritten", "path", "size")

    def __init__(self, filename: str, content_type: str, directory: str | None) -> None:
        # Not that of HTTPFile, which sets the body.
        self.filename = filename
        self.content_type = content_type
        self.size = 0
        self.path: str | None = None
        self._directory = directory
        self._file: IO[bytes] | None = None
        # What has come and is not in the file.
        self._unwritten: list[bytes] = []
        # Whether the file at `path` is no longer a temporary one.
        self._kept = False

    @property
    def file(self) -> IO[bytes]:
        """The content, as a binary file. Reading from disk blocks the loop: see `read`."""
        if self._file is None:
            self._file = io.BytesIO(b"".join(self._unwritten))
            self._unwritten.clear()
        return self._file

    @property
    def body(self) -> bytes:  # type: ignore[override]  # what is on disk is read when asked for
        """The whole content. Reading a large file blocks the loop, and takes its size in memory."""
        file = self.file
        position = file.tell()
        file.seek(0)
        content = file.read()
        file.seek(position)
        return content

    async def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes from where the file stands, all of the rest if negative, without
        blocking the loop.
        """
        if self.path is None:
            return self.file.read(size)
        return await asyncio.get_running_loop().run_in_executor(None, self.file.read, size)

    async def save(self, path: str | os.PathLike[str]) -> None:
        """Keep the content as the file `path`, replacing what is there, without blocking the loop.

        On the file system of `upload_directory` that is a rename, however large the file; elsewhere
        it is copied. Only its owner may read it. Never make `path` from `filename`.

        Raises OSError.
        """
        await asyncio.get_running_loop().run_in_executor(None, self._save, os.fspath(path))

    def _save(self, path: str) -> None:
        if self.path is not None and not self._kept:
            try:
                os.replace(self.path, path)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
            else:
                self._kept, self.path = True, path  # in this order: `close` may run meanwhile
                return
        self._copy(path)

    def _copy(self, path: str) -> None:
        """Copy the content. What is at `path` is replaced by all of it, or not at all: the file is
        closed meanwhile where the client goes away.
        """
        descriptor, unfinished = tempfile.mkstemp(
            prefix=".upload-", dir=os.path.dirname(path) or os.curdir
        )
        try:
            with open(descriptor, "wb") as copy:
                position = self.file.tell()
                self.file.seek(0)
                shutil.copyfileobj(self.file, copy, COPY_SIZE)
                self.file.seek(position)
            os.replace(unfinished, path)
        except BaseException:
            os.unlink(unfinished)
            raise

    # While it comes

    def add(self, data: bytes) -> None:
        """Take the next part of the content, in memory for now."""
        self.size += len(data)
        self._unwritten.append(data)

    def write_out(self) -> None:
        """Write what has come to disk. Blocks."""
        if self._file is None:
            descriptor, self.path = tempfile.mkstemp(prefix="upload-", dir=self._directory)
            self._file = open(descriptor, "w+b", buffering=0)  # noqa: SIM115  # closed by close()
        data = self._unwritten[0] if len(self._unwritten) == 1 else b"".join(self._unwritten)
        self._unwritten.clear()
        self._file.write(data)

    def rewind(self) -> None:
        """Go to the start, for whoever reads it first."""
        self.file.seek(0)

    def close(self) -> None:
        """Close the file, and remove it unless it was saved. Blocks. Idempotent."""
        if self._file is not None:
            self._file.close()
        self._unwritten.clear()
        if self.path is not None and not self._kept:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)

    def __repr__(self) -> str:
        return (
            f"UploadedFile(filename={self.filename!a}, content_type={self.content_type!a}, "
            f"size={self.size})"
        )
