"""Translations from catalogues of gettext: plurals, contexts, fallbacks, mistakes."""

import contextlib
import gettext
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.locale import (
    GettextLocale,
    Locale,
    MissingCountError,
    TranslationFileError,
    TranslationsError,
    get_supported_locales,
    load_gettext_translations,
)
from ostro.locale._mo_files import read_mo

from .support import FRENCH, POLISH, gettext_locale, mo_bytes, write_mo

MESSAGES = {
    "school": "école",
    "right": "droite",
    "law\x04right": "le droit",
    "%(n)d day\0%(n)d days": "%(n)d jour\0%(n)d jours",
    "work\x04%(n)d day\0%(n)d days": "%(n)d journée\0%(n)d journées",
}


def mistake(directory: Path, data: bytes) -> str:
    path = write_mo(directory, "fr", data)
    write_mo(directory, "de", mo_bytes(FRENCH, {}))
    with pytest.raises(TranslationsError) as caught:
        load_gettext_translations(directory, "app")
    (only,) = caught.value.mistakes
    assert (only.path, only.line) == (str(path), None)
    assert str(only) == f"{path}: {only.reason}"
    assert get_supported_locales() == {"de", "en_US"}
    return only.reason


def test_messages_are_translated(directory: Path) -> None:
    locale = gettext_locale(directory, "fr_FR", FRENCH, MESSAGES)

    assert isinstance(locale, GettextLocale)
    assert locale.translate("school") == "école"
    assert locale.translate("other") == "other"


def test_the_empty_message_is_not_the_head_of_the_catalogue(directory: Path) -> None:
    locale = gettext_locale(directory, "fr", FRENCH, MESSAGES)

    assert locale.translate("") == ""


def test_plurals_follow_the_rule_of_the_catalogue(directory: Path) -> None:
    locale = gettext_locale(directory, "pl", POLISH, {"file\0files": "plik\0pliki\0plików"})

    forms = [locale.translate("file", "files", count) for count in (0, 1, 2, 5, 12, 22, 112)]

    assert forms == ["plików", "plik", "pliki", "plików", "plików", "pliki", "plików"]
    assert locale.translate("cat", "cats", 0) == "cats"


def test_none_is_singular_in_french(directory: Path) -> None:
    locale = gettext_locale(directory, "fr", FRENCH, MESSAGES)

    days = [locale.translate("%(n)d day", "%(n)d days", n) % {"n": n} for n in (0, 1, 2)]

    assert days == ["0 jour", "1 jour", "2 jours"]


def test_a_context_chooses_the_translation(directory: Path) -> None:
    locale = gettext_locale(directory, "fr", FRENCH, MESSAGES)

    assert locale.translate("right") == "droite"
    assert locale.pgettext("law", "right") == "le droit"
    assert locale.pgettext("work", "%(n)d day", "%(n)d days", 1) == "%(n)d journée"
    assert locale.pgettext("work", "%(n)d day", "%(n)d days", 2) == "%(n)d journées"


def test_an_unknown_context_is_not_translated(directory: Path) -> None:
    locale = gettext_locale(directory, "fr", FRENCH, MESSAGES)

    assert locale.pgettext("politics", "right") == "right"
    assert locale.pgettext("politics", "%(n)d day", "%(n)d days", 2) == "%(n)d days"


def test_a_plural_needs_its_count(directory: Path) -> None:
    locale = gettext_locale(directory, "fr", FRENCH, MESSAGES)

    with pytest.raises(MissingCountError):
        locale.translate("one", "many")
    with pytest.raises(MissingCountError):
        locale.pgettext("work", "one", "many")


def test_a_catalogue_falls_back_on_its_language(directory: Path) -> None:
    general = {"only": "seulement", "car": "voiture", "one\0many": "un\0plusieurs"}
    write_mo(directory, "fr", mo_bytes(FRENCH, general))
    write_mo(directory, "fr_CA", mo_bytes(FRENCH, {"car": "char"}))

    load_gettext_translations(directory, "app")

    canadian = Locale.get("fr_CA")
    assert (canadian.translate("car"), canadian.translate("only")) == ("char", "seulement")
    assert canadian.translate("one", "many", 2) == "plusieurs"
    assert Locale.get("fr").translate("car") == "voiture"


