"""multipart/form-data that comes piece by piece: what the parser of whole bodies finds, and how."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostro.httputil import (
    PART_END,
    BodyLimits,
    HTTPFile,
    HTTPHeaders,
    HTTPInputError,
    MultipartEvent,
    MultipartParser,
    PartHead,
    multipart_parser,
    parse_multipart_form_data,
)

from .support import assert_linear, disposition, multipart

Form = tuple[dict[str, list[bytes]], dict[str, list[HTTPFile]]]

HEAD = disposition('name="a"') + b"\r\n\r\n"

GOOD = {
    "one field": multipart((disposition('name="a"'), b"1")),
    "fields and files": multipart(
        (disposition('name="a"'), b"1"),
        (disposition('name="f"; filename="x"', b"Content-Type: text/plain"), b"line\r\n\r\n--b0un"),
        (disposition("name=\"f\"; filename*=UTF-8''%C3%BC"), b""),
    ),
    "preamble and epilogue": b"hello\r\n" + multipart((disposition('name="a"'), b"1")) + b"bye",
    "preamble like a delimiter": b"--b0undary\r\n" + multipart((disposition('name="a"'), b"1")),
    "no parts": b"--b0und--\r\n",
    "padding": b"--b0und \t \r\n" + HEAD + b"1\r\n--b0und--",
    "most padding": b"--b0und" + b" " * 64 + b"\r\n" + HEAD + b"1\r\n--b0und--",
    "content like delimiters": multipart(
        (disposition('name="a"'), b"\r\n--b0und\r\r\n--b0und- \r\n--b0und" + b" " * 65 + b"\r\n")
    ),
}
BAD = {
    "nothing": b"",
    "no delimiter": b"hello",
    "no closing delimiter": multipart((disposition('name="a"'), b"1"))[:-6],
    "no head": b"--b0und\r\n\r\n--b0und--\r\n",
    "no head, no lines": b"--b0und\r\n--b0und--\r\n",
    "head without an end": b"--b0und\r\n" + disposition('name="a"') + b"\r\n--b0und--\r\n",
    "head right before a delimiter": b"--b0und\r\n" + HEAD + b"--b0und--\r\n",
    "delimiter in a head": b"--b0und\r\nA: b\r\n--b0und\r\n\r\n1\r\n--b0und--\r\n",
    "closing delimiter in a head": b"--b0und\r\nA: b\r\n--b0und--: c\r\n\r\n1\r\n--b0und--\r\n",
    "no name": multipart((b"Content-Disposition: form-data", b"1")),
    "bare CR in a head": multipart((b"Content-Disposition: form-data; name=\ra", b"1")),
    "bare LF": b"--b0und\nContent-Disposition: form-data; name=a\n\n1\n--b0und--\n",
    "head too long": multipart((disposition('name="a"', b"A: " + b"x" * 8192), b"1")),
    "too many parts": multipart(*[(disposition('name="a"'), b"1")] * 101),
    "too many headers": multipart((disposition('name="a"', *[b"A: b"] * 16), b"1")),
}


def parse(pieces: list[bytes], limits: BodyLimits | None = None) -> Form:
    """Parse a body in pieces, and put together what the parser returns."""
    parser = MultipartParser(b"b0und", limits=limits or BodyLimits())
    events = [event for piece in pieces for event in parser.feed(piece)]
    parser.finish()
    return form_of(events)


def form_of(events: list[MultipartEvent]) -> Form:
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[HTTPFile]] = {}
    head: PartHead | None = None
    content = b""
    for event in events:
        if isinstance(event, PartHead):
            assert head is None
            head, content = event, b""
        elif isinstance(event, bytes):
            assert event
            assert head is not None
            content += event
        else:
            assert head is not None
            if head.filename:
                file = HTTPFile(head.filename, content, head.content_type)
                files.setdefault(head.name, []).append(file)
            else:
                arguments.setdefault(head.name, []).append(content)
            head = None
    assert head is None
    return arguments, files


def whole(data: bytes) -> Form | None:
    """Return what the parser of whole bodies finds, None if it refuses."""
    arguments: dict[str, list[bytes]] = {}
    files: dict[str, list[HTTPFile]] = {}
    try:
        parse_multipart_form_data(b"b0und", data, arguments, files)
    except HTTPInputError:
        return None
    return arguments, files


def streamed(pieces: list[bytes]) -> Form | None:
    try:
        return parse(pieces)
    except HTTPInputError:
        return None


def splits(data: bytes) -> list[list[bytes]]:
    """Return `data` whole, byte by byte, and in two pieces, split everywhere."""
    by_byte = [data[i : i + 1] for i in range(len(data))]
    return [[data], by_byte, *([data[:i], data[i:]] for i in range(len(data) + 1))]


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_a_body_is_parsed_alike_however_it_is_split(data: bytes) -> None:
    expected = whole(data)
    assert expected is not None

    for pieces in splits(data):
        assert parse(pieces) == expected


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_a_malformed_body_is_refused_however_it_is_split(data: bytes) -> None:
    assert whole(data) is None

    for pieces in splits(data[:400]) if len(data) < 400 else [[data], [data[:50], data[50:]]]:
        assert streamed(pieces) is None


_fragments = st.sampled_from(
    [
        *(b"--b0und", b"\r\n", b"\r", b"\n", b"--", b"-", b" ", b"\t", b"b0und", b"x", b": "),
        *(b"\r\n--b0und\r\n", b"\r\n--b0und--", b"--b0und\r\n", b" " * 63, b"\r\n\r\n"),
        HEAD,
        disposition('name="f"; filename="x"') + b"\r\n\r\n",
    ]
)


@settings(max_examples=400)
@given(st.lists(_fragments, max_size=12).map(b"".join), st.data())
def test_both_parsers_find_the_same(data: bytes, draw: st.DataObject) -> None:
    for start in (data, b"--b0und\r\n" + HEAD + data + b"\r\n--b0und--"):
        cuts = sorted(draw.draw(st.lists(st.integers(0, len(start)), max_size=4)))
        pieces = [start[i:j] for i, j in zip([0, *cuts], [*cuts, len(start)], strict=True)]

        assert streamed(pieces) == whole(start)


def test_content_is_returned_as_soon_as_it_can_be_no_delimiter() -> None:
    parser = MultipartParser(b"b0und")
    head, first = parser.feed(b"--b0und\r\n" + HEAD + b"abc\r\n--b0")

    assert isinstance(head, PartHead)
    assert (head.name, first) == ("a", b"abc")
    assert parser.feed(b"und") == []
    assert parser.feed(b"x") == [b"\r\n--b0undx"]
    assert parser.feed(b"more") == [b"more"]
    assert parser.feed(b"\r\n--b0und--") == [PART_END]
    assert parser.feed(b"epilogue") == []
    assert repr(PART_END) == "PART_END"


def test_limits_are_kept_on_both_sides() -> None:
    parts = [(disposition('name="a"', b"B: c"), b"1")] * 3
    body = multipart(*parts)
    size = len(parts[0][0])
    good = BodyLimits(max_parts=3, max_part_headers=2, max_part_head_bytes=size)

    assert parse([body], good) == ({"a": [b"1"] * 3}, {})
    for limits, message in (
        (BodyLimits(max_parts=2), "more than 2 parts"),
        (BodyLimits(max_part_headers=1), "has 2 headers, expected no more than 1"),
        (BodyLimits(max_part_head_bytes=size - 1), f"over {size - 1} bytes"),
    ):
        with pytest.raises(HTTPInputError, match=message):
            parse([body], limits)


@pytest.mark.parametrize("boundary", [b"", b"x" * 71, b"a\x00b", b"ends with a blank "])
def test_a_malformed_boundary_is_refused(boundary: bytes) -> None:
    with pytest.raises(HTTPInputError, match="boundary"):
        MultipartParser(boundary)


@pytest.mark.parametrize(
    "filling",
    [b"x", b"\r", b"\r\n", b"\r\n-", b"\r\n--b0und.", b"\r\n--b0und .", b"\r\n--b0und\r", b" "],
)
def test_hostile_content_costs_linear_time_and_no_memory(filling: bytes) -> None:
    def feed(size: int, piece: int) -> None:
        parser = MultipartParser(b"b0und")
        parser.feed(b"--b0und\r\n" + HEAD)
        data = filling * (size // len(filling))
        for start in range(0, len(data), piece):
            parser.feed(data[start : start + piece])

    assert_linear(lambda size: feed(size, 65536), 4 << 20)
    assert_linear(lambda size: feed(size, 1), 1 << 16)

    tracemalloc.start()
    feed(1 << 20, 65536)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 << 19  # one mebibyte of it is the body itself


def test_a_head_that_is_dripped_costs_little() -> None:
    def drip(size: int) -> None:
        part = disposition('name="a"', b"A: " + b"x" * size) + b"\r\n\r\n1\r\n--b0und\r\n"
        parser = MultipartParser(b"b0und", limits=BodyLimits(max_parts=1000))
        parser.feed(b"--b0und\r\n")
        for i in range(len(part) * 4):
            parser.feed(part[i % len(part) : i % len(part) + 1])

    assert_linear(drip, 8000)


# Which requests have such a body


def test_the_parser_of_a_request_is_made_from_its_headers() -> None:
    headers = HTTPHeaders({"Content-Type": 'Multipart/Form-Data; charset=x; boundary="b0und"'})

    parser = multipart_parser(headers)

    assert parser is not None
    assert form_of(parser.feed(GOOD["one field"])) == ({"a": [b"1"]}, {})


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/mixed; boundary=b"])
def test_other_bodies_have_no_parser(content_type: str) -> None:
    assert multipart_parser(HTTPHeaders({"Content-Type": content_type})) is None
    assert multipart_parser(HTTPHeaders()) is None


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Content-Type": "multipart/form-data"}, 400),
        ({"Content-Type": "multipart/form-data; boundary="}, 400),
        ({"Content-Type": "multipart/form-data; boundary=b", "Content-Encoding": "gzip"}, 415),
    ],
)
def test_a_body_that_cannot_be_parsed_is_refused_by_its_headers(
    fields: dict[str, str], status: int
) -> None:
    with pytest.raises(HTTPInputError) as caught:
        multipart_parser(HTTPHeaders(fields))

    assert caught.value.status == status
