"""Signed values: they come back, and nothing else does. Tornado reads ours, and we read its."""

import base64
import hashlib
import hmac
import time
from typing import Any

import pytest
import tornado.web
from hypothesis import given, settings
from hypothesis import strategies as st

from ostro.web import create_signed_value, decode_signed_value, get_signature_key_version

SECRET = "61oETzKXQAGaYdkL5gEmGeJJFuYh7EQnp2XdTP1o/Vo="
SECRETS: dict[int, str | bytes] = {1: "first", 2: b"second"}
NOW = 1_300_000_000.5
DAY = 86400


def sign(value: str | bytes, version: int | None = None, at: float = NOW) -> bytes:
    return create_signed_value(SECRET, "name", value, version, lambda: at)


def read(
    value: str | bytes | None,
    name: str = "name",
    max_age_days: float = 31,
    at: float = NOW,
    min_version: int | None = None,
) -> bytes | None:
    return decode_signed_value(SECRET, name, value, max_age_days, lambda: at, min_version)


both_versions = pytest.mark.parametrize("version", [1, 2])


def test_format_2_is_as_documented() -> None:
    value = sign("value")

    signed, _, signature = value.rpartition(b"|")
    assert signed == b"2|1:0|10:1300000000|4:name|8:dmFsdWU="
    expected = hmac.new(SECRET.encode(), signed + b"|", hashlib.sha256).hexdigest()
    assert signature.decode() == expected


def test_format_1_is_as_documented() -> None:
    value = sign("value", 1)

    expected = hmac.new(SECRET.encode(), b"namedmFsdWU=1300000000", hashlib.sha1).hexdigest()
    assert value == b"dmFsdWU=|1300000000|" + expected.encode()


@both_versions
@given(st.binary(max_size=60) | st.text(max_size=30))
@settings(max_examples=60)
def test_what_is_signed_comes_back(version: int, value: str | bytes) -> None:
    expected = value.encode() if isinstance(value, str) else value

    signed = sign(value, version)

    assert read(signed) == expected
    assert read(signed.decode()) == expected


@both_versions
def test_a_value_signed_for_another_name_is_none(version: int) -> None:
    assert read(sign("value", version), name="other") is None


@both_versions
def test_a_value_signed_with_another_secret_is_none(version: int) -> None:
    signed = create_signed_value("other", "name", "value", version, lambda: NOW)

    assert read(signed) is None


@both_versions
def test_a_value_is_good_up_to_its_greatest_age(version: int) -> None:
    signed = sign("value", version)

    assert read(signed, at=NOW + 31 * DAY - 1) == b"value"
    assert read(signed, at=NOW + 31 * DAY + 1) is None
    assert read(signed, at=NOW + 2 * DAY, max_age_days=1) is None
    assert read(signed, at=NOW + DAY / 2, max_age_days=0.25) is None


@both_versions
def test_a_value_from_the_far_future_is_none(version: int) -> None:
    assert read(sign("value", version, NOW + 30 * DAY)) == b"value"
    assert read(sign("value", version, NOW + 32 * DAY)) is None


@both_versions
def test_a_value_with_any_byte_changed_is_none(version: int) -> None:
    signed = sign("value", version)

    for position in range(len(signed)):
        for bit in (1, 2, 4, 0x20):
            changed = bytearray(signed)
            changed[position] ^= bit
            assert read(bytes(changed)) is None, changed


@both_versions
def test_a_truncated_or_extended_value_is_none(version: int) -> None:
    signed = sign("value", version)

    for size in range(len(signed)):
        assert read(signed[:size]) is None
    for more in (b"|", b"0", b"\n", b" ", b"|0"):
        assert read(signed + more) is None
        assert read(more + signed) is None


@both_versions
def test_text_that_is_no_utf8_is_none(version: int) -> None:
    signed = sign("value", version).decode()

    assert read(signed + "\ud800") is None
    assert read("\ud800" + signed) is None
    assert get_signature_key_version("\ud800|") is None


