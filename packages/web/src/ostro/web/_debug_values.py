"""Values as text for the debug page: bounded, whatever they are, and without secrets.

What is called like a secret is hidden, and so is its value wherever else it turns up. Knows nothing
of HTML.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final
from urllib.parse import quote, quote_plus

__all__ = ["HIDDEN", "Values", "is_secret", "text_of", "texts_of_secrets"]

HIDDEN: Final = "(hidden)"

MAX_TEXT: Final = 2_000
"""Characters of one text: a message, a header, the representation of a value."""

MAX_TEXTS: Final = 400_000
"""Characters of all values of a page; those that come later are left out."""

_MAX_LEVELS: Final = 4
_MAX_ITEMS: Final = 30
"""How deep values are looked into, and how many of each are."""

_MIN_SECRET: Final = 5
"""Shorter texts are not looked for elsewhere: they turn up everywhere."""

_SECRET: Final = re.compile(
    r"secret|passw|passphrase|pwd|token|credential|authoriz|api_?key|private|signature"
    r"|cookie|session|xsrf|csrf|(?:^|_)(?:auth|key|keys|pin|otp|dsn)$",
    re.IGNORECASE,
)
_URL_PASSWORD: Final = re.compile(r"(?<=://)([^\s/?#:@]*:)[^\s/?#@]+(?=@)")
"""What is after the user in a URL: of a database, a broker. Spec: RFC 3986 section 3.2.1."""

_URL_ARGUMENT: Final = re.compile(r"(?<=[?&])([^\s?&#=]{1,60})=([^\s?&#\"'<>]+)")

_NO_SECRET: Final = frozenset(
    (
        "key_version",
        "login_url",
        "xsrf_cookies",
        "xsrf_cookie_kwargs",
        "xsrf_cookie_name",
        "xsrf_cookie_version",
    )
)


def is_secret(name: object) -> bool:
    """Tell whether what has this name is better not shown."""
    if not isinstance(name, str):
        return False
    name = name.replace("-", "_")
    return name.lower() not in _NO_SECRET and _SECRET.search(name) is not None


def text_of(value: object) -> str:
    """Return `str(value)`, whatever becomes of it."""
    try:
        return str(value)
    except BaseException as error:  # noqa: BLE001 - of code that is at fault already
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


def texts_of_secrets(
    items: Iterable[tuple[object, object]], levels: int = _MAX_LEVELS
) -> Iterator[str]:
    """Yield the texts among named values, in collections too, whose names are those of secrets.

    Raises what such a mapping raises.
    """
    for name, value in items:
        if isinstance(value, Mapping):
            if levels:
                nested = [(name if is_secret(name) else key, item) for key, item in value.items()]
                yield from texts_of_secrets(nested[:_MAX_ITEMS], levels - 1)
        elif levels and is_secret(name) and isinstance(value, (list, tuple, set, frozenset)):
            members = [(name, item) for item in islice(value, _MAX_ITEMS)]
            yield from texts_of_secrets(members, levels - 1)
        elif is_secret(name) and isinstance(value, str):
            yield value
        elif is_secret(name) and isinstance(value, bytes):
            yield value.decode("utf-8", "replace")


class Values:
    """Shows values; `secrets` are texts that must not be among what is shown."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first: one may be part of another.
        forms = {form for secret in secrets for form in _forms(secret)}
        known = sorted((form for form in forms if len(form) >= _MIN_SECRET), key=len, reverse=True)
        self._find_secret = re.compile("|".join(map(re.escape, known))) if known else None
        self._left = MAX_TEXTS

    def text(self, text: str) -> str:
        """Return a text without secrets, and not too much of it."""
        if self._left <= 0:
            return "…"
        # A secret that is cut in two would not be found: hide first, within bounds.
        hidden = self.hide(text[: 2 * MAX_TEXT])
        shown = hidden if len(hidden) <= MAX_TEXT else hidden[:MAX_TEXT] + "…"
        self._left -= len(shown)
        return shown

    def hide(self, text: str) -> str:
        """Return a text without secrets: those that are known, and those in URLs."""
        if self._find_secret:
            text = self._find_secret.sub(HIDDEN, text)
        text = _URL_PASSWORD.sub(rf"\1{HIDDEN}", text)
        return _URL_ARGUMENT.sub(_without_value, text)

    def named(self, name: object, value: object) -> str:
        """Return the representation of a value that has a name."""
        return HIDDEN if is_secret(name) and value not in _HARMLESS else self.value(value)

    def value(self, value: object) -> str:
        """Return the representation of a value."""
        if self._left <= 0:
            return "…"  # not even asked for
        try:
            return self.text(_Repr().repr(value))
        except BaseException as error:  # noqa: BLE001 - of code that is at fault already
            return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


def _without_value(found: re.Match[str]) -> str:
    return f"{found[1]}={HIDDEN}" if is_secret(found[1]) else found[0]


_HARMLESS: Final = (None, True, False, "", b"")


def _forms(secret: str) -> set[str]:
    """Return how a secret may be written: as it is, in a URL, in source."""
    return {secret, quote(secret), quote_plus(secret), repr(secret)[1:-1]}


class _Repr(reprlib.Repr):
    """Bounded representations, in which what is called like a secret is hidden."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = _MAX_LEVELS
        self.maxdict = self.maxlist = self.maxtuple = _MAX_ITEMS
        self.maxset = self.maxfrozenset = self.maxdeque = self.maxarray = _MAX_ITEMS
        self.maxstring = self.maxother = 500
        self.maxlong = 100

    def repr1(self, x: Any, level: int) -> str:  # Any: as in the class above
        if isinstance(x, Mapping) and type(x) is not dict and level > 0:
            first = dict(islice(x.items(), _MAX_ITEMS + 1))
            return f"{type(x).__name__}({self.repr_dict(first, level)})"
        return super().repr1(x, level)

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        if level <= 0:
            return "{…}"
        parts = [
            f"{self.repr1(key, level - 1)}: "
            f"{HIDDEN if is_secret(key) else self.repr1(value, level - 1)}"
            for key, value in islice(x.items(), self.maxdict)
        ]
        if len(x) > self.maxdict:
            parts.append("…")
        return "{" + ", ".join(parts) + "}"

    def repr_bytes(self, x: bytes, level: int) -> str:
        return repr(x) if len(x) <= self.maxstring else f"{x[: self.maxstring]!r}…"

    def repr_bytearray(self, x: bytearray, level: int) -> str:
        return f"bytearray({self.repr_bytes(bytes(x[: self.maxstring + 1]), level)})"
