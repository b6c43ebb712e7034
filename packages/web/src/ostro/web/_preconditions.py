"""Requests with a condition: is the client's copy still good, and may it be added to.

Spec: RFC 9110 section 13.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from ostro.httputil import HTTPHeaders, parse_date

ENTITY_TAG: Final = re.compile(r'(?:W/)?"[^"]*"')
"""entity-tag. Spec: RFC 9110 section 8.8.3."""


def precondition_fails(headers: HTTPHeaders, etag: str | None, modified: datetime | None) -> bool:
    """Tell whether the request is only for another state of the file (status 412).

    `etag` and `modified` are those of the file, None where unknown; `modified` has whole seconds.

    Spec: RFC 9110 sections 13.1.1 and 13.1.4.
    """
    wanted = headers.get("If-Match")
    if wanted is not None:
        return wanted.strip(" \t") != "*" and (
            etag is None or etag.startswith("W/") or etag not in ENTITY_TAG.findall(wanted)
        )
    since = headers.get("If-Unmodified-Since")
    if since is None or modified is None:
        return False
    time = parse_date(since)
    return time is not None and modified > time


def unmodified_since(headers: HTTPHeaders, modified: datetime | None) -> bool:
    """Tell whether the file is as it was at the time that the client names (status 304).

    Spec: RFC 9110 section 13.1.3; where there is an If-None-Match, that one counts.
    """
    since = headers.get("If-Modified-Since")
    if since is None or modified is None:
        return False
    time = parse_date(since)
    return time is not None and modified <= time


def range_applies(headers: HTTPHeaders, etag: str | None, last_modified: str | None) -> bool:
    """Tell whether the parts that the client has are of the file as it is, so that a range may be
    added to them; so without a condition, too.

    A date must be the very one that the file was sent with: a client that computes another one
    cannot know.

    Spec: RFC 9110 section 13.1.5.
    """
    condition = headers.get("If-Range")
    if condition is None:
        return True
    if condition.startswith('"'):
        return condition == etag
    return condition == last_modified
