"""The Sec-WebSocket-Extensions field: a list of extensions with parameters.

Spec: RFC 6455 section 9.1.
"""

from __future__ import annotations

from typing import NamedTuple

from ._grammar import COMMA, EXTENSION_PARAMETER, SPACE, TOKEN
from .errors import HandshakeError


class Extension(NamedTuple):
    """An extension as it is offered or accepted: its parameters in their order, None as the value
    of one without a value.
    """

    name: str
    parameters: list[tuple[str, str | None]]

    def __str__(self) -> str:
        texts = [name if value is None else f"{name}={value}" for name, value in self.parameters]
        return "; ".join([self.name, *texts])


def parse_extensions(field: str) -> list[Extension]:
    """Return the extensions that a Sec-WebSocket-Extensions field lists.

    Raises HandshakeError for a field that breaks the grammar; takes time in proportion to it.
    """
    extensions: list[Extension] = []
    position = _skip_commas(field, 0)
    while position < len(field):
        name = TOKEN.match(field, position)
        if name is None:
            raise HandshakeError("Sec-WebSocket-Extensions is malformed")
        parameters: list[tuple[str, str | None]] = []
        position = name.end()
        while parameter := EXTENSION_PARAMETER.match(field, position):
            parameters.append((parameter[1], parameter[2] or parameter[3]))
            position = parameter.end()
        extensions.append(Extension(name[0], parameters))
        after = _skip_commas(field, position)
        if after < len(field) and "," not in field[position:after]:
            raise HandshakeError("Sec-WebSocket-Extensions is malformed")
        position = after
    return extensions


def _skip_commas(field: str, position: int) -> int:
    separator = COMMA.match(field, position) or SPACE.match(field, position)
    assert separator is not None  # the second matches the empty text
    return separator.end()
