"""Dates, lists and numbers in the language of one locale.

Each format is a message in English with placeholders, and is taken from the first that has it: the
locale's own translations, the CLDR (where Babel is installed), this module, in English. Where the
translations carry a format but not a name that it needs, such as that of a month, the name is found
in the same order.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Protocol

from ._cldr import CLDRFormats, cldr_formats
from ._dates import Ago, Shape, Unit
from .errors import BrokenFormatError

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_AGO = {
    Unit.SECOND: ("1 second ago", "%(seconds)d seconds ago"),
    Unit.MINUTE: ("1 minute ago", "%(minutes)d minutes ago"),
    Unit.HOUR: ("1 hour ago", "%(hours)d hours ago"),
}
_WITHOUT_TIME = {
    Shape.TIME: "%(time)s",
    Shape.YESTERDAY: "yesterday",
    Shape.WEEKDAY: "%(weekday)s",
    Shape.MONTH_DAY: "%(month_name)s %(day)s",
    Shape.FULL: "%(month_name)s %(day)s, %(year)s",
    Shape.WEEKDAY_MONTH_DAY: "%(weekday)s, %(month_name)s %(day)s",
}
_WITH_TIME = {
    Shape.TIME: "%(time)s",
    Shape.YESTERDAY: "yesterday at %(time)s",
    Shape.WEEKDAY: "%(weekday)s at %(time)s",
    Shape.MONTH_DAY: "%(month_name)s %(day)s at %(time)s",
    Shape.FULL: "%(month_name)s %(day)s, %(year)s at %(time)s",
}
_LIST = "%(commas)s and %(last)s"
_AMERICAN = ("en", "en_US")  # no translation is looked for in the CLDR: the messages are in it
_COMMAS = {"fa": " \u0648 "}  # Persian says "and" each time


class Translate(Protocol):
    """`Locale.translate`."""

    def __call__(
        self, message: str, plural_message: str | None = None, count: int | None = None
    ) -> str: ...


class Formatter:
    """Formats for the locale `code`, whose translations are those that `translate` finds.

    A format counts as translated when its translation differs from the English.
    """

    __slots__ = ("_american", "_code", "_translate")

    def __init__(self, code: str, translate: Translate) -> None:
        self._code = code
        self._translate = translate
        self._american = code in _AMERICAN

    def ago(self, ago: Ago) -> str:
        """Return "5 minutes ago"."""
        one, many = _AGO[ago.unit]
        message = one if ago.number == 1 else many
        pattern = self._translate(one, many, ago.number)
        if pattern == message and (cldr := self._cldr()):
            return cldr.ago(ago)
        return self._fill(pattern, message, {f"{ago.unit.value}s": ago.number})

    def date(self, shape: Shape, local: datetime.datetime, *, with_time: bool) -> str:
        """Return the parts of `local` that `shape` names, with the time of the day or without."""
        message = (_WITH_TIME if with_time else _WITHOUT_TIME)[shape]
        pattern = self._translate(message)
        if pattern == message and (cldr := self._cldr()):
            return cldr.date(shape, local, with_time=with_time)
        values = {
            "month_name": self._month(local),
            "weekday": self._weekday(local),
            "day": str(local.day),
            "year": str(local.year),
            "time": self._time(local),
        }
        return self._fill(pattern, message, values)

    def joined(self, parts: Sequence[str]) -> str:
        """Return "A, B and C"."""
        if len(parts) < 2:
            return "".join(parts)
        pattern = self._translate(_LIST)
        if pattern == _LIST and (cldr := self._cldr()):
            return cldr.joined(parts)
        comma = _COMMAS.get(self._code[:2], ", ")
        return self._fill(pattern, _LIST, {"commas": comma.join(parts[:-1]), "last": parts[-1]})

    def number(self, value: int) -> str:
        """Return "1,234,567"."""
        if self._american:
            return f"{value:,}"
        cldr = self._cldr()
        return cldr.number(value) if cldr else str(value)

    def _cldr(self) -> CLDRFormats | None:
        return None if self._american else cldr_formats(self._code)

    def _month(self, local: datetime.datetime) -> str:
        english = _MONTHS[local.month - 1]
        name = self._translate(english)
        return cldr.month(local) if name == english and (cldr := self._cldr()) else name

    def _weekday(self, local: datetime.datetime) -> str:
        english = _WEEKDAYS[local.weekday()]
        name = self._translate(english)
        return cldr.weekday(local) if name == english and (cldr := self._cldr()) else name

    def _time(self, local: datetime.datetime) -> str:
        if cldr := self._cldr():
            return cldr.time(local)
        if self._american:
            half = "am" if local.hour < 12 else "pm"
            return f"{local.hour % 12 or 12}:{local.minute:02} {half}"
        if self._code == "zh_CN":
            half = "\u4e0a\u5348" if local.hour < 12 else "\u4e0b\u5348"
            return f"{half}{local.hour % 12 or 12}:{local.minute:02}"
        return f"{local.hour}:{local.minute:02}"

    def _fill(self, pattern: str, message: str, values: Mapping[str, object]) -> str:
        try:
            return pattern % values
        except (KeyError, TypeError, ValueError) as error:
            raise BrokenFormatError(self._code, message, pattern) from error
