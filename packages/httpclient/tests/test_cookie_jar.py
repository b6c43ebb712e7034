"""The cookie jar: what is taken from whom, and what goes where. Spec: RFC 6265bis."""

from __future__ import annotations

import pytest

from ostro.httpclient import CookieJar
from ostro.httpclient._cookie_dates import parse_cookie_date
from ostro.httpclient._cookie_jar import MAX_COOKIES, MAX_PER_DOMAIN
from packages.clocks import FakeClock

SITE = "https://www.example.com/dir/page?query"


def jar_with(*cookies: str, url: str = SITE) -> CookieJar:
    jar = CookieJar(clock=FakeClock())
    jar.store(url, cookies)
    return jar


def test_a_cookie_comes_back() -> None:
    jar = jar_with("a=1", 'b="two words"; HttpOnly; SameSite=Lax', "c=", "d=e=f")

    assert jar.header_for(SITE) == 'a=1; b="two words"; c=; d=e=f'
    assert len(jar) == 4
    assert sorted(cookie.name for cookie in jar) == ["a", "b", "c", "d"]
    assert "two words" not in repr(jar)
    assert "two words" not in repr(list(jar))


def test_a_new_value_replaces_the_old_one() -> None:
    jar = jar_with("a=1", "b=2", "a=3")

    assert jar.header_for(SITE) == "a=3; b=2"


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "=",
        ";",
        " ; a=b",
        "a\x01=b",
        "a=b\x7f",
        "a=b; path=/\x00",
        "n" * 5000,
        "a=" + "v" * 4096,
    ],
)
def test_what_is_malformed_is_left_out(cookie: str) -> None:
    assert len(jar_with(cookie)) == 0


def test_a_cookie_may_have_no_name() -> None:
    assert jar_with("value").header_for(SITE) == "value"


@pytest.mark.parametrize(
    ("url", "domain", "goes_to", "stays_from"),
    [
        (SITE, "", ["www.example.com"], ["example.com", "a.www.example.com", "other.com"]),
        (SITE, "example.com", ["www.example.com", "example.com", "a.example.com"],
         ["notexample.com", "com", "example.com.evil.org"]),
        (SITE, ".EXAMPLE.com", ["example.com", "a.b.example.com"], ["ample.com"]),
        (SITE, "www.example.com", ["www.example.com", "a.www.example.com"], ["example.com"]),
        ("https://localhost/", "localhost", ["localhost"], ["a.localhost"]),
        ("https://127.0.0.1/", "127.0.0.1", ["127.0.0.1"], ["1.127.0.0.1.nip.io"]),
    ],
)  # fmt: skip
def test_a_cookie_goes_to_its_domain(
    url: str, domain: str, goes_to: list[str], stays_from: list[str]
) -> None:
    jar = jar_with(f"a=1; Domain={domain}; Path=/", url=url)

    assert [jar.header_for(f"https://{host}/") for host in goes_to] == ["a=1"] * len(goes_to)
    assert [jar.header_for(f"https://{host}/") for host in stays_from] == [""] * len(stays_from)


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        (SITE, "other.com"),
        (SITE, "a.www.example.com"),
        (SITE, "com"),
        (SITE, "xample.com"),
        ("https://127.0.0.1/", "0.0.1"),
        ("https://127.0.0.1/", "1"),
        ("https://a.b/", "b"),
    ],
)
def test_a_cookie_for_a_domain_of_others_is_refused(url: str, domain: str) -> None:
    assert len(jar_with(f"a=1; Domain={domain}", url=url)) == 0


def test_a_cookie_for_a_public_suffix_is_refused_or_kept_for_the_host() -> None:
    jar = CookieJar(lambda domain: domain == "co.uk")

    jar.store("https://a.co.uk/", ["refused=1; Domain=co.uk", "own=2; Domain=a.co.uk"])
    jar.store("https://co.uk/", ["host=3; Domain=co.uk"])

    assert jar.header_for("https://a.co.uk/") == "own=2"
    assert jar.header_for("https://co.uk/") == "host=3"


