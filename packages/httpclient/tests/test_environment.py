"""The proxies of the environment."""

from __future__ import annotations

import pytest

from ostro.httpclient._environment import environment_proxy
from ostro.httpclient._route import Proxy
from ostro.httpclient._url import parse_url

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (*NAMES, *map(str.upper, NAMES), "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def proxy_for(url: str) -> str | None:
    proxy = environment_proxy(parse_url(url))
    return None if proxy is None else f"{proxy.host}:{proxy.port}"


def test_without_variables_there_is_no_proxy(environment: pytest.MonkeyPatch) -> None:
    assert proxy_for("http://a/") is None


def test_each_scheme_has_its_own_proxy(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("http_proxy", "http://plain:3128/")
    environment.setenv("https_proxy", "secure:8080")

    assert proxy_for("http://a/") == "plain:3128"
    assert proxy_for("https://a/") == "secure:8080"


def test_there_may_be_one_for_all(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ALL_PROXY", "http://all:1")
    environment.setenv("http_proxy", "http://plain:2")

    assert proxy_for("https://a/") == "all:1"
    assert proxy_for("http://a/") == "plain:2"


def test_small_letters_come_before_capitals(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTPS_PROXY", "http://capital:1")
    assert proxy_for("https://a/") == "capital:1"

    environment.setenv("https_proxy", "http://small:2")
    assert proxy_for("https://a/") == "small:2"

    environment.setenv("https_proxy", "")
    assert proxy_for("https://a/") is None


def test_a_client_of_a_cgi_program_does_not_set_its_proxy(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTP_PROXY", "http://proxy:1")
    assert proxy_for("http://a/") == "proxy:1"

    environment.setenv("REQUEST_METHOD", "GET")
    assert proxy_for("http://a/") is None


def test_a_proxy_may_want_credentials(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("http_proxy", "http://me:se%40cret@proxy:1")

    assert environment_proxy(parse_url("http://a/")) == Proxy("proxy", 1, "me", "se@cret", "basic")


@pytest.mark.parametrize("value", ["https://proxy:1", "socks5://proxy:1", "http://", "a b"])
def test_a_proxy_that_is_none_of_http_is_an_error(
    environment: pytest.MonkeyPatch, value: str
) -> None:
    environment.setenv("http_proxy", value)

    with pytest.raises(ValueError, match="proxy of the environment for http"):
        proxy_for("http://a/")


@pytest.mark.parametrize(
    ("exceptions", "direct", "through"),
    [
        ("*", ["http://a/"], []),
        ("a.example, b.example", ["http://a.example/", "http://x.b.example:81/"],
         ["http://example/", "http://xa.example/"]),
        (".a.example", ["http://a.example/", "http://x.a.example/"], ["http://b.example/"]),
        ("A.example:81", ["http://a.example:81/"], ["http://a.example/"]),
        ("127.0.0.1,[::1],::2,[::3]:81", ["http://127.0.0.1/", "http://[::1]/", "http://[::2]/",
         "http://[::3]:81/"], ["http://[::3]/", "http://127.0.0.2/"]),
        (",, ,", [], ["http://a/"]),
    ],
)  # fmt: skip
def test_some_hosts_are_reached_directly(
    environment: pytest.MonkeyPatch, exceptions: str, direct: list[str], through: list[str]
) -> None:
    environment.setenv("http_proxy", "http://proxy:1")
    environment.setenv("no_proxy", exceptions)

    assert [proxy_for(url) for url in direct] == [None] * len(direct)
    assert [proxy_for(url) for url in through] == ["proxy:1"] * len(through)
