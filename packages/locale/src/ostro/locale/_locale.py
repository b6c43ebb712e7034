"""The class that users meet, and its two kinds, by where the translations come from.

Which locales there are is not known here but in `_supported`.
"""

from __future__ import annotations

import datetime
import gettext
from collections.abc import Iterable, Mapping

from . import _supported
from ._dates import Shape, decide, in_utc, seen_from
from ._formatting import Formatter
from ._names import display_name, is_right_to_left
from .errors import MissingCountError


class Locale:
    """A language as it is used in a place: translations, and formats of dates, lists and numbers.

    `get` and `get_closest` hand out the locales that are supported. An instance never changes, so
    that threads may share it. A subclass has `translate`, and `pgettext` if there are contexts.

    Attributes:
        code: The code in its usual spelling, such as "es_GT".
        name: What its speakers call the language, such as "Español"; the code when that is unknown.
        rtl: Whether it is written from right to left.

    Spec: Tornado 2.3, section 2.5.
    """

    def __init__(self, code: str, translations: object = None) -> None:
        self.code = code
        self.name = display_name(code)
        self.rtl = is_right_to_left(code)
        self._formatter = Formatter(code, self.translate)

    @classmethod
    def get_closest(cls, *locale_codes: str) -> Locale:
        """Return the closest match for the first of `locale_codes` that has any.

        "es_GT" is matched by "es_GT" and by "es", "zh-Hant-TW" by "zh_Hant_TW", "zh_Hant", "zh_TW"
        and "zh", in this order. Case does not matter, and "-" is as good as "_". What is no code,
        such as "*" and "", is passed over, so that the codes may come from a browser.

        Returns:
            The locale, or that of the default code (`set_default_locale`) when none matches.

        Spec: RFC 4647 section 3.4.
        """
        return _supported.current().closest(locale_codes)

    @classmethod
    def get(cls, code: str) -> Locale:
        """Return the locale `code`, and no other that would be close.

        Raises:
            UnsupportedLocaleError: There are no translations for it, and it is not the default.
        """
        return _supported.current().exactly(code)

    def translate(
        self, message: str, plural_message: str | None = None, count: int | None = None
    ) -> str:
        """Return the translation of `message`, or `message` itself when there is none.

        With `plural_message` the `count` decides between the two: in the default language 1 takes
        the singular and all others the plural, in gettext catalogues their own rule holds. The
        placeholders, such as `%(num)d`, are left to the caller to fill.

        Raises:
            MissingCountError: `plural_message` was given without `count`.
        """
        raise NotImplementedError

    def pgettext(
        self,
        context: str,
        message: str,
        plural_message: str | None = None,
        count: int | None = None,
    ) -> str:
        """Return the translation that `message` has in `context`: "right" in "law" is no side.

        Otherwise it is as `translate`. CSV files know no contexts: there `context` is ignored.

        Raises:
            MissingCountError: `plural_message` was given without `count`.
        """
        raise NotImplementedError

    def format_date(
        self,
        date: datetime.datetime | float,
        gmt_offset: float = 0,
        relative: bool = True,
        shorter: bool = False,
        full_format: bool = False,
        *,
        now: datetime.datetime | float | None = None,
    ) -> str:
        """Return `date` as one tells it: "5 minutes ago", "Friday at 3:04 pm", "July 10, 1980".

        Up to a day ago the passed time is told; then it is "yesterday", within five days the
        weekday, within eleven months the month and day, and beyond that the year too. A date in
        the future is told in full, but for one within the next minute, which counts as now.

        Args:
            date: A unix timestamp in seconds, or a datetime; one without a time zone is in GMT.
            gmt_offset: The minutes by which GMT is ahead of the reader (JavaScript's
                `Date.getTimezoneOffset()`): 300 in New York in winter.
            relative: False to tell the time of the day instead of the time that has passed, and
                the weekday instead of "yesterday".
            shorter: True to leave out the time of the day beside a day.
            full_format: True to tell month, day and year in any case.
            now: What to count from, given as `date` is; None is the present.

        Raises:
            InvalidDateError: `date` is outside the years 1 to 9999, or becomes so by the offset.
            BrokenFormatError: The translation of the format has placeholders that it cannot have.
        """
        moment = in_utc(date)
        present = in_utc(datetime.datetime.now(datetime.UTC) if now is None else now)
        told = decide(
            moment, present, gmt_offset=gmt_offset, relative=relative, full_format=full_format
        )
        if not isinstance(told, Shape):
            return self._formatter.ago(told)
        return self._formatter.date(told, seen_from(moment, gmt_offset), with_time=not shorter)

    def format_day(
        self, date: datetime.date | float, gmt_offset: float = 0, dow: bool = True
    ) -> str:
        """Return `date` as a day: "Monday, January 22".

        Args:
            date: As for `format_date`; or a `datetime.date`, which is the same day everywhere.
            gmt_offset: As for `format_date`.
            dow: False to leave out the day of the week.

        Raises:
            InvalidDateError: As for `format_date`.
            BrokenFormatError: As for `format_date`.
        """
        shape = Shape.WEEKDAY_MONTH_DAY if dow else Shape.MONTH_DAY
        if isinstance(date, datetime.date) and not isinstance(date, datetime.datetime):
            local = datetime.datetime.combine(date, datetime.time())
        else:
            local = seen_from(in_utc(date), gmt_offset)
        return self._formatter.date(shape, local, with_time=False)

    def list(self, parts: Iterable[str]) -> str:
        """Return the parts in one text: "A, B and C", "A and B", "A", or "" for none.

        Raises:
            BrokenFormatError: As for `format_date`.
        """
        return self._formatter.joined(tuple(parts))

    def friendly_number(self, value: int) -> str:
        """Return `value` with its digits in groups: "1,234,567".

        Languages other than American English group theirs when Babel is installed, else not.
        """
        return self._formatter.number(value)


