"""HTTPHeaders: one value or several for each name, without regard to case."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostro.httputil import HTTPHeaders, HTTPInputError

from .support import assert_linear

NAMES = st.text("abcXYZ019-!#$%&'*+.^_`|~", min_size=1, max_size=12)
VALUES = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=12)
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=12)


def repeated_headers() -> HTTPHeaders:
    headers = HTTPHeaders({"content-type": "text/html"})
    headers.add("Set-Cookie", "A=B")
    headers.add("set-cookie", "C=D")
    return headers


def test_keys_are_kept_in_canonical_case() -> None:
    assert list(HTTPHeaders({"content-type": "text/html", "ETAG": "x"})) == ["Content-Type", "Etag"]


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE", "cOnTeNt-tYpE"])
def test_lookup_is_without_regard_to_case(name: str) -> None:
    headers = HTTPHeaders({"Content-Type": "text/html"})

    assert headers[name] == "text/html"
    assert headers.get(name) == "text/html"
    assert name in headers
    assert headers.get_list(name) == ["text/html"]


def test_repeated_values_are_joined_by_a_comma_and_kept_apart() -> None:
    headers = repeated_headers()

    assert headers["set-cookie"] == "A=B,C=D"
    assert headers["Set-Cookie"] == "A=B,C=D"
    assert headers.get_list("set-cookie") == ["A=B", "C=D"]
    assert list(headers.get_all()) == [
        ("Content-Type", "text/html"),
        ("Set-Cookie", "A=B"),
        ("Set-Cookie", "C=D"),
    ]
    assert headers.lines() == ["Content-Type: text/html", "Set-Cookie: A=B", "Set-Cookie: C=D"]


def test_a_value_added_after_a_look_at_the_joined_one_is_joined_too() -> None:
    headers = repeated_headers()

    assert headers["Set-Cookie"] == "A=B,C=D"
    headers.add("Set-Cookie", "E=F")

    assert headers["Set-Cookie"] == "A=B,C=D,E=F"


def test_empty_values_are_values() -> None:
    headers = HTTPHeaders({"X-Empty": ""})

    assert headers["x-empty"] == ""
    assert headers.get("X-Empty", "default") == ""
    headers.add("X-Empty", "")
    assert headers["X-Empty"] == ","
    headers.add("X-Other", "")
    assert headers.get("X-Other") == ""


def test_a_missing_name_is_a_key_error_or_the_default() -> None:
    headers = HTTPHeaders()

    with pytest.raises(KeyError):
        headers["Host"]
    with pytest.raises(KeyError):
        del headers["Host"]
    assert headers.get("Host") is None
    assert headers.get("Host", "x") == headers.get("Host", default="x") == "x"
    assert headers.get_list("Host") == []
    assert "Host" not in headers
    assert object() not in headers
    assert repeated_headers().get("Host") is None
    assert repeated_headers().get_list("Content-Type") == ["text/html"]


def test_assignment_replaces_all_values() -> None:
    headers = repeated_headers()

    headers["SET-COOKIE"] = "E=F"

    assert headers.get_list("Set-Cookie") == ["E=F"]
    assert headers["Set-Cookie"] == "E=F"


def test_deletion_removes_all_values() -> None:
    headers = repeated_headers()

    del headers["set-cookie"]
    del headers["content-type"]

    assert len(headers) == 0
    assert list(headers.get_all()) == []
    with pytest.raises(KeyError):
        del headers["Set-Cookie"]
    headers["A"] = "1"
    del headers["a"]
    assert not headers


def test_deletion_without_any_repeated_name() -> None:
    headers = HTTPHeaders(A="1")

    del headers["a"]

    assert not headers


def test_the_arguments_are_those_of_dict() -> None:
    assert HTTPHeaders([("a", "1"), ("A", "2")]) == {"A": "2"}
    assert HTTPHeaders({"a": "1"}, b="2") == {"A": "1", "B": "2"}
    assert HTTPHeaders(repeated_headers()).get_list("Set-Cookie") == ["A=B", "C=D"]
    assert HTTPHeaders() == {}


@pytest.mark.parametrize("duplicate", [HTTPHeaders.copy, copy.copy, copy.deepcopy])
def test_copies_are_independent(duplicate: object) -> None:
    assert callable(duplicate)
    headers = repeated_headers()

    other = duplicate(headers)
    other.add("Set-Cookie", "E=F")
    other["Content-Type"] = "text/plain"

    assert headers.get_list("Set-Cookie") == ["A=B", "C=D"]
    assert headers["Content-Type"] == "text/html"
    assert other.get_list("Set-Cookie") == ["A=B", "C=D", "E=F"]


def test_a_pickle_holds_everything() -> None:
    headers = repeated_headers()

    assert pickle.loads(pickle.dumps(headers)).get_list("Set-Cookie") == ["A=B", "C=D"]


def test_headers_are_equal_when_all_their_values_are() -> None:
    joined = HTTPHeaders({"Content-Type": "text/html", "Set-Cookie": "A=B,C=D"})

    assert repeated_headers() == repeated_headers()
    assert repeated_headers() != joined
    assert repeated_headers() == dict(joined)
    assert joined == {"content-type": "text/html", "SET-COOKIE": "A=B,C=D"}
    assert joined != 5


def test_headers_are_a_mapping_without_a_hash() -> None:
    assert isinstance(HTTPHeaders(), Mapping)
    with pytest.raises(TypeError):
        hash(HTTPHeaders())


def test_str_has_a_line_for_each_value_and_repr_escapes_them() -> None:
    headers = repeated_headers()

    assert str(headers) == "Content-Type: text/html\nSet-Cookie: A=B\nSet-Cookie: C=D\n"
    assert repr(HTTPHeaders.from_parsed({"A": "\x1b[2J"})) == "HTTPHeaders([('A', '\\x1b[2J')])"


@pytest.mark.parametrize(
    "name", ["", "a b", "a:", "a\r\n", "é", "a\0", "\u212a", "(a)", "a\t", '"']
)
def test_names_must_be_tokens(name: str) -> None:
    headers = HTTPHeaders()

    with pytest.raises(ValueError, match="not a token"):
        headers.add(name, "v")
    with pytest.raises(ValueError, match="not a token"):
        headers[name] = "v"
    with pytest.raises(ValueError, match="not a token"):
        HTTPHeaders({name: "v"})
    assert name not in headers
    assert headers.get(name) is None


@pytest.mark.parametrize("bad", [5, None, b"v", ["v"]], ids=repr)
def test_values_must_be_strings(bad: Any) -> None:  # Any: what types do not allow
    headers = HTTPHeaders()

    with pytest.raises(TypeError, match=r"the value of header Name is .*, expected a str"):
        headers.add("name", bad)
    with pytest.raises(TypeError, match=r"the value of header Name is .*, expected a str"):
        headers["name"] = bad
    assert not headers


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\x1f", "\x7f", "a\r\nSet-Cookie: b=c"])
def test_values_must_have_no_control_characters(bad: str) -> None:
    headers = HTTPHeaders()

    with pytest.raises(ValueError, match="control character"):
        headers.add("Name", "v" + bad)
    with pytest.raises(ValueError, match="control character"):
        headers["Name"] = bad + "v"
    assert not headers


@pytest.mark.parametrize("good", ["a\tb", "é", "\x80\x9f\xa0", "€", "\u2028"])
def test_values_may_have_tabs_and_text_beyond_ascii(good: str) -> None:
    headers = HTTPHeaders()

    headers["Name"] = good
    headers.add("Name", good)

    assert headers.get_list("name") == [good, good]


def test_from_parsed_takes_what_the_parser_has() -> None:
    single = {"Host": "a", "Cookie": "x=1"}

    headers = HTTPHeaders.from_parsed(single, {"Cookie": ["x=1", "y=2"]})

    assert headers["Cookie"] == "x=1,y=2"
    assert headers.get_list("cookie") == ["x=1", "y=2"]
    assert list(headers) == ["Host", "Cookie"]
    headers.add("Host", "b")
    assert headers["host"] == "a,b"
    assert HTTPHeaders.from_parsed({"A": "1"}).get("a") == "1"


def test_parse_reads_a_header_block() -> None:
    headers = HTTPHeaders.parse("Content-Type: text/html\r\nContent-Length:42 \r\nX:\t\r\n\r\n")

    assert list(headers.get_all()) == [
        ("Content-Type", "text/html"),
        ("Content-Length", "42"),
        ("X", ""),
    ]
    assert HTTPHeaders.parse("") == {}


def test_parse_line_adds_to_what_is_there() -> None:
    headers = HTTPHeaders()

    headers.parse_line("A: 1")
    headers.parse_line("a: 2\r\n")

    assert headers.get_list("A") == ["1", "2"]


@pytest.mark.parametrize(
    "line",
    [
        "no colon",
        "",
        ": no name",
        "Name : v",
        " Name: v",
        "\tcontinued",
        " continued: x",
        "N\u00e4me: v",
        "Name: a\rb",
        "Name: a\nb",
        "Name: v\n",
        "Name: \0",
        "Name: \x7f",
    ],
)
def test_a_malformed_line_is_an_input_error(line: str) -> None:
    with pytest.raises(HTTPInputError) as caught:
        HTTPHeaders().parse_line(line)

    assert caught.value.status == 400


@pytest.mark.parametrize(
    "block", ["A: 1\r\n b\r\n", "A: 1\n B: 2", "A: 1\r\n\r\nB: 2", "\r\n\r\n\r\n"]
)
def test_a_folded_line_and_an_empty_one_are_refused(block: str) -> None:
    with pytest.raises(HTTPInputError):
        HTTPHeaders.parse(block)


def test_only_space_and_tab_are_stripped_from_a_value() -> None:
    assert HTTPHeaders.parse("A: \t\xa0b\xa0\t \r\n")["A"] == "\xa0b\xa0"


def test_many_repeated_values_take_linear_time() -> None:
    def repeat(size: int) -> None:
        headers = HTTPHeaders()
        for number in range(size):
            headers.add("X-Repeated", f"value {number}")
        assert headers["x-repeated"].count(",") == size - 1
        assert len(headers.get_list("X-Repeated")) == size

    assert_linear(repeat, 20_000)


def test_a_long_block_parses_in_linear_time() -> None:
    block = [f"x-name-{number}: {number}\r\n" for number in range(20_000)]

    def parse(size: int) -> None:
        assert len(HTTPHeaders.parse("".join(block[:size]))) == size

    assert_linear(parse, 20_000)


@settings(max_examples=100)
@given(PAIRS)
def test_headers_behave_like_a_list_of_pairs(pairs: list[tuple[str, str]]) -> None:
    model: dict[str, list[str]] = {}
    headers = HTTPHeaders()
    for name, value in pairs:
        model.setdefault(name.lower(), []).append(value)
        headers.add(name, value)

    assert {name.lower(): headers.get_list(name) for name in headers} == model
    assert {name.lower(): value for name, value in headers.items()} == {
        name: ",".join(values) for name, values in model.items()
    }
    assert headers == headers.copy()
    assert headers == pickle.loads(pickle.dumps(headers))
    assert len(list(headers.get_all())) == len(pairs)


@settings(max_examples=100)
@given(PAIRS)
def test_what_is_written_is_parsed_back(pairs: list[tuple[str, str]]) -> None:
    headers = HTTPHeaders()
    for name, value in pairs:
        headers.add(name, value.strip(" \t"))

    assert HTTPHeaders.parse("\r\n".join(headers.lines())) == headers
