"""LogTrapTestCase and ExpectLog: what is shown of what tests log."""

import io
import logging
import re
import unittest

import pytest

from ostro.testing import AsyncTestCase, ExpectLog, LogTrapTestCase, UnmatchedLogError

log = logging.getLogger("test_logs")


class Logging(AsyncTestCase, LogTrapTestCase):
    __test__ = False  # not by pytest: one of them fails

    def test_that_passes(self) -> None:
        log.warning("of one that passes")

    def test_that_fails(self) -> None:
        log.warning("of one that fails")
        raise AssertionError

    @unittest.expectedFailure
    def test_that_passes_unexpectedly(self) -> None:
        log.warning("of one that should fail")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the only handler of the root logger writes."""
    stream = io.StringIO()
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [logging.StreamHandler(stream)])
    return stream


def run(name: str, result: object = None) -> None:
    Logging(name).run(result)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("test_that_passes", ""),
        ("test_that_fails", "of one that fails\n"),
        ("test_that_passes_unexpectedly", "of one that should fail\n"),
    ],
)
@pytest.mark.parametrize("result", [None, unittest.TestResult()], ids=["no result", "a result"])
def test_logs_are_shown_of_tests_that_fail(
    shown: io.StringIO, name: str, text: str, result: unittest.TestResult | None
) -> None:
    run(name, result)
    log.warning("afterwards")

    assert shown.getvalue() == f"{text}afterwards\n"


def test_without_a_handler_logs_are_trapped_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])

    run("test_that_passes")
    run("test_that_fails")

    assert capsys.readouterr().err == "of one that fails\n"
    assert root.handlers == []


def test_results_of_others_are_left_to_them(shown: io.StringIO) -> None:
    class Foreign:
        """Like pytest's, no TestResult."""

        def __getattr__(self, name: str) -> object:
            return lambda *args: None

    run("test_that_passes", Foreign())

    assert shown.getvalue() == "of one that passes\n"


# ExpectLog


def test_what_is_expected_is_kept_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with ExpectLog("test_logs", "expect.*") as expected:
        log.warning("expected: %s", 1)
        log.warning("not expected")

    assert expected.matched
    assert not expected.logged_stack
    assert caplog.messages == ["not expected"]
    log.warning("expected no more")
    assert len(caplog.messages) == 2


def test_what_is_expected_and_does_not_come_is_an_error() -> None:
    told = pytest.raises(
        UnmatchedLogError, match="nothing that was logged to test_logs matches 'x'"
    )
    with told, ExpectLog(log, re.compile("x")):
        log.debug("y")


def test_what_need_not_come_is_none() -> None:
    with ExpectLog(log, "x", required=False) as expected:
        pass

    assert not expected.matched


def test_an_exception_of_the_block_comes_first() -> None:
    with pytest.raises(ZeroDivisionError), ExpectLog(log, "x"):
        raise ZeroDivisionError


def test_a_traceback_is_noticed() -> None:
    with ExpectLog(log, "with a traceback") as expected:
        log.error("with a traceback", exc_info=ZeroDivisionError())

    assert expected.logged_stack


def test_a_level_can_be_expected_and_is_let_through() -> None:
    log.setLevel(logging.WARNING)
    with ExpectLog(log, "x", level=logging.INFO) as expected:
        log.info("x")
    assert expected.matched
    assert log.level == logging.WARNING

    with ExpectLog(log, "x", level=logging.ERROR, required=False) as expected:
        log.warning("x")
    assert not expected.matched
    log.setLevel(logging.NOTSET)


def test_a_message_of_another_level_is_told_apart() -> None:
    told = pytest.raises(UnmatchedLogError, match="logged to test_logs as ERROR matches 'x'")
    with told, ExpectLog(log, "x", level=logging.ERROR):
        log.warning("x")


def test_bytes_are_refused_before_anything_is_logged() -> None:
    with pytest.raises(TypeError, match="the regex is b'x', expected one of text"):
        ExpectLog(log, b"x")  # type: ignore[arg-type]  # that is the point


def test_the_root_logger_has_no_name(caplog: pytest.LogCaptureFixture) -> None:
    with ExpectLog("", "x"):
        logging.getLogger().warning("x")

    assert caplog.messages == []
