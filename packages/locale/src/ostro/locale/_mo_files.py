"""Read one catalogue of gettext, and say why it is none."""

from __future__ import annotations

import gettext
import io
import os
import struct

from .errors import TranslationFileError

_COUNTS_TRIED = range(201)
"""The rules of all languages look at the last two digits, and at a few numbers below that."""


def read_mo(path: str | os.PathLike[str]) -> gettext.GNUTranslations:
    """Return the catalogue in the file `path`.

    Raises:
        TranslationFileError: It cannot be read, or is no catalogue, or its plural rule fails.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise TranslationFileError(path, None, f"cannot be read: {error.strerror}") from error
    try:
        translations = gettext.GNUTranslations(io.BytesIO(data))
    except (OSError, struct.error, ValueError, LookupError) as error:
        # The OSError is gettext's word for a file that is corrupt.
        shown = error.strerror if isinstance(error, OSError) else error
        reason = f"not a catalogue of gettext: {shown}"
        raise TranslationFileError(path, None, reason) from error
    _try_plural_rule(path, translations)
    return translations


def _try_plural_rule(path: str | os.PathLike[str], translations: gettext.GNUTranslations) -> None:
    for count in _COUNTS_TRIED:
        try:
            translations.ngettext("\0", "\0", count)
        except (ArithmeticError, ValueError) as error:
            reason = f"its plural rule fails for the count {count}: {error}"
            raise TranslationFileError(path, None, reason) from error