@pytest.mark.parametrize(
    ("path", "goes_to", "stays_from"),
    [
        ("/", ["/", "/x"], []),
        ("/dir", ["/dir", "/dir/", "/dir/x", "/dir?q"], ["/", "/directory", "/di"]),
        ("/dir/", ["/dir/", "/dir/x"], ["/dir"]),
        ("", ["/dir", "/dir/x"], ["/", "/directory"]),
        ("relative", ["/dir/x"], ["/"]),
    ],
)
def test_a_cookie_goes_to_its_path(path: str, goes_to: list[str], stays_from: list[str]) -> None:
    jar = jar_with(f"a=1; Path={path}")

    for each in goes_to:
        assert jar.header_for(f"https://www.example.com{each}") == "a=1"
    for each in stays_from:
        assert jar.header_for(f"https://www.example.com{each}") == ""


@pytest.mark.parametrize("url", ["https://h.example/", "https://h.example/page"])
def test_the_path_is_the_root_where_there_is_no_directory(url: str) -> None:
    assert jar_with("a=1", url=url).header_for("https://h.example/x/y") == "a=1"


def test_longer_paths_and_older_cookies_come_first() -> None:
    clock = FakeClock()
    jar = CookieJar(clock=clock)
    for number, cookie in enumerate(
        ["late=1; Path=/", "deep=2; Path=/dir/page", "mid=3; Path=/dir"]
    ):
        clock.now += number
        jar.store(SITE, [cookie])
    clock.now += 1
    jar.store(SITE, ["new=4; Path=/", "late=5; Path=/"])

    assert jar.header_for(SITE) == "deep=2; mid=3; late=5; new=4"


def test_a_secure_cookie_goes_over_tls_only() -> None:
    jar = jar_with("a=1; Secure")

    assert jar.header_for(SITE) == "a=1"
    assert jar.header_for(SITE.replace("https", "http")) == ""
    assert len(jar_with("a=1; Secure", url="http://www.example.com/")) == 0


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "app.localhost"])
def test_this_machine_is_as_good_as_tls(host: str) -> None:
    jar = jar_with("a=1; Secure", url=f"http://{host}/")

    assert jar.header_for(f"http://{host}/") == "a=1"


@pytest.mark.parametrize(
    ("cookie", "accepted"),
    [
        ("__Secure-a=1; Secure", True),
        ("__Secure-a=1", False),
        ("__Host-a=1; Secure; Path=/", True),
        ("__host-a=1; Secure; Path=/dir", False),
        ("__Host-a=1; Secure", False),
        ("__Host-a=1; Secure; Path=/; Domain=example.com", False),
        ("__HOST-a=1; Path=/", False),
        ("=__Secure-a=1; Secure", False),
    ],
)
def test_a_prefix_is_kept_to(cookie: str, accepted: bool) -> None:
    assert len(jar_with(cookie)) == accepted


def test_a_prefix_needs_tls() -> None:
    assert len(jar_with("__Secure-a=1; Secure", url="http://localhost/")) == 0


def test_a_cookie_ends() -> None:
    clock = FakeClock()
    jar = CookieJar(clock=clock)
    jar.store(SITE, ["a=1; Max-Age=10", "b=2; Expires=Thu, 01 Jan 1970 00:17:00 GMT", "c=3"])

    assert jar.header_for(SITE) == "a=1; b=2; c=3"
    clock.now = 1010.0
    assert jar.header_for(SITE) == "b=2; c=3"
    clock.now = 1020.0
    assert jar.header_for(SITE) == "c=3"


@pytest.mark.parametrize(
    "attribute", ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"]
)
def test_a_cookie_is_deleted_by_one_that_has_ended(attribute: str) -> None:
    jar = jar_with("a=1", "b=2")

    jar.store(SITE, [f"a=; {attribute}", f"nobody=; {attribute}"])
    assert jar.header_for(SITE) == "b=2"
    jar.store(SITE, [f"b=; {attribute}"])

    assert len(jar) == 0
    assert jar.header_for(SITE) == ""


