"""Read one CSV file of translations, and say where it is wrong."""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections.abc import Iterator
from typing import NamedTuple

from .errors import TranslationFileError

_BY_BYTE_ORDER_MARK = (  # UTF-32 first: one of its marks begins with one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_INDICATORS = {"plural": "plural", "singular": "singular", "unknown": "unknown", "": "unknown"}


class _Row(NamedTuple):
    message: str
    translation: str
    indicator: str


def read_csv(path: str | os.PathLike[str], encoding: str | None) -> dict[str, dict[str, str]]:
    """Return the translations in `path`, by "singular", "plural" and "unknown", and by message.

    Raises:
        TranslationFileError: The first mistake, with its line.
    """
    translations: dict[str, dict[str, str]] = {}
    for row in _rows(path, _text(path, encoding)):
        if row.translation:  # none yet
            translations.setdefault(row.indicator, {})[row.message] = row.translation
    return translations


def _text(path: str | os.PathLike[str], encoding: str | None) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise TranslationFileError(path, None, f"cannot be read: {error.strerror}") from error
    encoding = encoding or _detected(data)
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, "replace").count("\n") + 1
        reason = f"not in {encoding}: {error.reason}"
        raise TranslationFileError(path, line, reason) from error
    except (LookupError, ValueError) as error:
        reason = f"cannot be read as {encoding!r}: {error}"
        raise TranslationFileError(path, None, reason) from error


def _detected(data: bytes) -> str:
    for mark, encoding in _BY_BYTE_ORDER_MARK:
        if data.startswith(mark):
            return encoding
    return "utf-8"


def _rows(path: str | os.PathLike[str], text: str) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1  # where the row begins: fields may go over several lines
        try:
            fields = next(reader)
            if fields:
                yield _row(fields)
        except StopIteration:
            return
        except (csv.Error, ValueError) as error:
            raise TranslationFileError(path, line, str(error)) from error


def _row(fields: list[str]) -> _Row:
    if not 2 <= len(fields) <= 3:
        raise ValueError(f"{len(fields)} columns, expected 2 or 3")
    if any(field != field.lstrip() and field.lstrip().startswith('"') for field in fields):
        raise ValueError("a space between a comma and a quote")
    message, translation, indicator = [field.strip() for field in [*fields, ""][:3]]
    if indicator.lower() not in _INDICATORS:
        raise ValueError(f"plural indicator {indicator!r}, expected 'plural', 'singular' or none")
    return _Row(message, translation, _INDICATORS[indicator.lower()])
