"""What we read, h11 and httptools (llhttp) read the same; where they differ, a table says why."""

from __future__ import annotations

import string
from fnmatch import fnmatchcase
from typing import TypeAlias

import h11
import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostro.http1 import (
    Data,
    EndOfMessage,
    RemoteProtocolError,
    RequestHead,
    ResponseHead,
    ServerCodec,
)

from . import test_bodies, test_requests, test_responses
from .support import client

Message: TypeAlias = tuple[str, str, list[tuple[str, str]], str]
"""Method and target, or code and reason; the fields, names in lower case; the body."""


def text(data: bytes) -> str:
    return data.decode("latin-1")


def field(name: bytes, value: bytes) -> tuple[str, str]:
    if name.lower() == b"transfer-encoding":
        value = value.lower()  # as h11 has it
    return text(name).lower(), text(value.strip(b" \t"))


# Readers: the first complete message in `data`, or None where it is refused or not complete.


def read_ours(data: bytes, *, response: bool = False) -> Message | None:
    codec = client() if response else ServerCodec()
    codec.receive(data)
    head: RequestHead | ResponseHead | None = None
    body = b""
    try:
        while not isinstance(event := codec.next_event(), EndOfMessage):
            if isinstance(event, (RequestHead, ResponseHead)):
                head = event
            elif isinstance(event, Data):
                body += event.data
            else:
                return None
    except RemoteProtocolError:
        return None
    assert head is not None
    fields = [
        field(name.encode(), value.encode("latin-1")) for name, value in head.headers.get_all()
    ]
    if isinstance(head, RequestHead):
        return head.method, head.target, fields, text(body)
    return str(head.code), head.reason, fields, text(body)


def read_h11(data: bytes, *, response: bool = False) -> Message | None:
    connection = h11.Connection(h11.CLIENT if response else h11.SERVER)
    if response:
        connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
        connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    head: h11.Request | h11.Response | None = None
    body = b""
    try:
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if isinstance(event, (h11.Request, h11.Response)):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif not isinstance(event, h11.InformationalResponse):
                return None
    except h11.RemoteProtocolError:
        return None
    assert head is not None
    fields = [field(name, value) for name, value in head.headers]
    if isinstance(head, h11.Request):
        return text(head.method), text(head.target), fields, text(body)
    return str(head.status_code), text(head.reason), fields, text(body)


class _Collector:
    """The callbacks of httptools. A message of code 1xx is dropped when the next one begins."""

    def on_message_begin(self) -> None:
        self.start = b""
        self.fields: list[tuple[str, str]] = []
        self.trailers = False
        self.body = b""
        self.complete = False

    def on_url(self, data: bytes) -> None:
        self.start += data

    def on_status(self, data: bytes) -> None:
        self.start += data

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.trailers:
            self.fields.append(field(name, value))

    def on_headers_complete(self) -> None:
        self.trailers = True

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete = True


def read_httptools(data: bytes, *, response: bool = False) -> Message | None:
    collector = _Collector()
    parser: httptools.HttpRequestParser | httptools.HttpResponseParser
    parser = (httptools.HttpResponseParser if response else httptools.HttpRequestParser)(collector)
    try:
        parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        pass  # a CONNECT, or an upgrade: complete with its head
    except httptools.HttpParserError:
        return None
    if not collector.complete:
        return None
    if isinstance(parser, httptools.HttpRequestParser):
        first = text(parser.get_method())
    else:
        first = str(parser.get_status_code())
    return first, text(collector.start), collector.fields, text(collector.body)


READERS = {"h11": read_h11, "httptools": read_httptools}

GOOD_REQUESTS = test_requests.GOOD | {
    f"body_{name}": data for name, (data, _, _) in test_bodies.GOOD.items()
}
BAD_REQUESTS = {
    # A whole body, for those who take the coding for chunked.
    name: data + b"0\r\n\r\n" if "coding" in name else data
    for name, (data, _) in test_requests.BAD.items()
} | {
    f"chunk_{name}": test_bodies.CHUNKED + data + b"0\r\n\r\n"
    for name, (data, _) in test_bodies.BAD.items()
}

# What we accept and they refuse.

STRICTER: dict[str, dict[str, str]] = {
    "h11": {
        "empty_lines_before": "it counts the lines before a request line differently",
    },
    "httptools": {
        "any_method_token": "it knows a fixed list of methods",
        "method_in_lower_case": "it knows a fixed list of methods",
        "later_minor_version": "it knows 1.0 and 1.1; RFC 9110 section 2.5 has us accept more",
        "http_1_2": "the same, of a response",
        "equal_content_lengths": "RFC 9112 section 6.3 leaves the choice; some proxies send them",
        "equal_lengths": "the same, of a response",
        "body_trailers_that_look_like_framing": "it takes the trailer for a header field",
    },
}

