"""Arguments from the query string and from the body, decoded."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from ostro.web import Application, MissingArgumentError, RequestHandler

from .support import MemoryConnection, as_form, ask

GETTERS = ["get_argument", "get_query_argument", "get_body_argument"]


def asked(act: Callable[[RequestHandler], Any], target: str = "/", **request: Any) -> Any:
    """Return what `act` makes of a handler. Any: it makes what it likes, of any request."""
    made = []

    class Handler(RequestHandler):
        def get(self) -> None:
            made.append(act(self))

        post = put = get

    answer = ask(Application([("/", Handler)]), target, **request)
    return made[0] if made else answer


@pytest.mark.parametrize("getter", GETTERS[:2])
def test_an_argument_comes_from_the_query_string(getter: str) -> None:
    assert asked(lambda handler: getattr(handler, getter)("a"), "/?a=b+c%C3%A9") == "b cé"


@pytest.mark.parametrize("getter", [GETTERS[0], GETTERS[2]])
def test_an_argument_comes_from_the_body(getter: str) -> None:
    form = as_form("a=b+c%C3%A9")

    assert asked(lambda handler: getattr(handler, getter)("a"), **form) == "b cé"
    assert (
        asked(lambda handler: getattr(handler, getter)("a"), **form | {"method": "PUT"}) == "b cé"
    )


def test_of_several_values_the_last_one_counts_and_the_body_is_last() -> None:
    form = as_form("a=3&a=4")

    assert asked(lambda handler: handler.get_argument("a"), "/?a=1&a=2", **form) == "4"
    assert asked(lambda handler: handler.get_query_argument("a"), "/?a=1&a=2", **form) == "2"
    assert asked(lambda handler: handler.get_body_argument("a"), "/?a=1&a=2", **form) == "4"


def test_all_values_of_an_argument_can_be_had() -> None:
    form = as_form("a=3&a=4")

    def every(handler: RequestHandler) -> list[list[str]]:
        return [
            handler.get_arguments("a"),
            handler.get_query_arguments("a"),
            handler.get_body_arguments("a"),
            handler.get_arguments("b"),
        ]

    assert asked(every, "/?a=1&a=2", **form) == [["1", "2", "3", "4"], ["1", "2"], ["3", "4"], []]


@pytest.mark.parametrize("getter", GETTERS)
def test_a_missing_argument_is_a_400_unless_there_is_a_default(getter: str) -> None:
    def without(handler: RequestHandler) -> None:
        with pytest.raises(MissingArgumentError, match="Missing argument who"):
            getattr(handler, getter)("who")
        getattr(handler, getter)("who")

    answer = asked(without)

    assert isinstance(answer, MemoryConnection)
    assert answer.status == 400
    assert asked(lambda handler: getattr(handler, getter)("who", "x")) == "x"
    assert asked(lambda handler: getattr(handler, getter)("who", None)) is None
    assert asked(lambda handler: getattr(handler, getter)("who", default=[])) == []


def test_the_default_that_stands_for_none_says_so() -> None:
    from ostro.web._input import REQUIRED

    assert repr(REQUIRED) == "REQUIRED"


@pytest.mark.parametrize("getter", GETTERS[:2])
def test_white_space_around_a_value_is_removed_unless_it_is_wanted(getter: str) -> None:
    target = "/?a=+b%0a+c%09"

    assert asked(lambda handler: getattr(handler, getter)("a"), target) == "b\n c"
    assert asked(lambda handler: getattr(handler, getter)("a", strip=False), target) == " b\n c\t"


def test_control_characters_become_spaces() -> None:
    assert asked(lambda handler: handler.get_argument("a"), "/?a=b%00%08%0e%1fc") == "b    c"


@pytest.mark.parametrize("getter", GETTERS[:2])
def test_a_value_that_is_not_utf8_is_a_400(getter: str, caplog: pytest.LogCaptureFixture) -> None:
    assert asked(lambda handler: getattr(handler, getter)("a"), "/?a=%ff%0a").status == 400
    assert "Invalid UTF-8 in a: b'\\xff\\n'" in caplog.text


def test_decode_argument_decodes_values() -> None:
    class Handler(RequestHandler):
        def decode_argument(self, value: bytes, name: str | None = None) -> str:
            return f"{name}:{value.decode('latin-1')}"

        def get(self) -> None:
            self.write(self.get_argument("a"))

    assert ask(Application([("/", Handler)]), "/?a=%ff").text == "a:ÿ"


MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
    b'--x\r\nContent-Disposition: form-data; name="f"; filename="n.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nfile\r\n--x--\r\n"
)


MANY_PARTS = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 101 + b"--x--\r\n"


def multipart(body: bytes) -> dict[str, Any]:  # Any: arguments of ask
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    return {"method": "POST", "headers": headers, "body": body}


def test_a_multipart_body_has_arguments_and_files() -> None:
    def both(handler: RequestHandler) -> list[str]:
        file = handler.request.files["f"][0]
        return [handler.get_argument("a"), file["filename"], file["content_type"], repr(file.body)]

    assert asked(both, **multipart(MULTIPART)) == ["b", "n.txt", "text/plain", "b'file'"]


def test_a_body_may_arrive_in_pieces() -> None:
    pieces = [MULTIPART[:30], MULTIPART[30:31], MULTIPART[31:]]

    assert asked(lambda h: h.get_argument("a"), **multipart(b"") | {"body": pieces}) == "b"


@pytest.mark.parametrize(
    "body",
    [MULTIPART[:-10], b"nothing", b"--x\r\n\r\n\r\n--x--", MANY_PARTS],
    ids=["cut", "no boundary", "no name", "many"],
)
def test_a_malformed_multipart_body_is_a_400_with_its_reason_in_one_line_of_the_log(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = asked(lambda handler: handler.get_argument("a"), **multipart(body))

    assert answer.status == 400
    [line] = [record for record in caplog.records if record.name == "ostro.general"]
    assert line.levelname == "WARNING"
    assert re.fullmatch(r"400 POST / \(\S+\): .*multipart body.*", line.getMessage())
    assert line.exc_info is None


def test_a_body_that_is_not_looked_at_does_no_harm() -> None:
    assert asked(lambda handler: handler.request.method, **multipart(b"nothing")) == "POST"


def test_too_many_fields_are_a_400() -> None:
    answer = asked(lambda handler: handler.get_argument("a"), "/?" + "a=1&" * 5000)

    assert answer.status == 400


def test_a_json_body_has_no_arguments() -> None:
    def read(handler: RequestHandler) -> tuple[object, bytes]:
        return handler.get_argument("a", None), handler.request.body

    request: dict[str, Any] = {  # Any: arguments of ask
        "method": "POST",
        "headers": {"Content-Type": "application/json"},
        "body": b'{"a":1}',
    }

    assert asked(read, **request) == (None, b'{"a":1}')
