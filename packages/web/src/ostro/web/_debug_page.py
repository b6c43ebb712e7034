"""The error page for developers, with the setting `serve_traceback`: HTML, plain text or JSON.

It shows much of the program, so it must never be made without that setting. It is imported when it
is needed first. It must not fail, and hides what is called like a secret.
"""

from __future__ import annotations

import json
import platform
import traceback
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from ostro.httputil import HTTPServerRequest, parse_accept

from ._debug_html import chain_html, details, escaped, notes_html, table
from ._debug_style import POLICY, STYLE
from ._debug_trace import Shown, describe, secrets_in
from ._debug_values import HIDDEN, Values, is_secret, text_of, texts_of_secrets
from ._output import HTML_TYPE, JSON_TYPE

if TYPE_CHECKING:
    from ._handler import RequestHandler

__all__ = ["write_debug_page"]

MAX_PAGE: Final = 2_000_000
"""Characters of a page: what is over is cut off."""

_MAX_TRACEBACK: Final = 200_000
_MAX_ROWS: Final = 100
"""Headers, arguments, settings of each kind."""

_TYPES: Final = {
    "text/html": HTML_TYPE,
    "application/json": JSON_TYPE,
    "text/plain": "text/plain; charset=UTF-8",
}


def write_debug_page(handler: RequestHandler, status: str, error: BaseException) -> None:
    """Write the page for an exception, in the form that the client asks for.

    HTML and JSON have to be named; what takes anything (curl) gets plain text. `status` is the
    code with its reason.
    """
    kind = _preferred(handler.request.headers.get("Accept", ""))
    values = Values(_secrets_of(handler, error))
    make = {"text/html": _html, "application/json": _json, "text/plain": _text}[kind]
    try:
        body = make(handler, status, error, values)
    except Exception:  # noqa: BLE001 - an exception may be written so that nothing can show it
        kind = "text/plain"
        body = _text(handler, status, error, values)
    handler.set_header("Content-Type", _TYPES[kind])
    handler.set_header("Content-Security-Policy", POLICY)
    handler.set_header("X-Content-Type-Options", "nosniff")
    handler.set_header("Cache-Control", "no-store")
    handler.write(body[:MAX_PAGE].encode("utf-8", "backslashreplace"))


def _preferred(accept: str) -> str:
    for item in parse_accept(accept):
        if item.value in _TYPES and item.quality:
            return item.value
    return "text/plain"


# Secrets


def _secrets_of(handler: RequestHandler, error: BaseException) -> Iterator[str]:
    """Yield the texts that must not appear anywhere."""
    request = handler.request
    arguments = [(name, value) for name, sent in _arguments(request).items() for value in sent]
    yield from _as_far_as_it_goes(texts_of_secrets(handler.settings.items()))
    yield from _as_far_as_it_goes(secrets_in(error))
    yield from texts_of_secrets(request.headers.get_all())
    yield from (value.partition(" ")[2] for value in request.headers.get_list("Authorization"))
    yield from texts_of_secrets(arguments)
    yield from (value for _, value in _cookies(request))


def _as_far_as_it_goes(texts: Iterator[str]) -> Iterator[str]:
    """Yield texts until one raises: values of the program are looked into."""
    try:
        yield from texts
    except Exception:  # noqa: BLE001 - of code that is at fault already
        return


def _arguments(request: HTTPServerRequest) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for part in ("query_arguments", "body_arguments"):
        try:
            for name, values in getattr(request, part).items():
                found[name] = found.get(name, []) + values
        except Exception:  # noqa: BLE001, S112 - it may be what the page is about
            continue
    return found


def _cookies(request: HTTPServerRequest) -> list[tuple[str, str]]:
    return [(name, morsel.value) for name, morsel in request.cookies.items()]


# The forms


def _text(handler: RequestHandler, status: str, error: BaseException, values: Values) -> str:
    try:
        return values.hide("".join(traceback.format_exception(error)))
    except Exception:  # noqa: BLE001 - as above
        return values.text(f"{type(error).__name__}: {text_of(error)}\n")


