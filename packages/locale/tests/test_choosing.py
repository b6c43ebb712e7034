"""Which locales there are, and which one a reader gets."""

import threading
from pathlib import Path

import pytest

from ostro.locale import (
    CSVLocale,
    GettextLocale,
    InvalidCodeError,
    Locale,
    LocaleError,
    UnsupportedLocaleError,
    get,
    get_supported_locales,
    load_gettext_translations,
    load_translations,
    set_default_locale,
)

from .support import FRENCH, mo_bytes, write_mo


def load(directory: Path, *codes: str) -> None:
    for code in codes:
        directory.joinpath(f"{code}.csv").write_text("hello,hallo")
    load_translations(directory)


def test_before_anything_is_loaded_there_is_american_english() -> None:
    assert get_supported_locales() == {"en_US"}
    assert get("de").code == "en_US"
    assert get("de").translate("Sign out") == "Sign out"


def test_get_without_codes_is_the_default() -> None:
    assert get().code == "en_US"


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (("es_GT",), "es"),
        (("es",), "es"),
        (("pt-br",), "pt_BR"),
        (("PT_br",), "pt_BR"),
        (("pt_PT",), "en_US"),
        (("zh-Hant-HK",), "zh_Hant"),
        (("zh-Hans-CN",), "zh_CN"),
        (("xx", "fr", "es", "pt_BR"), "es"),
        (("xx", "es_MX", "pt_BR"), "es"),
        (("*", "", "es"), "es"),
        (("../../etc/passwd",), "en_US"),
        (("en",), "en_US"),
    ],
)
def test_the_closest_match_of_the_first_code_that_has_any_is_taken(
    directory: Path, wanted: tuple[str, ...], given: str
) -> None:
    load(directory, "es", "pt_BR", "zh_Hant", "zh_CN")

    assert Locale.get_closest(*wanted).code == given
    assert get(*wanted) is Locale.get_closest(*wanted)


def test_exactly_the_locale_asked_for_or_an_error(directory: Path) -> None:
    load(directory, "es")

    assert Locale.get("ES").code == "es"
    assert Locale.get("en-US").code == "en_US"
    with pytest.raises(
        UnsupportedLocaleError, match="unsupported locale 'es_GT', expected one of en_US, es"
    ) as caught:
        Locale.get("es_GT")
    assert caught.value.supported == {"en_US", "es"}
    assert isinstance(caught.value, LocaleError | LookupError)


def test_what_is_no_code_is_not_supported_and_quoted_in_part() -> None:
    with pytest.raises(UnsupportedLocaleError) as caught:
        Locale.get("?" * 1000)

    assert len(str(caught.value)) < 200


def test_the_default_is_supported_without_translations(directory: Path) -> None:
    load(directory, "es")

    set_default_locale("pt-br")

    assert get_supported_locales() == {"es", "pt_BR"}
    assert get("xx").code == "pt_BR"
    assert get("xx").translate("hello") == "hello"


def test_the_default_uses_its_translations_when_it_has_them(directory: Path) -> None:
    set_default_locale("es")
    load(directory, "es")

    assert get("xx").translate("hello") == "hallo"
    assert get_supported_locales() == {"es"}


def test_a_default_that_is_no_code_is_refused() -> None:
    with pytest.raises(InvalidCodeError, match="'klingon!' is no locale code") as caught:
        set_default_locale("klingon!")

    assert caught.value.code == "klingon!"
    assert get().code == "en_US"


def test_loading_replaces_what_was_loaded_before(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, code in ((first, "de"), (second, "fr")):
        folder.mkdir()
        load(folder, code)

    assert get_supported_locales() == {"en_US", "fr"}


def test_the_default_is_of_the_kind_that_was_loaded(directory: Path) -> None:
    assert isinstance(get(), CSVLocale)

    write_mo(directory, "fr", mo_bytes(FRENCH, {}))
    load_gettext_translations(directory, "app")
    set_default_locale("de")

    assert isinstance(get(), GettextLocale)
    assert get().code == "de"
    assert get().translate("one", "many", 2) == "many"


def test_a_locale_handed_out_stays_as_it_is(directory: Path) -> None:
    load(directory, "es")
    before = get("es")

    directory.joinpath("es.csv").write_text("hello,hola")
    load_translations(directory)

    assert (before.translate("hello"), get("es").translate("hello")) == ("hallo", "hola")


def test_threads_see_all_of_a_loading_or_nothing_of_it(tmp_path: Path) -> None:
    folders = []
    for codes in (("de", "fr"), ("es", "it")):
        folder = tmp_path / codes[0]
        folder.mkdir()
        load(folder, *codes)
        folders.append(folder)
    seen: set[frozenset[str]] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(get_supported_locales() - {"en_US", "nl"})
            get("de", "es").translate("hello")

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(50):
        for folder in folders:
            load_translations(folder)
            set_default_locale("nl")
            set_default_locale("en_US")
    done.set()
    for reader in readers:
        reader.join()

    assert seen <= {frozenset({"de", "fr"}), frozenset({"es", "it"})}


def test_a_locale_of_ones_own_translates_and_formats() -> None:
    class Shouting(Locale):
        def translate(
            self, message: str, plural_message: str | None = None, count: int | None = None
        ) -> str:
            return "%(commas)s UND %(last)s" if "commas" in message else message.upper()

    locale = Shouting("de_DE")

    assert locale.translate("hello") == "HELLO"
    assert locale.list(["a", "b"]) == "a UND b"
    with pytest.raises(NotImplementedError):
        locale.pgettext("law", "right")


def test_the_base_class_translates_nothing() -> None:
    with pytest.raises(NotImplementedError):
        Locale("de").translate("hello")
