"""Digest authentication, by the vectors of RFC 7616 and by what servers ask."""

from __future__ import annotations

import hashlib
import re

import pytest

from ostro.httpclient._challenges import Challenge, parse_challenges
from ostro.httpclient._digest import (
    Credentials,
    DigestMemory,
    DigestRequest,
    digest_authorization,
    is_stale,
    learn,
)

REALM = "http-auth@example.org"
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
MUFASA = Credentials("Mufasa", "Circle of Life")
GET = DigestRequest("GET", "/dir/index.html", b"")
PLACE = ("http", "example.org", 80)


def fields(value: str) -> dict[str, str]:
    (challenge,) = parse_challenges([value])
    return challenge.parameters


def challenge(**parameters: str) -> Challenge:
    return Challenge("digest", {"realm": REALM, "nonce": NONCE, **parameters})


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ],
)
def test_the_vectors_of_rfc_7616_section_3_9_1(algorithm: str, response: str) -> None:
    asked = challenge(algorithm=algorithm, qop="auth, auth-int", opaque=OPAQUE)

    value = digest_authorization(asked, GET, MUFASA, 1, CNONCE)

    answer = fields(value)
    assert answer == {
        "username": "Mufasa",
        "realm": REALM,
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": NONCE,
        "nc": "00000001",
        "cnonce": CNONCE,
        "qop": "auth",
        "response": response,
        "opaque": OPAQUE,
    }


def test_a_user_name_is_hashed_where_the_server_wants_it() -> None:
    """The example of RFC 7616 section 3.9.2, with the hash of erratum 4897."""
    asked = challenge(
        realm="api@example.org",
        algorithm="SHA-512-256",
        charset="UTF-8",
        userhash="true",
    )

    value = digest_authorization(asked, GET, Credentials("J\u00e4s\u00f8n Doe", "p"), 1, "c")

    answer = fields(value)
    assert answer["username"] == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    assert answer["userhash"] == "true"


def test_without_qop_the_answer_is_that_of_rfc_2069() -> None:
    asked = Challenge(
        "digest", {"realm": "testrealm@host.com", "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093"}
    )

    value = digest_authorization(asked, GET, Credentials("Mufasa", "CircleOfLife"), 1, CNONCE)

    assert fields(value)["response"] == "1949323746fe6a43ef61f9606e7febea"
    assert not fields(value).keys() & {"qop", "nc", "cnonce", "algorithm", "opaque"}


def test_a_session_mixes_both_nonces_into_the_secret() -> None:
    asked = challenge(algorithm="MD5-sess", qop="auth")

    value = digest_authorization(asked, GET, MUFASA, 2, "c")

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    secret = md5(f"{md5(f'Mufasa:{REALM}:Circle of Life')}:{NONCE}:c")
    expected = md5(f"{secret}:{NONCE}:00000002:c:auth:{md5('GET:/dir/index.html')}")
    assert fields(value)["response"] == expected


def test_the_body_is_covered_where_the_server_asks_for_no_less() -> None:
    asked = challenge(qop="auth-int")
    first = digest_authorization(asked, DigestRequest("POST", "/", b"a"), MUFASA, 1, "c")
    second = digest_authorization(asked, DigestRequest("POST", "/", b"b"), MUFASA, 1, "c")

    assert fields(first)["qop"] == "auth-int"
    assert fields(first)["response"] != fields(second)["response"]


@pytest.mark.parametrize(
    ("charset", "username", "field"),
    [
        ("", "J\u00e4s\u00f8n", "username*=UTF-8''J%C3%A4s%C3%B8n"),
        ("UTF-8", "J\u00e4s\u00f8n", "username*=UTF-8''J%C3%A4s%C3%B8n"),
        ("", "\u20ac", "username*=UTF-8''%E2%82%AC"),
        ("", 'quo"ted\\', 'username="quo\\"ted\\\\"'),
    ],
)
def test_a_user_name_goes_out_whatever_is_in_it(charset: str, username: str, field: str) -> None:
    asked = challenge(charset=charset)

    value = digest_authorization(asked, GET, Credentials(username, "p"), 1, "c")

    assert field in value


def test_a_name_that_fits_in_latin_1_is_hashed_as_that_unless_the_server_says_utf_8() -> None:
    who = Credentials("J\u00e4s", "p")

    plain = digest_authorization(challenge(), GET, who, 1, "c")
    utf8 = digest_authorization(challenge(charset="UTF-8"), GET, who, 1, "c")

    secret = hashlib.md5(f"J\u00e4s:{REALM}:p".encode("latin-1")).hexdigest()
    asked = hashlib.md5(b"GET:/dir/index.html").hexdigest()
    expected = hashlib.md5(f"{secret}:{NONCE}:{asked}".encode()).hexdigest()
    assert fields(plain)["response"] == expected
    assert fields(utf8)["response"] != expected


