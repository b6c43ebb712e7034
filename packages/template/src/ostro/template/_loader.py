"""Loaders: templates by name, from a directory or a dict, each compiled once."""

from __future__ import annotations

import os
import posixpath
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

from ._template import DEFAULT_AUTOESCAPE, Template, check_autoescape, read
from ._tree import File
from ._whitespace import check_mode
from .errors import TemplateNotFoundError

if TYPE_CHECKING:
    from typing import Unpack


class LoaderOptions(TypedDict, total=False):
    """The arguments of BaseLoader, which all loaders take."""

    autoescape: str | None
    namespace: dict[str, object] | None
    whitespace: str | None


class BaseLoader:
    """Finds templates by name, and keeps them.

    `autoescape` is the function that expressions in all templates go through, by its name, None
    for none. `namespace` holds names for all templates: what is put into it later is seen as well.
    `whitespace` is a mode of `filter_whitespace`; None lets the name of each template decide.
    Raises ValueError for an `autoescape` or a `whitespace` that can not be.

    Names are paths with slashes. A loader of your own overrides `read`; or, if it wants to make the
    Template itself, `_create_template`, which takes a name and returns a Template. Safe to use from
    several threads.
    """

    def __init__(
        self,
        autoescape: str | None = DEFAULT_AUTOESCAPE,
        namespace: dict[str, object] | None = None,
        whitespace: str | None = None,
    ) -> None:
        check_autoescape(autoescape)
        if whitespace is not None:
            check_mode(whitespace)
        self.autoescape = autoescape
        self.namespace: dict[str, object] = {} if namespace is None else namespace
        self.whitespace = whitespace
        self.templates: dict[str, Template] = {}
        self._files: dict[str, File] = {}
        # Reentrant: to make a template is to load what it extends.
        self._lock = threading.RLock()

    def reset(self) -> None:
        """Forget all templates: the next load reads them anew."""
        with self._lock:
            self.templates = {}
            self._files = {}

    def resolve_path(self, name: str, parent_path: str | None = None) -> str:
        """Return the name of a template as seen from the root.

        `parent_path` is the name of the template that mentions it, from whose folder a relative
        name is followed. Raises TemplateNotFoundError for a name that leads above the root.
        """
        if name.startswith("/") or not parent_path or parent_path.startswith(("<", "/")):
            return name
        return _inside(posixpath.join(posixpath.dirname(parent_path), name))

    def load(self, name: str, parent_path: str | None = None) -> Template:
        """Return a template, compiled.

        Raises TemplateNotFoundError if there is none, or none that it needs; ParseError if it is
        not a template.
        """
        path = self.resolve_path(name, parent_path)
        template = self.templates.get(path)
        if template is None:
            with self._lock:
                template = self.templates.get(path)
                if template is None:
                    template = self.templates[path] = self._created(path)
        return template

    def read(self, name: str) -> tuple[str | bytes, str]:
        """Return the text of a template, and the file name that tracebacks show for it.

        Called once for a template, with what `resolve_path` returned. Raises TemplateNotFoundError.
        """
        raise NotImplementedError(f"{type(self).__name__} overrides neither read nor its caller")

    def _created(self, path: str) -> Template:
        try:
            return self._create_template(path)
        except BaseException:
            self._files.clear()  # any of them may be at fault, and mended before the next load
            raise

    def _create_template(self, name: str) -> Template:
        return Template._of_file(self._parsed(name), self)

    def _part(self, name: str, parent_path: str) -> File:
        """Return the parse tree of a template that another one needs."""
        path = self.resolve_path(name, parent_path)
        if type(self)._create_template is not BaseLoader._create_template:
            return self.load(path)._file
        with self._lock:
            return self._parsed(path)

    def _parsed(self, name: str) -> File:
        file = self._files.get(name)
        if file is None:
            text, filename = self.read(name)
            file = read(text, name, filename, self.autoescape, self.whitespace)
            self._files[name] = file
        return file


class Loader(BaseLoader):
    """Loads templates from a directory, and from nowhere else.

    `root_directory` is made absolute at once. `..` may not lead out of it, nor may a symbolic link:
    a link is followed as long as what it points to lies in the directory as well. The root itself
    may be a link. An absolute name is accepted if it lies in the root. `kwargs` are those of
    BaseLoader.
    """

    def __init__(
        self, root_directory: str | os.PathLike[str], **kwargs: Unpack[LoaderOptions]
    ) -> None:
        super().__init__(**kwargs)
        self.root = os.path.abspath(root_directory)

    def resolve_path(self, name: str, parent_path: str | None = None) -> str:
        """Return the name of a template as seen from the root, with slashes and without `..`.

        Raises TemplateNotFoundError for a name that leads out of the root.
        """
        if os.path.isabs(name):
            # On Windows a path on another drive can not be made relative; it stays absolute.
            below = os.path.join(self.root, "")
            path = os.path.normpath(name)
            if not path.startswith(below):
                raise TemplateNotFoundError(name, f"lies outside of {self.root}")
            return path[len(below) :].replace(os.sep, "/")
        path = name.replace(os.sep, "/")
        if parent_path and not parent_path.startswith(("<", "/")):
            path = posixpath.join(posixpath.dirname(parent_path), path)
        return _inside(path)

    def read(self, name: str) -> tuple[bytes, str]:
        """Return the bytes of a file and its path. Raises TemplateNotFoundError."""
        path = os.path.join(self.root, name)
        try:
            real = os.path.realpath(path)
            if not real.startswith(os.path.join(os.path.realpath(self.root), "")):
                raise TemplateNotFoundError(name, f"lies outside of {self.root}")
            if os.path.isfile(real):  # a FIFO would keep us waiting
                with open(real, "rb") as file:
                    return file.read(), path
        except (FileNotFoundError, ValueError):  # gone since; a NUL
            pass
        raise TemplateNotFoundError(name, f"no such file in {self.root}")


class DictLoader(BaseLoader):
    """Loads templates from a dict of names and texts. `kwargs` are those of BaseLoader."""

    def __init__(self, dict: Mapping[str, str | bytes], **kwargs: Unpack[LoaderOptions]) -> None:
        super().__init__(**kwargs)
        self.dict = dict

    def read(self, name: str) -> tuple[str | bytes, str]:
        """Return a text of the dict. Raises TemplateNotFoundError."""
        if name not in self.dict:
            raise TemplateNotFoundError(name, f"not among the {len(self.dict)} of the loader")
        return self.dict[name], name


def _inside(path: str) -> str:
    """Return a relative path without `.` and `..`. Raises TemplateNotFoundError if it leads up."""
    normal = posixpath.normpath(path)
    if normal == ".." or normal.startswith("../"):
        raise TemplateNotFoundError(path, "leads above the root of the loader")
    return normal
