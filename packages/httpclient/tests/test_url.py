"""URLs: what is taken apart, and how, and what is refused."""

import pytest

from ostro.httpclient._url import URL, ascii_host, join, parse_url


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("http://a", URL("http", "a", 80, "/", None, None, "")),
        ("HTTPS://A.Example./p?q#f", URL("https", "a.example.", 443, "/p?q", None, None, "f")),
        ("http://a:8080?q", URL("http", "a", 8080, "/?q", None, None, "")),
        ("http://a:/", URL("http", "a", 80, "/", None, None, "")),
        ("http://u%40:p%3Aw@a/", URL("http", "a", 80, "/", "u@", "p:w", "")),
        ("http://u@a/", URL("http", "a", 80, "/", "u", "", "")),
        ("http://[::1]:81/", URL("http", "::1", 81, "/", None, None, "")),
        ("http://[FE80::1%25eth0]/", URL("http", "fe80::1%eth0", 80, "/", None, None, "")),
        ("http://under_score/", URL("http", "under_score", 80, "/", None, None, "")),
        (
            "http://b\u00fccher.example/",
            URL("http", "xn--bcher-kva.example", 80, "/", None, None, ""),
        ),
        ("http://a/\u00e4?\u00e4=%20", URL("http", "a", 80, "/%C3%A4?%C3%A4=%20", None, None, "")),
    ],
)
def test_a_url_is_taken_apart(text: str, parts: URL) -> None:
    assert parse_url(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "http://-", "http://a..b/", "http://a/b c", "http://a\x7f", "http://.a/", "http://a:b/",
        "http://a:65536/", "http://[::1]x/", "http://[1.2.3.4]/", "http://[::g]/",
        f"http://{'a' * 255}/", "http://a%62/", "http://\u2603.\ufffd/",
    ],
)  # fmt: skip
def test_what_is_no_url_is_refused(text: str) -> None:
    if text in ("http://-", "http://a..b/"):
        assert parse_url(text).host  # names like these are for the resolver to refuse
        return
    with pytest.raises(ValueError, match=r"http|URL|host|port"):
        parse_url(text)


def test_a_password_does_not_stand_in_a_message() -> None:
    with pytest.raises(ValueError, match="http") as caught:
        parse_url("http://user:secret@host:99999/")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "authority", "tunnel"),
    [
        ("http://a/", "a", "a:80"),
        ("https://a:443/", "a", "a:443"),
        ("https://a:80/", "a:80", "a:80"),
        ("http://[::1]:80/", "[::1]", "[::1]:80"),
        ("http://[fe80::1%25eth0]:81/", "[fe80::1]:81", "[fe80::1%eth0]:81"),
    ],
)
def test_the_authority_has_the_port_where_it_is_not_the_usual_one(
    text: str, authority: str, tunnel: str
) -> None:
    url = parse_url(text)

    assert (url.authority, url.tunnel) == (authority, tunnel)


def test_the_form_for_proxies_has_neither_password_nor_fragment() -> None:
    assert parse_url("http://u:p@a:81/b?c#d").absolute == "http://a:81/b?c"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("fa\u00df.de", "xn--fa-hia.de"),  # IDNA 2003 leads to fass.de
        ("B\u00dcCHER.example", "xn--bcher-kva.example"),
        ("\uff41.example", "a.example"),
        ("a\u3002b", "a.b"),
    ],
)
def test_names_beyond_ascii_are_those_that_browsers_ask_for(host: str, expected: str) -> None:
    assert ascii_host(host) == expected


@pytest.mark.parametrize("host", ["\u2603.example", "\u0301a.example", "\ufffd"])
def test_a_name_that_is_not_permitted_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="not permitted"):
        ascii_host(host)


def test_a_long_name_beyond_ascii_is_refused_in_linear_time() -> None:
    with pytest.raises(ValueError, match="not permitted"):
        ascii_host("\u0130" * 200_000)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x", "http://h/x#f"),
        ("y", "http://h/a/y#f"),
        ("#g", "http://h/a/b?q#g"),
        ("https://other/x#", "https://other/x#"),
        ("http:", "http:#f"),
        (" /x ", "http://h/x#f"),
        ("/\u00ff", "http://h/%FF#f"),
        ("/voil\u00c3\u00a0", "http://h/voil%C3%A0#f"),
        ("\u0085", "http://h/a/%85#f"),
        ("//b\u00c3\u00bccher.example", "http://xn--bcher-kva.example#f"),
        ("http://b\u00c3\u00bc.example:81/\u00c3\u00a4", "http://xn--b-eha.example:81/%C3%A4#f"),
        ("http://\u00c3\u00a4@b\u00c3\u00bc.example", "http://%C3%A4@xn--b-eha.example#f"),
        ("http://b\u00fc.example/", "http://b%FC.example/#f"),
    ],
)
def test_a_location_is_joined(location: str, url: str) -> None:
    assert join("http://h/a/b?q#f", location) == url
