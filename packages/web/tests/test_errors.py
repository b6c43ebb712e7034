"""Error responses: which status, which page, and what may be said on it."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from ostro.httputil import HTTPHeaders, HTTPServerRequest
from ostro.web import (
    Application,
    ErrorHandler,
    HTTPError,
    MissingArgumentError,
    OutputTransform,
    RequestHandler,
)

from .support import MemoryConnection, ask

PAGE = "<html><title>{0}</title><body>{0}</body></html>"


def answer_of(act: Callable[[RequestHandler], object], **settings: Any) -> MemoryConnection:
    # Any: settings of an application
    class Handler(RequestHandler):
        def get(self) -> None:
            act(self)

    return ask(Application([("/", Handler)], **settings))


def failing(error: Exception) -> Callable[[RequestHandler], object]:
    def act(handler: RequestHandler) -> object:
        raise error

    return act


# The exception


def test_an_http_error_says_what_it_is() -> None:
    assert str(HTTPError(404)) == "HTTP 404: Not Found"
    assert str(HTTPError(404, "no %s", "bread")) == "HTTP 404: Not Found (no bread)"
    assert str(HTTPError(404, "100% gone")) == "HTTP 404: Not Found (100% gone)"
    assert str(HTTPError(499, reason="Tired")) == "HTTP 499: Tired"
    assert str(HTTPError(499)) == "HTTP 499: Unknown"
    assert HTTPError().status_code == 500
    assert HTTPError(400, "a", 1, 2).args == (1, 2)


def test_a_missing_argument_names_it() -> None:
    error = MissingArgumentError("who")

    assert isinstance(error, HTTPError)
    assert (error.arg_name, error.status_code) == ("who", 400)
    assert str(error) == "HTTP 400: Bad Request (Missing argument who)"


# The page


@pytest.mark.parametrize("status", [400, 403, 404, 410, 500, 503])
def test_the_page_shows_status_and_reason(status: int) -> None:
    answer = answer_of(failing(HTTPError(status, "secret %s", "message")))

    assert answer.status == status
    assert answer.text == PAGE.format(f"{status}: {answer.reason}")
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"


def test_the_reason_of_an_error_is_escaped_on_the_page() -> None:
    answer = answer_of(failing(HTTPError(400, reason="<script>")))

    assert answer.reason == "<script>"
    assert answer.text == PAGE.format("400: &lt;script&gt;")


@pytest.mark.parametrize("reason", ["a\r\nSet-Cookie: b=c", "a\nb", "\0", "€"])
def test_a_reason_that_cannot_be_sent_is_replaced(reason: str) -> None:
    answer = answer_of(failing(HTTPError(400, reason=reason)))

    assert (answer.status, answer.reason) == (400, "Bad Request")
    assert "Set-Cookie" not in answer.headers


def test_an_exception_is_a_500_that_does_not_show_itself() -> None:
    answer = answer_of(failing(ValueError("secret")))

    assert (answer.status, answer.text) == (500, PAGE.format("500: Internal Server Error"))


def test_a_status_without_a_name_needs_a_reason() -> None:
    assert answer_of(failing(HTTPError(477))).status == 500
    named = answer_of(failing(HTTPError(477, reason="Tired")))
    assert (named.status, named.reason) == (477, "Tired")


@pytest.mark.parametrize("status", [0, 99, 100, 101, 600, 1000, -1])
@pytest.mark.parametrize("reason", [None, "Odd"])
def test_a_status_that_no_response_can_have_is_a_500(status: int, reason: str | None) -> None:
    assert answer_of(failing(HTTPError(status, reason=reason))).status == 500


@pytest.mark.parametrize("status", [204, 304])
def test_an_error_without_a_body_has_none(status: int) -> None:
    answer = answer_of(failing(HTTPError(status)))

    assert (answer.status, answer.body, answer.ended) == (status, b"", True)
    assert "Content-Type" not in answer.headers
    assert "Content-Length" not in answer.headers


@pytest.mark.parametrize("settings", [{"debug": True}, {"serve_traceback": True}])
def test_the_debug_page_is_a_traceback_as_plain_text(settings: dict[str, bool]) -> None:
    answer = answer_of(failing(ValueError("<b>seen</b>")), **settings)

    assert answer.status == 500
    assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert answer.text.startswith("Traceback (most recent call last):")
    assert answer.text.endswith("ValueError: <b>seen</b>\n")


def test_debug_without_serve_traceback_shows_no_traceback() -> None:
    answer = answer_of(failing(ValueError("secret")), debug=True, serve_traceback=False)

    assert answer.text == PAGE.format("500: Internal Server Error")


def test_the_debug_page_shows_the_message_of_an_http_error() -> None:
    answer = answer_of(failing(HTTPError(403, "no %s", "bread")), debug=True)

    assert answer.status == 403
    assert "no bread" in answer.text


# send_error and write_error


def test_send_error_drops_what_has_been_written_and_set() -> None:
    def act(handler: RequestHandler) -> None:
        handler.set_header("X-Set", "yes")
        handler.write("dropped")
        handler.send_error(403)

    answer = answer_of(act)

    assert (answer.status, answer.text) == (403, PAGE.format("403: Forbidden"))
    assert "X-Set" not in answer.headers


def test_send_error_takes_a_reason() -> None:
    answer = answer_of(lambda handler: handler.send_error(403, reason="Go <away>"))

    assert answer.reason == "Go <away>"
    assert answer.text == PAGE.format("403: Go &lt;away&gt;")


def test_send_error_ends_the_request() -> None:
    def act(handler: RequestHandler) -> None:
        handler.send_error(403)
        handler.write("more")

    answer = answer_of(act)

    assert (answer.status, answer.text) == (403, PAGE.format("403: Forbidden"))


def test_send_error_refuses_a_status_that_no_response_can_have() -> None:
    assert answer_of(lambda handler: handler.send_error(99)).status == 500


def test_cookies_set_before_an_error_are_kept() -> None:
    def act(handler: RequestHandler) -> None:
        handler.set_cookie("a", "b")
        raise HTTPError(403)

    assert answer_of(act).headers["Set-Cookie"] == "a=b; Path=/"


def test_write_error_makes_the_page() -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            raise HTTPError(403, "quiet")

        # Any: as in RequestHandler
        def write_error(self, status_code: int, **kwargs: Any) -> None:
            kind, error, traceback = kwargs["exc_info"]
            assert sys.exc_info()[1] is None or sys.exc_info()[1] is error
            assert (kind, error.status_code, bool(traceback)) == (HTTPError, 403, True)
            self.set_header("X-Error", "yes")
            self.write({"sorry": status_code})

    answer = ask(Application([("/", Handler)]))

    assert (answer.status, answer.text) == (403, '{"sorry": 403}')
    assert answer.headers["X-Error"] == "yes"
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"


def test_write_error_gets_what_send_error_was_given() -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            self.send_error(409, what="this")

        # Any: as in RequestHandler
        def write_error(self, status_code: int, **kwargs: Any) -> None:
            self.finish(kwargs)

    assert ask(Application([("/", Handler)])).text == '{"what": "this"}'


def test_an_exception_in_write_error_leaves_an_empty_page(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            raise HTTPError(403)

        # Any: as in RequestHandler
        def write_error(self, status_code: int, **kwargs: Any) -> None:
            raise ValueError("broken page")

    answer = ask(Application([("/", Handler)]))

    assert (answer.status, answer.ended) == (403, True)
    assert "ValueError: broken page" in caplog.text


def test_get_error_html_makes_the_page_as_it_did_before_write_error() -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            raise ValueError("old")

        # Any: subclasses of 2.0 take what they like
        def get_error_html(self, status_code: int, **kwargs: Any) -> str:
            return f"{status_code} {kwargs['exception']}"

    assert ask(Application([("/", Handler)])).text == "500 old"


def test_get_error_html_without_an_exception() -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            self.send_error(404)

        # Any: as above
        def get_error_html(self, status_code: int, **kwargs: Any) -> str:
            return f"{status_code} {kwargs}"

    assert ask(Application([("/", Handler)])).text == "404 {}"


# Too late, or worse


def test_an_error_after_the_headers_closes_the_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    finished = []

    class Handler(RequestHandler):
        def get(self) -> None:
            self.write("some")
            self.flush()
            raise HTTPError(403)

        def on_finish(self) -> None:
            finished.append(self)

    answer = ask(Application([("/", Handler)]))

    assert (answer.status, answer.text) == (200, "some")
    assert (answer.ended, answer.closed) == (False, True)
    assert len(finished) == 1
    assert "Cannot send status 403: the headers have been sent" in caplog.text


def test_send_error_after_the_end_is_logged_and_changes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def act(handler: RequestHandler) -> None:
        handler.finish("done")
        handler.send_error(500)

    answer = answer_of(act)

    assert (answer.status, answer.text, answer.closed) == (200, "done", False)
    assert "Cannot send status 500" in caplog.text


def test_default_headers_that_break_every_response_leave_a_bare_500(
    caplog: pytest.LogCaptureFixture,
) -> None:
    finished = []

    class Handler(RequestHandler):
        def set_default_headers(self) -> None:
            self.set_header("Content-Length", 7)

        def get(self) -> None:
            self.write("short")

        def on_finish(self) -> None:
            finished.append(self)

    answer = ask(Application([("/", Handler)]))

    assert (answer.status, answer.body, answer.ended) == (500, b"", True)
    assert len(finished) == 1
    assert "HTTPOutputError" in caplog.text


class Broken(OutputTransform):
    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        raise ValueError("broken transform")


def test_a_transform_that_fails_leaves_a_bare_500(caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(Application([("/", ErrorHandler, {"status_code": 403})], transforms=[Broken]))

    assert (answer.status, answer.body, answer.ended) == (500, b"", True)


def test_a_connection_on_which_something_else_was_sent_is_closed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    from ostro.httputil import ResponseStartLine

    def act(handler: RequestHandler) -> None:
        connection = handler.request.connection
        assert connection is not None
        connection.write_headers(ResponseStartLine("HTTP/1.1", 200, "OK"), HTTPHeaders(), b"raw")

    answer = answer_of(act)

    assert (answer.text, answer.closed, answer.ended) == ("raw", True, False)


def test_the_error_handler_answers_each_method_with_its_status() -> None:
    app = Application([("/", ErrorHandler, {"status_code": 410})])

    for method in ("GET", "POST", "DELETE"):
        assert ask(app, method=method).status == 410


def test_an_error_in_making_a_handler_does_not_depend_on_the_handler() -> None:
    class Handler(RequestHandler):
        def __init__(self, application: Application, request: HTTPServerRequest) -> None:
            raise ValueError("broken")

    assert ask(Application([("/", Handler)])).status == 500


def test_the_page_of_an_error_is_html_whatever_the_handler_answers_with() -> None:
    class Handler(RequestHandler):
        def set_default_headers(self) -> None:
            self.set_header("Content-Type", "application/json")

        def get(self) -> None:
            raise HTTPError(400)

    answer = ask(Application([("/", Handler)]))

    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert answer.body == PAGE.format("400: Bad Request").encode()
