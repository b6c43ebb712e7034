"""Formats that the translations do not carry, where Babel is installed."""

import datetime
import subprocess
import sys
from pathlib import Path

import pytest
from babel.localedata import locale_identifiers

from ostro.locale import CSVLocale, Locale, set_default_locale
from ostro.locale._cldr import cldr_formats

from .support import NOW, csv_locale, english, teller

DAY = 86400


def german() -> Locale:
    return CSVLocale("de_DE", {})


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "vor 1 Sekunde"),
        (1, "vor 1 Sekunde"),
        (49, "vor 49 Sekunden"),
        (60, "vor 1 Minute"),
        (50 * 60 - 1, "vor 50 Minuten"),
        (3600, "vor 1 Stunde"),
        (DAY - 1, "vor 24 Stunden"),
    ],
)
def test_passed_time(seconds: float, told: str) -> None:
    assert teller(german())(seconds) == told


def test_each_shape_of_a_date() -> None:
    tell = teller(german())

    assert tell(5, relative=False) == "15:04"
    assert tell(DAY, shorter=True) == "Donnerstag"
    assert tell(2 * DAY, shorter=True) == "Mittwoch"
    assert tell(9 * DAY, shorter=True) == "8. Mai"
    assert tell(0, full_format=True, shorter=True) == "17. Mai 2024"
    assert german().format_day(NOW) == "Freitag, 17. Mai"
    assert german().format_day(NOW, dow=False) == "17. Mai"


def test_a_day_and_its_time_are_joined_as_the_language_does() -> None:
    told = teller(german())(0, full_format=True)

    assert told.startswith("17. Mai 2024")
    assert told.endswith("15:04")
    assert "{" not in told
    assert "'" not in told


def test_lists_and_numbers() -> None:
    assert german().list(["a", "b", "c"]) == "a, b und c"
    assert german().friendly_number(-1234567) == "-1.234.567"
    assert CSVLocale("hi", {}).friendly_number(1234567) == "12,34,567"
    assert CSVLocale("ja", {}).list(["a", "b", "c"]) == "a、b、c"


@pytest.mark.parametrize("number", [0, 10**40 + 7, -(10**200)])
def test_numbers_of_any_size_keep_all_their_digits(number: int) -> None:
    assert german().friendly_number(number).replace(".", "") == str(number)


def test_quoted_words_of_a_pattern_are_kept() -> None:
    assert CSVLocale("es_ES", {}).format_day(NOW) == "viernes, 17 de mayo"


def test_a_month_is_declined_beside_its_day() -> None:
    assert CSVLocale("ru", {}).format_day(NOW, dow=False) == "17 мая"


def test_translations_come_first_and_lack_only_what_the_cldr_adds(directory: Path) -> None:
    rows = [
        '"%(weekday)s, %(month_name)s %(day)s",%(weekday)s (%(day)s. %(month_name)s)',
        "%(weekday)s at %(time)s,%(weekday)s um %(time)s",
        "May,Wonnemonat",
    ]
    locale = csv_locale(directory, "\n".join(rows), "de")

    assert locale.format_day(NOW) == "Freitag (17. Wonnemonat)"
    assert locale.format_day(NOW - datetime.timedelta(days=30)) == "Mittwoch (17. April)"
    assert teller(locale)(2 * DAY) == "Mittwoch um 15:04"
    assert teller(locale)(9 * DAY, shorter=True) == "8. Mai"
    assert teller(locale)(60) == "vor 1 Minute"


def test_american_english_is_not_asked_of_the_cldr() -> None:
    assert english().format_day(NOW) == "Friday, May 17"
    assert CSVLocale("en", {}).friendly_number(1000) == "1,000"
    assert CSVLocale("en_GB", {}).format_day(NOW, dow=False) == "17 May"


def test_an_unknown_country_takes_the_formats_of_the_language() -> None:
    assert CSVLocale("es_LA", {}).format_day(NOW) == "viernes, 17 de mayo"
    assert CSVLocale("sr_Latn_DE", {}).format_day(NOW, dow=False) == "17. maj"


@pytest.mark.parametrize("before", ["ur", "sw", "en_AU", "frr"])
def test_no_language_leaves_its_words_to_the_next(before: str) -> None:
    program = (
        "import datetime, sys; from ostro.locale import CSVLocale\n"
        "for code in (sys.argv[1], 'de'):\n"
        "    told = CSVLocale(code, {}).format_day(datetime.datetime(2024, 5, 17))\n"
        "print(ascii(told))"
    )
    command = [sys.executable, "-c", program, before]

    # In a process of its own, where no other has been loaded yet.
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)

    assert done.stdout == "'Freitag, 17. Mai'\n"


@pytest.mark.parametrize("code", ["xx", "xx_YY", "no code", "../../etc/passwd"])
def test_an_unknown_language_is_told_in_english(code: str) -> None:
    locale = CSVLocale(code, {})

    assert locale.name == code
    assert locale.format_day(NOW) == "Friday, May 17"


def test_names_that_are_not_in_the_table() -> None:
    assert CSVLocale("de_AT", {}).name == "Deutsch (Österreich)"
    assert CSVLocale("mi", {}).name == "Māori"


def test_the_default_locale_has_its_formats_too() -> None:
    set_default_locale("de")

    assert Locale.get("de").format_day(NOW) == "Freitag, 17. Mai"


def test_every_locale_of_the_cldr_tells_everything() -> None:
    for code in locale_identifiers()[::7]:
        locale = CSVLocale(code, {})
        tell = teller(locale)

        assert locale.name
        assert tell(120)
        assert tell(9 * DAY)
        assert tell(999 * DAY)
        assert locale.format_day(NOW)
        assert locale.list("abc")
        assert locale.friendly_number(1234567)
    cldr_formats.cache_clear()
