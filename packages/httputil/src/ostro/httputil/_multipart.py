r"""multipart/form-data bodies that are in memory.

The scanner looks for the delimiter with `bytes.find` and never looks at a byte of content twice. It
is strict: lines end in CRLF, the closing delimiter must be there, and the first error ends it.

Spec: RFC 7578, RFC 2046 section 5.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from ._boundary import delimiter_of, match_end_of_delimiter
from ._file import HTTPFile
from ._limits import DEFAULT_BODY_LIMITS, BodyLimits
from ._part_head import parse_part_head
from .errors import HTTPInputError


def parse_multipart_form_data(
    boundary: bytes,
    data: bytes,
    arguments: dict[str, list[bytes]],
    files: dict[str, list[HTTPFile]],
    *,
    limits: BodyLimits = DEFAULT_BODY_LIMITS,
) -> None:
    """Parse a multipart/form-data body, and add what it holds to `arguments` and `files`.

    A part with a file name is a file; one with an empty file name, which is what browsers send when
    no file was chosen, is a plain field. What stands before the first delimiter and after the last
    is ignored.

    Raises HTTPInputError when the body is malformed or over a limit; then nothing was added.
    """
    delimiter = delimiter_of(boundary)
    fields: list[tuple[str, bytes]] = []
    uploads: list[tuple[str, HTTPFile]] = []
    for start, end in _parts(delimiter, data, limits.max_parts):
        body_start = _end_of_head(data, start, end, limits.max_part_head_bytes)
        head = parse_part_head(data[start : body_start - 4], limits.max_part_headers)
        body = data[body_start:end]
        if head.filename:
            uploads.append((head.name, HTTPFile(head.filename, body, head.content_type)))
        else:
            fields.append((head.name, body))
    for name, value in fields:
        arguments.setdefault(name, []).append(value)
    for name, upload in uploads:
        files.setdefault(name, []).append(upload)


def _parts(delimiter: bytes, data: bytes, max_parts: int) -> Iterator[tuple[int, int]]:
    """Yield where each part starts, behind its delimiter, and ends, before the next one."""
    count = 0
    end, start = _find_delimiter(delimiter, data, 0)
    while start > 0:
        count += 1
        if count > max_parts:
            raise HTTPInputError(f"multipart body has more than {max_parts} parts")
        end, next_start = _find_delimiter(delimiter, data, start)
        yield start, end
        start = next_start


def _find_delimiter(delimiter: bytes, data: bytes, position: int) -> tuple[int, int]:
    """Find the next line that is a delimiter; `delimiter` begins with the CRLF that belongs to it.

    Return where it begins, and where the part behind it does: 0 when it is the closing delimiter. A
    line that only begins like it is content.
    """
    if position == 0 and data.startswith(delimiter[2:]):
        found = -2  # the CRLF before the first delimiter is not there
    else:
        # An empty part has its delimiter's CRLF where its own head would begin.
        found = data.find(delimiter, position)
    while found != -1:
        after = found + len(delimiter)
        if data.startswith(b"--", after):
            return found, 0
        end = match_end_of_delimiter(data, after)
        if end is not None:
            return found, end.end()
        found = data.find(delimiter, after)
    raise HTTPInputError("multipart body has no closing delimiter")


def _end_of_head(data: bytes, start: int, end: int, max_bytes: int) -> int:
    """Return where the body of a part starts, behind the empty line."""
    found = data.find(b"\r\n\r\n", start, min(end, start + max_bytes + 4))
    if found >= 0:
        return found + 4
    if end - start > max_bytes:
        raise HTTPInputError(f"head of a multipart part is over {max_bytes} bytes")
    raise HTTPInputError("part of multipart body has no head")
