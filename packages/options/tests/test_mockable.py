"""Options in the tests of a program."""

from unittest import mock

import pytest

from ostro.options import InvalidValueError

from .support import parse, parser_with


def test_a_patched_option_has_its_value_back_afterwards() -> None:
    options = parser_with("port", default=80)
    parse(options, "--port=81")

    with mock.patch.object(options.mockable(), "port", 9999):
        assert options.port == 9999

    assert options.port == 81


def test_patches_nest() -> None:
    options = parser_with("port", default=80)
    mockable = options.mockable()

    with mock.patch.object(mockable, "port", 1):
        with (
            mock.patch.object(mockable, "port", 2),
            mock.patch.object(options.mockable(), "port", 3),
        ):
            assert options.port == 3
        assert options.port == 1

    assert options.port == 80


def test_a_patched_option_is_checked_like_an_assigned_one() -> None:
    options = parser_with("port", default=80)

    with (
        pytest.raises(InvalidValueError),
        mock.patch.object(options.mockable(), "port", "x"),
    ):
        pytest.fail("the patch was accepted")

    assert options.port == 80


def test_an_unknown_option_cannot_be_patched() -> None:
    options = parser_with("port", default=80)

    with (
        pytest.raises(AttributeError),
        mock.patch.object(options.mockable(), "prot", 1),
    ):
        pytest.fail("the patch was accepted")


def test_only_what_was_patched_can_be_deleted() -> None:
    options = parser_with("port", default=80)

    with pytest.raises(AttributeError, match="option 'port' is not patched"):
        del options.mockable().port
