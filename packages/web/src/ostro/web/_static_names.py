"""Which path in a URL may name a file, whatever the platform: no file system is asked here.

A path that passes still has to be found below its root, symbolic links followed; see
`_static_files`.
"""

from __future__ import annotations

import os
import re
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

_DEVICE: Final = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])[ ]*(?:[.:].*)?",
    re.IGNORECASE,
)
"""A name that opens a device on Windows, in each directory and with any extension."""


def names_a_file(path: str, *, on_windows: bool = os.name == "nt") -> bool:
    """Tell whether the path of a URL, decoded and relative to the root, may be that of a file.

    It may not where it leads out of the root (`..`, an absolute path, a drive), holds a backslash
    or a control character (NUL), or names a device of Windows: neither there, where opening one
    hangs or worse, nor elsewhere, so that a site is the same everywhere. `on_windows`: nor may it
    name a stream of a file.
    """
    if path.startswith("/") or "\\" in path or _CONTROL.search(path):
        return False
    if on_windows and ":" in path:
        return False
    for segment in path.split("/"):
        if segment == ".." or segment[1:2] == ":" or _DEVICE.fullmatch(segment):
            return False
    return True
