"""The XOR of bytes, which Python does not have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.websocket._masking import MaskSource, apply_mask, rotate_mask

from .support import xor

masks = st.binary(min_size=4, max_size=4)


@given(st.binary(max_size=300), masks)
def test_masking_is_what_the_rfc_describes(data: bytes, mask: bytes) -> None:
    assert apply_mask(data, mask) == xor(data, mask)


@pytest.mark.parametrize("size", [4095, 4096, 4097, 8192, 20003])
def test_masking_large_data_is_the_same(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)

    assert apply_mask(data[:size], b"\x01\x80\xff\x00") == xor(data[:size], b"\x01\x80\xff\x00")


@given(st.binary(max_size=50), masks, st.integers(0, 50))
def test_what_is_masked_in_parts_is_masked_as_a_whole(data: bytes, mask: bytes, at: int) -> None:
    first, second = data[:at], data[at:]

    parts = apply_mask(first, mask) + apply_mask(second, rotate_mask(mask, len(first)))

    assert parts == apply_mask(data, mask)


def test_masks_do_not_repeat_from_one_source_to_another() -> None:
    one, other = MaskSource(), MaskSource()

    masks = [source.next_mask() for source in (one, other) for _ in range(150)]

    assert all(len(mask) == 4 for mask in masks)
    assert len(set(masks)) > 295