def test_only_directories_with_the_domain_are_locales(directory: Path) -> None:
    write_mo(directory, "fr", mo_bytes(FRENCH, {}))
    write_mo(directory, "sr@latin", mo_bytes(FRENCH, {}))
    write_mo(directory, "de", mo_bytes(FRENCH, {}), domain="other")
    directory.joinpath("it").mkdir()
    directory.joinpath("messages.pot").write_text("")

    load_gettext_translations(str(directory), "app")

    assert get_supported_locales() == {"en_US", "fr", "sr@latin"}


def test_the_catalogue_says_in_which_charset_it_is(directory: Path) -> None:
    head = FRENCH.replace("UTF-8", "iso-8859-1")
    write_mo(directory, "fr", mo_bytes(head, {"school": "école"}, charset="latin-1"))

    load_gettext_translations(directory, "app")

    assert Locale.get("fr").translate("school") == "école"


GOOD = mo_bytes(FRENCH, MESSAGES)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "unpack requires", id="empty"),
        pytest.param(b"junk", "Bad magic number", id="no-magic"),
        pytest.param(GOOD[:20], "unpack", id="cut-head"),
        pytest.param(GOOD[:60], "unpack", id="cut-index"),
        pytest.param(GOOD[:-20], "File is corrupt", id="cut-text"),
        pytest.param(GOOD[:4] + b"\0\0\x09\0" + GOOD[8:], "Bad version number 9", id="version"),
        pytest.param(
            mo_bytes(FRENCH.replace("UTF-8", "klingon"), {"a": "b"}),
            "unknown encoding: klingon",
            id="charset",
        ),
        pytest.param(
            mo_bytes(FRENCH, {"school": "école"}, charset="latin-1"),
            "'utf-8' codec can't decode",
            id="bytes",
        ),
        pytest.param(
            mo_bytes("Plural-Forms: nplurals=2; plural=n +;\n", {}),
            "unexpected end of plural form",
            id="rule",
        ),
        pytest.param(mo_bytes("Plural-Forms: nonsense\n", {}), "list index", id="no-rule"),
    ],
)
def test_a_file_that_is_no_catalogue_is_named(directory: Path, data: bytes, reason: str) -> None:
    assert mistake(directory, data).startswith(f"not a catalogue of gettext: {reason}")


def test_a_plural_rule_that_fails_for_a_count_is_named(directory: Path) -> None:
    data = mo_bytes("Plural-Forms: nplurals=2; plural=1/(n-7);\n", {"a\0b": "c\0d"})

    assert mistake(directory, data).startswith("its plural rule fails for the count 7: ")


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=4))
def test_a_catalogue_with_any_bytes_changed_is_read_or_named(at: int, change: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "app.mo")
        path.write_bytes(GOOD[:at] + change + GOOD[at + len(change) :])
        with contextlib.suppress(TranslationFileError):
            read_mo(path)


def test_a_catalogue_cut_anywhere_is_read_or_named(directory: Path) -> None:
    for length in range(len(GOOD)):
        path = write_mo(directory, "fr", GOOD[:length])
        with contextlib.suppress(TranslationFileError):
            read_mo(path)


def test_a_file_that_cannot_be_read_is_named(directory: Path) -> None:
    directory.joinpath("fr", "LC_MESSAGES", "app.mo").mkdir(parents=True)

    with pytest.raises(TranslationsError, match=r"app\.mo: cannot be read: Is a directory"):
        load_gettext_translations(directory, "app")


def test_a_directory_that_is_no_code_is_named(directory: Path) -> None:
    write_mo(directory, "english", mo_bytes(FRENCH, {}))

    with pytest.raises(TranslationsError, match="'english' is no locale code"):
        load_gettext_translations(directory, "app")


def test_a_catalogue_may_be_given_without_a_file() -> None:
    catalogue = gettext.NullTranslations()

    locale = GettextLocale("fr", catalogue)

    assert locale.translations is catalogue
    assert locale.translate("a") == "a"
