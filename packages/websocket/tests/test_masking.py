"""The XOR of bytes, which Python does not have."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.websocket._masking import MaskSource, apply_mask, mask_in_python, rotate_mask

from .support import xor

masks = st.binary(min_size=4, max_size=4)

Mask = Callable[[bytes, bytes], bytes]
each_way = pytest.mark.parametrize(
    "mask_with", [apply_mask, mask_in_python], ids=["best", "python"]
)


@each_way
@given(st.binary(max_size=300), masks)
def test_masking_is_what_the_rfc_describes(mask_with: Mask, data: bytes, mask: bytes) -> None:
    assert mask_with(data, mask) == xor(data, mask)


@each_way
@pytest.mark.parametrize("size", [4095, 4096, 4097, 8192, 20003])
def test_masking_large_data_is_the_same(mask_with: Mask, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)

    assert mask_with(data[:size], b"\x01\x80\xff\x00") == xor(data[:size], b"\x01\x80\xff\x00")


@each_way
@given(st.binary(max_size=50), masks, st.integers(0, 50))
def test_what_is_masked_in_parts_is_masked_as_a_whole(
    mask_with: Mask, data: bytes, mask: bytes, at: int
) -> None:
    first, second = data[:at], data[at:]

    parts = mask_with(first, mask) + mask_with(second, rotate_mask(mask, len(first)))

    assert parts == mask_with(data, mask)


@pytest.mark.skipif(
    apply_mask is mask_in_python, reason="_speedups is not compiled: install a C compiler"
)
@pytest.mark.parametrize(
    "wrong", [(b"a",), (b"a", b"123"), (b"a", b"12345"), ("a", b"1234"), (b"a", 1)]
)
def test_the_compiled_way_refuses_what_is_no_data_or_no_mask(wrong: tuple[bytes, bytes]) -> None:
    with pytest.raises((TypeError, ValueError)):
        apply_mask(*wrong)


def test_masks_do_not_repeat_from_one_source_to_another() -> None:
    one, other = MaskSource(), MaskSource()

    masks = [source.next_mask() for source in (one, other) for _ in range(150)]

    assert all(len(mask) == 4 for mask in masks)
    assert len(set(masks)) > 295
