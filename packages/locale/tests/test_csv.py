"""Translations from CSV files: rows, encodings, plurals, mistakes."""

import codecs
from pathlib import Path

import pytest

from ostro.locale import (
    CSVLocale,
    DirectoryUnreadableError,
    Locale,
    LocaleError,
    MissingCountError,
    TranslationsError,
    get_supported_locales,
    load_translations,
)

from .support import csv_locale

DOCUMENTED = """\
"I love you","Te amo"
"%(name)s liked this","A %(name)s les gustó esto","plural"
"%(name)s liked this","A %(name)s le gustó esto","singular"
"""


def mistake(directory: Path, data: bytes, encoding: str | None = None) -> tuple[int | None, str]:
    path = directory / "es.csv"
    path.write_bytes(data)
    with pytest.raises(TranslationsError) as caught:
        load_translations(directory, encoding)
    (only,) = caught.value.mistakes
    assert only.path == str(path)
    assert str(caught.value) == str(only)
    assert str(only).startswith(f"{path}:")
    return only.line, only.reason


def test_the_documented_example(directory: Path) -> None:
    locale = csv_locale(directory, DOCUMENTED, "es_LA")

    assert isinstance(locale, CSVLocale)
    assert locale.translate("I love you") == "Te amo"
    liked = "%(name)s liked this"
    assert locale.translate(liked, liked, 2) == "A %(name)s les gustó esto"
    assert locale.translate(liked, liked, 1) == "A %(name)s le gustó esto"


def test_what_has_no_translation_stays_as_it_is(directory: Path) -> None:
    locale = csv_locale(directory, "a,b\nempty,\n")

    assert locale.translate("other") == "other"
    assert locale.translate("empty") == "empty"
    assert [locale.translate("one", "many", count) for count in (0, 1, 2)] == [
        "many",
        "one",
        "many",
    ]


def test_a_row_without_indicator_serves_for_both_numbers(directory: Path) -> None:
    locale = csv_locale(directory, "sheep,Schaf\nsheep,Schafe,plural\nfish,Fisch,unknown\nx,y,\n")

    assert [locale.translate("sheep", "sheep", count) for count in (1, 2)] == ["Schaf", "Schafe"]
    assert [locale.translate("fish", "fish", count) for count in (1, 2)] == ["Fisch", "Fisch"]
    assert locale.translate("x", "x", 1) == "y"


def test_the_indicator_is_read_in_any_case_and_blanks_are_dropped(directory: Path) -> None:
    locale = csv_locale(directory, "a , b\nmany,viele, Plural \n")

    assert locale.translate("a") == "b"
    assert locale.translate("one", "many", 5) == "viele"


def test_a_plural_needs_its_count(directory: Path) -> None:
    locale = csv_locale(directory, "a,b")

    with pytest.raises(MissingCountError, match="a count is needed to translate 'one'") as caught:
        locale.translate("one", "many")
    assert caught.value.message == "one"
    assert isinstance(caught.value, TypeError | LocaleError)


def test_contexts_are_ignored(directory: Path) -> None:
    locale = csv_locale(directory, "right,rechts\nmany,viele,plural")

    assert locale.pgettext("law", "right") == "rechts"
    assert locale.pgettext("law", "one", "many", 2) == "viele"


def test_a_field_may_hold_commas_quotes_and_lines(directory: Path) -> None:
    locale = csv_locale(directory, '"a, ""b""\nc","d, ""e""\nf"\r\n\r\ng,h\r\n')

    assert locale.translate('a, "b"\nc') == 'd, "e"\nf'
    assert locale.translate("g") == "h"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_the_byte_order_mark_tells_the_encoding(
    directory: Path, mark: bytes, encoding: str
) -> None:
    directory.joinpath("fr.csv").write_bytes(mark + "school,école".encode(encoding))

    load_translations(directory)

    assert Locale.get("fr").translate("school") == "école"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_an_encoding_that_is_given_holds(directory: Path, mark: str) -> None:
    encoding = "utf-16-be" if mark else "latin-1"
    directory.joinpath("fr.csv").write_bytes(f"{mark}school,école".encode(encoding))

    load_translations(str(directory), encoding)

    assert Locale.get("fr").translate("school") == "école"


