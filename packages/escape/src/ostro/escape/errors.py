"""What this package raises beyond TypeError, UnicodeError and json.JSONDecodeError.

    ValueError
    └── EscapeError
        ├── TooManyFieldsError     a query string holds more fields than are accepted
        └── MalformedFieldError    a field without "=", under strict parsing

All of them are the fault of whoever sent the text, not of the caller.
"""

SHOWN_BYTES = 40
"""Bytes of the offending field that a message quotes: enough to find it, too few to flood a log."""


class EscapeError(ValueError):
    """Root of the errors of this package."""


class TooManyFieldsError(EscapeError):
    """A query string has more fields than are accepted.

    `count` is the number of fields found, `limit` the number accepted.
    """

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(count, limit)
        self.count = count
        self.limit = limit

    def __str__(self) -> str:
        return f"query string has {self.count} fields, expected no more than {self.limit}"


class MalformedFieldError(EscapeError):
    """A field of a query string is not `name=value`; `field` holds it as it came."""

    def __init__(self, field: bytes) -> None:
        super().__init__(field)
        self.field = field

    def __str__(self) -> str:
        shown = self.field[:SHOWN_BYTES]
        more = "..." if len(self.field) > SHOWN_BYTES else ""
        return f"query string has the field {shown!r}{more}, expected name=value"
