"""HTTPFile: an uploaded file in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, overload

_FIELDS: Final = ("filename", "body", "content_type")


class HTTPFile(Mapping[str, str | bytes]):
    """A file of a multipart/form-data body. Its attributes are readable as dictionary keys, too.

    `filename` is the name that the client gave: never use it as a path. `body` holds the bytes.
    `content_type` is what the client claims, and is easily forged.
    """

    __slots__ = ("body", "content_type", "filename")

    def __init__(self, filename: str, body: bytes, content_type: str) -> None:
        self.filename = filename
        self.body = body
        self.content_type = content_type

    @overload
    def __getitem__(self, name: Literal["filename", "content_type"]) -> str: ...
    @overload
    def __getitem__(self, name: Literal["body"]) -> bytes: ...
    @overload
    def __getitem__(self, name: str) -> str | bytes: ...
    def __getitem__(self, name: str) -> str | bytes:
        if name == "filename":
            return self.filename
        if name == "body":
            return self.body
        if name == "content_type":
            return self.content_type
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_FIELDS)

    def __len__(self) -> int:
        return len(_FIELDS)

    def __repr__(self) -> str:
        return (
            f"HTTPFile(filename={self.filename!a}, content_type={self.content_type!a}, "
            f"body=<{len(self.body)} bytes>)"
        )
