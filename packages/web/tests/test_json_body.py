"""get_json_body: what is taken for JSON, and what is refused."""

import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.web import Application, JSONBodyError, RequestHandler

from .support import MemoryConnection, ask


class Echo(RequestHandler):
    def initialize(self, expected: type[Any] = object, strict: bool = True) -> None:
        self._expected = expected
        self._strict = strict

    def post(self) -> None:
        self.write({"got": self.get_json_body(self._expected, strict=self._strict)})

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs["exc_info"][1]
        if isinstance(error, JSONBodyError):
            self.write({"problem": error.problem, "line": error.line, "column": error.column})


def post(
    body: bytes, content_type: str | None = "application/json", **options: object
) -> MemoryConnection:
    headers = {} if content_type is None else {"Content-Type": content_type}
    return ask(Application([("/", Echo, options)]), method="POST", headers=headers, body=body)


@pytest.mark.parametrize(
    "value",
    [{}, [], "text", 0, -1.5, True, None, {"a": [{"b": "ü\U0001f600"}]}, 2**64, "\ud83d\ude00"],
)
def test_json_is_read(value: object) -> None:
    answer = post(json.dumps(value).encode())

    assert answer.status == 200
    assert json.loads(answer.text) == json.loads(json.dumps({"got": value}))


def test_a_byte_order_mark_is_passed_over() -> None:
    assert post(b"\xef\xbb\xbf[]").status == 200


@pytest.mark.parametrize(
    ("body", "problem", "line", "column"),
    [
        (b"", "expecting value", 1, 1),
        (b'{"secret": \n nonsense}', "expecting value", 2, 2),
        (b'{"a": 1,}', None, 1, None),
        (b"[1, 2", "expecting ',' delimiter", 1, 6),
        (b"[] []", "extra data", 1, 4),
        (b"{'a': 1}", "expecting property name enclosed in double quotes", 1, 2),
        (b'"a\nb"', "invalid control character at", 1, 3),
        (b'{"a": 1, "a": 2}', "a name comes twice in an object", None, None),
        (b'[{"b": {"a": 1, "\\u0061": 2}}]', "a name comes twice in an object", None, None),
        (b"NaN", "NaN is not JSON", None, None),
        (b"[-Infinity]", "-Infinity is not JSON", None, None),
        (b"1e999", "number too large", None, None),
        (b"-1e999", "number too large", None, None),
        (b"9" * 5000, "number too long", None, None),
        (b'"\\ud83d"', "text has one half of a surrogate pair", None, None),
        (b'{"\\udc00": 1}', "text has one half of a surrogate pair", None, None),
        (b'"\xff"', "byte 1 is not UTF-8", None, None),
        ('"\u00fc"'.encode("utf-16"), "byte 0 is not UTF-8", None, None),
        (b"[" * 200_000, "nested too deeply", None, None),
        (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "nested too deeply", None, None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_json_is_refused_with_its_place(
    body: bytes, problem: str | None, line: int | None, column: int | None
) -> None:
    answer = post(body)

    assert answer.status == 400
    told = json.loads(answer.text)
    if problem is not None:
        assert told == {"problem": problem, "line": line, "column": column}


def test_the_log_says_where_and_not_what(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    post(b'{"password": "12345" nonsense}')

    message, _ = caplog.messages  # the other is of the access log
    assert message.endswith("Bad JSON body: expecting ',' delimiter at line 1, column 22")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=latin-1", "application/problem+json"],
)
def test_types_of_json_are_taken(content_type: str) -> None:
    assert post(b"[]", content_type).status == 200


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "text/json", "application/jsonx", "application/json; =", "a+json", ""],
)
def test_another_content_type_is_refused_unless_that_is_all_right(
    content_type: str | None,
) -> None:
    assert post(b"[]", content_type).status == 415
    assert post(b"[]", content_type, strict=False).status == 200


@pytest.mark.parametrize(
    ("body", "expected", "problem"),
    [
        (b"{}", dict, None),
        (b"[]", list, None),
        (b'""', str, None),
        (b"1", int, None),
        (b"1.5", float, None),
        (b"1", float, None),
        (b"true", bool, None),
        (b"[]", dict, "an array"),
        (b"{}", list, "an object"),
        (b"null", dict, "null"),
        (b"true", int, "a boolean"),
        (b"false", float, "a boolean"),
        (b"1", bool, "a number"),
        (b"1.5", int, "a number"),
        (b'"1"', float, "a string"),
    ],
)
def test_another_type_than_the_expected_is_refused(
    body: bytes, expected: type[Any], problem: str | None
) -> None:
    answer = post(body, expected=expected)

    if problem is None:
        assert answer.status == 200
    else:
        assert answer.status == 400
        assert json.loads(answer.text)["problem"] == f"{problem} where another type is expected"


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(_values)
def test_what_is_written_as_json_is_read(value: object) -> None:
    answer = post(json.dumps(value).encode())

    assert answer.status == 200
    assert json.loads(answer.text) == {"got": value}


@given(st.binary(max_size=40))
def test_any_bytes_are_answered(body: bytes) -> None:
    assert post(body).status in (200, 400)
