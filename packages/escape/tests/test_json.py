"""JSON that may stand inside <script>."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.escape import json_decode, json_encode

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="<>/!-s\\\"'é\u2028 "),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet="</!-"), inner),
    max_leaves=10,
)


def test_encodes_objects() -> None:
    assert json_encode({"a": [1, None, "é"]}) == '{"a": [1, null, "\\u00e9"]}'


def test_the_end_of_a_script_is_escaped() -> None:
    assert json_encode("</script>") == '"<\\/script>"'


def test_the_start_of_an_html_comment_is_escaped() -> None:
    assert json_encode("<!--<script>") == '"\\u003c!--<script>"'


@given(JSON_VALUES)
def test_what_is_encoded_cannot_leave_the_script_and_decodes_to_the_same(value: object) -> None:
    encoded = json_encode(value)

    assert "</" not in encoded
    assert "<!--" not in encoded
    assert encoded.isascii()
    assert json_decode(encoded) == value
    assert json.loads(encoded) == value


def test_types_without_a_json_form_are_refused() -> None:
    with pytest.raises(TypeError, match="bytes"):
        json_encode(b"a")


@pytest.mark.parametrize("text", ['{"a": "é"}', '{"a": "é"}'.encode()])
def test_decodes_text_and_utf8(text: str | bytes) -> None:
    assert json_decode(text) == {"a": "é"}


@pytest.mark.parametrize(
    "text",
    ["", "{", "nul", b"\xff", "[" * 200_000, "1" * 10_000],
    ids=["empty", "unfinished", "word", "not utf8", "deep", "many digits"],
)
def test_malformed_text_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        json_decode(text)


def test_a_text_nested_too_deeply_is_named_so() -> None:
    with pytest.raises(json.JSONDecodeError, match="nested too deeply"):
        json_decode("[" * 200_000)


def test_decoding_another_type_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="expected str or bytes, got NoneType"):
        json_decode(None)  # type: ignore[arg-type]  # wrong on purpose
