"""Escape HTML, URLs and JSON; convert between bytes and str; turn plain text into links."""

from ._html import squeeze, xhtml_escape, xhtml_unescape
from ._json import json_decode, json_encode
from ._linkify import linkify
from ._query import DEFAULT_MAX_NUM_FIELDS, parse_qs_bytes
from ._strings import native_str, recursive_unicode, to_basestring, to_unicode, utf8
from ._url import url_escape, url_unescape
from .errors import EscapeError, MalformedFieldError, TooManyFieldsError

__all__ = [
    "DEFAULT_MAX_NUM_FIELDS",
    "EscapeError",
    "MalformedFieldError",
    "TooManyFieldsError",
    "json_decode",
    "json_encode",
    "linkify",
    "native_str",
    "parse_qs_bytes",
    "recursive_unicode",
    "squeeze",
    "to_basestring",
    "to_unicode",
    "url_escape",
    "url_unescape",
    "utf8",
    "xhtml_escape",
    "xhtml_unescape",
]
