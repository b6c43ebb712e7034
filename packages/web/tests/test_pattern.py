"""Patterns read without being run: right where they say something, careful elsewhere."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostro.web._pattern import anchored, literal_prefix, reverse_template


@pytest.mark.parametrize(
    ("pattern", "prefix", "exact"),
    [
        ("/", "/", True),
        ("/about$", "/about", True),
        ("^/about$", "/about", True),
        (r"/a\.txt$", "/a.txt", True),
        (r"/story/([0-9]+)$", "/story/", False),
        (r"/story/\d+$", "/story/", False),
        ("/foo/?$", "/foo", False),
        ("/foo/*$", "/foo", False),
        ("/foo/+$", "/foo/", False),
        ("/fo{2}$", "/f", False),
        ("/a|/b$", "", False),
        ("/(?:a|b)$", "/", False),
        ("/a[(]|/b$", "", False),
        ("/a[)|]$", "/a", False),
        (r"/a[\]|]$", "/a", False),
        ("/a[]|]$", "/a", False),
        ("/a[^]|]$", "/a", False),
        (r"/a\(|/b$", "", False),
        ("(?i)/about$", "", False),
        ("/a(?#(comment)|/b$", "", False),
        ("/a(?i:b)$", "", False),
        ("/a$b", "/a", False),
        (r"/price\$$", "/price$", True),
        (".*$", "", False),
        ("$", "", True),
    ],
)
def test_a_pattern_begins_with_its_literal_text(pattern: str, prefix: str, exact: bool) -> None:
    re.compile(pattern)  # the example is one

    assert literal_prefix(pattern) == (prefix, exact)


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("/", ["/"]),
        ("^/about$", ["/about"]),
        ("/story/([0-9]+)$", ["/story/", ""]),
        ("/(?P<year>[0-9]+)/(?P<slug>[^/()]+)/edit$", ["/", "/", "/edit"]),
        (r"/([^/\]]+)/a\.b", ["/", "/a.b"]),
        (r"/(a\)b)", ["/", ""]),
        ("/([]()]+)", ["/", ""]),
        ("/robots.txt", ["/robots.txt"]),
        ("/foo/?", ["/foo/"]),
        ("/foo/*", ["/foo"]),
        ("/foo/+", ["/foo/"]),
        (r"/price\$", ["/price$"]),
        (r"/\d+", None),
        ("/[a-z]+", None),
        ("/(?:a|b)", None),
        ("/((a)|b)", None),
        ("/(a)?", None),
        ("/(a)*", None),
        ("/(a)+", None),
        ("/(a){2}", None),
        ("/a|/b", None),
        ("/a{2}", None),
    ],
)
def test_a_pattern_is_filled_in_between_its_literal_parts(
    pattern: str, parts: list[str] | None
) -> None:
    re.compile(pattern)

    assert reverse_template(pattern) == parts


@pytest.mark.parametrize(
    ("pattern", "whole"),
    [
        ("/a", "/a$"),
        ("/a$", "/a$"),
        (r"/a\$", r"/a\$$"),
        (r"/a\\$", r"/a\\$"),
        ("", "$"),
    ],
)
def test_a_dollar_sign_is_an_anchor_only_without_a_backslash(pattern: str, whole: str) -> None:
    assert anchored(pattern) == whole


atoms = st.sampled_from(
    [
        *["a", "b", "/", r"\.", r"\|", r"\(", r"\$", ".", r"\w", "|"],
        *["[ab]", "[(]", "[)]", "[|]", "[]a]", r"[\]b]"],
        *["(a)", "(a|b)", "(?:a|b)", "(?P<n>a)", "(?=a)", "(?!b)"],
    ]
)
quantified = st.tuples(atoms, st.sampled_from(["", "", "", "?", "*", "+", "{2}", "{0,1}", "??"]))
texts = st.text(alphabet="ab/.()|$]", max_size=6)


def _joined(pieces: list[tuple[str, str]]) -> str:
    return "".join([atom if atom == "|" else atom + quantifier for atom, quantifier in pieces])


patterns = st.lists(quantified, max_size=6).map(_joined).filter(lambda text: text.count("<") < 2)


@given(patterns, texts)
@settings(max_examples=400)
def test_all_matches_begin_with_the_literal_prefix(pattern: str, text: str) -> None:
    pattern = anchored(pattern)
    prefix, exact = literal_prefix(pattern)

    found = re.match(pattern, text)

    if found is not None:
        assert text.startswith(prefix)
    if exact:
        assert (found is not None) == (text == prefix)


@given(patterns)
@settings(max_examples=400)
def test_a_template_gives_text_that_the_pattern_matches(pattern: str) -> None:
    regex = re.compile(anchored(pattern))
    parts = reverse_template(pattern)

    if parts is not None and "(?" not in pattern:
        assert len(parts) == regex.groups + 1
        arguments = ["a"] * regex.groups
        text = parts[0] + "".join(
            [arg + part for arg, part in zip(arguments, parts[1:], strict=True)]
        )
        found = regex.match(text)
        assert found is not None
        assert list(found.groups()) == arguments
