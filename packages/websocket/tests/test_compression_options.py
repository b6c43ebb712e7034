"""How applications say how they compress."""

from collections.abc import Mapping

import pytest

from ostro.websocket import CompressionOptions
from ostro.websocket._compression import compression_options_of


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        ({}, CompressionOptions()),
        (CompressionOptions(level=3), CompressionOptions(level=3)),
        ({"compression_level": 1, "mem_level": 2}, CompressionOptions(level=1, mem_level=2)),
        ({"client_max_window_bits": 10}, CompressionOptions(client_max_window_bits=10)),
    ],
)
def test_the_choice_of_an_application_is_understood(
    choice: Mapping[str, object] | None, expected: CompressionOptions | None
) -> None:
    assert compression_options_of(choice) == expected


def test_an_unknown_option_is_named_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"'compresion_level' is unknown.*compression_level"):
        compression_options_of({"compresion_level": 1})


def test_a_value_out_of_bounds_is_named() -> None:
    with pytest.raises(ValueError, match="mem_level is 10, expected 1 to 9"):
        compression_options_of({"mem_level": 10})
