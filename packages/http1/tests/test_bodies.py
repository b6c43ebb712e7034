"""Bodies as they are received, of requests; what a response adds to that is in test_responses."""

from __future__ import annotations

import pytest

from ostro.http1 import (
    NEED_DATA,
    Data,
    EndOfMessage,
    IncompleteMessage,
    Limits,
    RemoteProtocolError,
    ServerCodec,
)

from .support import cuts, fields, received, requests, run

COUNTED = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
HOSTS = [("Host", "a")]

Pairs = list[tuple[str, str]]

GOOD: dict[str, tuple[bytes, bytes, Pairs | None]] = {
    "counted": (COUNTED % 5 + b"hello", b"hello", None),
    "counted_zero": (COUNTED % 0, b"", None),
    "counted_with_leading_zeros": (
        (COUNTED % 5).replace(b": 5", b": 0005") + b"hello",
        b"hello",
        None,
    ),
    "counted_looks_like_a_request": (COUNTED % len(NEXT) + NEXT, NEXT, None),
    "chunked": (CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", b"hello", None),
    "chunked_empty": (CHUNKED + b"0\r\n\r\n", b"", None),
    "several_chunks": (CHUNKED + b"1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", b"abcdef", None),
    "hexadecimal_both_cases": (
        CHUNKED + b"a\r\n0123456789\r\nB\r\n01234567890\r\n0\r\n\r\n",
        b"012345678901234567890",
        None,
    ),
    "sixteen_digits": (CHUNKED + b"0000000000000001\r\na\r\n0000000000000000\r\n\r\n", b"a", None),
    "data_with_line_ends": (CHUNKED + b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n", None),
    "extension_name": (CHUNKED + b"1;a\r\nx\r\n0;b\r\n\r\n", b"x", None),
    "extension_value": (CHUNKED + b"1;a=b;c=d\r\nx\r\n0\r\n\r\n", b"x", None),
    "extension_quoted": (CHUNKED + b'1;a="b\\"; \\\\\t\xff"\r\nx\r\n0\r\n\r\n', b"x", None),
    "trailer": (CHUNKED + b"1\r\nx\r\n0\r\nSum: 1\r\n\r\n", b"x", [("Sum", "1")]),
    "trailers": (
        CHUNKED + b"0\r\nA: 1\r\nb:2 \r\nA: 3\r\n\r\n",
        b"",
        [("A", "1"), ("A", "3"), ("B", "2")],
    ),
    "trailers_that_look_like_framing": (
        CHUNKED + b"0\r\nContent-Length: 5\r\nHost: b\r\n\r\n",
        b"",
        [("Content-Length", "5"), ("Host", "b")],
    ),
    "coding_in_upper_case": (
        CHUNKED.replace(b"chunked", b"CHUNKED") + b"1\r\nx\r\n0\r\n\r\n",
        b"x",
        None,
    ),
    "get_with_a_body": (COUNTED.replace(b"POST", b"GET") % 1 + b"x", b"x", None),
}


@pytest.mark.parametrize(("data", "body", "trailers"), GOOD.values(), ids=GOOD)
def test_a_body_is_the_same_however_it_is_cut(
    data: bytes, body: bytes, trailers: Pairs | None
) -> None:
    for pieces in cuts(data):
        seen = requests(pieces)

        assert seen[-1] == ("end", trailers)
        assert seen[1:-1] == ([("data", body)] if body else [])


@pytest.mark.parametrize(("data", "body", "trailers"), GOOD.values(), ids=GOOD)
def test_what_follows_a_body_is_the_next_request(
    data: bytes, body: bytes, trailers: Pairs | None
) -> None:
    assert requests([data + NEXT + data]) == requests([data]) + requests([NEXT]) + requests([data])


BAD = {
    "plus": (b"+1\r\nx\r\n", 400),
    "minus": (b"-1\r\nx\r\n", 400),
    "prefix": (b"0x1\r\nx\r\n", 400),
    "underscore": (b"1_0\r\nx\r\n", 400),
    "space_before": (b" 1\r\nx\r\n", 400),
    "space_after": (b"1 \r\nx\r\n", 400),
    "tab_after": (b"1\t\r\nx\r\n", 400),
    "space_before_an_extension": (b"1 ;a\r\nx\r\n", 400),
    "space_in_an_extension": (b"1; a\r\nx\r\n", 400),
    "space_before_an_extension_value": (b"1;a= b\r\nx\r\n", 400),
    "space_after_an_extension": (b"1;a \r\nx\r\n", 400),
    "empty_size": (b"\r\nx\r\n", 400),
    "extension_without_size": (b";a\r\nx\r\n", 400),
    "no_hexadecimal": (b"g\r\nx\r\n", 400),
    "unicode_digit": (b"\xb2\r\nx\r\n", 400),
    "seventeen_digits": (b"00000000000000001\r\nx\r\n", 400),
    "lf_alone_after_the_size": (b"1\nx\r\n", 400),
    "lf_alone_after_an_extension": (b"1;a\nx\r\n", 400),
    "cr_alone_after_the_size": (b"1\rx\r\n", 400),
    "cr_in_an_extension": (b"1;a\rb\r\nx\r\n", 400),
    "nul_in_an_extension": (b"1;a\x00b\r\nx\r\n", 400),
    "empty_extension_name": (b"1;\r\nx\r\n", 400),
    "two_semicolons": (b"1;;a\r\nx\r\n", 400),
    "empty_extension_value": (b"1;a=\r\nx\r\n", 400),
    "unbalanced_quote": (b'1;a="b\r\nx\r\n', 400),
    "quote_inside_a_token": (b'1;a=b"c\r\nx\r\n', 400),
    "garbage_after_a_quote": (b'1;a="b"c\r\nx\r\n', 400),
    "escaped_last_quote": (b'1;a="b\\"\r\nx\r\n', 400),
    "line_end_in_a_quoted_value": (b'1;a="\r\n"\r\nx\r\n', 400),
    "data_too_long": (b"1\r\nxy\r\n", 400),
    "lf_alone_after_the_data": (b"1\r\nx\n0\r\n\r\n", 400),
    "cr_alone_after_the_data": (b"1\r\nx\r0\r\n\r\n", 400),
    "nothing_after_the_data": (b"1\r\nx0\r\n\r\n", 400),
    "size_over_the_limit": (b"ffffffffffffffff\r\n", 413),
    "trailer_without_colon": (b"0\r\nA\r\n\r\n", 400),
    "trailer_with_space_before_colon": (b"0\r\nA : b\r\n\r\n", 400),
    "trailer_with_control_byte": (b"0\r\nA: \x00\r\n\r\n", 400),
    "trailer_with_lf_alone": (b"0\r\nA: b\n\r\n\r\n", 400),
    "trailer_folded": (b"0\r\nA: b\r\n c\r\n\r\n", 400),
    "trailer_with_a_leading_space": (b"0\r\n A: b\r\n\r\n", 400),
    "request_for_a_trailer": (b"0\r\n" + NEXT, 400),
    "lf_alone_for_the_last_line": (b"0\r\n\n", 400),
}


@pytest.mark.parametrize(("chunks", "status"), BAD.values(), ids=BAD)
def test_a_bad_chunk_is_refused_however_it_is_cut(chunks: bytes, status: int) -> None:
    for pieces in cuts(chunks):
        seen = requests([CHUNKED, *pieces])

        assert seen[-1] == ("error", status)
        assert ("end", None) not in seen


@pytest.mark.parametrize(("chunks", "status"), BAD.values(), ids=BAD)
def test_nothing_after_a_bad_chunk_is_processed(chunks: bytes, status: int) -> None:
    assert requests([CHUNKED + b"1\r\na\r\n" + chunks + NEXT])[1:] == [("error", status)]


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        (b"g\r\n", "chunk size is 'g', expected hexadecimal digits"),
        (b"z", "chunk size is 'z', expected hexadecimal digits"),
        (b"0" * 17 + b"\r\n", "chunk size of 17 characters, expected no more than 16"),
        (b'1;a="\r\n', "malformed chunk extension in '1;a=\"'"),
        (b"1\r\nxyz", "chunk data longer than its chunk size"),
        (b"0\r\nx\r\n\r\n", "without a colon: 'x'"),
    ],
)
def test_an_error_names_what_is_wrong(chunks: bytes, message: str) -> None:
    codec = ServerCodec()
    received(codec, CHUNKED)
    codec.receive(chunks)

    with pytest.raises(RemoteProtocolError) as caught:
        codec.next_event()

    assert message in str(caught.value)