def _json(handler: RequestHandler, status: str, error: BaseException, values: Values) -> str:
    shown = describe(error, values)[0]
    return json.dumps(
        {
            "status": int(status.partition(" ")[0]),
            "error": status,
            "exception": {"type": shown.kind, "message": shown.message, "notes": shown.notes},
            "traceback": _text(handler, status, error, values).splitlines(),
        }
    )


def _html(handler: RequestHandler, status: str, error: BaseException, values: Values) -> str:
    request = handler.request
    loaders = handler.application._page_tools.loaders.values()
    folders = [root for loader in loaders if isinstance(root := getattr(loader, "root", None), str)]
    chain = describe(error, values, folders)
    first = chain[0]
    line = values.text(f"{request.method} {request.uri}")
    text = _text(handler, status, error, values)[:_MAX_TRACEBACK]
    return "".join(
        (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escaped(first.kind)} at {escaped(line)}</title>",
            f"<style>{STYLE}</style></head>\n<body>",
            _head(first, status, line),
            "<main><h2>Traceback <span class=dim>(most recent call first)</span></h2>",
            chain_html(chain),
            details("As plain text", f'<pre class="text">{escaped(text)}</pre>'),
            "<h2>Request</h2>",
            *_request_parts(handler, values),
            "<h2>Application</h2>",
            details("Settings", table(_named(handler.settings.items(), values))),
            f"<footer>Ostro on Python {escaped(platform.python_version())}. This page is shown ",
            "because <code>debug</code> or <code>serve_traceback</code> is set; ",
            "never set these where strangers can reach it.</footer></main></body></html>\n",
        )
    )


def _head(shown: Shown, status: str, line: str) -> str:
    return (
        f'<header><div><p class="status">{escaped(status)} · {escaped(line)}</p>'
        f"<h1>{escaped(shown.kind)}</h1>"
        f'<p class="message">{escaped(shown.message)}</p>{notes_html(shown)}</div></header>\n'
    )


def _request_parts(handler: RequestHandler, values: Values) -> Iterator[str]:
    request = handler.request
    match = getattr(handler, "_match", None)  # none yet if it is `initialize` that fails
    yield f'<div class="card">{table(_summary(handler, values))}</div>'
    if match is not None and (match.args or match.kwargs):
        found = {**dict(enumerate(match.args, 1)), **match.kwargs}
        rows = ((str(name), values.named(name, _decoded(value))) for name, value in found.items())
        yield details("Arguments of the path", table(rows), is_open=True)
    arguments_sent = _arguments(request)
    if arguments_sent:
        rows = (
            (text_of(name), HIDDEN if is_secret(name) else values.text(_joined(sent)))
            for name, sent in list(arguments_sent.items())[:_MAX_ROWS]
        )
        yield details("Arguments", table(rows), is_open=True)
    headers = [
        (name, HIDDEN if is_secret(name) else values.text(value))
        for name, value in list(request.headers.get_all())[:_MAX_ROWS]
    ]
    yield details("Headers", table(headers))
    cookies = [(values.text(name), HIDDEN) for name, _ in _cookies(request)[:_MAX_ROWS]]
    if cookies:
        yield details("Cookies", table(cookies))


def _summary(handler: RequestHandler, values: Values) -> Iterator[tuple[str, str]]:
    request = handler.request
    kind = type(handler)
    yield "Handler", f"{kind.__module__}.{kind.__qualname__}"
    yield "Host", values.text(text_of(request.host))
    yield "Client", f"{request.remote_ip} ({request.protocol}, {request.version})"
    if request.body:
        yield "Body", f"{len(request.body)} bytes"


def _decoded(value: object) -> object:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _joined(sent: list[bytes]) -> str:
    return "\n".join(value[:1000].decode("utf-8", "replace") for value in sent[:20])


def _named(items: Iterable[tuple[object, object]], values: Values) -> Iterator[tuple[str, str]]:
    for name, value in list(items)[:_MAX_ROWS]:
        yield text_of(name), values.named(name, value)
