"""The codes of locales: how they are spelled, and which others stand in for one.

A code is read as browsers ("zh-hant-tw"), file systems ("pt_BR") and C libraries
("sr_RS.UTF-8@latin") write it, and kept in one spelling:
`language[_Script][_REGION][_variant]...[@modifier]`.

Spec: RFC 5646 section 2.1 (spelling), RFC 4647 section 3.4 (looking up).
"""

from __future__ import annotations

import re
from typing import NamedTuple

_CODE = re.compile(
    r"""
    (?P<language> [a-z]{2,3} )
    (?: [-_] (?P<script> [a-z]{4} ) )?
    (?: [-_] (?P<region> [a-z]{2} | [0-9]{3} ) )?
    (?P<rest> (?: [-_] [a-z0-9]{1,8} )* )
    (?: \. [a-z0-9_-]+ )?                       # the encoding of a C library is of no concern
    (?P<modifier> @ [a-z0-9]+ )?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


class Code(NamedTuple):
    """The parts of a code, each in its usual case, "" where there is none."""

    language: str
    script: str
    region: str
    rest: tuple[str, ...]
    modifier: str

    def __str__(self) -> str:
        parts = (self.language, self.script, self.region, *self.rest)
        return "_".join(part for part in parts if part) + self.modifier


def parse(code: str) -> Code | None:
    """Return the parts of `code`, None when it is not spelled like the code of a locale."""
    found = _CODE.fullmatch(code)
    if found is None:
        return None
    return Code(
        found["language"].lower(),
        (found["script"] or "").title(),
        (found["region"] or "").upper(),
        tuple(re.split("[-_]", found["rest"].lower()))[1:],
        (found["modifier"] or "").lower(),
    )


def stand_ins(code: Code) -> list[str]:
    """Return what to look for when `code` is wanted, the closest first: itself, then ever less.

    "zh_Hant_TW" is looked for as itself, then as "zh_Hant", "zh_TW" and "zh": the region gives way
    before the script does, which decides whether the reader can read at all.
    """
    language, script, region, rest, _ = code
    shortened = [
        code._replace(modifier="", rest=rest[:length]) for length in range(len(rest), -1, -1)
    ]
    whole = [code, *shortened]
    by_parts = [Code(language, script, "", (), ""), Code(language, "", region, (), "")]
    return [str(each) for each in [*whole, *by_parts, Code(language, "", "", (), "")]]