@pytest.mark.parametrize("size", range(5))
def test_the_end_of_input_in_a_counted_body_is_an_incomplete_message(size: int) -> None:
    codec = ServerCodec()
    received(codec, COUNTED % 5 + b"hello"[:size])
    if size:
        assert isinstance(codec.next_event(), Data)
    assert codec.next_event() is NEED_DATA
    codec.receive(b"")

    with pytest.raises(IncompleteMessage, match=f"after {size} of 5 bytes"):
        codec.next_event()


BODY = b"5;x\r\nhello\r\n0\r\nA: b\r\n\r\n"


@pytest.mark.parametrize("size", range(len(BODY)))
def test_the_end_of_input_in_a_chunked_body_is_an_incomplete_message(size: int) -> None:
    seen = requests([CHUNKED, BODY[:size]], eof=True)

    assert seen[-1] == ("error", 400)


def test_a_body_after_the_end_of_input_is_still_complete() -> None:
    for pieces in ([CHUNKED + BODY], [CHUNKED, BODY]):
        assert requests(pieces, eof=True)[-1] == ("end", [("A", "b")])


def test_bytes_of_a_counted_body_are_not_copied() -> None:
    codec = ServerCodec()
    received(codec, COUNTED % 200000)
    data = b"x" * 100000
    codec.receive(data)
    event = codec.next_event()

    assert isinstance(event, Data)
    assert event.data is data
    assert repr(event) == "Data(<100000 bytes>)"