@both_versions
def test_signatures_are_compared_in_constant_time(
    version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bytes] = []

    def compare(a: bytes, b: bytes) -> bool:
        compared.append(a)
        return a == b

    signed = sign("value", version)
    forged = signed[:-1] + bytes([signed[-1] ^ 1])
    monkeypatch.setattr(hmac, "compare_digest", compare)

    assert [read(signed), read(forged)] == [b"value", None]
    assert compared == [signed.rpartition(b"|")[2], forged.rpartition(b"|")[2]]


def test_in_format_1_digits_cannot_move_from_the_value_to_the_timestamp() -> None:
    # The signature covers the fields without a mark between them.
    encoded, timestamp, signature = sign(b"\xd7\x6d\xf8\xe7\xae\xfc", 1).split(b"|")
    assert encoded == b"12345678"
    assert read(encoded + b"|" + timestamp + b"|" + signature) is not None

    for count in (1, 2, 4):
        moved = [encoded[:-count], encoded[-count:] + timestamp, signature]
        assert read(b"|".join(moved)) is None


def test_in_format_1_more_digits_than_python_reads_are_none() -> None:
    signed = sign(base64.b64decode(b"1234" * 1500), 1)
    encoded, timestamp, signature = signed.split(b"|")

    moved = [encoded[:-5000], encoded[-5000:] + timestamp, signature]

    assert read(b"|".join(moved)) is None


def test_in_format_1_the_timestamp_is_a_number_without_leading_zeros() -> None:
    for timestamp in (b"0300000000", b"-300000000", b"1_30000000", b" 130000000", b"", b"1.5"):
        signature = hmac.new(SECRET.encode(), b"namedmFsdWU=" + timestamp, hashlib.sha1).hexdigest()
        assert read(b"dmFsdWU=|" + timestamp + b"|" + signature.encode()) is None


def signed_v2(*fields: bytes) -> bytes:
    """Sign anything in format 2, as someone who knows the secret could."""
    signed = b"|".join([b"2", *fields, b""])
    return signed + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest().encode()


@pytest.mark.parametrize(
    "fields",
    [
        (b"1:0", b"10:1300000000", b"4:name"),
        (b"1:x", b"10:1300000000", b"4:name", b"8:dmFsdWU="),
        (b"19:0000000000000000000", b"10:1300000000", b"4:name", b"8:dmFsdWU="),
        (b"1:0", b"3:abc", b"4:name", b"8:dmFsdWU="),
        (b"1:0", b"10:1300000000", b"4:name", b"7:dmFsdWU"),
        (b"1:0", b"10:1300000000", b"4:name", b"8:dmF*dWU="),
        (b"1:0", b"10:1300000000", b"4:name", b"-8:dmFsdWU="),
        (b"1:0", b"10:1300000000", b"4:name", b"8dmFsdWU="),
        (b"1:0", b"10:1300000000", b"4:name", b"999999999:dmFsdWU="),
        (b"1:0", b"10:1300000000", b"4:name", b"99999999:dmFsdWU="),
        (b"1:0", b"10:1300000000", b"4:name", b":dmFsdWU="),
    ],
)
def test_a_malformed_format_2_is_none_even_if_it_is_signed(fields: tuple[bytes, ...]) -> None:
    assert read(signed_v2(b"1:0", b"10:1300000000", b"4:name", b"8:dmFsdWU=")) == b"value"

    assert read(signed_v2(*fields)) is None


@given(st.binary(max_size=80) | st.from_regex(r"(2\|)?([0-9:|a-zA-Z=]{0,60})").map(str.encode))
@settings(max_examples=200)
def test_what_nobody_signed_is_none(value: bytes) -> None:
    assert read(value) is None
    version = get_signature_key_version(value)
    assert version is None or 0 <= version < 100_000_000


def test_nothing_is_none() -> None:
    assert read(None) is None
    assert read("") is None
    assert read(b"") is None


# Versions and keys


def test_format_1_can_be_refused() -> None:
    assert read(sign("value", 1), min_version=2) is None
    assert read(sign("value", 2), min_version=2) == b"value"


def test_unknown_formats_are_refused() -> None:
    with pytest.raises(ValueError, match="format 3 is unknown, expected 1 or 2"):
        sign("value", 3)
    with pytest.raises(ValueError, match="min_version 3 is unknown"):
        read(sign("value"), min_version=3)


