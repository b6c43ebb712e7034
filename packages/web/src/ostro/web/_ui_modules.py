"""UI modules: reusable parts of pages, with the styles and scripts that they need.

This file owns what a module is, and which modules one page has used. What becomes of their styles
and scripts is told in `_page_resources`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from ostro.escape import linkify, utf8
from ostro.httputil import HTTPServerRequest

if TYPE_CHECKING:
    from ostro.locale import Locale

    from ._handler import RequestHandler

__all__ = ["BUILT_IN_MODULES", "DirectiveModules", "Modules", "UIModule"]

Files: TypeAlias = str | bytes | Iterable[str | bytes] | None
"""One path or URL, or several."""

Text: TypeAlias = str | bytes | None


class UIModule:
    """A re-usable, modular unit on a page.

        class Entry(UIModule):
            def render(self, entry, show_comments=False):
                return self.render_string("entry.html", entry=entry, comments=show_comments)

            def css_files(self):
                return "css/entry.css"

    A template shows it with `{% module Entry(entry) %}`, if the setting `ui_modules` names it. The
    other methods say what it adds to the head and the end of the page: once, however often the
    module is used there. They are called after the page has been rendered, on the one instance that
    each page has of a module.

    Attributes:
        handler: The RequestHandler that renders the page.
        request: Its request.
    """

    # Whether `render` is a coroutine function.
    _awaits: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls._awaits = inspect.iscoroutinefunction(cls.render)

    def __init__(self, handler: RequestHandler) -> None:
        self.handler = handler
        self.request: HTTPServerRequest = handler.request

    @property
    def current_user(self) -> Any:  # Any: what a user is, the application decides
        """The current user of the handler."""
        return self.handler.current_user

    @property
    def locale(self) -> Locale:
        """The locale of the handler."""
        return self.handler.locale

    # Any: each subclass states its arguments; it returns str or bytes, or is a coroutine for them.
    def render(self, *args: Any, **kwargs: Any) -> Any:
        """Override to return this module's output, HTML that is not escaped again.

        If it is a coroutine, the template must await it: `{% raw await modules.Entry(entry) %}`.
        """
        raise NotImplementedError(f"{type(self).__name__} does not override render")

    def embedded_javascript(self) -> Text:
        """Override to return JavaScript to embed at the end of the page."""
        return None

    def javascript_files(self) -> Files:
        """Override to return the path of a JavaScript file, or a list of them.

        A relative path is one for `static_url`.
        """
        return None

    def embedded_css(self) -> Text:
        """Override to return CSS to embed in the head of the page."""
        return None

    def css_files(self) -> Files:
        """Override to return the path of a CSS file, or a list of them, as for
        `javascript_files`.
        """
        return None

    def html_head(self) -> Text:
        """Override to return HTML to put at the end of the `<head>` element."""
        return None

    def html_body(self) -> Text:
        """Override to return HTML to put at the end of the `<body>` element."""
        return None

    def render_string(self, path: str, **kwargs: object) -> bytes:
        """Render a template and return it as bytes; see `RequestHandler.render_string`."""
        return self.handler.render_string(path, **kwargs)

    def render_string_async(self, path: str, **kwargs: object) -> Awaitable[bytes]:
        """Render a template that awaits; see `RequestHandler.render_string_async`."""
        return self.handler.render_string_async(path, **kwargs)


class _Linkify(UIModule):
    """`{% module linkify(text) %}`: plain text as HTML with links."""

    def render(self, text: str | bytes, **kwargs: Any) -> str:  # Any: arguments of linkify
        return linkify(text, **kwargs)


class _XsrfFormHtml(UIModule):
    """`{% module xsrf_form_html() %}`: the field that a form must have."""

    def render(self) -> str:
        return self.handler.xsrf_form_html()


class _Template(UIModule):
    """`{% module Template("entry.html", entry=entry) %}`: a template as a module.

    The template says what it needs with `{{ set_resources(css_files="entry.css") }}`.
    """

    def __init__(self, handler: RequestHandler) -> None:
        super().__init__(handler)
        # What each template has asked for, in the order of their first calls.
        self._resources: dict[str, dict[str, Files]] = {}

    def render(self, path: str, **kwargs: object) -> bytes:
        def set_resources(
            *,
            embedded_css: Text = None,
            css_files: Files = None,
            embedded_javascript: Text = None,
            javascript_files: Files = None,
            html_head: Text = None,
            html_body: Text = None,
        ) -> str:
            asked: dict[str, Files] = {
                "embedded_css": embedded_css,
                "css_files": css_files,
                "embedded_javascript": embedded_javascript,
                "javascript_files": javascript_files,
                "html_head": html_head,
                "html_body": html_body,
            }
            if self._resources.setdefault(path, asked) != asked:
                raise ValueError(f"template module {path!r} has set other resources before")
            return ""

        return self.render_string(path, set_resources=set_resources, **kwargs)

    def embedded_javascript(self) -> Text:
        return self._text("embedded_javascript")

    def javascript_files(self) -> Files:
        return self._files("javascript_files")

    def embedded_css(self) -> Text:
        return self._text("embedded_css")

    def css_files(self) -> Files:
        return self._files("css_files")

    def html_head(self) -> Text:
        return self._text("html_head")

    def html_body(self) -> Text:
        return self._text("html_body")

    def _files(self, kind: str) -> list[str | bytes]:
        return [path for asked in self._resources.values() for path in list_of_files(asked[kind])]

    def _text(self, kind: str) -> bytes:
        return b"\n".join([utf8(part) for part in self._files(kind)])


BUILT_IN_MODULES: Final[Mapping[str, type[UIModule]]] = {
    "linkify": _Linkify,
    "xsrf_form_html": _XsrfFormHtml,
    "Template": _Template,
}


class Modules:
    """The UI modules of one page, as attributes: `modules.Entry(entry)` renders one."""

    __slots__ = ("_classes", "_handler", "_used")

    def __init__(
        self,
        handler: RequestHandler,
        classes: Mapping[str, type[UIModule]],
        used: dict[str, UIModule],
    ) -> None:
        self._handler = handler
        self._classes = classes
        self._used = used

    def __getattr__(self, name: str) -> Callable[..., Any]:  # Any: as UIModule.render
        return self._module(name).render

    # Any: as UIModule.render
    def _render(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        return self._module(name).render(*args, **kwargs)

    def _module(self, name: str) -> UIModule:
        module = self._used.get(name)
        if module is None:
            if name not in self._classes:
                known = ", ".join(sorted(self._classes))
                raise AttributeError(f"UI module {name!r} is unknown; there are: {known}")
            module = self._used[name] = self._classes[name](self._handler)
        return module


class DirectiveModules(Modules):
    """The same for `{% module %}`, which does not await."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Callable[..., Any]:  # Any: as UIModule.render
        module = self._module(name)
        if module._awaits:
            raise TypeError(
                f"UI module {name!r} is a coroutine; "
                f"write {{% raw await modules.{name}(...) %}} instead of {{% module %}}"
            )
        return module.render


def list_of_files(files: Files) -> list[str | bytes]:
    """Return what a module asked for as a list; nothing and empty strings as none."""
    if not files:
        return []
    return [files] if isinstance(files, str | bytes) else list(files)
