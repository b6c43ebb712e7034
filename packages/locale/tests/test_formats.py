"""Lists, numbers, names, direction, and formats that translations carry; all without Babel."""

import datetime
from pathlib import Path

import pytest

from ostro.locale import LOCALE_NAMES, BrokenFormatError, CSVLocale, LocaleError

from .support import POLISH, csv_locale, english, gettext_locale, teller

pytestmark = pytest.mark.usefixtures("without_babel")

DATE = datetime.datetime(2020, 5, 7, 15, 4)

SPANISH = """\
%(seconds)d seconds ago,hace %(seconds)d segundos,plural
1 second ago,hace un segundo,singular
yesterday,ayer
yesterday at %(time)s,ayer a las %(time)s
%(weekday)s at %(time)s,el %(weekday)s a las %(time)s
"%(month_name)s %(day)s, %(year)s at %(time)s",%(day)s de %(month_name)s de %(year)s a las %(time)s
"%(month_name)s %(day)s, %(year)s",%(day)s de %(month_name)s de %(year)s
%(month_name)s %(day)s,%(day)s de %(month_name)s
"%(weekday)s, %(month_name)s %(day)s","%(weekday)s, %(day)s de %(month_name)s"
%(commas)s and %(last)s,%(commas)s y %(last)s
May,mayo
Wednesday,miércoles
Thursday,jueves
"""


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([], ""),
        (["A"], "A"),
        (["A", "B"], "A and B"),
        (("A", "B", "C"), "A, B and C"),
        ("ABCD", "A, B, C and D"),
        (["%s", "100%"], "%s and 100%"),
    ],
)
def test_a_list(parts: list[str], told: str) -> None:
    assert english().list(parts) == told
    assert english().list(part for part in parts) == told


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (1234567, "1,234,567"),
        (-999, "-999"),
        (-123456, "-123,456"),
        (10**30, "1" + ",000" * 10),
    ],
)
def test_a_number(number: int, told: str) -> None:
    assert english().friendly_number(number) == told


def test_numbers_of_other_languages_are_left_alone() -> None:
    assert CSVLocale("de", {}).friendly_number(1234567) == "1234567"


def test_formats_come_from_the_translations(directory: Path) -> None:
    locale = csv_locale(directory, SPANISH, "es")
    tell = teller(locale)

    assert tell(1) == "hace un segundo"
    assert tell(2) == "hace 2 segundos"
    assert tell(86400) == "ayer a las 15:04"
    assert tell(86400, shorter=True) == "ayer"
    assert tell(2 * 86400) == "el miércoles a las 15:04"
    assert locale.format_date(DATE, full_format=True) == "7 de mayo de 2020 a las 15:04"
    assert locale.format_date(DATE, full_format=True, shorter=True) == "7 de mayo de 2020"
    assert locale.format_day(DATE) == "jueves, 7 de mayo"
    assert locale.format_day(DATE, dow=False) == "7 de mayo"
    assert locale.list(["Ana", "Luz", "Eva"]) == "Ana, Luz y Eva"


def test_passed_time_takes_the_plurals_of_the_catalogue(directory: Path) -> None:
    minutes = "%(minutes)d minutę temu\0%(minutes)d minuty temu\0%(minutes)d minut temu"
    messages = {"1 minute ago\0%(minutes)d minutes ago": minutes}
    tell = teller(gettext_locale(directory, "pl", POLISH, messages))

    assert [tell(60 * count) for count in (1, 2, 5, 22)] == [
        "1 minutę temu",
        "2 minuty temu",
        "5 minut temu",
        "22 minuty temu",
    ]


def test_what_nobody_translated_is_in_english() -> None:
    locale = CSVLocale("xx", {})

    assert teller(locale)(120) == "2 minutes ago"
    assert teller(locale)(1) == "1 second ago"
    assert locale.format_date(DATE, full_format=True) == "May 7, 2020 at 15:04"
    assert locale.format_day(DATE) == "Thursday, May 7"
    assert locale.list("ABC") == "A, B and C"


@pytest.mark.parametrize(
    ("code", "told"),
    [("en", "3:04 pm"), ("en_GB", "15:04"), ("de", "15:04"), ("zh_CN", "下午3:04")],
)
def test_the_time_of_the_day_is_told_in_24_hours_but_by_some(code: str, told: str) -> None:
    assert CSVLocale(code, {}).format_date(DATE, relative=False, now=DATE) == told


def test_the_time_of_a_morning() -> None:
    morning = datetime.datetime(2020, 5, 7, 0, 4)

    for code, told in (("en", "12:04 am"), ("de", "0:04"), ("zh_CN", "上午12:04")):
        assert CSVLocale(code, {}).format_date(morning, relative=False, now=morning) == told


def test_a_list_in_persian_says_and_each_time() -> None:
    assert CSVLocale("fa_IR", {}).list("ABC") == "A و B and C"


@pytest.mark.parametrize("translation", ["%(tiem)s", "%(time)", "%s %s", "%(time)d", "100 %"])
def test_a_translation_with_broken_placeholders_is_named(directory: Path, translation: str) -> None:
    locale = csv_locale(directory, f"%(time)s,{translation}", "es")

    with pytest.raises(BrokenFormatError) as caught:
        locale.format_date(DATE, relative=False, now=DATE)

    assert str(caught.value) == (
        f"es: the translation {translation!r} does not fit the placeholders of '%(time)s'"
    )
    assert isinstance(caught.value, LocaleError)


@pytest.mark.parametrize(
    ("code", "rtl"),
    [
        ("en_US", False),
        ("ar", True),
        ("ar_EG", True),
        ("fa_IR", True),
        ("he_IL", True),
        ("ur", True),
        ("pa_Arab_PK", True),
        ("pa_IN", False),
        ("uz_Latn_UZ", False),
        ("ar_Latn", False),
        ("no code", False),
    ],
)
def test_direction(code: str, rtl: bool) -> None:
    assert CSVLocale(code, {}).rtl is rtl


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("en_US", "English (US)"),
        ("es_LA", "Español"),
        ("es", "Español"),
        ("de_AT", "Deutsch"),
        ("zh_TW", "中文(繁體)"),
        ("pt", "Português"),
        ("en", "English"),
        ("xx_YY", "xx_YY"),
        ("no code", "no code"),
    ],
)
def test_name(code: str, name: str) -> None:
    assert CSVLocale(code, {}).name == name
    assert CSVLocale(code, {}).code == code


def test_the_names_of_languages_are_public() -> None:
    assert LOCALE_NAMES["fa_IR"] == {"name_en": "Persian", "name": "فارسی"}
    assert all(set(names) == {"name_en", "name"} for names in LOCALE_NAMES.values())
