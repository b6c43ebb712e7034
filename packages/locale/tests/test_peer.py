"""What programs written for Tornado see: the same English, and the same messages to translate."""

import datetime
import functools
import types

import pytest
from tornado import locale as peer

from ostro.locale import Locale

from .support import english

DAY = 86400


class Frozen(datetime.datetime):
    """Dates of a time that stands still: a second may go by between their answer and ours."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> "Frozen":
        return cls(2024, 5, 17, 15, 4, 30, tzinfo=tz)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Frozen:
    """The present, as they see it; they can not be told."""
    frozen = types.ModuleType("datetime")
    frozen.__dict__.update(vars(datetime), datetime=Frozen)
    monkeypatch.setattr(peer, "datetime", frozen)
    return Frozen.now(datetime.UTC)


IN_THE_MIDDLE_OF_EACH_BRANCH = [20, 70, 700, 4000, 7500, 3.5 * DAY, 30.5 * DAY, 400.5 * DAY, -1000]


@pytest.mark.parametrize("shorter", [True, False])
@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("full_format", [True, False])
def test_dates_are_told_alike(
    now: Frozen, shorter: bool, relative: bool, full_format: bool
) -> None:
    theirs = peer.get("en_US")

    for seconds in IN_THE_MIDDLE_OF_EACH_BRANCH:
        date = now - datetime.timedelta(seconds=seconds)
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


def test_the_same_messages_are_translated(now: Frozen) -> None:
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

    ours, theirs = Ours("en_US"), Theirs("en_US")
    tell_as_ours = functools.partial(ours.format_date, now=now)
    for locale, tell in ((ours, tell_as_ours), (theirs, theirs.format_date)):
        for seconds in (1.5, *IN_THE_MIDDLE_OF_EACH_BRANCH, DAY + 1):
            for shorter in (True, False):
                tell(now - datetime.timedelta(seconds=seconds), shorter=shorter)
        tell(now, relative=False)
        for month in range(1, 13):
            locale.format_day(datetime.datetime(2024, month, month))
        for day in range(1, 8):
            locale.format_day(datetime.datetime(2024, 1, day))
        locale.format_day(now, dow=False)
        locale.list(["a", "b"])

    assert asked_of_us == asked_of_them
