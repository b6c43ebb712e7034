"""What programs written for Tornado see: the same English, and the same messages to translate."""

import datetime

import pytest
from tornado import locale as peer

from ostro.locale import Locale

from .support import english

DAY = 86400
IN_THE_MIDDLE_OF_EACH_BRANCH = [20, 70, 700, 4000, 7500, 3.5 * DAY, 30.5 * DAY, 400.5 * DAY, -1000]


@pytest.mark.parametrize("shorter", [True, False])
@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("full_format", [True, False])
def test_dates_are_told_alike(shorter: bool, relative: bool, full_format: bool) -> None:
    theirs = peer.get("en_US")
    now = datetime.datetime.now(datetime.UTC)

    for seconds in IN_THE_MIDDLE_OF_EACH_BRANCH:
        date = now - datetime.timedelta(seconds=seconds + 0.5)
        for offset in (0, 300, -345):
            asked = (date, offset, relative, shorter, full_format)
            assert english().format_date(*asked, now=now) == theirs.format_date(*asked)


def test_days_lists_and_numbers_are_told_alike() -> None:
    theirs = peer.get("en_US")

    for day in range(1, 29):
        date = datetime.datetime(2024, 2, day, 3)
        assert english().format_day(date, 240) == theirs.format_day(date, 240)
        assert english().format_day(date, dow=False) == theirs.format_day(date, dow=False)
    for parts in ([], ["A"], ["A", "B"], ["A", "B", "C"]):
        assert english().list(parts) == theirs.list(parts)
    for number in (0, 12, 999, 1000, 123456, 1234567):
        assert english().friendly_number(number) == theirs.friendly_number(number)


def test_the_same_messages_are_translated() -> None:
    def record(messages: set[str], message: str, plural: str | None, count: int | None) -> str:
        text = plural if plural is not None and count != 1 else message
        messages.add(text)
        return text

    asked_of_us: set[str] = set()
    asked_of_them: set[str] = set()

    class Ours(Locale):
        def translate(
            self, message: str, plural_message: str | None = None, count: int | None = None
        ) -> str:
            return record(asked_of_us, message, plural_message, count)

    class Theirs(peer.Locale):
        def translate(
            self, message: str, plural_message: str | None = None, count: int | None = None
        ) -> str:
            return record(asked_of_them, message, plural_message, count)

        def pgettext(
            self,
            context: str,
            message: str,
            plural_message: str | None = None,
            count: int | None = None,
        ) -> str:
            return message

    now = datetime.datetime.now(datetime.UTC)
    for locale in (Ours("en_US"), Theirs("en_US")):
        for seconds in (1.5, *IN_THE_MIDDLE_OF_EACH_BRANCH, DAY + 1):
            for shorter in (True, False):
                locale.format_date(now - datetime.timedelta(seconds=seconds), shorter=shorter)
        locale.format_date(now, relative=False)
        for month in range(1, 13):
            locale.format_day(datetime.datetime(2024, month, month))
        for day in range(1, 8):
            locale.format_day(datetime.datetime(2024, 1, day))
        locale.format_day(now, dow=False)
        locale.list(["a", "b"])

    assert asked_of_us == asked_of_them
