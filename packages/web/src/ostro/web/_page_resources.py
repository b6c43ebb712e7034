"""What UI modules add to a page, and where it goes.

To the end of the head: links to stylesheets, embedded CSS, and HTML; to the end of the body:
scripts, embedded JavaScript, and HTML; each in the order in which the page first used the modules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from ostro.escape import to_unicode, utf8, xhtml_escape

from ._ui_modules import Text, UIModule, list_of_files

__all__ = [
    "Resources",
    "embed_css",
    "embed_js",
    "insert",
    "link_css",
    "link_js",
]

_ABSOLUTE = ("/", "http:", "https:")

_HEAD_END: Final = re.compile(rb"</head\s*>", re.IGNORECASE)
_BODY_START: Final = re.compile(rb"<body[\s>]", re.IGNORECASE)
_BODY_END: Final = re.compile(rb"</body\s*>", re.IGNORECASE)
_PAGE_END: Final = re.compile(rb"</html\s*>", re.IGNORECASE)


class Resources:
    """What the modules of a page need, each file and each text once.

    `static_url` makes the URL of a relative path.
    """

    def __init__(self, modules: Iterable[UIModule], static_url: Callable[[str], str]) -> None:
        css_files: list[str] = []
        embedded_css: list[Text] = []
        html_head: list[Text] = []
        javascript_files: list[str] = []
        embedded_javascript: list[Text] = []
        html_body: list[Text] = []
        for module in modules:
            css_files += [to_unicode(path) for path in list_of_files(module.css_files())]
            embedded_css.append(module.embedded_css())
            html_head.append(module.html_head())
            javascript_files += [
                to_unicode(path) for path in list_of_files(module.javascript_files())
            ]
            embedded_javascript.append(module.embedded_javascript())
            html_body.append(module.html_body())
        self.css_urls = _urls(css_files, static_url)
        self.embedded_css = _texts(embedded_css)
        self.html_head = _texts(html_head)
        self.javascript_urls = _urls(javascript_files, static_url)
        self.embedded_javascript = _texts(embedded_javascript)
        self.html_body = _texts(html_body)


def _urls(files: Iterable[str], static_url: Callable[[str], str]) -> list[str]:
    return [
        path if path.startswith(_ABSOLUTE) else static_url(path) for path in dict.fromkeys(files)
    ]


def _texts(texts: Iterable[Text]) -> list[bytes]:
    return list(dict.fromkeys([utf8(text) for text in texts if text]))


def link_css(urls: Iterable[str]) -> str:
    """Return links to stylesheets."""
    return "".join(
        [f'<link href="{xhtml_escape(url)}" type="text/css" rel="stylesheet"/>' for url in urls]
    )


def link_js(urls: Iterable[str]) -> str:
    """Return the elements that load scripts."""
    return "".join(
        [f'<script src="{xhtml_escape(url)}" type="text/javascript"></script>' for url in urls]
    )


def embed_css(texts: Iterable[bytes]) -> bytes:
    """Return a style element."""
    return b'<style type="text/css">\n' + b"\n".join(texts) + b"\n</style>"


def embed_js(texts: Iterable[bytes]) -> bytes:
    """Return a script element."""
    return (
        b'<script type="text/javascript">\n//<![CDATA[\n'
        + b"\n".join(texts)
        + b"\n//]]>\n</script>"
    )


def insert(html: bytes, head: bytes, body: bytes) -> bytes:
    """Return a page with something added at the end of its head and of its body.

    Where it has no `</head>`, the head ends before `<body>`; where it has no `</body>`, the body
    ends before `</html>`; a page without any of these is all body, and to its end goes everything.
    """
    body_at = _last(_BODY_END, html) or _last(_PAGE_END, html) or len(html)
    found = _HEAD_END.search(html, 0, body_at) or _BODY_START.search(html, 0, body_at)
    head_at = found.start() if found else body_at
    return b"".join([html[:head_at], head, html[head_at:body_at], body, html[body_at:]])


def _last(pattern: re.Pattern[bytes], html: bytes) -> int:
    """Return where the last match is, 0 for none."""
    position = 0
    for found in pattern.finditer(html):
        position = found.start()
    return position
