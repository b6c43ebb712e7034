"""multipart/form-data, well formed and hostile."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostro.httputil import BodyLimits, HTTPFile, HTTPInputError, parse_multipart_form_data

from .support import assert_linear, disposition, multipart

Form = tuple[dict[str, list[bytes]], dict[str, list[HTTPFile]]]


def parse(data: bytes, boundary: bytes = b"b0und", limits: BodyLimits | None = None) -> Form:
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[HTTPFile]] = {}
    parse_multipart_form_data(boundary, data, arguments, files, limits=limits or BodyLimits())
    return arguments, files


def refused(data: bytes, match: str, boundary: bytes = b"b0und") -> None:
    """Show that `data` is refused, and that nothing of it was taken."""
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[HTTPFile]] = {}

    with pytest.raises(HTTPInputError, match=match) as caught:
        parse_multipart_form_data(boundary, data, arguments, files)

    assert caught.value.status == 400
    assert (arguments, files) == ({}, {})


def file_named(parameters: str) -> str:
    body = multipart((disposition(f'name="f"; {parameters}'), b"x"))
    return parse(body)[1]["f"][0].filename


def test_fields_and_files_are_told_apart() -> None:
    body = multipart(
        (disposition('name="text"'), b"value"),
        (disposition('name="f"; filename="a.txt"', b"Content-Type: text/plain"), b"line\r\n"),
    )

    arguments, files = parse(body)

    assert arguments == {"text": [b"value"]}
    assert files == {"f": [HTTPFile("a.txt", b"line\r\n", "text/plain")]}


def test_repeated_names_keep_their_order_and_what_was_there() -> None:
    body = multipart((disposition('name="a"'), b"1"), (disposition('name="a"'), b"2"))
    arguments = {"a": [b"0"]}

    parse_multipart_form_data(b"b0und", body, arguments, {})

    assert arguments == {"a": [b"0", b"1", b"2"]}


def test_a_file_without_a_type_is_of_unknown_type() -> None:
    body = multipart((disposition('name="f"; filename="a"'), b""))

    assert parse(body)[1]["f"][0].content_type == "application/unknown"


def test_an_empty_file_name_is_a_plain_field() -> None:
    body = multipart((disposition('name="f"; filename=""', b"Content-Type: text/plain"), b""))

    assert parse(body) == ({"f": [b""]}, {})


def test_a_form_without_parts_is_empty() -> None:
    assert parse(b"--b0und--\r\n") == ({}, {})
    assert parse(b"--b0und--") == ({}, {})


def test_preamble_and_epilogue_are_ignored() -> None:
    body = multipart((disposition('name="a"'), b"1"))

    assert parse(b"preamble\r\n" + body + b"extra data\r\n--b0und\r\n--b0und--")[0] == {"a": [b"1"]}


def test_white_space_behind_a_delimiter_is_padding() -> None:
    body = multipart((disposition('name="a"'), b"1")).replace(b"--b0und\r\n", b"--b0und \t\r\n")

    assert parse(body)[0] == {"a": [b"1"]}


def test_a_line_that_begins_like_a_delimiter_is_content() -> None:
    content = b"\r\n--b0undary\r\n--b0un\r\n--b0und x\r\n--\r\n\r\n-b0und\r\n--b0und -"
    body = multipart((disposition('name="a"'), content))

    assert parse(body)[0] == {"a": [content]}


def test_a_quoted_boundary_is_unquoted() -> None:
    body = multipart((disposition('name="a"'), b"1"))

    assert parse(body, b'"b0und"')[0] == {"a": [b"1"]}


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ('filename="a;b.txt"', "a;b.txt"),
        (r'filename="a\"b.txt"', 'a"b.txt'),
        (r'filename="a\";\".txt"', 'a";".txt'),
        (r'filename="C:\dir\a.txt"', r"C:\dir\a.txt"),
        ("filename=a.txt", "a.txt"),
        ("filename=two words.txt", "two words.txt"),
        ('filename="áb.txt"', "áb.txt"),
        ('filename="a%22b"', "a%22b"),
        ("filename*=UTF-8''%E2%82%AC.txt", "€.txt"),
        ("filename=\"ascii.txt\"; filename*=UTF-8''na%C3%AFve.txt", "naïve.txt"),
        ("filename*=iso-8859-1'en'%A3; filename=\"x\"", "£"),
    ],
)
def test_file_names_with_special_characters_are_read(parameters: str, name: str) -> None:
    assert file_named(parameters) == name


def test_names_that_are_not_utf8_are_latin1() -> None:
    body = multipart((b'Content-Disposition: form-data; name="\xe9"', b"1"))

    assert parse(body)[0] == {"\xe9": [b"1"]}


@pytest.mark.parametrize(
    "parameters",
    ["filename*=UTF-8''%zz", "filename*=a", "filename*=UTF-7''a", "filename*=UTF-8''%FF"],
)
def test_a_malformed_extended_file_name_is_refused(parameters: str) -> None:
    refused(multipart((disposition(f'name="f"; {parameters}'), b"")), "extended value")


@pytest.mark.parametrize("escaped", ["%00", "%0D%0A", "%1F", "%7F"])
def test_an_extended_file_name_with_a_control_character_is_refused(escaped: str) -> None:
    body = multipart((disposition(f"name=f; filename*=UTF-8''a{escaped}"), b""))

    refused(body, "control character")


@pytest.mark.parametrize(
    ("head", "match"),
    [
        (b"Content-Type: text/plain", "0 Content-Dispositions"),
        (disposition('name="a"', disposition('name="b"')), "2 Content-Dispositions"),
        (b'Content-Disposition: attachment; name="a"', "not form-data"),
        (b"Content-Disposition: form-data", "not form-data with a name"),
        (b'Content-Disposition: form-data; filename="a"', "not form-data with a name"),
        (b'Content-Disposition: form-data; name="a', "malformed parameters"),
        (b'Content-Disposition: form-data; name="a"; name="b"', "comes twice"),
        (b'Content-Disposition : form-data; name="a"', "not a token"),
        (b'Content-Disposition: form-data;\r\n name="a"', "not a token|without a colon"),
        (disposition('name="a"', b"no colon"), "without a colon"),
        (disposition('name="a"', b"X: a\rb"), "control character"),
        (disposition('name="a"', b"X: a\nb"), "control character"),
        (disposition('name="a"', b"X: a\0b"), "control character"),
        (disposition('name="a\r"'), "control character"),
        (disposition('name="a"', b"\rX: a"), "not a token"),
    ],
)
def test_a_malformed_part_head_is_refused(head: bytes, match: str) -> None:
    refused(multipart((disposition('name="first"'), b"1"), (head, b"2")), match)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b0und",
        b"--b0und\r\n",
        b"b0und--",
        b"garbage",
        b"garbage--b0und--\r\n",
        b"\n--b0und--",
        b'--b0und\r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
        b'--b0und\r\nContent-Disposition: form-data; name="a"\r\n\r\n1--b0und--\r\n',
        b'--b0und\nContent-Disposition: form-data; name="a"\n\n1\n--b0und--\n',
        b'--b0und\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b0und-\r\n',
    ],
)
def test_a_body_without_its_closing_delimiter_is_refused(body: bytes) -> None:
    refused(body, "no closing delimiter")


@pytest.mark.parametrize(
    "body",
    [
        b"--b0und\r\n\r\n--b0und--\r\n",
        b"--b0und\r\n--b0und--\r\n",
        b'--b0und\r\nContent-Disposition: form-data; name="a"\r\n--b0und--\r\n',
        b'--b0und\r\nContent-Disposition: form-data; name="a"\r\n\r\n--b0und--\r\n',
    ],
)
def test_a_part_without_a_head_or_an_empty_line_is_refused(body: bytes) -> None:
    with pytest.raises(HTTPInputError):
        parse(body)


def test_every_truncation_of_a_body_is_refused() -> None:
    body = multipart((disposition('name="a"'), b"1"), (disposition('name="b"'), b"2"))
    complete = len(body) - len(b"\r\n")

    for length in range(complete):
        refused(body[:length], "multipart")
    assert parse(body[:complete]) == parse(body)


@pytest.mark.parametrize("boundary", [b"", b"a b", b"a=b?c", b"*", b"x" * 70])
def test_boundaries_up_to_the_limit_are_taken(boundary: bytes) -> None:
    body = multipart((disposition('name="a"'), b"1"), boundary=boundary)

    if boundary:
        assert parse(body, boundary)[0] == {"a": [b"1"]}
    else:
        refused(body, "boundary of 0 bytes", boundary)


@pytest.mark.parametrize("boundary", [b"x" * 71, b"a ", b"a\r\nb", b"\xe9", b"a\0", b'""'])
def test_other_boundaries_are_refused(boundary: bytes) -> None:
    refused(multipart(boundary=boundary), "multipart boundary", boundary)


def test_as_many_parts_as_allowed_are_taken() -> None:
    part = (disposition('name="a"'), b"1")

    assert len(parse(multipart(*[part] * 100))[0]["a"]) == 100
    refused(multipart(*[part] * 101), "more than 100 parts")
    assert parse(multipart(part, part), limits=BodyLimits(max_parts=2))[0] == {"a": [b"1", b"1"]}


def test_parts_are_counted_while_scanning() -> None:
    parts = multipart(*[(disposition('name="a"'), b"1")] * 101)
    opened = parts.replace(b"--b0und--", b"--b0und\r\n")

    assert_linear(lambda size: refused(opened + b"x" * size, "more than 100 parts"), 10_000_000)


def test_as_many_part_headers_as_allowed_are_taken() -> None:
    def body(count: int) -> bytes:
        more = [b"X-%d: x" % number for number in range(count - 1)]
        return multipart((disposition('name="a"', *more), b"1"))

    assert parse(body(16))[0] == {"a": [b"1"]}
    refused(body(17), "has 17 headers, expected no more than 16")
    with pytest.raises(HTTPInputError, match="expected no more than 1"):
        parse(body(2), limits=BodyLimits(max_part_headers=1))


def test_part_heads_up_to_the_size_limit_are_taken() -> None:
    head = disposition('name="a"', b"X: ")
    longest = head + b"x" * (8192 - len(head))

    assert parse(multipart((longest, b"1")))[0] == {"a": [b"1"]}
    refused(multipart((longest + b"x", b"1")), "over 8192 bytes")
    with pytest.raises(HTTPInputError, match="over 10 bytes"):
        parse(multipart((head, b"1")), limits=BodyLimits(max_part_head_bytes=10))


@pytest.mark.parametrize(
    "filler",
    [
        b"\r\n",
        b"--",
        b"\r\n--",
        b"\r\n--b0un",
        b"\r\n--b0und",
        b"\r\n--b0und ",
        b"-",
        b" ",
        b"\r",
        b"\r\n--b0und" + b" " * 1000,
    ],
)
@pytest.mark.parametrize("where", ["preamble", "head", "content", "epilogue"])
def test_hostile_fillers_take_linear_time(filler: bytes, where: str) -> None:
    head = disposition('name="a"')
    part = b"--b0und\r\n" + head + b"\r\n\r\n"

    def read(size: int) -> None:
        flood = filler * (size // len(filler))
        bodies = {
            "preamble": flood + b"\r\n" + multipart((head, b"1")),
            "head": b"--b0und\r\n" + flood + multipart((head, b"1")),
            "content": part + flood + b"\r\n--b0und--",
            "epilogue": multipart((head, b"1")) + flood,
        }
        try:
            parse(bodies[where])
        except HTTPInputError:
            return

    assert_linear(read, 2_000_000)


@pytest.mark.parametrize("filler", [b"\r\n--", b"\r\n" + b"-" * 71, b"-" * 72 + b"\r", b"\r\n-"])
def test_a_boundary_of_one_repeated_byte_takes_linear_time(filler: bytes) -> None:
    def read(size: int) -> None:
        body = b"x" + filler * (size // len(filler))
        refused(body, "no closing delimiter", b"-" * 70)

    assert_linear(read, 5_000_000)


CONTENTS = st.lists(st.sampled_from([b"\r\n", b"--", b"b0und", b"x", b"\0", b" "])).map(b"".join)
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8)


def quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


@settings(max_examples=150)
@given(st.lists(st.tuples(NAMES, st.one_of(st.none(), NAMES), CONTENTS), max_size=5))
def test_what_is_encoded_is_decoded(parts: list[tuple[str, str | None, bytes]]) -> None:
    boundary = b"an0ther"
    encoded = [
        (
            disposition(
                f'name="{quoted(name)}"' + (f'; filename="{quoted(file)}"' if file else "")
            ),
            content,
        )
        for name, file, content in parts
    ]

    arguments, files = parse(multipart(*encoded, boundary=boundary), boundary)

    fields = [(name, content) for name, file, content in parts if file is None]
    uploads = [(name, file, content) for name, file, content in parts if file is not None]
    for name, values in arguments.items():
        assert values == [content for other, content in fields if other == name]
    for name, uploaded in files.items():
        assert [(file.filename, file.body) for file in uploaded] == [
            (file, content) for other, file, content in uploads if other == name
        ]
    assert sum(map(len, arguments.values())) == len(fields)
    assert sum(map(len, files.values())) == len(uploads)


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [b"\r\n", b"--b0und", b"--", b"Content-Disposition: form-data; ", b"name=a", b"x", b" ",
             b"; filename=b", b":", b"\r\n\r\n"]
        ),
        max_size=25,
    ).map(b"".join)
)  # fmt: skip
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    try:
        arguments, files = parse(data)
    except HTTPInputError:
        return
    assert len(arguments) + len(files) <= 1
