"""Requests for static files with conditions."""

from pathlib import Path

import pytest

from ostro.web import Application, StaticFileHandler

from .files import LARGE, LONG_AGO_TEXT, SMALL, put, site
from .support import ask

EARLIER = "Sun, 09 Sep 2001 01:46:39 GMT"
LATER = "Sun, 09 Sep 2001 01:46:41 GMT"


@pytest.fixture(params=[SMALL, LARGE], ids=["small", "large"])
def application(request: pytest.FixtureRequest, tmp_path: Path) -> Application:
    put(tmp_path, "a.css", request.param)
    return site(tmp_path)


def etag_of(application: Application) -> str:
    return ask(application, "/static/a.css").headers["Etag"]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}, "y"', "*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_client_that_has_the_file_gets_304(
    application: Application, form: str, method: str
) -> None:
    etag = etag_of(application)

    answer = ask(
        application,
        "/static/a.css?v=1",
        method=method,
        headers={"If-None-Match": form.format(etag)},
    )

    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["Etag"] == etag
    assert "Cache-Control" in answer.headers
    assert "Content-Type" not in answer.headers
    assert "Content-Length" not in answer.headers


@pytest.mark.parametrize("since", [LONG_AGO_TEXT, LATER, "Sunday, 09-Sep-01 01:46:40 GMT"])
def test_a_file_that_is_unmodified_gets_304(application: Application, since: str) -> None:
    answer = ask(application, "/static/a.css", headers={"If-Modified-Since": since})

    assert (answer.status, answer.body) == (304, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": '"other"'},
        {"If-None-Match": "malformed"},
        {"If-None-Match": '"other"', "If-Modified-Since": LATER},
        {"If-Modified-Since": EARLIER},
        {"If-Modified-Since": "yesterday"},
        {"If-Match": "*"},
        {"If-Unmodified-Since": LATER},
        {"If-Unmodified-Since": LONG_AGO_TEXT},
        {"If-Unmodified-Since": "tomorrow"},
    ],
)
def test_another_condition_gets_the_file(application: Application, headers: dict[str, str]) -> None:
    assert ask(application, "/static/a.css", headers=headers).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"If-Match": '"other"'},
        {"If-Match": "W/{etag}"},
        {"If-Match": '"other"', "If-Unmodified-Since": LATER},
        {"If-Unmodified-Since": EARLIER},
    ],
)
def test_a_precondition_that_does_not_hold_gets_412(
    application: Application, headers: dict[str, str]
) -> None:
    etag = etag_of(application)
    headers = {name: value.format(etag=etag) for name, value in headers.items()}

    answer = ask(application, "/static/a.css", headers=headers)

    assert answer.status == 412
    assert "Last-Modified" not in answer.headers


def test_a_precondition_that_names_the_file_holds(application: Application) -> None:
    headers = {"If-Match": f'"other", {etag_of(application)}'}

    assert ask(application, "/static/a.css", headers=headers).status == 200


def test_a_file_without_a_time_is_always_sent(tmp_path: Path) -> None:
    class Timeless(StaticFileHandler):
        def get_modified_time(self) -> None:
            return None

    put(tmp_path, "a.css")
    application = site(tmp_path, static_handler_class=Timeless)

    for name in ("If-Modified-Since", "If-Unmodified-Since"):
        answer = ask(application, "/static/a.css", headers={name: EARLIER})

        assert answer.status == 200
        assert "Last-Modified" not in answer.headers


def test_a_file_without_an_etag_has_other_conditions_only(tmp_path: Path) -> None:
    class Untagged(StaticFileHandler):
        def compute_etag(self) -> None:
            return None

    put(tmp_path, "a.css")
    application = site(tmp_path, static_handler_class=Untagged)

    assert "Etag" not in ask(application, "/static/a.css").headers
    assert ask(application, "/static/a.css", headers={"If-None-Match": '"x"'}).status == 200
    assert ask(application, "/static/a.css", headers={"If-Match": '"x"'}).status == 412


def test_should_return_304_may_be_overridden(tmp_path: Path) -> None:
    class Always(StaticFileHandler):
        def should_return_304(self) -> bool:
            return True

    put(tmp_path, "a.css")

    assert ask(site(tmp_path, static_handler_class=Always), "/static/a.css").status == 304