# What they accept and we refuse: patterns of the names of vectors.

LAXER: dict[str, dict[str, str]] = {
    "h11": {
        "http_0_9": "it takes any version; a 0.9 request has no version at all",
        "http_[239]": "it takes any version; we answer 505",
        "http_2_preface": "it takes any version; we speak no HTTP/2",
        "fragment*": "it does not look into the target",
        "relative_target": "it does not look into the target",
        "dots": "it does not look into the target",
        "query_alone": "it does not look into the target",
        "authority_without_connect": "it does not look into the target",
        "scheme_without_authority": "it does not look into the target",
        "empty_authority": "it does not look into the target",
        "other_scheme": "it does not look into the target",
        "userinfo": "it does not look into the target",
        "bad_authority_port": "it does not look into the target",
        "asterisk_*": "it does not look into the target",
        "connect_with*": "it does not look into the target of a CONNECT, nor for a body",
        "escape_in_the_value": "it refuses NUL, CR, LF and a few more, not all controls",
        "del_in_the_value": "it refuses NUL, CR, LF and a few more, not all controls",
        "bare_lf_*": "it takes LF for a line end",
        "lf_lf_at_the_end": "it takes LF for a line end",
        "folded_*": "it unfolds lines",
        "line_of_white_space": "it unfolds lines",
        "no_host_in_a_later_minor_version": "it asks HTTP/1.1 only for a Host",
        "host_*": "it does not look into the Host field",
        "bad_host_*": "it does not look into the Host field",
        "length_of_20_digits": "it takes up to 20 digits",
        "length_as_a_list": "it takes a list of equal numbers",
        "coding_and_length": "it lets Transfer-Encoding win, as RFC 9112 permits",
        "length_and_coding": "it lets Transfer-Encoding win, as RFC 9112 permits",
        "coding_on_http_1_0": "it reads chunks from HTTP/1.0 clients",
        "*_expectation*": "it leaves expectations to its caller",
        "chunk_space_after": "it takes white space after the size",
        "chunk_tab_after": "it takes white space after the size",
        "chunk_seventeen_digits": "it takes up to 20 digits",
        "chunk_*_in_an_extension": "it does not look into extensions",
        "chunk_*_an_extension*": "it does not look into extensions",
        "chunk_*_extension_name": "it does not look into extensions",
        "chunk_*_extension_value": "it does not look into extensions",
        "chunk_two_semicolons": "it does not look into extensions",
        "chunk_*quote*": "it does not look into extensions",
        "chunk_trailer_with_lf_alone": "it takes LF for a line end",
        "chunk_trailer_folded": "it unfolds lines",
        "chunk_lf_alone_for_the_last_line": "it takes LF for a line end",
        # Of responses
        "bare_lf*": "it takes LF for a line end",
        "http_2": "it takes any version",
    },
    "httptools": {
        "two_spaces_*": "it skips spaces in the request line",
        "no_version": "it reads HTTP/0.9",
        "http_0_9": "it reads HTTP/0.9",
        "http_2": "it takes HTTP/2.0 in this form",
        "fragment*": "it takes fragments",
        "empty_authority": "it does not look into the target",
        "other_scheme": "it does not look into the target",
        "userinfo": "it does not look into the target",
        "bad_authority_port": "it does not look into the target",
        "asterisk_*": "it does not look into the target",
        "connect_with*": "it does not look into the target of a CONNECT, nor for a body",
        "bare_lf_at_the_start": "it skips any line ends before a request",
        "five_empty_lines": "it skips any line ends before a request",
        "no_host*": "it does not ask for a Host",
        "two_*hosts*": "it does not look for a second Host",
        "host_*": "it does not look into the Host field",
        "bad_host_*": "it does not look into the Host field",
        "length_of_20_digits": "it takes zeros without end",
        "*_expectation*": "it leaves expectations to its caller",
        "unknown_coding_before_chunked": "it reads chunks and leaves the codings to its caller",
        "coding_that_we_do_not_decode": "it reads chunks and leaves the codings to its caller",
        "coding_on_http_1_0": "it reads chunks from HTTP/1.0 clients",
        "chunk_seventeen_digits": "it takes zeros without end",
        "chunk_two_semicolons": "it takes an empty extension",
        "chunk_empty_extension_value": "it takes an empty extension value",
        # Of responses
        "code_below_100": "it takes any three digits",
        "reason_with_nul": "it takes any byte in a reason",
        "empty_line_before": "it skips any line ends before a response",
    },
}


def reasons(oracle: str, name: str) -> list[str]:
    return [reason for pattern, reason in LAXER[oracle].items() if fnmatchcase(name, pattern)]


