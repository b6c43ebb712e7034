"""The spelling of codes, and what stands in for one."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.locale._codes import parse, stand_ins


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("en", "en"),
        ("EN-us", "en_US"),
        ("es_419", "es_419"),
        ("zh-hant-tw", "zh_Hant_TW"),
        ("fil", "fil"),
        ("ca_ES_Valencia", "ca_ES_valencia"),
        ("de-1996", "de_1996"),
        ("sr_RS.UTF-8@Latin", "sr_RS@latin"),
        ("en-US-u-hc-h12", "en_US_u_hc_h12"),
    ],
)
def test_a_code_has_one_spelling(written: str, kept: str) -> None:
    assert str(parse(written)) == kept


@pytest.mark.parametrize(
    "written",
    ["", "*", "e", "english", "en_", "_US", "en US", "en__US", "../en", "en\n", "\u017fr", "٣٤"],
)
def test_what_is_no_code_is_none(written: str) -> None:
    assert parse(written) is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("de", ["de"]),
        ("de_AT", ["de_AT", "de"]),
        ("zh_Hant_TW", ["zh_Hant_TW", "zh_Hant", "zh_TW", "zh"]),
        ("ca_ES_valencia", ["ca_ES_valencia", "ca_ES", "ca"]),
        ("sr_RS@latin", ["sr_RS@latin", "sr_RS", "sr"]),
        ("de_DE_u_co", ["de_DE_u_co", "de_DE_u", "de_DE", "de"]),
    ],
)
def test_stand_ins_say_ever_less(code: str, expected: list[str]) -> None:
    parts = parse(code)

    assert parts
    assert list(dict.fromkeys(stand_ins(parts))) == expected


@given(st.text("aB1-_@.", max_size=30))
def test_the_spelling_of_a_spelling_is_itself(written: str) -> None:
    parts = parse(written)

    if parts:
        assert parse(str(parts)) == parts
        assert stand_ins(parts)[0] == str(parts)


def test_a_code_of_a_megabyte_is_read_in_linear_time() -> None:
    started = time.process_time()

    parse("en" + "-abcdefgh" * 100_000 + "!")

    assert time.process_time() - started < 5
