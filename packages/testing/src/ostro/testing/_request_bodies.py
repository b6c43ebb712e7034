"""Bodies of requests, from what a test wants to send: JSON, forms, files.

Spec: RFC 7578 for forms with files, the URL standard for those without.
"""

from __future__ import annotations

import json as json_codec
import mimetypes
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias
from urllib.parse import urlencode

__all__ = ["NO_JSON", "Fields", "Files", "Upload", "encode_body"]

Fields: TypeAlias = Mapping[str, str | Sequence[str]]
"""The fields of a form, or of a query: each with a value, or with several."""


class Upload(NamedTuple):
    """A file to be sent with a form. `content_type` None goes by the name."""

    filename: str
    body: bytes
    content_type: str | None = None


Files: TypeAlias = Mapping[str, Upload | Sequence[Upload]]
"""The files of a form, by the names of their fields."""

NO_JSON = object()
"""Stands for no JSON, since None is some."""


def encode_body(json: object, form: Fields | None, files: Files | None) -> tuple[str, bytes] | None:
    """Return the Content-Type and the body of a request; None where there is nothing to send.

    Raises ValueError for JSON together with a form, TypeError for what is no JSON.
    """
    if json is not NO_JSON:
        if form is not None or files is not None:
            raise ValueError("a request has a body of JSON, or a form, not both")
        return "application/json", json_codec.dumps(json).encode()
    if files is not None:
        return _multipart(form or {}, files)
    if form is not None:
        return "application/x-www-form-urlencoded", urlencode(form, doseq=True).encode()
    return None


def _multipart(form: Fields, files: Files) -> tuple[str, bytes]:
    boundary = secrets.token_hex(16)
    pieces: list[bytes] = []
    for name, value in _each(form):
        pieces += _part(boundary, f'name="{_quoted(name)}"', None, value.encode())
    for name, uploads in files.items():
        for upload in [uploads] if isinstance(uploads, Upload) else uploads:
            content_type = (
                upload.content_type
                or mimetypes.guess_type(upload.filename)[0]
                or "application/octet-stream"
            )
            names = f'name="{_quoted(name)}"; filename="{_quoted(upload.filename)}"'
            pieces += _part(boundary, names, content_type, upload.body)
    pieces.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(pieces)


def _each(form: Fields) -> Iterator[tuple[str, str]]:
    for name, values in form.items():
        for value in [values] if isinstance(values, str) else values:
            yield name, value


def _part(boundary: str, names: str, content_type: str | None, body: bytes) -> list[bytes]:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {names}\r\n"
    if content_type is not None:
        head += f"Content-Type: {content_type}\r\n"
    return [f"{head}\r\n".encode(), body, b"\r\n"]


def _quoted(name: str) -> str:
    """Escape as browsers do. Spec: RFC 7578 section 2, the HTML standard on form submission."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