@pytest.mark.parametrize("name", GOOD_REQUESTS)
@pytest.mark.parametrize("oracle", READERS)
def test_a_request_that_we_accept_they_read_the_same(oracle: str, name: str) -> None:
    theirs = READERS[oracle](GOOD_REQUESTS[name])

    if name in STRICTER[oracle]:
        assert theirs is None
    else:
        ours = read_ours(GOOD_REQUESTS[name])
        assert theirs is not None
        assert ours is not None
        assert ours[:2] == theirs[:2]
        assert sorted(ours[2]) == sorted(set(theirs[2])) or sorted(ours[2]) == sorted(theirs[2])
        assert ours[3] == theirs[3]


@pytest.mark.parametrize("name", test_responses.GOOD)
@pytest.mark.parametrize("oracle", READERS)
def test_a_response_that_we_accept_they_read_the_same(oracle: str, name: str) -> None:
    data = test_responses.GOOD[name]
    theirs = READERS[oracle](data, response=True)

    if name in STRICTER[oracle]:
        assert theirs is None
    else:
        ours = read_ours(data, response=True)
        assert theirs is not None
        assert ours is not None
        assert ours[0] == theirs[0]
        assert ours[1] == theirs[1].lstrip("\t ")
        assert ours[3] == theirs[3]


@pytest.mark.parametrize("name", BAD_REQUESTS)
@pytest.mark.parametrize("oracle", READERS)
def test_a_bad_request_that_they_accept_has_its_reason_here(oracle: str, name: str) -> None:
    assert read_ours(BAD_REQUESTS[name]) is None
    if READERS[oracle](BAD_REQUESTS[name]) is not None:
        assert reasons(oracle, name)


@pytest.mark.parametrize("name", test_responses.BAD)
@pytest.mark.parametrize("oracle", READERS)
def test_a_bad_response_that_they_accept_has_its_reason_here(oracle: str, name: str) -> None:
    assert read_ours(test_responses.BAD[name], response=True) is None
    if READERS[oracle](test_responses.BAD[name], response=True) is not None:
        assert reasons(oracle, name)


@pytest.mark.parametrize("oracle", READERS)
def test_no_reason_is_out_of_date(oracle: str) -> None:
    accepted = {name for name, data in BAD_REQUESTS.items() if READERS[oracle](data)} | {
        name for name, data in test_responses.BAD.items() if READERS[oracle](data, response=True)
    }

    unused = [
        pattern
        for pattern in LAXER[oracle]
        if not any(fnmatchcase(name, pattern) for name in accepted)
    ]

    assert unused == []


# Requests made at random

TOKEN = st.text(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=12)
TARGET = st.text(
    "".join(chr(code) for code in range(33, 127) if chr(code) != "#"), max_size=20
).map(lambda tail: "/" + tail)
VALUE = st.text("\t" + "".join(map(chr, [*range(32, 127), *range(128, 256)])), max_size=20)
FRAMING = {
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "expect",
    "upgrade",
    "proxy-connection",
}
FIELDS = st.lists(
    st.tuples(TOKEN.filter(lambda name: name.lower() not in FRAMING), VALUE), max_size=6
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "M-SEARCH"])


@st.composite
def random_requests(draw: st.DrawFn) -> bytes:
    lines = [f"{draw(METHODS)} {draw(TARGET)} HTTP/1.1", "Host: example.com"]
    lines += [f"{name}:{value}" for name, value in draw(FIELDS)]
    pieces = draw(st.lists(st.binary(min_size=1, max_size=20), max_size=4))
    if draw(st.booleans()):
        lines.append("Transfer-Encoding: chunked")
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    else:
        body = b"".join(pieces)
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@settings(max_examples=150, deadline=None)
@given(random_requests())
def test_a_random_request_reads_the_same_for_all(data: bytes) -> None:
    ours = read_ours(data)
    assert ours is not None

    for oracle in READERS.values():
        theirs = oracle(data)
        assert theirs is not None
        assert (ours[0], ours[1], ours[3]) == (theirs[0], theirs[1], theirs[3])
        assert sorted(ours[2]) == sorted(theirs[2])


@settings(max_examples=400, deadline=None)
@given(
    data=random_requests(),
    position=st.floats(0, 1, exclude_max=True),
    replacement=st.sampled_from([b"", *(bytes([octet]) for octet in range(256)), b"\r\n", b"0"]),
)
def test_a_damaged_request_that_several_accept_reads_the_same_for_all(
    data: bytes, position: float, replacement: bytes
) -> None:
    index = int(position * len(data))
    damaged = data[:index] + replacement + data[index + 1 :]
    ours = read_ours(damaged)
    if ours is None:
        return

    for oracle in READERS.values():
        theirs = oracle(damaged)
        if theirs is not None:
            assert (ours[0], ours[1], ours[3]) == (theirs[0], theirs[1], theirs[3])
            assert sorted(ours[2]) == sorted(theirs[2])
