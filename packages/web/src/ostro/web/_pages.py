"""Pages: templates rendered as responses.

Seventh layer of `RequestHandler`; see `_output`. This one owns which names a template sees, which
loader it comes from, and the UI modules that the page has used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from operator import attrgetter
from types import FrameType, MethodType
from typing import TYPE_CHECKING, Any, Final, cast

from ._language import Language
from ._page_resources import Resources, embed_css, embed_js, insert, link_css, link_js
from ._ui_modules import BUILT_IN_MODULES, DirectiveModules, Modules, UIModule

if TYPE_CHECKING:
    from ostro.template import BaseLoader, Loader, Template

    from ._handler import RequestHandler

__all__ = ["Pages"]

_OURS: Final = ("ostro.web.", "ostro.template.")
"""Modules that stand between a template and whoever asked for it."""


class Pages(Language):
    """Renders templates. The public methods are those of RequestHandler."""

    include_host: bool = False
    """Whether `static_url` returns absolute URLs where it is not told."""

    # The path at which the application of this handler is mounted.
    _root: str = ""
    # The UI modules that this response has used, by name; made with the first page.
    _modules_used: dict[str, UIModule] | None = None
    # The loaders that this request has seen, where templates are read anew for each.
    _loaders_reset: list[BaseLoader] | None = None

    # Rendering

    def render(self, template_name: str, **kwargs: object) -> Awaitable[None]:
        """Render the template with the given arguments as the response, and finish.

        UI modules add their styles and scripts. Returns what `finish` returns. Raises what the
        template raises, the errors of `ostro.template`, and RuntimeError after `finish`.
        """
        self._refuse_after_finish()
        return self.finish(self._complete(self.render_string(template_name, **kwargs)))

    def render_string(self, template_name: str, **kwargs: object) -> bytes:
        """Generate the given template with the given arguments, and return it (UTF-8)."""
        template = self._load(template_name)
        return template.generate(**self._names_for(template, kwargs))

    def render_async(self, template_name: str, **kwargs: object) -> Awaitable[None]:
        """Do as `render`, with a template that may await; await the result.

            async def get(self):
                await self.render_async("page.html", story=self.fetch_story())

        where the template has `{{ await story }}`.
        """
        self._refuse_after_finish()
        return self._finish_with(self.render_string_async(template_name, **kwargs))

    def render_string_async(self, template_name: str, **kwargs: object) -> Awaitable[bytes]:
        """Do as `render_string`, with a template that may await; await the result."""
        template = self._load(template_name)
        return template.generate_async(**self._names_for(template, kwargs))

    async def _finish_with(self, rendering: Awaitable[bytes]) -> None:
        html = await rendering
        await self.finish(self._complete(html))

    def _refuse_after_finish(self) -> None:
        if self._finished and not self._gone:
            raise RuntimeError("render() was called after finish()")

    def clear(self) -> None:
        """Reset all headers and content for this response."""
        super().clear()
        self._modules_used = None

    # Names

    def get_template_namespace(self) -> dict[str, object]:
        """Return the names that every template sees, with their values; override it to add some.

        They are `handler`, `request`, `current_user`, `locale`, `_` and `translate`, `pgettext`,
        `static_url`, `xsrf_form_html`, `reverse_url`, `modules`, and those of the settings
        `ui_methods` and `ui_modules`. What is passed to `render` comes before them.
        """
        tools = self.application._page_tools
        return self._named(dict.fromkeys((*_NAMES, *tools.ui_modules, *tools.ui_methods)))

    def _names_for(self, template: object, kwargs: dict[str, object]) -> dict[str, object]:
        if type(self).get_template_namespace is Pages.get_template_namespace:
            names = getattr(template, "names", None)  # a loader of another kind has others
            if names is not None:
                # What it does not use costs nothing: no user is looked up, no language negotiated.
                return self._named(names) | kwargs
        return self.get_template_namespace() | kwargs

    def _named(self, names: Iterable[str]) -> dict[str, object]:
        """Return those of the names that pages know, with their values."""
        tools = self.application._page_tools
        found: dict[str, object] = {}
        for name in names:
            if name in tools.ui_methods:
                found[name] = MethodType(tools.ui_methods[name], self)
            elif name in _NAMES:
                found[name] = _NAMES[name](self)
            elif name in tools.ui_modules and name not in BUILT_IN_MODULES:
                found[name] = partial(self._modules._render, name)
        return found

    @property
    def _modules(self) -> Modules:
        return self._modules_as(Modules)

    @property
    def _directive_modules(self) -> Modules:
        return self._modules_as(DirectiveModules)

    def _modules_as(self, kind: type[Modules]) -> Modules:
        if self._modules_used is None:
            self._modules_used = {}
        handler = cast("RequestHandler", self)  # no object is a layer alone
        return kind(handler, self.application._page_tools.ui_modules, self._modules_used)

    # Loaders

    def get_template_path(self) -> str | None:
        """Override to customize template path for each handler.

        By default it is the `template_path` setting. None means the folder of the file that calls
        `render` or `render_string`.
        """
        path: str | None = self.settings.get("template_path")
        return path

    def create_template_loader(self, template_path: str) -> BaseLoader:
        """Override to make a template loader of another kind for the given path.

        It is called once for each path. By default it returns the `template_loader` setting, else a
        `Loader` on the path with the settings `autoescape` and `template_whitespace`.
        """
        settings = self.settings
        if "template_loader" in settings:
            given: BaseLoader = settings["template_loader"]
            return given
        return self._loader_class()(
            template_path,
            autoescape=settings.get("autoescape", "xhtml_escape"),
            whitespace=settings.get("template_whitespace"),
        )

    def _loader_class(self) -> type[Loader]:
        # Imported only here: many applications have no templates.
        if self.settings.get("autoreload") and self.settings.get("compiled_template_cache", True):
            from ._watched_templates import WatchedLoader

            return WatchedLoader
        from ostro.template import Loader

        return Loader

    def _load(self, template_name: str) -> Template:
        path = self.get_template_path() or _folder_of_caller()
        loaders = self.application._page_tools.loaders
        key = (type(self).create_template_loader, path)
        loader = loaders.get(key)
        if loader is None:
            loader = loaders[key] = self.create_template_loader(path)
        if not self.settings.get("compiled_template_cache", True):
            self._reset_once(loader)
        return loader.load(template_name)

    def _reset_once(self, loader: BaseLoader) -> None:
        if self._loaders_reset is None:
            self._loaders_reset = []
        if loader not in self._loaders_reset:
            self._loaders_reset.append(loader)
            loader.reset()

    # What UI modules add

    def render_linked_css(self, css_files: Iterable[str]) -> str:
        """Override to change the HTML that links the stylesheets of UI modules, given as URLs."""
        return link_css(css_files)

    def render_embed_css(self, css_embed: Iterable[bytes]) -> bytes:
        """Override to change the HTML that embeds the CSS of UI modules."""
        return embed_css(css_embed)

    def render_linked_js(self, js_files: Iterable[str]) -> str:
        """Override to change the HTML that loads the scripts of UI modules, given as URLs."""
        return link_js(js_files)

    def render_embed_js(self, js_embed: Iterable[bytes]) -> bytes:
        """Override to change the HTML that embeds the JavaScript of UI modules."""
        return embed_js(js_embed)

    def _complete(self, html: bytes) -> bytes:
        """Return a page with what its UI modules add."""
        if not self._modules_used:
            return html
        found = Resources(self._modules_used.values(), self.static_url)
        head = [
            self.render_linked_css(found.css_urls).encode() if found.css_urls else b"",
            self.render_embed_css(found.embedded_css) if found.embedded_css else b"",
            b"".join(found.html_head),
        ]
        body = [
            self.render_linked_js(found.javascript_urls).encode() if found.javascript_urls else b"",
            self.render_embed_js(found.embedded_javascript) if found.embedded_javascript else b"",
            b"".join(found.html_body),
        ]
        return insert(html, _lines(head), _lines(body))

    # URLs

    def reverse_url(self, name: str, *args: object) -> str:
        """Return the URL path of the handler with the given name; see `Application.reverse_url`.

        Where the application is mounted in another, the path begins with where it is.
        """
        return self._root + self.application.reverse_url(name, *args)

    # Any: the parameters that a make_static_url of a subclass has
    def static_url(self, path: str, include_host: bool | None = None, **kwargs: Any) -> str:
        """Return a static URL for the given relative static file path.

        Its `v` argument is a hash of the file, so that browsers may keep the file for ever. Needs
        the `static_path` setting. `include_host` makes the URL absolute; None means the attribute
        of that name. `kwargs` go to `make_static_url` of the `static_handler_class`.
        """
        self.require_setting("static_path", "static_url")
        handler_class = self.settings["static_handler_class"]  # the application sees to it
        url: str = handler_class.make_static_url(self.settings, path, **kwargs)
        if not url.startswith("/") or url.startswith("//"):
            return url  # it names a host already
        if self.include_host if include_host is None else include_host:
            return f"{self.request.protocol}://{self.request.host}{self._root}{url}"
        return self._root + url


_NAMES: Final[dict[str, Callable[[Pages], object]]] = {
    "handler": lambda handler: handler,
    "request": attrgetter("request"),
    "current_user": attrgetter("current_user"),
    "locale": attrgetter("locale"),
    "_": attrgetter("locale.translate"),
    "translate": attrgetter("locale.translate"),
    "pgettext": attrgetter("locale.pgettext"),
    "static_url": attrgetter("static_url"),
    "xsrf_form_html": attrgetter("xsrf_form_html"),
    "reverse_url": attrgetter("reverse_url"),
    "modules": attrgetter("_modules"),
    "_tt_modules": attrgetter("_directive_modules"),
}
"""The names that every template sees, and where their values come from."""


def _lines(parts: Iterable[bytes]) -> bytes:
    return b"".join([part + b"\n" for part in parts if part])


def _folder_of_caller() -> str:
    """Return the folder of the application's file that asked for a template."""
    frame = sys._getframe(1)
    while _is_ours(frame):
        assert frame.f_back  # the application stands beneath
        frame = frame.f_back
    file = frame.f_code.co_filename
    # What was typed into a shell lies in no file.
    return os.getcwd() if file.startswith("<") else os.path.dirname(os.path.abspath(file))


def _is_ours(frame: FrameType) -> bool:
    module = frame.f_globals.get("__name__")
    return frame.f_code.co_filename == "<template>" or str(module).startswith(_OURS)
