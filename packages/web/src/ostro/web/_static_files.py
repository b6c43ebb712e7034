"""Finding and reading a static file: all that may wait for the disk, in functions that return what
they found. They are called from an executor's threads, and know neither request nor response.
"""

from __future__ import annotations

import os
import stat
import time
from datetime import UTC, datetime
from io import FileIO
from typing import Final, NamedTuple

from ostro.httputil import format_timestamp

from ._media_types import media_type
from ._static_names import names_a_file
from ._static_versions import (
    MAX_HASHED_BYTES,
    Signature,
    VersionStore,
    hash_of,
    is_settled,
    open_regular,
    read_all,
    signature_of,
    stat_version,
)
from .errors import HTTPError

__all__ = ["ENCODINGS", "Loaded", "Place", "Representation", "StaticFile", "load", "locate"]

SMALL_FILE: Final = 131072
"""Bytes of a file that is read at once, whole; what is larger is sent piece by piece."""

_ATTEMPTS: Final = 3
"""How often a file is looked at that is being replaced meanwhile."""

_SUFFIXES: Final = {"zstd": ".zst", "br": ".br", "gzip": ".gz"}

ENCODINGS: Final = tuple(_SUFFIXES)
"""The content codings that a file may have siblings in, the best first."""


class Place(NamedTuple):
    """Where a file is looked for.

    `root`: the directory that it has to be in. `absolute_path`: the file, or a directory with a
    `default_filename`. `name`: what is asked for, relative to the root: the end of the URL, unless
    a subclass asks for something else. `is_directory`: whether the URL ends with a slash.
    `follow_symlinks`: whether links may lead out of the root. `is_checked`: whether a subclass has
    found the file, in the root or wherever it likes.
    """

    root: str
    absolute_path: str
    name: str
    is_directory: bool
    default_filename: str | None
    follow_symlinks: bool
    is_checked: bool = False


class Representation:
    """A file as it lies on the disk: the resource itself, or one of its compressed siblings.

    `encoding`: its content coding, "" for none. `content`: all of it, None when it is too large.
    """

    __slots__ = ("content", "encoding", "etag", "path", "signature", "size", "version")

    def __init__(
        self, path: str, encoding: str, signature: Signature, version: str, content: bytes | None
    ) -> None:
        self.path = path
        self.encoding = encoding
        self.signature = signature
        self.size = signature[2] if content is None else len(content)
        self.content = content
        self.version = version
        tag = f'"{version}-{encoding}"' if encoding else f'"{version}"'
        # A version made of size and time is no strong validator while the time can still repeat.
        is_strong = self.size <= MAX_HASHED_BYTES or is_settled(signature)
        self.etag = tag if is_strong else "W/" + tag


class StaticFile:
    """What is known about a file, and the content of it and its siblings where they are small.

    `modified` is None when the disk tells no sensible time. `checked`: when all this was found so,
    in seconds of the monotonic clock.
    """

    __slots__ = (
        "absolute_path",
        "checked",
        "encoded",
        "identity",
        "is_settled",
        "kind",
        "last_modified",
        "modified",
    )

    def __init__(
        self, absolute_path: str, identity: Representation, encoded: tuple[Representation, ...]
    ) -> None:
        self.absolute_path = absolute_path
        self.identity = identity
        self.encoded = encoded
        self.kind = media_type(absolute_path)
        self.modified = _time_of(identity.signature)
        self.last_modified = None if self.modified is None else format_timestamp(self.modified)
        self.is_settled = is_settled(identity.signature)
        self.checked = time.monotonic()

    def representation(self, accepted: tuple[str, ...]) -> Representation:
        """Return the first that there is of the accepted content codings, else the file itself."""
        for encoding in accepted:
            for candidate in self.encoded:
                if candidate.encoding == encoding:
                    return candidate
        return self.identity


class Loaded(NamedTuple):
    """A file, what of it is to be sent, and that one opened where it is to be read in pieces."""

    file: StaticFile
    representation: Representation
    handle: FileIO | None

    def close(self) -> None:
        """Close what is open."""
        if self.handle is not None:
            self.handle.close()


class _Changed(Exception):  # noqa: N818 - it is no error, the file is just looked at again
    """The file is not the one that was looked at before."""


def locate(place: Place) -> tuple[str, str] | None:
    """Return the path of a file, and that without symbolic links; None for a directory of which
    the URL lacks the slash at its end.

    Raises `HTTPError`: 403 for what is no file, or outside of the root, 404 for what is not there.
    """
    path = place.absolute_path
    if place.is_checked:
        return path, path
    root = os.path.abspath(place.root)
    if not names_a_file(place.name) or not _is_inside(path, root):
        raise HTTPError(403, "%r is not in the static directory", place.name)
    mode = _mode(path, place.name)
    if stat.S_ISDIR(mode):
        if place.default_filename is None:
            raise HTTPError(403, "%r is a directory", place.name)
        if not place.is_directory:
            return None
        path = os.path.join(path, place.default_filename)
        mode = _mode(path, place.name)
    elif place.name.endswith("/"):
        raise HTTPError(404)
    if not stat.S_ISREG(mode):
        raise HTTPError(403, "%r is not a file", place.name)
    if place.follow_symlinks:
        return path, path
    real = os.path.realpath(path)
    if not _is_inside(real, os.path.realpath(root)):
        raise HTTPError(403, "%r is a link that leads out of the static directory", place.name)
    return path, real


