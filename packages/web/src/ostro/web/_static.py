"""StaticFileHandler: files of a directory, over HTTP.

Last of three layers: `_static_source` finds the content, `_static_response` answers with it, this
one is what applications see and subclass. None of them blocks the loop: what touches the disk is in
`_static_files` and runs in the executor, unless no loop runs (WSGI).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ._static_names import names_a_file
from ._static_response import StaticResponse

__all__ = ["StaticFileHandler"]

general_log = logging.getLogger("ostro.general")

DEFAULT_URL_PREFIX = "/static/"

_SAFE_IN_PATH = "/!$&'()*+,;=:@~"
"""What stands in a path as it is. Spec: RFC 3986 section 3.3."""


class StaticFileHandler(StaticResponse):
    """A simple handler that can serve static content from a directory.

    It is there by itself where the application has the setting `static_path`; to map further paths
    to it, for a directory `/var/www`:

        (r"/files/(.*)", StaticFileHandler, {"path": "/var/www"})

    The group in the pattern is what it looks for in the directory. Its arguments, which the setting
    `static_handler_args` gives where the setting `static_path` is used: `path`, the directory;
    `default_filename`, what to serve for a directory, such as "index.html"; `follow_symlinks`,
    whether symbolic links may lead out of the directory (no); `precompressed`, whether siblings
    named `.zst`, `.br` and `.gz`, if not older than the file, are sent to clients that take them
    (yes).

    Files have an Etag and a Last-Modified header, requests may have conditions and ask for one or
    several ranges. With an argument `v` in the URL, as `make_static_url` makes it, browsers are
    told to keep the file for good.

    A subclass may change URLs (`make_static_url`, `parse_url_path`, `get_version`), headers
    (`set_extra_headers`, `get_cache_time`, `get_content_type`), and where content comes from:
    `get_absolute_path`, `validate_absolute_path`, `get_content`, `get_content_size`,
    `get_modified_time`, `get_content_version`. What it defines is called on the loop's thread. Its
    methods may use `self.path`, `self.absolute_path` and `self.modified`. URLs are made by class
    methods: decorate those with `@classmethod`.
    """

    def initialize(
        self,
        path: str | os.PathLike[str],
        default_filename: str | None = None,
        *,
        follow_symlinks: bool = False,
        precompressed: bool = True,
    ) -> None:
        """Take the directory, and how it is served."""
        self.root = os.fspath(path)
        self.default_filename = default_filename
        self.follow_symlinks = follow_symlinks
        self.precompressed = precompressed

    # Any: an application keeps what it likes in its settings
    @classmethod
    def make_static_url(
        cls, settings: Mapping[str, Any], path: str, include_version: bool = True
    ) -> str:
        """Return the URL, relative to this host, of the file at `path` below `static_path`.

        `settings` are those of the application. `include_version` adds the file's version as the
        argument `v`, if the file is there. May be overridden, with the first two parameters at
        least.
        """
        url = settings.get("static_url_prefix", DEFAULT_URL_PREFIX) + quote(path, _SAFE_IN_PATH)
        version = cls.get_version(settings, path) if include_version else None
        return f"{url}?v={quote(version)}" if version else url

    @classmethod
    def get_version(cls, settings: Mapping[str, Any], path: str) -> str | None:
        """Return the version of the file at `path` below `static_path`, None if there is no such
        file.

        It is computed when it is asked for first: a hash of the content, or for files of more than
        1 MiB of their size and time, so that it takes a few milliseconds at most (`hash_files` does
        it beforehand). With the setting `static_hash_cache` false, which it is in debug mode, it is
        computed anew when the file has changed.
        """
        if cls._place_is_default and not names_a_file(path):
            general_log.warning("No version for %r: it is not in the static directory", path)
            return None
        absolute_path = cls.get_absolute_path(os.fspath(settings["static_path"]), path)
        return cls._version_at(absolute_path, bool(settings.get("static_hash_cache", True)))

    @classmethod
    def hash_files(cls, settings: Mapping[str, Any]) -> int:
        """Compute the versions of all files below `static_path`, and return how many there are.

        The setting `static_hash_at_start` has it done when the application is made. It may be
        called in an executor.
        """
        count = 0
        root = os.fspath(settings["static_path"])
        for directory, _, names in os.walk(root):
            for name in names:
                path = os.path.relpath(os.path.join(directory, name), root)
                if cls.get_version(settings, path.replace(os.sep, "/")) is not None:
                    count += 1
        return count

    @classmethod
    def reset(cls) -> None:
        """Forget all versions and files that are kept in memory."""
        cls._versions.clear()
        cls._memory.clear()
