"""The grammar of RFC 9110, as far as this package needs it: each expression under its rule.

All of them are ASCII only and run in linear time: no two adjacent repetitions share a character.
"""

import re
from typing import Final

TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105  # no secret
"""token = 1*tchar. RFC 9110 section 5.6.2."""

is_token: Final = re.compile(TOKEN).fullmatch
"""Match a whole string that is a token."""

find_forbidden_in_value: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
"""Find what no field value may hold: every control but HTAB. RFC 9110 section 5.5."""

is_cookie_name: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z:]+").fullmatch
"""cookie-name = token. RFC 6265bis section 4.1.1. We accept ":" because `http.cookies` does."""
