"""Translations from CSV and gettext; dates, lists and numbers in the reader's language.

Call `load_translations` or `load_gettext_translations` once, when the program starts, and `get` for
each reader. What is loaded is the state of this module, shared by all threads: any of them may
call any function at any time, and an object that was handed out before stays as it is.
"""

from ._loading import (
    get,
    get_supported_locales,
    load_gettext_translations,
    load_translations,
    set_default_locale,
)
from ._locale import CSVLocale, GettextLocale, Locale
from ._names import LOCALE_NAMES
from .errors import (
    BrokenFormatError,
    DirectoryUnreadableError,
    InvalidCodeError,
    InvalidDateError,
    LocaleError,
    MissingCountError,
    TranslationFileError,
    TranslationsError,
    UnsupportedLocaleError,
)

__all__ = [
    "LOCALE_NAMES",
    "BrokenFormatError",
    "CSVLocale",
    "DirectoryUnreadableError",
    "GettextLocale",
    "InvalidCodeError",
    "InvalidDateError",
    "Locale",
    "LocaleError",
    "MissingCountError",
    "TranslationFileError",
    "TranslationsError",
    "UnsupportedLocaleError",
    "get",
    "get_supported_locales",
    "load_gettext_translations",
    "load_translations",
    "set_default_locale",
]
