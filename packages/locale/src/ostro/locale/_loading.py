"""What an application calls when it starts, and when it wants a locale."""

from __future__ import annotations

import gettext
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from . import _supported
from ._codes import parse, stand_ins
from ._csv_files import read_csv
from ._locale import CSVLocale, GettextLocale, Locale
from ._mo_files import read_mo
from .errors import DirectoryUnreadableError, TranslationFileError, TranslationsError

DEFAULT_CODE = "en_US"

_T = TypeVar("_T")


def get(*locale_codes: str) -> Locale:
    """Return the closest match for the first of `locale_codes` that has any (`get_closest`)."""
    return Locale.get_closest(*locale_codes)


def set_default_locale(code: str) -> None:
    """Set the locale that `get` falls back on; before that it is "en_US".

    The strings in the program are taken to be in its language, so that it needs no translations.
    May be called before the translations are loaded or after, and from any thread.

    Raises:
        InvalidCodeError: `code` is not the code of a locale.
    """
    _supported.replace_default(code)


def get_supported_locales() -> frozenset[str]:
    """Return the codes of all the locales with translations, and that of the default."""
    return _supported.current().codes


def load_translations(directory: str | os.PathLike[str], encoding: str | None = None) -> None:
    """Load `{directory}/{code}.csv`, in place of what was loaded before.

    A file has two or three columns: the message, its translation, and "plural" or "singular" for
    a translation that holds for that number alone ("unknown" or nothing for both). A row without a
    translation counts for nothing, and so do blanks around a column. The dialect is the csv
    module's "excel". Files whose names do not end in ".csv" are passed over.

    A file that is wrong in any place is left out, and named in the error that is raised at the end,
    when all the others are in force: the program may stop, or report it and go on with them.

    Args:
        directory: Where the files are.
        encoding: That of all the files; None to go by the byte-order mark of each (UTF-8, UTF-16,
            UTF-32), and to take those without for UTF-8.

    Raises:
        DirectoryUnreadableError: `directory` is none, or cannot be read. Nothing has changed.
        TranslationsError: Some files are malformed. Those are left out, the others are in force.
    """
    paths = [(path.stem, path) for path in _entries(directory) if path.suffix == ".csv"]
    read, mistakes = _read_all(paths, lambda path: read_csv(path, encoding))
    locales = {code: CSVLocale(code, translations) for code, translations in read.items()}
    _supported.replace_translations(locales, _without_csv)
    _report(mistakes)


def load_gettext_translations(directory: str | os.PathLike[str], domain: str) -> None:
    """Load `{directory}/{code}/LC_MESSAGES/{domain}.mo`, in place of what was loaded before.

    A message that a catalogue lacks is looked for in those that `get` would take for it: "pt_BR"
    falls back on "pt". Directories that do not hold the file are passed over. To get there:

    1. `xgettext --language=Python --keyword=_:1,2 -d mydomain file1.py file2.html`
    2. `msgmerge old.po mydomain.po > new.po`
    3. `msgfmt mydomain.po -o {directory}/pt_BR/LC_MESSAGES/mydomain.mo`

    A file that is wrong is left out, as in `load_translations`.

    Args:
        directory: Where the directories of the locales are.
        domain: The name of the application's catalogues.

    Raises:
        DirectoryUnreadableError: `directory` is none, or cannot be read. Nothing has changed.
        TranslationsError: Some files are malformed. Those are left out, the others are in force.
    """
    candidates = [
        (entry.name, entry / "LC_MESSAGES" / f"{domain}.mo") for entry in _entries(directory)
    ]
    read, mistakes = _read_all([each for each in candidates if each[1].exists()], read_mo)
    _chain(read)
    locales = {code: GettextLocale(code, translations) for code, translations in read.items()}
    _supported.replace_translations(locales, _without_catalogue)
    _report(mistakes)


def _without_csv(code: str) -> Locale:
    return CSVLocale(code, {})


def _without_catalogue(code: str) -> Locale:
    return GettextLocale(code, gettext.NullTranslations())


def _entries(directory: str | os.PathLike[str]) -> list[Path]:
    try:
        return sorted(Path(directory).iterdir())
    except OSError as error:
        raise DirectoryUnreadableError(directory, error.strerror or str(error)) from error


def _read_all(
    paths: Iterable[tuple[str, Path]], read: Callable[[Path], _T]
) -> tuple[dict[str, _T], list[TranslationFileError]]:
    """Return what `read` makes of each path, by code, and what is wrong with the others."""
    found: dict[str, _T] = {}
    mistakes = []
    for name, path in paths:
        try:
            code = _code(name, path)
            if code in found:
                raise TranslationFileError(path, None, f"another file is for {code} as well")
            found[code] = read(path)
        except TranslationFileError as mistake:
            mistakes.append(mistake)
    return found, mistakes


def _code(name: str, path: Path) -> str:
    parts = parse(name)
    if parts is None:
        raise TranslationFileError(path, None, f"{name!r} is no locale code like 'es' or 'es_GT'")
    return str(parts)


def _chain(catalogues: Mapping[str, gettext.GNUTranslations]) -> None:
    """Let each catalogue fall back on the closest of its stand-ins, and so on along the chain."""
    for code, catalogue in catalogues.items():
        parts = parse(code)
        assert parts is not None  # it was made by _code
        others = [each for each in stand_ins(parts) if each != code and each in catalogues]
        if others:
            catalogue.add_fallback(catalogues[others[0]])


def _report(mistakes: list[TranslationFileError]) -> None:
    if mistakes:
        raise TranslationsError(tuple(mistakes))


_supported.start(_supported.Supported({}, _without_csv, DEFAULT_CODE))