class CSVLocale(Locale):
    """A locale whose translations come from a CSV file.

    Args:
        code: The code of the locale.
        translations: For each of "singular", "plural" and "unknown" (not said) the translations
            by message. None of them need be there.
    """

    def __init__(self, code: str, translations: Mapping[str, Mapping[str, str]]) -> None:
        self.translations = translations
        self._any: Mapping[str, str] = translations.get("unknown", {})
        self._singular = {**self._any, **translations.get("singular", {})}
        self._plural = {**self._any, **translations.get("plural", {})}
        super().__init__(code, translations)

    def translate(
        self, message: str, plural_message: str | None = None, count: int | None = None
    ) -> str:
        """Return the translation of `message`, or of `plural_message` for any `count` but 1.

        A row without a plural indicator serves for both numbers, unless there is one with it.

        Raises:
            MissingCountError: `plural_message` was given without `count`.
        """
        if plural_message is None:
            return self._any.get(message, message)
        if count is None:
            raise MissingCountError(message)
        if count == 1:
            return self._singular.get(message, message)
        return self._plural.get(plural_message, plural_message)

    def pgettext(
        self,
        context: str,
        message: str,
        plural_message: str | None = None,
        count: int | None = None,
    ) -> str:
        """Return what `translate` does: CSV files know no contexts.

        Raises:
            MissingCountError: `plural_message` was given without `count`.
        """
        return self.translate(message, plural_message, count)


class GettextLocale(Locale):
    """A locale whose translations come from a catalogue of gettext.

    Args:
        code: The code of the locale.
        translations: The catalogue, and those that it falls back on.
    """

    def __init__(self, code: str, translations: gettext.NullTranslations) -> None:
        self.translations = translations
        super().__init__(code, translations)

    def translate(
        self, message: str, plural_message: str | None = None, count: int | None = None
    ) -> str:
        """Return the translation of `message`, in the plural form that the catalogue's rule names.

        Raises:
            MissingCountError: `plural_message` was given without `count`.
        """
        if not message:
            return message  # where gettext keeps the catalogue's head
        if plural_message is None:
            return self.translations.gettext(message)
        if count is None:
            raise MissingCountError(message)
        return self.translations.ngettext(message, plural_message, count)

    def pgettext(
        self,
        context: str,
        message: str,
        plural_message: str | None = None,
        count: int | None = None,
    ) -> str:
        """Return the translation of `message` in `context`; one without the context is not taken.

        Raises:
            MissingCountError: `plural_message` was given without `count`.
        """
        if plural_message is None:
            return self.translations.pgettext(context, message)
        if count is None:
            raise MissingCountError(message)
        return self.translations.npgettext(context, message, plural_message, count)
