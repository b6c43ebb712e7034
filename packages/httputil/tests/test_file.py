"""HTTPFile: attributes that are dictionary keys, too."""

from __future__ import annotations

import pytest

from ostro.httputil import HTTPFile

FILE = HTTPFile(filename="a.txt", body=b"hello", content_type="text/plain")


def test_attributes_are_readable_as_keys() -> None:
    assert FILE["filename"] == FILE.filename == "a.txt"
    assert FILE["body"] == FILE.body == b"hello"
    assert FILE["content_type"] == FILE.content_type == "text/plain"
    assert FILE.get("missing") is None
    with pytest.raises(KeyError):
        FILE["missing"]


def test_a_file_is_a_mapping() -> None:
    assert dict(FILE) == {"filename": "a.txt", "body": b"hello", "content_type": "text/plain"}
    assert len(FILE) == 3
    assert HTTPFile(**FILE) == FILE  # type: ignore[arg-type]  # a mapping of mixed values


def test_repr_leaves_the_body_out_and_escapes_the_rest() -> None:
    file = HTTPFile("a\x1b\n.txt", b"secret", "text/plain")

    assert repr(file) == (
        "HTTPFile(filename='a\\x1b\\n.txt', content_type='text/plain', body=<6 bytes>)"
    )
