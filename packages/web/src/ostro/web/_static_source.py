"""Where a static file handler gets its content from: files, or what a subclass has instead.

First layer of `StaticFileHandler`; see `_static`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from datetime import UTC, datetime
from io import FileIO
from typing import ClassVar, TypeVar

from ._encodings import accepted_encodings
from ._handler import RequestHandler
from ._media_types import media_type, with_charset
from ._static_files import ENCODINGS, Loaded, Place, Representation, StaticFile, load, locate
from ._static_memory import DEFAULT_MAX_MEMORY, FileMemory
from ._static_versions import VersionStore, content_version, open_regular, signature_of

__all__ = ["PIECE_SIZE", "StaticSource", "in_executor"]

general_log = logging.getLogger("ostro.general")

PIECE_SIZE = 262144
"""Bytes of a file that are in memory at a time."""

_T = TypeVar("_T")


class StaticSource(RequestHandler):
    """Finds the content of a static file. The public methods are those of StaticFileHandler."""

    MAX_MEMORY: ClassVar[int] = DEFAULT_MAX_MEMORY
    """Bytes of files of up to 128 KiB that one process keeps in memory; 0 for none."""

    charset: ClassVar[str | None] = "UTF-8"
    """What the Content-Type of text says about its encoding; None for nothing."""

    # What all handlers of the process know of files.
    _versions: ClassVar[VersionStore] = VersionStore()
    _memory: ClassVar[FileMemory] = FileMemory()

    # Which of the overridable methods a subclass leaves as they are; see __init_subclass__.
    _content_is_file: ClassVar[bool] = True
    _place_is_default: ClassVar[bool] = True
    _version_is_default: ClassVar[bool] = True
    # The class whose get_content_version is used.
    _version_owner: ClassVar[str] = ""

    root: str
    default_filename: str | None
    follow_symlinks: bool
    precompressed: bool

    path: str
    """What the URL asks for, relative to the root, after `parse_url_path`."""
    absolute_path: str
    """Where it is, after `validate_absolute_path`."""
    modified: datetime | None = None
    """When it was changed last, in UTC and whole seconds; None if that is unknown."""

    # What was found, where it is a file.
    _file: StaticFile | None = None
    _representation: Representation | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._content_is_file = _inherits(cls, "get_content", "get_content_size")
        cls._place_is_default = cls._content_is_file and _inherits(
            cls, "get_absolute_path", "validate_absolute_path"
        )
        cls._version_is_default = _inherits(cls, "get_content_version")
        owner = cls.get_content_version.__qualname__
        cls._version_owner = (
            "" if cls._version_is_default else f"{cls.get_content_version.__module__}.{owner}"
        )

    # Where

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        """Return where `path` is, relative to `root`: a path in the file system.

        May be overridden to return any text that `get_content` understands.
        """
        return os.path.abspath(os.path.join(root, path))

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        """Return `absolute_path` if it may be served, with the default filename if it is a
        directory; None after a redirect.

        Raises `HTTPError` 403 or 404. May be overridden; it waits for the disk.
        """
        located = locate(self._place(root, absolute_path))
        if located is None:
            self._redirect_to_directory()
            return None
        return located[0]

    def _place(self, root: str, absolute_path: str) -> Place:
        return Place(
            root,
            absolute_path,
            self.path.replace(os.sep, "/"),
            self.request.path.endswith("/"),
            self.default_filename,
            self.follow_symlinks,
        )

    def _redirect_to_directory(self) -> None:
        """Redirect to the same path with a slash at its end; `redirect` keeps it on this host."""
        query = self.request.query
        self.redirect(self.request.path + "/" + (f"?{query}" if query else ""), permanent=True)

    # What

    @classmethod
    def get_content(
        cls, abspath: str, start: int | None = None, end: int | None = None
    ) -> bytes | Iterable[bytes] | AsyncIterable[bytes]:
        """Return the content at `abspath`, from byte `start` on and before byte `end`.

        May be overridden; where that waits for something, it returns an asynchronous iterator.
        """
        return _pieces_of(abspath, start or 0, end)

    @classmethod
    def get_content_version(cls, abspath: str) -> str:
        """Return the version of the content at `abspath`: a hash, of at most a mebibyte.

        May be overridden. Raises OSError when there is none.
        """
        return content_version(abspath)

    def get_content_size(self) -> int:
        """Return how many bytes the content at `self.absolute_path` has. May be overridden."""
        if self._representation is not None:
            return self._representation.size
        return os.stat(self.absolute_path).st_size

    def get_modified_time(self) -> datetime | None:
        """Return when `self.absolute_path` was changed last, in UTC; None if that is unknown. May
        be overridden.
        """
        if self._file is not None:
            return self._file.modified
        return datetime.fromtimestamp(int(os.stat(self.absolute_path).st_mtime), UTC)

    def get_content_type(self) -> str:
        """Return the value of the Content-Type header, by the name of the file. May be
        overridden.
        """
        kind = media_type(self.absolute_path) if self._file is None else self._file.kind
        return with_charset(kind, self.charset)

    @classmethod
    def _version_at(cls, absolute_path: str, is_final: bool) -> str | None:
        """Return the version of the content at a path; `is_final` if it stays once computed."""
        key = (cls._version_owner, absolute_path) if cls._version_owner else absolute_path
        if is_final and (known := cls._versions.latest(key)) is not None:
            return known
        try:
            if not cls._version_is_default:
                version = cls.get_content_version(absolute_path)
                cls._versions.remember(key, None, version)
                return version
            signature = signature_of(os.stat(absolute_path))
            known = cls._versions.version_for(key, signature)
            if known is None:
                known = cls.get_content_version(absolute_path)
                cls._versions.remember(key, signature, known)
        except (OSError, ValueError):
            general_log.warning("No version for the static file %r: cannot read it", absolute_path)
            return None
        return known

    # Files

    def _from_memory(self) -> bool:
        """Take the file from memory, if it can be sent from there at once."""
        if not self._place_is_default:
            return False
        file = self._memory.fresh(self._key())
        if file is None:
            return False
        chosen = file.representation(self._accepted()) if file.encoded else file.identity
        if chosen.content is None:
            return False
        self._take(file, chosen)
        return True

    async def _load_file(self, opened: bool) -> FileIO | None:
        """Find the file; return it where it is large and to be opened. `_file` remains None after a
        redirect.
        """
        if self._place_is_default:
            key = self._key()
            found = self._place(self.root, self.get_absolute_path(self.root, self.path))
        else:
            key = (self.root, self.absolute_path, self.follow_symlinks, self.precompressed)
            found = self._place(self.root, self.absolute_path)._replace(is_checked=True)
        loaded = await in_executor(
            lambda: load(
                found,
                self._versions,
                self._memory.known(key),
                siblings=self.precompressed,
                accepted=self._accepted(),
                opened=opened,
            )
        )
        if loaded is None:
            self._redirect_to_directory()
            return None
        self._memory.keep(key, loaded.file, self.MAX_MEMORY)
        self._take(loaded.file, loaded.representation)
        return loaded.handle

    def _take(self, file: StaticFile, representation: Representation) -> None:
        self._file = file
        self._representation = representation
        if self._place_is_default:
            self.absolute_path = file.absolute_path
        self.modified = self.get_modified_time()

    def _key(self) -> tuple[object, ...]:
        return (
            self.root,
            self.path,
            self.request.path.endswith("/"),
            self.default_filename,
            self.follow_symlinks,
            self.precompressed,
        )

    def _accepted(self) -> tuple[str, ...]:
        """Return the content codings to choose from. A range is one of the file itself: a client
        that adds it to what it has must not get bytes of another representation.
        """
        headers = self.request.headers
        if "Range" in headers and self.request.method == "GET":
            return ()
        return accepted_encodings(headers.get("Accept-Encoding", ""), ENCODINGS)


async def in_executor(job: Callable[[], _T]) -> _T:
    """Run what may wait for the disk: in a thread, or here where no loop runs.

    Cancelled meanwhile, it closes what the job opens.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return job()
    future = loop.run_in_executor(None, job)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        future.add_done_callback(_close_result)
        raise
    finally:
        del future  # the exception that it may hold refers to this frame


def _close_result(future: asyncio.Future[_T]) -> None:
    if not future.cancelled() and future.exception() is None:
        result = future.result()
        if isinstance(result, Loaded):
            result.close()


def _pieces_of(path: str, start: int, end: int | None) -> Iterator[bytes]:
    with open_regular(path) as file:
        file.seek(start)
        left = PIECE_SIZE if end is None else end - start
        while left > 0 and (piece := file.read(min(left, PIECE_SIZE))):
            yield piece
            if end is not None:
                left -= len(piece)


def _inherits(cls: type[StaticSource], *names: str) -> bool:
    """Tell whether a class leaves all of these methods as they are."""
    return all(
        getattr(getattr(cls, name), "__func__", getattr(cls, name))
        is getattr(getattr(StaticSource, name), "__func__", getattr(StaticSource, name))
        for name in names
    )
