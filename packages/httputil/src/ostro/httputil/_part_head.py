"""The head of one part of a multipart/form-data body.

It takes the bytes of the head and knows nothing of the body around it, so that a parser that has
the whole body in memory and one that is fed piece by piece read part heads alike.
"""

from __future__ import annotations

from typing import Final

from ._grammar import find_forbidden_in_value
from ._headers import HTTPHeaders
from ._parameters import decode_extended_value, parse_parameters
from .errors import HTTPInputError

DEFAULT_MAX_PART_HEADERS: Final = 16
"""Header fields in one part. Browsers send two."""

DEFAULT_MAX_PART_HEAD_BYTES: Final = 8192
"""Bytes in the head of one part. A file name of 255 characters, escaped twice over, fits in it."""

DEFAULT_CONTENT_TYPE: Final = "application/unknown"
"""What a part is that does not say what it is."""


class PartHead:
    """What the head of a part says: its form field, and the file's name and type if it is a file.

    `filename` is "" for a plain field.
    """

    __slots__ = ("content_type", "filename", "headers", "name")

    def __init__(self, name: str, filename: str, content_type: str, headers: HTTPHeaders) -> None:
        self.name = name
        self.filename = filename
        self.content_type = content_type
        self.headers = headers


def parse_part_head(block: bytes, max_headers: int = DEFAULT_MAX_PART_HEADERS) -> PartHead:
    """Return what a part's head says: `block` is its lines, without the empty line that ends them.

    Names are UTF-8, or Latin-1 if they are not UTF-8. `filename*` counts more than `filename`.

    Raises HTTPInputError for a malformed header line (a bare CR too), more than `max_headers` of
    them, and for a Content-Disposition that is missing, repeated, not form-data, or has no name.

    Spec: RFC 7578 section 4.2.
    """
    fields = block.count(b"\r\n") + 1
    if fields > max_headers:
        raise HTTPInputError(
            f"part of multipart body has {fields} headers, expected no more than {max_headers}"
        )
    headers = HTTPHeaders.parse(_decode(block))
    dispositions = headers.get_list("Content-Disposition")
    if len(dispositions) != 1:
        raise HTTPInputError(
            f"part of multipart body has {len(dispositions)} Content-Dispositions, expected 1"
        )
    disposition, parameters = parse_parameters(dispositions[0])
    if disposition != "form-data" or "name" not in parameters:
        raise HTTPInputError("part of multipart body is not form-data with a name")
    content_type = headers.get("Content-Type", DEFAULT_CONTENT_TYPE)
    return PartHead(parameters["name"], _filename(parameters), content_type, headers)


def _decode(block: bytes) -> str:
    try:
        return block.decode("utf-8")
    except UnicodeDecodeError:
        return block.decode("latin-1")


def _filename(parameters: dict[str, str]) -> str:
    extended = parameters.get("filename*")
    if extended is None:
        return parameters.get("filename", "")
    filename = decode_extended_value(extended)
    if find_forbidden_in_value(filename):
        raise HTTPInputError("file name in multipart body has a control character")
    return filename
