"""Canonical header names, and the bounded cache behind them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.httputil import canonical_name
from ostro.httputil._names import (
    MAX_CACHED_NAME_LENGTH,
    MAX_CACHED_NAMES,
    NameCache,
    compute_canonical_name,
    name_cache,
)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("content-type", "Content-Type"),
        ("ETag", "Etag"),
        ("WWW-AUTHENTICATE", "Www-Authenticate"),
        ("x", "X"),
        ("-a--b-", "-A--B-"),
        ("x_under_score", "X_under_score"),
        ("sec-ch-ua", "Sec-Ch-Ua"),
    ],
)
def test_each_word_is_capitalised(name: str, canonical: str) -> None:
    assert canonical_name(name) == canonical
    assert canonical_name(canonical) == canonical


@pytest.mark.parametrize("name", ["", "a b", "\u212aeep-alive", "\u0130", "a:", "a\n"])
def test_what_is_no_token_comes_back_unchanged_and_is_not_cached(name: str) -> None:
    assert canonical_name(name) == name
    assert name not in name_cache


def test_a_full_cache_keeps_the_well_known_names_only() -> None:
    cache = NameCache()
    for number in range(MAX_CACHED_NAMES):
        cache[f"x-{number}"]

    full = len(cache)
    name = cache["x-one-more"]

    assert full == MAX_CACHED_NAMES
    assert name == cache["x-one-more"] == "X-One-More"
    assert "x-0" not in cache
    assert "content-type" in cache


def test_the_cache_never_grows_beyond_its_limit() -> None:
    cache = NameCache()

    sizes = [len(cache) for number in range(5 * MAX_CACHED_NAMES) if cache[f"x-{number}"]]

    assert max(sizes) == MAX_CACHED_NAMES


def test_names_up_to_the_length_limit_are_cached() -> None:
    cache = NameCache()
    longest = "x" * MAX_CACHED_NAME_LENGTH

    assert cache[longest] == longest.capitalize()
    assert cache[longest + "x"] == (longest + "x").capitalize()

    assert list(cache) == [longest]


def test_well_known_names_are_there_from_the_start() -> None:
    for name in ("Host", "host", "HOST", "ETag", "Etag", "etag", "content-length"):
        assert name in name_cache
    assert len(name_cache) <= MAX_CACHED_NAMES


@given(st.text(max_size=20))
def test_a_canonical_name_is_its_own_and_differs_in_case_only(name: str) -> None:
    canonical = compute_canonical_name(name)

    assert compute_canonical_name(canonical) == canonical
    assert canonical == name or canonical.lower() == name.lower()
