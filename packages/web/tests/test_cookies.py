"""Cookies of a handler, plain and signed."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.cookies import Morsel, SimpleCookie
from typing import Any

import pytest

from ostro.web import Application, MissingSettingError, RequestHandler, create_signed_value

from .support import MemoryConnection, ask

SECRET = "61oETzKXQAGaYdkL5gEmGeJJFuYh7EQnp2XdTP1o/Vo="


def asked(
    act: Callable[[RequestHandler], Any], cookie: str | None = None, **settings: Any
) -> tuple[MemoryConnection, Any]:
    """Return the answer, and what `act` returned. Any: what it likes; settings."""
    made: list[Any] = [None]

    class Handler(RequestHandler):
        def get(self) -> None:
            made[0] = act(self)

    headers = {} if cookie is None else {"Cookie": cookie}
    return ask(Application([("/", Handler)], **settings), headers=headers), made[0]


def set_cookies(act: Callable[[RequestHandler], Any], cookie: str | None = None) -> list[str]:
    # Any: as above
    return asked(act, cookie)[0].headers.get_list("Set-Cookie")


# Reading


def test_a_cookie_is_read_by_name() -> None:
    _, (a, missing, default, morsels) = asked(
        lambda handler: (
            handler.get_cookie("a"),
            handler.get_cookie("x"),
            handler.get_cookie("x", "y"),
            {name: morsel.value for name, morsel in handler.cookies.items()},
        ),
        'a=1; b="two words"',
    )

    assert (a, missing, default) == ("1", None, "y")
    assert morsels == {"a": "1", "b": "two words"}


@pytest.mark.parametrize(
    "cookie", ["", ";;;", "=", "a", 'a="', "\xff\xfe=\xff", "a=b=c; =d", "[x]=1"]
)
def test_malformed_cookies_do_no_harm(cookie: str) -> None:
    answer, value = asked(lambda handler: handler.get_cookie("good"), cookie + "; good=1")

    assert (answer.status, value) == (200, "1")


# Setting


@pytest.mark.parametrize(
    ("arguments", "header"),
    [
        ({}, "a=b; Path=/"),
        ({"domain": "example.com", "path": "/foo"}, "a=b; Domain=example.com; Path=/foo"),
        ({"max_age": 10}, "a=b; Max-Age=10; Path=/"),
        ({"max_age": 0}, "a=b; Max-Age=0; Path=/"),
        ({"secure": True, "httponly": True}, "a=b; HttpOnly; Path=/; Secure"),
        ({"samesite": "lax"}, "a=b; Path=/; SameSite=Lax"),
        ({"samesite": "None", "secure": True}, "a=b; Path=/; SameSite=None; Secure"),
        ({"partitioned": True, "secure": True}, "a=b; Partitioned; Path=/; Secure"),
        ({"expires": 1338465600}, "a=b; expires=Thu, 31 May 2012 12:00:00 GMT; Path=/"),
        (
            {"expires": datetime(2012, 5, 31, 12, tzinfo=UTC)},
            "a=b; expires=Thu, 31 May 2012 12:00:00 GMT; Path=/",
        ),
        (
            {"expires": 1338465600, "expires_days": 3},
            "a=b; expires=Thu, 31 May 2012 12:00:00 GMT; Path=/",
        ),
        ({"HttpOnly": True, "SECURE": True}, "a=b; HttpOnly; Path=/; Secure"),
        ({"Domain": "example.com", "Path": "/x"}, "a=b; Domain=example.com; Path=/x"),
        ({"max-age": 5, "Comment": "old", "version": "1"}, "a=b; Max-Age=5; Path=/"),
    ],
)
def test_a_cookie_has_its_attributes(arguments: dict[str, Any], header: str) -> None:
    # Any: each attribute has its type
    assert set_cookies(lambda handler: handler.set_cookie("a", "b", **arguments)) == [header]


def test_arguments_go_by_position_as_they_did() -> None:
    def act(handler: RequestHandler) -> None:
        handler.set_cookie("a", b"b", "example.com", 1338465600, "/p", None)

    assert set_cookies(act) == [
        "a=b; Domain=example.com; expires=Thu, 31 May 2012 12:00:00 GMT; Path=/p"
    ]


def test_a_cookie_expires_in_days() -> None:
    before = time.time()
    (header,) = set_cookies(lambda handler: handler.set_cookie("a", "b", expires_days=10))

    assert_expires(SimpleCookie(header)["a"], days=10, since=before)


def assert_expires(morsel: Morsel[str], days: int, since: float) -> None:
    """Check the time of a cookie that was set between `since` and now; it has whole seconds."""
    expires = datetime.strptime(morsel["expires"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert since - 1 <= expires.timestamp() - days * 86400 <= time.time() + 1


def test_setting_a_cookie_again_replaces_it() -> None:
    def act(handler: RequestHandler) -> None:
        handler.set_cookie("a", "1", path="/x")
        handler.set_cookie("b", "2")
        handler.set_cookie("a", "3")

    assert set_cookies(act) == ["a=3; Path=/", "b=2; Path=/"]


@pytest.mark.parametrize(
    "value", ["with space", 'quo"te', "semi,colon", "back\\slash", "é€", "a=b"]
)
def test_a_value_comes_back_as_it_was_set(value: str) -> None:
    (header,) = set_cookies(lambda handler: handler.set_cookie("a", value))

    _, back = asked(lambda handler: handler.get_cookie("a"), header.partition("; Path")[0])

    assert back == value


EVIL = ["x;y", "x\r\ny", "x\ny", "x\0y", "x\x7fy"]


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("what", ["domain", "path", "samesite", "Domain", "PATH", "SameSite"])
def test_an_attribute_that_would_break_out_is_refused(what: str, evil: str) -> None:
    def act(handler: RequestHandler) -> None:
        attributes: dict[str, Any] = {what: evil}  # Any: as for set_cookie
        with pytest.raises(ValueError):
            handler.set_cookie("a", "b", **attributes)

    answer, _ = asked(act)

    assert (answer.status, answer.headers.get_list("Set-Cookie")) == (200, [])


@pytest.mark.parametrize(("name", "value"), [*[("a", e) for e in EVIL], *[(e, "b") for e in EVIL]])
def test_a_name_or_a_value_that_would_break_out_is_refused(name: str, value: str) -> None:
    def act(handler: RequestHandler) -> None:
        with pytest.raises(ValueError):
            handler.set_cookie(name, value)

    assert asked(act)[0].status == 200


def test_an_unknown_attribute_is_refused_and_the_known_ones_are_named() -> None:
    def act(handler: RequestHandler) -> None:
        with pytest.raises(TypeError, match="'colour' is unknown; the attributes are: domain, exp"):
            handler.set_cookie("a", "b", Colour="red")

    assert asked(act)[0].status == 200


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("__Secure-a", {}),
        ("__Host-a", {"secure": True, "path": "/x"}),
        ("__Host-a", {"secure": True, "domain": "example.com"}),
        ("a", {"samesite": "None"}),
        ("a", {"samesite": "Sometimes"}),
        ("a", {"partitioned": True}),
    ],
)
def test_what_browsers_would_ignore_is_refused(name: str, attributes: dict[str, Any]) -> None:
    # Any: as for set_cookie
    def act(handler: RequestHandler) -> None:
        with pytest.raises(ValueError):
            handler.set_cookie(name, "b", **attributes)

    assert asked(act)[0].status == 200


def test_a_subclass_may_extend_set_cookie() -> None:
    calls = []

    class Handler(RequestHandler):
        # Any: as for set_cookie
        def set_cookie(self, name: str, value: str | bytes, *args: Any, **kwargs: Any) -> None:
            calls.append(name)
            super().set_cookie(name, value, *args, **kwargs)

        def get(self) -> None:
            self.set_cookie("a", "b", HttpOnly=True)

    answer = ask(Application([("/", Handler)]))

    assert (calls, answer.headers["Set-Cookie"]) == (["a"], "a=b; HttpOnly; Path=/")


# Clearing

GONE = "expires=Sat, 01 Jan 2000 00:00:00 GMT"


def test_a_cookie_is_cleared_with_the_path_and_domain_it_was_set_with() -> None:
    assert set_cookies(lambda handler: handler.clear_cookie("a")) == [f'a=""; {GONE}; Path=/']
    assert set_cookies(lambda handler: handler.clear_cookie("a", "/x", "example.com")) == [
        f'a=""; Domain=example.com; {GONE}; Path=/x'
    ]


@pytest.mark.parametrize("name", ["__Host-a", "__host-a", "__Secure-a", "__secure-a"])
def test_a_cookie_with_a_prefix_is_cleared_as_one_that_is_secure(name: str) -> None:
    assert set_cookies(lambda handler: handler.clear_cookie(name)) == [
        f'{name}=""; {GONE}; Path=/; Secure'
    ]


def test_a_partitioned_cookie_is_cleared_as_one() -> None:
    def act(handler: RequestHandler) -> None:
        handler.clear_cookie("a", secure=True, httponly=True, samesite="None", partitioned=True)

    assert set_cookies(act) == [
        f'a=""; {GONE}; HttpOnly; Partitioned; Path=/; SameSite=None; Secure'
    ]


def test_all_cookies_of_the_request_are_cleared() -> None:
    headers = set_cookies(lambda handler: handler.clear_all_cookies(), "a=1; b=2")

    assert headers == [f'a=""; {GONE}; Path=/', f'b=""; {GONE}; Path=/']


def test_all_cookies_are_cleared_with_the_attributes_that_they_need() -> None:
    def act(handler: RequestHandler) -> None:
        handler.clear_all_cookies(secure=True, httponly=True, samesite="None", partitioned=True)

    assert set_cookies(act, "a=1; b=2") == [
        f'{name}=""; {GONE}; HttpOnly; Partitioned; Path=/; SameSite=None; Secure' for name in "ab"
    ]


@pytest.mark.parametrize("wrong", [{"domain": "a;b"}, {"path": "/\r"}, {"samesite": "None"}])
def test_clearing_all_cookies_refuses_what_would_clear_none(wrong: dict[str, Any]) -> None:
    def act(handler: RequestHandler) -> None:
        with pytest.raises(ValueError, match="cookie any"):
            handler.clear_all_cookies(**wrong)

    assert set_cookies(act, "a=1") == []


def test_cookies_that_cannot_be_cleared_do_not_keep_the_others() -> None:
    def act(handler: RequestHandler) -> None:
        handler.clear_all_cookies(path="/x", domain="example.com")

    headers = set_cookies(act, "a[0]=1; a b=2; __Host-c=3; d=4")

    assert headers == [f'd=""; Domain=example.com; {GONE}; Path=/x']


# Signed


def test_a_signed_cookie_comes_back() -> None:
    before = time.time()
    answer, _ = asked(
        lambda handler: handler.set_secure_cookie("user", b"\xff\0;", httponly=True, HTTPONLY=1),
        cookie_secret=SECRET,
    )
    header = answer.headers["Set-Cookie"]
    morsel = SimpleCookie(header)["user"]
    assert morsel["httponly"]
    assert_expires(morsel, days=30, since=before)

    _, values = asked(
        lambda handler: (
            handler.get_secure_cookie("user"),
            handler.get_secure_cookie("user", max_age_days=-1),
            handler.get_secure_cookie("user", min_version=2),
            handler.get_secure_cookie("other"),
            handler.get_secure_cookie_key_version("user"),
            handler.get_secure_cookie_key_version("other"),
        ),
        f"user={morsel.coded_value}",
        cookie_secret=SECRET,
    )

    assert values == (b"\xff\0;", None, b"\xff\0;", None, 0, None)


def test_the_newer_names_of_signed_cookies_mean_the_same() -> None:
    assert RequestHandler.set_signed_cookie is RequestHandler.set_secure_cookie
    assert RequestHandler.get_signed_cookie is RequestHandler.get_secure_cookie
    assert (
        RequestHandler.get_signed_cookie_key_version is RequestHandler.get_secure_cookie_key_version
    )


def test_a_signed_cookie_can_last_until_the_browser_is_closed() -> None:
    answer, _ = asked(
        lambda handler: handler.set_secure_cookie("a", "b", None), cookie_secret=SECRET
    )

    assert "expires" not in answer.headers["Set-Cookie"]


def test_a_signed_value_need_not_be_a_cookie() -> None:
    def act(handler: RequestHandler) -> tuple[bytes | None, int | None]:
        value = handler.create_signed_value("token", "secret")
        return (
            handler.get_secure_cookie("token", value),
            handler.get_secure_cookie_key_version("token", value),
        )

    assert asked(act, cookie_secret={1: "a", 2: "b"}, key_version=2)[1] == (b"secret", 2)


@pytest.mark.parametrize(
    "cookie", ["\xff\xfe", "2|1:0|\xe9", '"\\351\\377"', "€".encode().decode("latin-1")]
)
def test_a_forged_signed_cookie_is_none_whatever_its_bytes(cookie: str) -> None:
    answer, value = asked(
        lambda handler: handler.get_secure_cookie("user"), f"user={cookie}", cookie_secret=SECRET
    )

    assert (answer.status, value) == (200, None)


def test_a_signed_cookie_under_another_name_is_none() -> None:
    value = create_signed_value(SECRET, "user", "me").decode()

    _, found = asked(
        lambda handler: handler.get_secure_cookie("admin"), f"admin={value}", cookie_secret=SECRET
    )

    assert found is None


@pytest.mark.parametrize("settings", [{}, {"cookie_secret": ""}, {"cookie_secret": None}])
def test_signed_cookies_need_a_secret(settings: dict[str, Any]) -> None:
    # Any: settings
    def act(handler: RequestHandler) -> None:
        with pytest.raises(MissingSettingError, match="'cookie_secret' setting to use secure cook"):
            handler.set_secure_cookie("a", "b")
        with pytest.raises(MissingSettingError):
            handler.get_secure_cookie("a")

    assert asked(act, **settings)[0].status == 200


def test_a_setting_that_is_there_is_enough() -> None:
    assert asked(lambda handler: handler.require_setting("x"), x=1)[0].status == 200


def test_a_cookie_that_cannot_be_sent_is_a_500_that_the_client_gets() -> None:
    answer, _ = asked(lambda handler: handler.set_cookie("a", "b", path="/€"))

    assert (answer.status, answer.ended) == (500, True)
