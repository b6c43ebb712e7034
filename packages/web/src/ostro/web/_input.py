"""The request side of a request handler: its arguments, decoded.

Second layer of `RequestHandler`; see `_output`.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar, overload

from ._json_body import check_json_type, parse_json_body
from ._output import Output
from .errors import HTTPError, JSONBodyError, MissingArgumentError

__all__ = ["REQUIRED", "Input"]

_T = TypeVar("_T")


class _Required:
    """The default of an argument that has none."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = _Required()

_JSON_TYPES: Final = {
    dict: "an object",
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    type(None): "null",
}

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
"""Control characters that never belong in an argument; tabs and line breaks may."""


class Input(Output):
    """Reads the arguments of a request. The public methods are those of RequestHandler."""

    @overload
    def get_argument(self, name: str, default: str = ..., strip: bool = True) -> str: ...
    @overload
    def get_argument(self, name: str, default: _T, strip: bool = True) -> str | _T: ...
    def get_argument(self, name: str, default: object = REQUIRED, strip: bool = True) -> object:
        """Return the value of the argument with the given name, from the query string or the body.

        Of several values, the last one. `strip` removes white space around it. If the argument is
        missing, `default` is returned, or where that is not given, `MissingArgumentError` raised, a
        400 response.
        """
        return self._last(self.get_arguments(name, strip), name, default)

    def get_arguments(self, name: str, strip: bool = True) -> list[str]:
        """Return all values of the argument with the given name, an empty list if there is none."""
        return self._decoded(self.request.arguments.get(name), name, strip)

    @overload
    def get_query_argument(self, name: str, default: str = ..., strip: bool = True) -> str: ...
    @overload
    def get_query_argument(self, name: str, default: _T, strip: bool = True) -> str | _T: ...
    def get_query_argument(
        self, name: str, default: object = REQUIRED, strip: bool = True
    ) -> object:
        """Do as `get_argument`, with the query string alone."""
        return self._last(self.get_query_arguments(name, strip), name, default)

    def get_query_arguments(self, name: str, strip: bool = True) -> list[str]:
        """Do as `get_arguments`, with the query string alone."""
        return self._decoded(self.request.query_arguments.get(name), name, strip)

    @overload
    def get_body_argument(self, name: str, default: str = ..., strip: bool = True) -> str: ...
    @overload
    def get_body_argument(self, name: str, default: _T, strip: bool = True) -> str | _T: ...
    def get_body_argument(
        self, name: str, default: object = REQUIRED, strip: bool = True
    ) -> object:
        """Do as `get_argument`, with the body alone."""
        return self._last(self.get_body_arguments(name, strip), name, default)

    def get_body_arguments(self, name: str, strip: bool = True) -> list[str]:
        """Do as `get_arguments`, with the body alone."""
        return self._decoded(self.request.body_arguments.get(name), name, strip)

    @overload
    def get_json_body(self, *, strict: bool = True) -> Any: ...
    @overload
    def get_json_body(self, expected: type[_T], *, strict: bool = True) -> _T: ...
    # Any: what JSON holds is for the client to choose
    def get_json_body(self, expected: type[Any] = object, *, strict: bool = True) -> Any:
        """Return the value of the body, which is JSON.

        `expected` is the type that it must have: dict, list, str, int, float (any number), bool.
        `strict` asks for a Content-Type of JSON; without that, pages of other sites may send it
        like a form, unasked.

        Raises `HTTPError` 415 for another Content-Type, and `JSONBodyError`, a 400 response, for
        what is no JSON, or of another type. Names that come twice, NaN and infinities, numbers
        beyond a double, half surrogate pairs and encodings other than UTF-8 are refused, too.

        Spec: RFC 8259, RFC 7493.
        """
        if strict:
            check_json_type(self.request.headers.get("Content-Type", ""))
        value = parse_json_body(self.request.body)
        if not isinstance(value, (int, float) if expected is float else expected) or (
            isinstance(value, bool) and expected not in (bool, object)
        ):
            raise JSONBodyError(f"{_JSON_TYPES[type(value)]} where another type is expected")
        return value

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        """Decode an argument, which has been percent-decoded: as UTF-8, unless a subclass overrides
        this.

        It is applied to what `get_argument` returns, and to what the URL pattern passes to the
        method; `name` is None for an unnamed group. Raises `HTTPError` 400 for bytes that are not
        UTF-8.
        """
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise HTTPError(400, "Invalid UTF-8 in %s: %r", name or "url", value[:40]) from None

    def _last(self, values: list[str], name: str, default: object) -> object:
        if values:
            return values[-1]
        if default is REQUIRED:
            raise MissingArgumentError(name)
        return default

    def _decoded(self, values: list[bytes] | None, name: str, strip: bool) -> list[str]:
        if not values:
            return []
        decoded = [_CONTROLS.sub(" ", self.decode_argument(value, name)) for value in values]
        return [value.strip() for value in decoded] if strip else decoded