def test_an_empty_file_makes_a_locale(directory: Path) -> None:
    assert csv_locale(directory, "").translate("a") == "a"


def test_a_file_name_is_any_code_in_any_spelling(directory: Path) -> None:
    for name in ("pt-br", "zh_hant", "xx_YY", "fil"):
        directory.joinpath(f"{name}.csv").write_text("a,b")
    directory.joinpath("README.txt").write_text("no translations")
    directory.joinpath(".hidden").write_text("no translations")

    load_translations(directory)

    assert get_supported_locales() == {"en_US", "fil", "pt_BR", "xx_YY", "zh_Hant"}


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"a,b\nc\n", 2, "1 columns, expected 2 or 3"),
        (b"a,b\n\nc,d,plural,e\n", 3, "4 columns, expected 2 or 3"),
        (b"a,b,dual", 1, "plural indicator 'dual', expected 'plural', 'singular' or none"),
        (b'"a", "b, c"', 1, "a space between a comma and a quote"),
        (b'a,b\n"c",d\n"e,f\ng,h\n', 3, "unexpected end of data"),
        (b'a,b\n"c"x,d\n', 2, "',' expected after '\"'"),
        (b"a,b\nc,\xff\n", 2, "not in utf-8: invalid start byte"),
        ("a,b\nc,d".encode("utf-16") + b"\n", 2, "not in utf-16: truncated data"),
        (b"a," + b"b" * 200_000, 1, "field larger than field limit (131072)"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    directory: Path, data: bytes, line: int, reason: str
) -> None:
    assert mistake(directory, data) == (line, reason)


@pytest.mark.parametrize("encoding", ["no-such-encoding", "hex", "a\0b"])
def test_an_encoding_that_is_none_is_named(directory: Path, encoding: str) -> None:
    line, reason = mistake(directory, b"a,b", encoding)

    assert line is None
    assert reason.startswith(f"cannot be read as {encoding!r}: ")


def test_a_file_that_cannot_be_read_is_named(directory: Path) -> None:
    directory.joinpath("es.csv").mkdir()

    with pytest.raises(TranslationsError, match=r"es\.csv: cannot be read: Is a directory"):
        load_translations(directory)


def test_bad_files_are_left_out_and_named_and_the_others_are_in_force(directory: Path) -> None:
    files = {"de.csv": "a,b", "es.csv": "a", "fr.csv": '"', "translations.csv": "a,b"}
    for name, text in files.items():
        directory.joinpath(name).write_text(text)

    with pytest.raises(TranslationsError) as caught:
        load_translations(directory)

    assert get_supported_locales() == {"de", "en_US"}
    assert [Path(each.path).name for each in caught.value.mistakes] == [
        "es.csv",
        "fr.csv",
        "translations.csv",
    ]
    assert len(str(caught.value).splitlines()) == 3
    assert "'translations' is no locale code" in str(caught.value)


def test_two_files_for_one_locale_are_a_mistake(directory: Path) -> None:
    for name in ("pt-BR.csv", "pt_br.csv"):
        directory.joinpath(name).write_text("a,b")

    with pytest.raises(TranslationsError, match=r"pt_br\.csv: another file is for pt_BR as well"):
        load_translations(directory)


def test_a_directory_that_is_not_there_changes_nothing(directory: Path) -> None:
    csv_locale(directory, "a,b", "de")

    with pytest.raises(DirectoryUnreadableError, match="cannot list the translations") as caught:
        load_translations(directory / "missing")

    assert isinstance(caught.value, OSError | LocaleError)
    assert caught.value.path == str(directory / "missing")
    assert get_supported_locales() == {"de", "en_US"}


def test_translations_may_be_given_without_a_file() -> None:
    locale = CSVLocale("de", {"plural": {"many": "viele"}})

    assert locale.translate("one", "many", 2) == "viele"
    assert locale.translate("one", "many", 1) == "one"
    assert locale.translations == {"plural": {"many": "viele"}}
