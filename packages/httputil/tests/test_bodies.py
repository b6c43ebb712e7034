"""Form bodies by content type, and urlencoded ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.httputil import (
    BodyLimits,
    HTTPFile,
    HTTPHeaders,
    HTTPInputError,
    parse_body_arguments,
    parse_urlencoded,
    qs_to_qsl,
)

from .support import assert_linear, disposition, multipart

FORM = "application/x-www-form-urlencoded"
MULTIPART = multipart((disposition('name="a"'), b"1"), (disposition("name=f; filename=n"), b"2"))


def parse(
    content_type: str, body: bytes, headers: HTTPHeaders | None = None
) -> tuple[dict[str, list[bytes]], dict[str, list[HTTPFile]]]:
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[HTTPFile]] = {}
    parse_body_arguments(content_type, body, arguments, files, headers)
    return arguments, files


@pytest.mark.parametrize(
    "content_type", [FORM, FORM.upper(), f"{FORM}; charset=UTF-8", f" {FORM} ;", f"{FORM};garbage"]
)
def test_an_urlencoded_form_is_parsed(content_type: str) -> None:
    assert parse(content_type, b"a=1&b=2&a=3") == ({"a": [b"1", b"3"], "b": [b"2"]}, {})


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=b0und",
        'Multipart/Form-Data; charset=utf-8; Boundary="b0und"',
        "multipart/form-data;boundary=b0und;",
    ],
)
def test_a_multipart_form_is_parsed(content_type: str) -> None:
    arguments, files = parse(content_type, MULTIPART)

    assert arguments == {"a": [b"1"]}
    assert files["f"][0].body == b"2"


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "multipart/mixed; boundary=b0und", FORM + "x", "text/plain; a", '"'],
)
def test_a_body_that_is_no_form_is_left_alone(content_type: str) -> None:
    compressed = HTTPHeaders({"Content-Encoding": "gzip"})

    assert parse(content_type, b"a=1", compressed) == ({}, {})


@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data"])
def test_an_empty_body_is_an_empty_form(content_type: str) -> None:
    assert parse(content_type, b"") == ({}, {})


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary=""',
     'multipart/form-data; boundary="b0und', "multipart/form-data; boundary=é",
     "multipart/form-data; boundary=a; boundary=b0und"],
)  # fmt: skip
def test_a_multipart_form_without_a_good_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(HTTPInputError):
        parse(content_type, MULTIPART)


@pytest.mark.parametrize(
    ("content_type", "body"), [(FORM, b"a=1"), ("multipart/form-data; boundary=b0und", MULTIPART)]
)
def test_a_form_that_is_still_compressed_is_refused_with_415(
    content_type: str, body: bytes
) -> None:
    with pytest.raises(HTTPInputError, match="content coding 'gzip'") as caught:
        parse(content_type, body, HTTPHeaders({"Content-Encoding": "gzip"}))

    assert caught.value.status == 415
    assert parse(content_type, body, HTTPHeaders({"Content-Encoding": "Identity"}))[0]
    assert parse(content_type, body, HTTPHeaders())[0]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"a=b;c=d", {"a": [b"b;c=d"]}),
        (b"a=1+2%203%2B", {"a": [b"1 2 3+"]}),
        (b"a", {"a": [b""]}),
        (b"a=", {"a": [b""]}),
        (b"=b", {"": [b"b"]}),
        (b"&&a=1&", {"a": [b"1"]}),
        (b"a=%zz%4%", {"a": [b"%zz%4%"]}),
        (b"a=\xff%ff", {"a": [b"\xff\xff"]}),
        (b"%C3%A9=1&%E9=2", {"é": [b"1", b"2"]}),
        (b"a=b=c", {"a": [b"b=c"]}),
    ],
)
def test_fields_are_separated_and_unquoted(body: bytes, expected: dict[str, list[bytes]]) -> None:
    arguments: dict[str, list[bytes]] = {}

    parse_urlencoded(body, arguments)

    assert arguments == expected


def test_fields_are_added_to_those_that_are_there() -> None:
    arguments = {"a": [b"0"]}

    parse_urlencoded(b"a=1&b=2", arguments)

    assert arguments == {"a": [b"0", b"1"], "b": [b"2"]}


def test_as_many_fields_as_allowed_are_taken() -> None:
    arguments: dict[str, list[bytes]] = {}

    parse_urlencoded(b"a&" * 999 + b"a", arguments)
    assert len(arguments["a"]) == 1000
    with pytest.raises(HTTPInputError, match="1001 form fields, expected no more than 1000"):
        parse_urlencoded(b"a&" * 1000 + b"a", arguments)
    assert len(arguments["a"]) == 1000
    parse_urlencoded(b"a&" * 1000 + b"a", arguments, max_fields=None)
    assert len(arguments["a"]) == 2001


def test_the_limit_on_fields_is_a_setting() -> None:
    with pytest.raises(HTTPInputError, match="expected no more than 1"):
        parse_body_arguments(FORM, b"a&b", {}, {}, limits=BodyLimits(max_fields=1))


@pytest.mark.parametrize("piece", [b"&", b"%", b"+", b"%41", b"=", b"a=%4&"])
def test_hostile_forms_take_linear_time(piece: bytes) -> None:
    assert_linear(lambda size: parse_urlencoded(piece * size, {}, max_fields=None), 200_000)


@given(st.dictionaries(st.text(max_size=3), st.lists(st.binary(max_size=3), max_size=3)))
def test_qs_to_qsl_has_a_pair_for_each_value(qs: dict[str, list[bytes]]) -> None:
    pairs = list(qs_to_qsl(qs))

    assert len(pairs) == sum(map(len, qs.values()))
    assert all(value in qs[name] for name, value in pairs)