def test_max_age_comes_before_expires_and_has_a_bound() -> None:
    (cookie,) = jar_with("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=99999999999")

    assert cookie.expires == 1000.0 + 400 * 86400


def test_what_is_no_time_makes_a_cookie_of_the_session() -> None:
    for attribute in ("Max-Age=1e3", "Expires=tomorrow", "Max-Age="):
        (cookie,) = jar_with(f"a=1; {attribute}")

        assert cookie.expires is None


def test_an_attribute_that_is_too_long_is_left_out() -> None:
    (cookie,) = jar_with("a=1; Path=/" + "x" * 1024)

    assert cookie.path == "/dir"


def test_a_domain_keeps_a_bounded_number_of_cookies() -> None:
    jar = jar_with(*[f"c{number}=" for number in range(MAX_PER_DOMAIN + 5)])

    assert len(jar) == MAX_PER_DOMAIN
    assert "c4=" not in jar.header_for(SITE).split("; ")


def test_the_jar_keeps_a_bounded_number_of_cookies() -> None:
    jar = CookieJar()
    for number in range(MAX_COOKIES // 10 + 5):
        jar.store(f"https://h{number}.example/", [f"c{n}=" for n in range(10)])

    assert len(jar) <= MAX_COOKIES
    assert len(list(jar)) == len(jar)


def test_a_jar_is_emptied() -> None:
    jar = jar_with("a=1")

    jar.clear()

    assert len(jar) == 0
    assert jar.header_for(SITE) == ""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Thu, 01 Jan 1970 00:00:10 GMT", 10),
        ("Thursday, 01-Jan-70 00:00:10 GMT", 10),
        ("Thu Jan  1 00:00:10 1970", 10),
        ("1 January 1970 0:0:10", 10),
        ("10:00:00 31-dec-69", 3155709600),
        ("00:00:10 1 jan 1970 23:59:59 2 feb 1980", 10),
        ("", None),
        ("Thu, 01 Jan 1970", None),
        ("Thu, 32 Jan 1970 00:00:00 GMT", None),
        ("Thu, 30 Feb 1970 00:00:00 GMT", None),
        ("Thu, 00 Jan 1970 00:00:00 GMT", None),
        ("Thu, 01 Jan 1600 00:00:00 GMT", None),
        ("Thu, 01 Jan 1970 24:00:00 GMT", None),
        ("Thu, 01 Jan 1970 00:60:00 GMT", None),
        ("Thu, 01 Jan 1970 00:00:60 GMT", None),
        ("01 Jax 1970 00:00:00", None),
    ],
)
def test_dates_of_any_form_are_read(text: str, seconds: int | None) -> None:
    assert parse_cookie_date(text) == seconds


@pytest.mark.parametrize(
    ("secure", "plain", "accepted"),
    [
        ("a=1; Secure; Path=/", "a=2; Path=/", False),
        ("a=1; Secure; Path=/", "a=2; Path=/dir", False),
        ("a=1; Secure; Path=/dir", "a=2; Path=/", True),
        ("a=1; Secure; Path=/", "a=2; Path=/; Domain=example.com", False),
        ("a=1; Secure; Path=/; Domain=example.com", "a=2; Path=/", False),
        ("a=1; Secure; Path=/", "b=2; Path=/", True),
        ("a=1; Path=/", "a=2; Path=/", True),
    ],
)
def test_a_secure_cookie_is_not_replaced_without_tls(
    secure: str, plain: str, accepted: bool
) -> None:
    jar = jar_with(secure)
    jar.store("https://elsewhere.example/", ["a=3; Secure"])

    jar.store(SITE.replace("https", "http"), [plain])

    assert (2 in [int(cookie.value) for cookie in jar]) is accepted
