import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostro.netutil import is_valid_ip


@pytest.mark.parametrize(
    "ip",
    ["127.0.0.1", "4.4.4.4", "255.255.255.255", "::1", "::", "2620:0:1cfe:face:b00c::3",
     "::ffff:1.2.3.4", "fe80::1%eth0", "fe80::1%2"],
)  # fmt: skip
def test_addresses_are_valid(ip: str) -> None:
    assert is_valid_ip(ip)


@pytest.mark.parametrize(
    "ip",
    ["", "localhost", "www.google.com", "4.4.4", "127.1", "1", "256.1.1.1", "1.2.3.4.5",
     "0x7f.0.0.1", "127.0.0.01", "[::1]", " 127.0.0.1", "127.0.0.1\n", "127.0.0.1\0",
     "::1\0", "::1%",
     "fe80::1%a\0",
     "127.0.0.1%eth0", "1.2.3.4,5.6.7.8", "::1::", "12345::", "١٢٧.0.0.1", "\ud800", "http://1.2.3.4"],
)  # fmt: skip
def test_anything_else_is_not(ip: str) -> None:
    assert not is_valid_ip(ip)


@given(st.ip_addresses())
def test_every_address_that_the_standard_library_writes_is_valid(ip: object) -> None:
    assert is_valid_ip(str(ip))


@given(st.text())
def test_it_never_raises(text: str) -> None:
    assert is_valid_ip(text) in (True, False)