def test_the_count_goes_up_with_each_request_of_a_nonce() -> None:
    memory = DigestMemory()
    assert memory.authorization(PLACE, GET, MUFASA) is None

    assert learn(memory, PLACE, [f'Digest realm="r", nonce="{NONCE}", qop="auth"'], GET, "Mufasa")
    values = [memory.authorization(PLACE, GET, MUFASA) or "" for _ in range(3)]
    assert learn(memory, PLACE, ['Digest realm="r", nonce="new", qop="auth"'], GET, "Mufasa")
    values.append(memory.authorization(PLACE, GET, MUFASA) or "")

    assert re.findall(r"nc=(\w+)", "".join(values)) == [
        "00000001",
        "00000002",
        "00000003",
        "00000001",
    ]
    assert len({fields(value)["cnonce"] for value in values}) == 4
    assert fields(values[-1])["nonce"] == "new"
    assert memory.authorization(PLACE, GET, Credentials("other", "")) is None


def test_only_so_many_servers_are_remembered() -> None:
    memory = DigestMemory()

    for port in range(1, 300):
        learn(memory, ("http", "h", port), ['Digest realm="r", nonce="n"'], GET, "Mufasa")

    assert memory.authorization(("http", "h", 1), GET, MUFASA) is None
    assert memory.authorization(("http", "h", 299), GET, MUFASA) is not None


@pytest.mark.parametrize(
    "value",
    [
        "",
        'Basic realm="r"',
        'Digest realm="r"',
        'Digest realm="r", nonce="n", algorithm=SHA-1024',
        'Digest realm="r", nonce="n", qop="auth-conf"',
    ],
)
def test_what_cannot_be_answered_is_not(value: str) -> None:
    assert not learn(DigestMemory(), PLACE, [value], GET, "Mufasa")


def test_a_body_that_is_not_known_as_a_whole_cannot_be_covered() -> None:
    asked = ['Digest realm="r", nonce="n", qop="auth-int"']

    assert not learn(DigestMemory(), PLACE, asked, DigestRequest("POST", "/", None), "Mufasa")


def test_the_strongest_algorithm_is_taken() -> None:
    memory = DigestMemory()
    asked = [
        'Digest realm="r", nonce="n", algorithm=MD5',
        'Digest realm="r", nonce="n", algorithm=SHA-256-sess, Digest realm="r", nonce="n"',
    ]

    learn(memory, PLACE, asked, GET, "Mufasa")

    assert fields(memory.authorization(PLACE, GET, MUFASA) or "")["algorithm"] == "SHA-256-sess"


def test_stale_is_told_apart() -> None:
    assert is_stale(['Digest realm="r", nonce="n", stale=TRUE'])
    assert not is_stale(['Digest realm="r", nonce="n", stale=false'])
    assert not is_stale(['Digest realm="r", nonce="n"'])
    assert not is_stale(["Basic stale=true"])


# Challenges


@pytest.mark.parametrize(
    ("values", "challenges"),
    [
        ([""], []),
        (["Negotiate"], [("negotiate", {})]),
        (["Negotiate abc=="], [("negotiate", {})]),
        (["NTLM, Basic realm=x"], [("ntlm", {}), ("basic", {"realm": "x"})]),
        (['Basic realm="a, b=c", x=y'], [("basic", {"realm": "a, b=c", "x": "y"})]),
        (['Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"'],
         [("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
          ("basic", {"realm": "simple"})]),
        (["Basic realm=a", "Digest x=b"], [("basic", {"realm": "a"}), ("digest", {"x": "b"})]),
        (["Digest NONCE = b , nonce=c"], [("digest", {"nonce": "b"})]),
        (["a=b, Basic realm=x"], [("basic", {"realm": "x"})]),
        (['Basic realm="open'], [("basic", {})]),
        (["\x00", "Basic"], [("basic", {})]),
    ],
)  # fmt: skip
def test_challenges_are_read(
    values: list[str], challenges: list[tuple[str, dict[str, str]]]
) -> None:
    assert parse_challenges(values) == [Challenge(*each) for each in challenges]


def test_a_long_challenge_is_read_in_linear_time() -> None:
    assert len(parse_challenges(['Digest a="' + "\\x" * 500_000])) == 1
    assert len(parse_challenges(["x=" * 500_000 + "Digest"])) <= 1
    assert len(parse_challenges([", " * 500_000 + "Digest"])) == 1


def test_a_realm_beyond_ascii_is_hashed_and_sent_back_as_it_came() -> None:
    sent = "R\u00e4ume".encode()
    asked = Challenge("digest", {"realm": sent.decode("latin-1"), "nonce": "n", "charset": "UTF-8"})

    answer = digest_authorization(asked, GET, MUFASA, 1, "c")

    secret = hashlib.md5(b"Mufasa:" + sent + b":Circle of Life").hexdigest()
    wanted = hashlib.md5(b"GET:/dir/index.html").hexdigest()
    assert fields(answer)["response"] == hashlib.md5(f"{secret}:n:{wanted}".encode()).hexdigest()
    assert sent in answer.encode("latin-1")
