"""Files of translations, made as the tests need them."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

from ostro.locale import Locale, get, load_gettext_translations, load_translations

NOW = datetime.datetime(2024, 5, 17, 15, 4, 30)  # a Friday

FRENCH = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n > 1);\n"
POLISH = (
    "Content-Type: text/plain; charset=UTF-8\n"
    "Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20)"
    " ? 1 : 2);\n"
)


def csv_locale(directory: Path, text: str, code: str = "xx") -> Locale:
    """Load `text` as the only file of translations, and return its locale."""
    directory.joinpath(f"{code}.csv").write_text(text, "utf-8")
    load_translations(directory)
    return Locale.get(code)


def mo_bytes(head: str, messages: Mapping[str, str], *, charset: str = "utf-8") -> bytes:
    """Return a catalogue as msgfmt compiles it: plurals are joined by NUL, contexts by EOT.

    Spec: GNU gettext manual, "The Format of GNU MO Files".
    """
    table = sorted({"": head, **messages}.items())
    keys = [key.encode(charset) for key, _ in table]
    values = [value.encode(charset) for _, value in table]
    size = len(table)
    offset = 28 + 16 * size
    index = []
    for text in [*keys, *values]:
        index += [len(text), offset]
        offset += len(text) + 1
    header = struct.pack("<7I", 0x950412DE, 0, size, 28, 28 + 8 * size, 0, offset)
    texts = b"".join(text + b"\0" for text in [*keys, *values])
    return header + struct.pack(f"<{len(index)}I", *index) + texts


def write_mo(directory: Path, code: str, data: bytes, domain: str = "app") -> Path:
    path = directory / code / "LC_MESSAGES" / f"{domain}.mo"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def gettext_locale(directory: Path, code: str, head: str, messages: Mapping[str, str]) -> Locale:
    """Load a catalogue as the only one, and return its locale."""
    write_mo(directory, code, mo_bytes(head, messages))
    load_gettext_translations(directory, "app")
    return Locale.get(code)


def teller(locale: Locale) -> Callable[..., str]:
    """Return `format_date` of a date that lies so many seconds before NOW."""

    def tell(seconds: float, **options: bool) -> str:
        date = NOW - datetime.timedelta(seconds=seconds)
        return locale.format_date(date, now=NOW, **options)

    return tell


def english() -> Locale:
    return get("en_US")
