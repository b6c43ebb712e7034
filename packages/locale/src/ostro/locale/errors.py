"""What goes wrong with locales. Every message names the code, or the file and the line.

    LocaleError
    ├── InvalidCodeError          not the code of a locale (also a ValueError)
    ├── UnsupportedLocaleError    Locale.get() of a locale that is not there (also a LookupError)
    ├── MissingCountError         a plural without its count (also a TypeError)
    ├── InvalidDateError          no point in time (also a ValueError)
    ├── BrokenFormatError         a translated format with placeholders that nobody fills
    ├── DirectoryUnreadableError  the directory of the translations (also an OSError)
    ├── TranslationFileError      a mistake in one file, at a line of it
    └── TranslationsError         all the files that could not be loaded

The last four are the fault of whoever wrote the translations, the others that of the program.
"""

from __future__ import annotations

import os

SHOWN_CHARACTERS = 100
"""Characters of a wrong value that a message quotes."""


class LocaleError(Exception):
    """Root of the errors of this package."""


class InvalidCodeError(LocaleError, ValueError):
    """`code` does not look like the code of a locale, such as "es_GT" or "zh-Hant-TW"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        return f"{_shown(self.code)} is no locale code, expected one like 'es', 'es_GT', 'zh_Hant'"


class UnsupportedLocaleError(LocaleError, LookupError):
    """There are no translations for `code`; `supported` are the codes that there are."""

    def __init__(self, code: str, supported: frozenset[str]) -> None:
        super().__init__(code, supported)
        self.code = code
        self.supported = supported

    def __str__(self) -> str:
        there = ", ".join(sorted(self.supported))
        return f"unsupported locale {_shown(self.code)}, expected one of {there}"


class MissingCountError(LocaleError, TypeError):
    """`message` was given with a plural, but without the count that decides between the two."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"a count is needed to translate {_shown(self.message)} with its plural"


class InvalidDateError(LocaleError, ValueError):
    """`date` is no point in time between the years 1 and 9999, seen with the offset from GMT."""

    def __init__(self, date: object) -> None:
        super().__init__(date)
        self.date = date

    def __str__(self) -> str:
        return f"{_shown(self.date)} is no date between the years 1 and 9999"


class BrokenFormatError(LocaleError):
    """The `translation` of a format uses other placeholders than the `message` that it is for."""

    def __init__(self, code: str, message: str, translation: str) -> None:
        super().__init__(code, message, translation)
        self.code = code
        self.message = message
        self.translation = translation

    def __str__(self) -> str:
        return (
            f"{self.code}: the translation {_shown(self.translation)} does not fit "
            f"the placeholders of {_shown(self.message)}"
        )


class DirectoryUnreadableError(LocaleError, OSError):
    """The directory `path` cannot be listed; its cause is the OSError that says why."""

    def __init__(self, path: str | os.PathLike[str], reason: str) -> None:
        super().__init__(path, reason)
        self.path = os.fspath(path)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: cannot list the translations: {self.reason}"


class TranslationFileError(LocaleError):
    """A mistake in the file `path`, at `line` (None: none in particular)."""

    def __init__(self, path: str | os.PathLike[str], line: int | None, reason: str) -> None:
        super().__init__(path, line, reason)
        self.path = os.fspath(path)
        self.line = line
        self.reason = reason

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.reason}"


class TranslationsError(LocaleError):
    """Some files were left out: one of `mistakes` for each. All the others are loaded."""

    def __init__(self, mistakes: tuple[TranslationFileError, ...]) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(str(mistake) for mistake in self.mistakes)


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "..."