def test_several_secrets_sign_and_read_by_key_version() -> None:
    for version in SECRETS:
        signed = create_signed_value(SECRETS, "name", "value", key_version=version)

        assert get_signature_key_version(signed) == version
        assert decode_signed_value(SECRETS, "name", signed) == b"value"
        assert decode_signed_value({version: SECRETS[version]}, "name", signed) == b"value"
        assert decode_signed_value({3 - version: SECRETS[version]}, "name", signed) is None
        assert decode_signed_value(SECRETS[version], "name", signed) == b"value"


def test_several_secrets_need_the_version_of_the_one_that_signs() -> None:
    with pytest.raises(ValueError, match="key_version must say which"):
        create_signed_value(SECRETS, "name", "value")
    with pytest.raises(ValueError, match="key version 3 is not among"):
        create_signed_value(SECRETS, "name", "value", key_version=3)
    with pytest.raises(ValueError, match="format 1 has no key versions"):
        create_signed_value(SECRETS, "name", "value", 1, key_version=1)


@pytest.mark.parametrize("version", [0, 99_999_999, 1_700_000_000, 10**18 - 1, -1])
def test_a_key_version_may_be_any_number_such_as_a_time(version: int) -> None:
    secrets = {version: "first"}

    ours = create_signed_value(secrets, "name", "value", key_version=version)
    theirs = tornado.web.create_signed_value(secrets, "name", "value", key_version=version)

    for signed in (ours, theirs):
        assert decode_signed_value(secrets, "name", signed) == b"value"
        assert get_signature_key_version(signed) == version
    assert tornado.web.decode_signed_value(secrets, "name", ours) == b"value"


@pytest.mark.parametrize("version", ["1", 10**18, 1.0])
def test_a_key_version_that_could_not_be_read_does_not_sign(
    version: Any,  # Any: what a configuration may hold
) -> None:
    with pytest.raises(ValueError, match="is no whole number"):
        create_signed_value({version: "first"}, "name", "value", key_version=version)


def test_several_secrets_do_not_read_format_1() -> None:
    assert (
        decode_signed_value(SECRETS, "name", create_signed_value("first", "name", "v", 1)) is None
    )


def test_format_1_has_no_key_version() -> None:
    assert get_signature_key_version(sign("value", 1)) is None
    assert get_signature_key_version("2|1:x|") is None


# The other implementation

VALUES = ["value", b"\xff\x00", "", "é", "x" * 1000]


@both_versions
@pytest.mark.parametrize("value", VALUES, ids=["text", "bytes", "empty", "utf-8", "long"])
def test_tornado_reads_what_we_sign_and_the_reverse(version: int, value: str | bytes) -> None:
    expected = value.encode() if isinstance(value, str) else value

    ours = create_signed_value(SECRET, "name", value, version)
    theirs = tornado.web.create_signed_value(SECRET, "name", value, version)

    assert tornado.web.decode_signed_value(SECRET, "name", ours) == expected
    assert decode_signed_value(SECRET, "name", theirs) == expected


@both_versions
def test_both_sign_alike(version: int) -> None:
    theirs = tornado.web.create_signed_value(SECRET, "name", "value", version, lambda: NOW)

    assert sign("value", version) == theirs


def test_both_agree_on_key_versions() -> None:
    secrets = {1: "first", 2: "second"}
    ours = create_signed_value(secrets, "name", "value", key_version=2)
    theirs = tornado.web.create_signed_value(secrets, "name", "value", key_version=2)

    assert tornado.web.decode_signed_value(secrets, "name", ours) == b"value"
    assert decode_signed_value(secrets, "name", theirs) == b"value"
    assert tornado.web.get_signature_key_version(ours) == 2
    assert get_signature_key_version(theirs) == 2


def test_the_clock_is_that_of_the_machine_unless_told_otherwise() -> None:
    signed = create_signed_value(SECRET, "name", "value")

    assert decode_signed_value(SECRET, "name", signed, clock=lambda: time.time() + 5) == b"value"