def _is_inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root if root.endswith(os.sep) else root + os.sep)


def _mode(path: str, name: str) -> int:
    try:
        return os.stat(path).st_mode
    except PermissionError:
        raise HTTPError(403, "%r may not be read", name) from None
    except (OSError, ValueError):  # ValueError: what the platform cannot have as a name
        raise HTTPError(404) from None


def load(
    place: Place,
    versions: VersionStore,
    known: StaticFile | None,
    *,
    siblings: bool,
    accepted: tuple[str, ...],
    opened: bool,
) -> Loaded | None:
    """Find a file and read it, or open it where it is too large for that.

    `known`: what was found the last time, to read nothing twice. `siblings`: whether to look for
    compressed ones, and `accepted` the codings that the client takes. `opened`: whether a large one
    is opened. None means what it does for `locate`, whose errors are raised.
    """
    for _ in range(_ATTEMPTS):
        located = locate(place)
        if located is None:
            return None
        path, real = located
        try:
            return _load(path, real, place, versions, known, siblings, accepted, opened)
        except _Changed:
            known = None
        except PermissionError:
            raise HTTPError(403, "%r may not be read", os.path.basename(path)) from None
        except OSError:
            raise HTTPError(404) from None
    raise HTTPError(503, "%r is being replaced again and again", os.path.basename(path))


def _load(
    path: str,
    real: str,
    place: Place,
    versions: VersionStore,
    known: StaticFile | None,
    siblings: bool,
    accepted: tuple[str, ...],
    opened: bool,
) -> Loaded:
    identity = _represent(real, "", versions, None if known is None else known.identity)
    encoded: list[Representation] = []
    if siblings:
        for encoding in ENCODINGS:
            before = None if known is None else _in(known.encoded, encoding)
            found = _sibling(path, encoding, place, identity, versions, before)
            if found is not None:
                encoded.append(found)
    if known is not None and known.identity is identity and known.encoded == tuple(encoded):
        known.checked = time.monotonic()
        file = known
    else:
        file = StaticFile(path, identity, tuple(encoded))
    chosen = file.representation(accepted)
    if chosen.content is not None or not opened:
        return Loaded(file, chosen, None)
    handle = open_regular(chosen.path)
    if signature_of(os.fstat(handle.fileno())) != chosen.signature:
        handle.close()
        raise _Changed
    return Loaded(file, chosen, handle)


def _in(candidates: tuple[Representation, ...], encoding: str) -> Representation | None:
    for candidate in candidates:
        if candidate.encoding == encoding:
            return candidate
    return None


def _sibling(
    path: str,
    encoding: str,
    place: Place,
    identity: Representation,
    versions: VersionStore,
    known: Representation | None,
) -> Representation | None:
    """Return the compressed sibling of a file, unless it is older: then it is of another state."""
    beside = path + _SUFFIXES[encoding]
    try:
        status = os.stat(beside)
        if not stat.S_ISREG(status.st_mode) or status.st_mtime_ns < identity.signature[3]:
            return None
        if not place.follow_symlinks:
            beside = os.path.realpath(beside)
            if not _is_inside(beside, os.path.realpath(place.root)):
                return None
        return _represent(beside, encoding, versions, known)
    except OSError:
        return None


def _represent(
    path: str, encoding: str, versions: VersionStore, known: Representation | None
) -> Representation:
    if (
        known is not None
        and known.path == path
        and is_settled(known.signature)
        and signature_of(os.stat(path)) == known.signature
    ):
        return known
    with open_regular(path) as file:
        signature = signature_of(os.fstat(file.fileno()))
        size = signature[2]
        content = None
        if size <= SMALL_FILE:
            content = read_all(file, SMALL_FILE)
            version = hash_of(content)
        else:
            version = _version_of(file, path, signature, versions)
        if signature_of(os.fstat(file.fileno())) != signature:
            raise _Changed  # what was read may be half of one state and half of the next
    versions.remember(path, signature, version)
    return Representation(path, encoding, signature, version, content)


def _version_of(file: FileIO, path: str, signature: Signature, versions: VersionStore) -> str:
    if signature[2] > MAX_HASHED_BYTES:
        return stat_version(signature)
    return versions.version_for(path, signature) or hash_of(read_all(file, MAX_HASHED_BYTES))


def _time_of(signature: Signature) -> datetime | None:
    """Return when a file was changed, in whole seconds; None for a time that HTTP cannot name.

    Spec: RFC 9110 section 8.8.2.1: a time in the future is none.
    """
    seconds = signature[3] // 1_000_000_000
    if not 0 <= seconds <= time.time():
        return None
    return datetime.fromtimestamp(seconds, UTC)
