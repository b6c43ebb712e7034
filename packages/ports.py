"""Ports for servers that tests start by number."""

import random
import socket

QUIET_PORTS = range(20000, 32000)
"""Below the ports that Linux, macOS and Windows give to outgoing connections."""

_taken: list[int] = []
"""Descriptors that this process keeps open to its end: the UDP ports with the numbers of those that
it was given. A port is free until its server has started, and between two servers; whoever else
runs tests on this machine must not find it so meanwhile."""


def free_port() -> int:
    """Return a port that nobody uses, that nobody was given before, in this process or another one
    that runs tests now, and that no outgoing connection is given.
    """
    for port in random.sample(QUIET_PORTS, len(QUIET_PORTS)):
        mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            mark.bind(("127.0.0.1", port))
            socket.create_server(("", port)).close()
        except OSError:
            mark.close()
            continue
        _taken.append(mark.detach())
        return port
    raise RuntimeError(f"no port is free in {QUIET_PORTS}")
