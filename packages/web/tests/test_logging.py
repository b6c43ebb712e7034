"""What is logged, at which level, and that no client can write lines of its own."""

import logging
from typing import Any

import pytest

from ostro.httputil import HTTPHeaders, RequestStartLine
from ostro.web import Application, HTTPError, RequestHandler

from .support import CLIENT_IP, MemoryConnection, ask


class Status(RequestHandler):
    def get(self, status: str) -> None:
        self.set_status(int(status))

    def post(self, what: str) -> None:
        raise HTTPError(400, "bad %s", what)

    def put(self, _: str) -> None:
        raise ValueError("broken")


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def asked(
    target: str, caplog: pytest.LogCaptureFixture, method: str = "GET"
) -> list[logging.LogRecord]:
    app = Application([("/(.*)", Status)])
    ask(app, target, method=method)
    return caplog.records


@pytest.mark.parametrize(
    ("status", "level"),
    [
        (200, logging.INFO),
        (302, logging.INFO),
        (399, logging.INFO),
        (400, logging.WARNING),
        (499, logging.WARNING),
        (500, logging.ERROR),
        (599, logging.ERROR),
    ],
)
def test_the_access_log_has_a_level_for_each_kind_of_status(
    status: int, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    (record,) = asked(f"/{status}?a=b", caplog)

    assert (record.name, record.levelno) == ("ostro.access", level)
    head, _, time = record.getMessage().rpartition(" ")
    assert head == f"{status} GET /{status}?a=b ({CLIENT_IP})"
    assert time.endswith("ms")
    assert float(time.removesuffix("ms")) >= 0


def test_no_line_is_made_where_nobody_reads_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "ostro.access")

    assert asked("/200", caplog) == []


def test_the_log_function_takes_the_place_of_the_access_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handlers: list[RequestHandler] = []

    ask(Application([("/(.*)", Status)], log_function=handlers.append), "/204")

    assert [handler.get_status() for handler in handlers] == [204]
    assert not caplog.records


def test_log_request_can_be_overridden() -> None:
    logged = []

    class Mine(Application):
        def log_request(self, handler: RequestHandler) -> None:
            logged.append(handler.request.uri)

    ask(Mine([("/(.*)", Status)]), "/200")

    assert logged == ["/200"]


def test_an_http_error_with_a_message_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    message, access = asked("/what", caplog, "POST")

    assert (message.name, message.levelno) == ("ostro.general", logging.WARNING)
    assert message.getMessage() == f"400 POST /what ({CLIENT_IP}): bad what"
    assert access.getMessage().startswith(f"400 POST /what ({CLIENT_IP})")


def test_an_http_error_without_a_message_is_in_the_access_log_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            raise HTTPError(404)

    ask(Application([("/", Handler)]))

    assert [record.name for record in caplog.records] == ["ostro.access"]


def test_another_exception_is_an_error_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    message, _ = asked("/a", caplog, "PUT")

    assert (message.name, message.levelno) == ("ostro.application", logging.ERROR)
    assert message.getMessage().startswith(f"Uncaught exception PUT /a ({CLIENT_IP})\nHTTPServer")
    assert message.exc_info
    assert isinstance(message.exc_info[1], ValueError)


def test_log_exception_can_be_overridden(caplog: pytest.LogCaptureFixture) -> None:
    logged = []

    class Handler(Status):
        def log_exception(self, *exc_info: Any) -> None:  # Any: a triple
            logged.append(exc_info)

    ask(Application([("/(.*)", Handler)]), "/", method="PUT")

    ((kind, error, traceback),) = logged
    assert (kind, type(error), bool(traceback)) == (ValueError, ValueError, True)
    assert [record.name for record in caplog.records] == ["ostro.access"]


def test_log_exception_without_an_exception_has_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            self.log_exception(None, None, None)

    ask(Application([("/", Handler)]))

    assert caplog.records[0].exc_info is None


# Forgery

NASTY = "/200\r\n[I 990101 00:00:00 web:1] 200 GET /admin\x1b[31m\u2028\x85é"


def lines_of(caplog: pytest.LogCaptureFixture) -> str:
    return "".join(record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("method", ["GET", "POST", "X\r\nY"])
def test_a_target_cannot_forge_a_line(method: str, caplog: pytest.LogCaptureFixture) -> None:
    # No HTTP/1.1 connection lets such a target through; other producers may.
    connection = MemoryConnection(RequestStartLine(method, NASTY, "HTTP/1.1"))
    app = Application()

    connection.ask(app, HTTPHeaders(), [])

    assert connection.status in (404, 405)
    assert lines_of(caplog).isprintable()
    assert "\\r\\n[I 990101" in lines_of(caplog)


def test_an_argument_in_a_message_cannot_forge_a_line(caplog: pytest.LogCaptureFixture) -> None:
    asked("/a%0d%0ab%1b%E2%80%A8", caplog, "POST")

    assert caplog.messages[0] == (
        f"400 POST /a%0d%0ab%1b%E2%80%A8 ({CLIENT_IP}): bad a\\r\\nb\\x1b\\u2028"
    )


def test_a_message_that_does_not_fit_its_arguments_is_no_trouble(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            raise HTTPError(403, "%d %d", "x")

    assert ask(Application([("/", Handler)])).status == 403
    assert "Uncaught exception in log_exception" in caplog.text


def test_an_unknown_status_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            raise HTTPError(477)

    ask(Application([("/", Handler)]))

    assert "HTTPError has the unknown status 477" in caplog.text
