"""Form bodies of either kind, chosen by their content type."""

from __future__ import annotations

from ._file import HTTPFile
from ._headers import HTTPHeaders
from ._limits import DEFAULT_BODY_LIMITS, BodyLimits
from ._multipart import parse_multipart_form_data
from ._multipart_stream import check_not_compressed
from ._parameters import parse_parameters
from ._urlencoded import parse_urlencoded
from .errors import HTTPInputError


def parse_body_arguments(
    content_type: str,
    body: bytes,
    arguments: dict[str, list[bytes]],
    files: dict[str, list[HTTPFile]],
    headers: HTTPHeaders | None = None,
    *,
    limits: BodyLimits = DEFAULT_BODY_LIMITS,
) -> None:
    """Add the fields and files of a form body to `arguments` and `files`.

    `content_type` is the value of that header; a body that is no form, and an empty one, are left
    alone.

    Raises HTTPInputError when the form is malformed or over a limit, and with status 415 when
    `headers` say that it is still compressed. Nothing was added then.
    """
    if not body:
        return
    media_type = content_type.partition(";")[0].strip(" \t").lower()
    if media_type == "application/x-www-form-urlencoded":
        check_not_compressed(headers)
        parse_urlencoded(body, arguments, max_fields=limits.max_fields)
    elif media_type == "multipart/form-data":
        check_not_compressed(headers)
        boundary = parse_parameters(content_type)[1].get("boundary")
        if not boundary:
            raise HTTPInputError("multipart/form-data without a boundary")
        parse_multipart_form_data(
            boundary.encode("utf-8", "replace"), body, arguments, files, limits=limits
        )
