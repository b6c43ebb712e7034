"""The formats of the Unicode CLDR, where Babel is installed: the one module that knows Babel.

Babel is not imported before a locale other than American English needs a format that its
translations do not carry, or a name that `_names` does not know.
"""

from __future__ import annotations

import copy
import datetime
import decimal
import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ._codes import Code, parse
from ._dates import Ago, Shape, Unit

if TYPE_CHECKING:
    import babel
    from babel import localedata

_NAME_FIELD = re.compile(r"'[^']*'|E+|c{3,}|M{3,}|L{3,}")
"""What stands for a name in a pattern, of whatever length; quoted text is left alone."""

_MONTH_DAY = ("MMMMd", "MMMd")
_WEEKDAY_MONTH_DAY = ("MMMMEEEEd", "MMMMEd", "MMMEd")
"""Skeletons of the CLDR, the best first; all of its locales have the last."""

_UNITS = {
    Unit.SECOND: datetime.timedelta(seconds=1),
    Unit.MINUTE: datetime.timedelta(minutes=1),
    Unit.HOUR: datetime.timedelta(hours=1),
}


@functools.lru_cache(maxsize=256)
def cldr_formats(code: str) -> CLDRFormats | None:
    """Return the formats for `code` or its language, None without Babel or if it is unknown."""
    try:
        import babel
    except ImportError:
        return None
    parts = parse(code)
    if parts is None:
        return None
    for each in (parts, Code(parts.language, parts.script, "", (), ""), parts.language):
        try:
            return CLDRFormats(_own_locale(str(each)))
        except (babel.UnknownLocaleError, ValueError):
            continue
    return None


def _own_locale(identifier: str) -> babel.Locale:
    """Return a locale with data of its own.

    Those of Babel share what they inherit, and one that looks up what is only said to be like
    something else writes down what it finds: the next language would have its names of the days.
    """
    import babel

    class OwnLocale(babel.Locale):
        @functools.cached_property
        def _data(self) -> localedata.LocaleDataDict:
            return copy.deepcopy(super()._data)  # nothing has been looked up in it yet

    return OwnLocale.parse(identifier)


class CLDRFormats:
    """Dates, lists and numbers as the CLDR has them for one locale.

    Spec: Unicode Technical Standard #35.
    """

    __slots__ = ("_locale",)

    def __init__(self, locale: babel.Locale) -> None:
        self._locale = locale

    def name(self) -> str:
        """Return what the speakers of the language call it."""
        return self._locale.get_display_name() or str(self._locale)

    def ago(self, ago: Ago) -> str:
        """Return "5 minutes ago"."""
        from babel import dates

        count = max(ago.number, 1)  # the CLDR takes nothing passed for the future: "in 0 seconds"
        return dates.format_timedelta(
            -count * _UNITS[ago.unit],
            granularity="second",
            # One of a unit is told in that unit, more are too: 24 hours do not become a day.
            threshold=1.0 if count == 1 else 1.1,
            add_direction=True,
            locale=self._locale,
        )

    def time(self, local: datetime.datetime) -> str:
        """Return "3:04 pm"."""
        from babel import dates

        return dates.format_time(local, "short", locale=self._locale)

    def month(self, local: datetime.datetime) -> str:
        """Return "January", in the form that it has beside a day."""
        from babel import dates

        return str(dates.get_month_names("wide", "format", self._locale)[local.month])

    def weekday(self, local: datetime.datetime) -> str:
        """Return "Monday", in the form that it has alone."""
        from babel import dates

        return str(dates.get_day_names("wide", "stand-alone", self._locale)[local.weekday()])

    def date(self, shape: Shape, local: datetime.datetime, *, with_time: bool) -> str:
        """Return the parts of `local` that `shape` names.

        There is no word for yesterday in Babel, so that it is told by its weekday.
        """
        from babel import dates

        if shape is Shape.TIME:
            return self.time(local)
        day = self._day(shape, local)
        if not with_time:
            return day
        joined = str(dates.get_datetime_format("long", self._locale)).replace("'", "")
        return joined.replace("{0}", self.time(local)).replace("{1}", day)

    def joined(self, parts: Sequence[str]) -> str:
        """Return "A, B and C"."""
        from babel import lists

        return lists.format_list(parts, locale=self._locale)

    def number(self, value: int) -> str:
        """Return `value` with its digits in groups."""
        from babel import numbers

        digits = value.bit_length() // 3 + 1
        with decimal.localcontext(prec=max(digits + 10, 28)):  # 28 would be the most
            return numbers.format_decimal(value, locale=self._locale)

    def _day(self, shape: Shape, local: datetime.datetime) -> str:
        from babel import dates

        if shape is Shape.FULL:
            return dates.format_date(local, "long", self._locale)
        if shape is Shape.MONTH_DAY:
            return self._by_skeleton(_MONTH_DAY, local)
        if shape is Shape.WEEKDAY_MONTH_DAY:
            return self._by_skeleton(_WEEKDAY_MONTH_DAY, local)
        return self.weekday(local)

    def _by_skeleton(self, skeletons: Sequence[str], local: datetime.datetime) -> str:
        """Return the parts of the first skeleton that the locale has, with names in full."""
        from babel import dates

        known = self._locale.datetime_skeletons
        pattern = next(known[each] for each in skeletons if each in known).pattern
        return dates.parse_pattern(_NAME_FIELD.sub(_in_full, pattern)).apply(local, self._locale)


def _in_full(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith("'") else found[0][0] * 4