def test_data_is_bytes_whatever_it_was_gathered_in() -> None:
    codec = ServerCodec()
    codec.receive(CHUNKED[:10])
    codec.receive(CHUNKED[10:] + b"5\r\nhel")
    codec.next_event()
    codec.receive(b"lo")
    event = codec.next_event()

    assert isinstance(event, Data)
    assert type(event.data) is bytes
    assert event.data == b"hello"


def test_chunks_that_came_together_are_reported_together() -> None:
    codec = ServerCodec()
    received(codec, CHUNKED)
    codec.receive(b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n")
    event = codec.next_event()

    assert isinstance(event, Data)
    assert event.data == b"x" * 1000
    assert isinstance(codec.next_event(), EndOfMessage)


def test_data_that_is_gathered_from_chunks_is_bounded() -> None:
    codec = ServerCodec()
    received(codec, CHUNKED)
    codec.receive(b"400\r\n" + b"x" * 1024 + b"\r\n")
    codec.receive((b"400\r\n" + b"x" * 1024 + b"\r\n") * 199 + b"0\r\n\r\n")
    sizes = []
    while isinstance(event := codec.next_event(), Data):
        sizes.append(len(event.data))

    assert max(sizes) == 65536
    assert sum(sizes) == 200 * 1024


def test_chunks_that_are_gathered_are_bounded() -> None:
    codec = ServerCodec()
    received(codec, CHUNKED)
    codec.receive(b"1;a\r\nx\r\n" * 5000 + b"1\r\nx\r\n" * 5000)
    sizes = []
    while isinstance(event := codec.next_event(), Data):
        sizes.append(len(event.data))

    assert sum(sizes) == 10_000
    assert len(sizes) == 3


def test_received_bytes_are_counted() -> None:
    codec = ServerCodec()
    assert codec.body_bytes_received == 0
    received(codec, CHUNKED)
    assert codec.body_bytes_received == 0
    codec.receive(b"3\r\nabc\r\n2\r\nd")
    codec.next_event()

    assert codec.body_bytes_received == 4


def test_what_is_missing_of_a_counted_body_is_known() -> None:
    codec = ServerCodec()
    assert codec.body_bytes_missing == 0
    received(codec, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
    assert codec.body_bytes_missing == 5
    codec.receive(b"ab")
    assert codec.body_bytes_missing == 3
    codec.next_event()
    assert codec.body_bytes_missing == 3
    codec.receive(b"cdeGET")
    assert codec.body_bytes_missing == 0


def test_what_is_missing_of_a_chunked_body_is_known_when_it_is_over() -> None:
    codec = ServerCodec()
    received(codec, CHUNKED)
    assert codec.body_bytes_missing is None
    codec.receive(b"2\r\nab\r\n0\r\n\r\n")
    codec.next_event()

    assert codec.body_bytes_missing == 0


def test_trailers_are_headers_of_their_own() -> None:
    codec = ServerCodec()
    head = received(codec, CHUNKED + b"0\r\nX: 1\r\n\r\n")
    end = codec.next_event()

    assert isinstance(end, EndOfMessage)
    assert fields(end.trailers) == [("X", "1")]
    assert "X" not in head.headers
    assert repr(end) == "EndOfMessage(HTTPHeaders([('X', '1')]))"


# The limit of a body


@pytest.mark.parametrize("limit", [4, 5])
def test_a_counted_body_over_the_limit_is_refused_before_a_byte_of_it(limit: int) -> None:
    seen = run(ServerCodec(Limits(max_body_bytes=limit)), [COUNTED % 5 + b"hello"])

    assert seen[1:] == ([("data", b"hello"), ("end", None)] if limit == 5 else [("error", 413)])


@pytest.mark.parametrize("limit", [4, 5])
def test_a_chunked_body_over_the_limit_is_refused(limit: int) -> None:
    data = CHUNKED + b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
    for pieces in cuts(data):
        seen = run(ServerCodec(Limits(max_body_bytes=limit)), pieces)

        assert seen[-1] == (("end", None) if limit == 5 else ("error", 413))


def test_a_chunk_over_the_limit_is_refused_before_its_data() -> None:
    codec = ServerCodec(Limits(max_body_bytes=5))
    received(codec, CHUNKED + b"6\r\n")

    with pytest.raises(RemoteProtocolError, match="body of 6 bytes, expected no more than 5") as e:
        codec.next_event()

    assert e.value.status == 413


@pytest.mark.parametrize("head", [COUNTED % 5, CHUNKED + b"5\r\n"])
@pytest.mark.parametrize("limit", [4, 5])
def test_the_limit_can_be_set_for_one_message(head: bytes, limit: int) -> None:
    for default in (0, 9):
        codec = ServerCodec(Limits(max_body_bytes=default))
        received(codec, head)
        codec.set_max_body(limit)
        codec.receive(b"hello")
        if limit == 5:
            assert isinstance(codec.next_event(), Data)
        else:
            with pytest.raises(RemoteProtocolError, match="expected no more than 4"):
                codec.next_event()


def test_the_limit_of_one_message_is_not_that_of_the_next() -> None:
    codec = ServerCodec(Limits(max_body_bytes=3))
    received(codec, COUNTED % 5 + b"hello" + COUNTED % 4)
    codec.set_max_body(5)

    assert run(codec, [b"more"])[:2] == [("data", b"hello"), ("end", None)]
    with pytest.raises(RemoteProtocolError, match="body of 4 bytes"):
        codec.next_event()


def test_a_limit_that_is_lowered_in_the_middle_holds_from_then_on() -> None:
    codec = ServerCodec()
    received(codec, CHUNKED + b"3\r\nabc\r\n")
    assert isinstance(codec.next_event(), Data)
    codec.set_max_body(2)

    with pytest.raises(RemoteProtocolError, match="body of 3 bytes, expected no more than 2"):
        codec.next_event()


def test_a_limit_may_be_set_for_a_request_without_a_body() -> None:
    codec = ServerCodec()
    received(codec, NEXT)
    codec.set_max_body(0)

    assert isinstance(codec.next_event(), EndOfMessage)
