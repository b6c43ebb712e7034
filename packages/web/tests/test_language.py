"""The language of a request."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ostro import locale
from ostro.web import Application, RequestHandler

from .support import ask


@pytest.fixture(autouse=True)
def translations(tmp_path: Path) -> Iterator[None]:
    """Translations into German, Spanish and Canadian French; English as the default."""
    for code, word in (("de", "Hallo"), ("es", "Hola"), ("fr_CA", "Allo")):
        (tmp_path / f"{code}.csv").write_text(f"Hello,{word}\n")
    locale.load_translations(tmp_path)
    yield
    (tmp_path / "empty").mkdir()
    locale.load_translations(tmp_path / "empty")
    locale.set_default_locale("en_US")


class Greeting(RequestHandler):
    def get(self) -> None:
        self.write(self.locale.translate("Hello"))


def greeting(accept: str | None, handler: type[RequestHandler] = Greeting) -> str:
    headers = {} if accept is None else {"Accept-Language": accept}
    return ask(Application([("/", handler)]), headers=headers).text


@pytest.mark.parametrize(
    ("accept", "text"),
    [
        (None, "Hello"),
        ("", "Hello"),
        ("de", "Hallo"),
        ("de-AT", "Hallo"),
        ("fr-CA, de", "Allo"),
        ("fr-ca;q=0.5, de;q=0.6", "Hallo"),
        ("it, es;q=0.9, de;q=0.8", "Hola"),
        ("de;q=0, es;q=0.1", "Hola"),
        ("de;q=0", "Hello"),
        ("it", "Hello"),
        ("*", "Hello"),
        ("*, de", "Hallo"),
        ("en-US,en;q=0.9,de;q=0.8", "Hello"),
    ],
)
def test_the_browser_says_which_language(accept: str | None, text: str) -> None:
    assert greeting(accept) == text


@pytest.mark.parametrize(
    "accept",
    [
        ";;;,,,=,\x80\xff",
        "de;q=2, es;q=x, fr;q=1.0000",
        '"de',
        "../../etc/passwd",
        "x" * 10_000,
        "it," * 3_000 + "de",
        "-_-,__,@,de_",
    ],
)
def test_a_malformed_header_is_no_language(accept: str) -> None:
    assert greeting(accept) == "Hello"


def test_a_long_header_is_read_up_to_a_limit() -> None:
    assert greeting("it-x," * 60 + "de") == "Hallo"
    assert greeting("it-x," * 64 + "de") == "Hello"


def test_languages_follow_the_translations_that_are_loaded(tmp_path: Path) -> None:
    assert greeting("it") == "Hello"
    (tmp_path / "it.csv").write_text("Hello,Ciao\n")
    locale.load_translations(tmp_path)

    assert greeting("it") == "Ciao"


def test_many_different_headers_are_answered() -> None:
    for number in range(300):
        assert greeting(f"x-{number}, de") == "Hallo"


def test_without_the_header_a_default_can_be_given() -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            self.write(self.get_browser_locale("es").code)

    assert greeting(None, Handler) == "es"
    assert greeting("de", Handler) == "de"
    assert greeting("it", Handler) == "en_US"


def test_the_user_comes_before_the_browser() -> None:
    class Handler(Greeting):
        def get_user_locale(self) -> locale.Locale:
            return locale.get("es_GT")

    assert greeting("de", Handler) == "Hola"


def test_the_user_may_have_no_preference() -> None:
    class Handler(Greeting):
        def get_user_locale(self) -> None:
            return None

    assert greeting("de", Handler) == "Hallo"


def test_the_user_may_be_known_by_a_code() -> None:
    class Handler(Greeting):
        def get_user_locale(self) -> str:
            return "es_GT"

    assert greeting("de", Handler) == "Hola"


def test_a_coroutine_is_no_locale(caplog: pytest.LogCaptureFixture) -> None:
    class Handler(Greeting):
        async def get_user_locale(self) -> None:  # type: ignore[override]  # the mistake
            return None

    assert greeting("de", Handler).startswith("<html><title>500")
    assert "set self.locale in prepare instead" in caplog.text


def test_the_locale_can_be_set() -> None:
    class Handler(RequestHandler):
        def get(self) -> None:
            self.locale = locale.get("es")
            self.write(self.locale.translate("Hello"))

    assert greeting("de", Handler) == "Hola"


def test_the_locale_is_found_once() -> None:
    asked: list[str] = []

    class Handler(RequestHandler):
        def get_user_locale(self) -> None:
            asked.append("user")

        def get(self) -> None:
            self.write(str(self.locale is self.locale))

    assert greeting("de", Handler) == "True"
    assert asked == ["user"]
