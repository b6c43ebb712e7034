"""Set-Cookie: what it says, and what it refuses to say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypedDict

import pytest

from ostro.httputil import format_set_cookie


class Attributes(TypedDict, total=False):
    domain: str | None
    expires: float | datetime
    path: str | None
    max_age: int
    secure: bool
    httponly: bool
    samesite: str
    partitioned: bool


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, "n=v; Path=/"),
        ({"path": None}, "n=v"),
        ({"path": ""}, "n=v"),
        ({"path": "/a b"}, "n=v; Path=/a b"),
        ({"domain": "example.com"}, "n=v; Domain=example.com; Path=/"),
        ({"domain": ""}, "n=v; Path=/"),
        ({"expires": 0.0}, "n=v; expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"),
        (
            {"expires": datetime(2013, 1, 27, tzinfo=UTC)},
            "n=v; expires=Sun, 27 Jan 2013 00:00:00 GMT; Path=/",
        ),
        ({"max_age": 0}, "n=v; Max-Age=0; Path=/"),
        ({"max_age": -1}, "n=v; Max-Age=-1; Path=/"),
        ({"secure": True}, "n=v; Path=/; Secure"),
        ({"httponly": True}, "n=v; HttpOnly; Path=/"),
        ({"samesite": "LAX"}, "n=v; Path=/; SameSite=Lax"),
        ({"samesite": "strict"}, "n=v; Path=/; SameSite=Strict"),
        ({"samesite": "none", "secure": True}, "n=v; Path=/; SameSite=None; Secure"),
        ({"partitioned": True, "secure": True}, "n=v; Partitioned; Path=/; Secure"),
    ],
)
def test_each_attribute_is_written(attributes: Attributes, expected: str) -> None:
    assert format_set_cookie("n", "v", **attributes) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", 'n=""'),
        ("a:b|c", "n=a:b|c"),
        ("a b", 'n="a b"'),
        ("a=b", 'n="a=b"'),
        ('a"b', r'n="a\"b"'),
        ("a\\b", r'n="a\\b"'),
        ("a,b", r'n="a\054b"'),
        ("é", r'n="\303\251"'),
    ],
)
def test_a_value_is_quoted_when_it_must_be(value: str, expected: str) -> None:
    assert format_set_cookie("n", value, path=None) == expected


@pytest.mark.parametrize(
    "name", ["", "a b", "a=b", "a;b", "a\r\nb", "a,b", "é", "a\0", '"a"', "a\n"]
)
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a token"):
        format_set_cookie(name, "v")


@pytest.mark.parametrize("bad", [";", "\r", "\n", "\0", "\x1f", "\x7f", "\t"])
@pytest.mark.parametrize("where", ["value", "domain", "path", "samesite"])
def test_what_could_end_an_attribute_is_refused(where: str, bad: str) -> None:
    text = f"x{bad}y"

    with pytest.raises(ValueError, match=f"{where} of cookie n has the character"):
        format_set_cookie(
            "n",
            text if where == "value" else "v",
            domain=text if where == "domain" else None,
            path=text if where == "path" else "/",
            samesite=text if where == "samesite" else None,
        )


@pytest.mark.parametrize("bad", ["\u0100", "\u20ac", "\U0001f36a", "\ud800"])
def test_what_does_not_fit_into_a_header_is_refused_in_attributes(bad: str) -> None:
    with pytest.raises(ValueError, match="domain of cookie n has the character"):
        format_set_cookie("n", "v", domain=bad)
    with pytest.raises(ValueError, match="path of cookie n has the character"):
        format_set_cookie("n", "v", path=f"/{bad}")


def test_an_unknown_samesite_is_refused() -> None:
    with pytest.raises(ValueError, match="expected Lax, Strict or None"):
        format_set_cookie("n", "v", samesite="loose")
    with pytest.raises(ValueError, match="expected Lax, Strict or None"):
        format_set_cookie("n", "v", samesite="")


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("n", {"samesite": "None"}),
        ("n", {"partitioned": True}),
        ("__Secure-n", {}),
        ("__secure-n", {}),
        ("__Host-n", {}),
    ],
)
def test_what_browsers_take_only_over_https_must_be_secure(
    name: str, attributes: Attributes
) -> None:
    with pytest.raises(ValueError, match="must be secure"):
        format_set_cookie(name, "v", **attributes)
    attributes["secure"] = True
    assert format_set_cookie(name, "v", **attributes).startswith(f"{name}=v; ")


@pytest.mark.parametrize(
    "attributes", [{"domain": "example.com"}, {"path": "/a"}, {"path": None}, {"path": ""}]
)
@pytest.mark.parametrize("name", ["__Host-n", "__HOST-n"])
def test_a_host_cookie_has_the_root_path_and_no_domain(name: str, attributes: Attributes) -> None:
    attributes["secure"] = True

    with pytest.raises(ValueError, match="path '/' and no domain"):
        format_set_cookie(name, "v", **attributes)
    assert format_set_cookie(name, "v", secure=True) == f"{name}=v; Path=/; Secure"
