"""What an IP address looks like."""

import socket

__all__ = ["is_valid_ip"]


def is_valid_ip(ip: str) -> bool:
    """Return whether `ip` is an IPv4 or IPv6 address, and nothing else.

    A scope (`fe80::1%eth0`) is accepted for IPv6. Host names, the empty string, short forms
    of IPv4 (`127.1`), octal and hexadecimal numbers, brackets, surrounding space and NUL bytes
    are not. Never blocks, never looks a name up.
    """
    address, percent, scope = ip.partition("%")
    if percent:
        return bool(scope) and "\0" not in scope and _parses(socket.AF_INET6, address)
    return _parses(socket.AF_INET, address) or _parses(socket.AF_INET6, address)


def _parses(family: socket.AddressFamily, address: str) -> bool:
    try:
        socket.inet_pton(family, address)
    except (OSError, ValueError):  # ValueError: NUL bytes, and what ASCII cannot encode
        return False
    return True
