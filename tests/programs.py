"""Programs that the tests start: where they are, what they print, which port they may have."""

import os
import random
import shutil
import socket
import subprocess

import pytest

START_DEADLINE = 30.0
"""Seconds until a program must listen, and until it must end when it is told to."""

QUIET_PORTS = range(20000, 32000)
"""Below the ports that Linux, macOS and Windows give to outgoing connections."""

_taken: list[int] = []
"""Descriptors that this process keeps open to its end: the UDP ports with the numbers of those that
it was given. A port is free until its server has started, and between two servers; whoever else
runs tests on this machine must not find it so meanwhile."""

DEBIAN_PACKAGES = {"ab": "apache2-utils", "chromedriver": "chromium-driver", "nginx": "nginx-light"}
"""What Debian calls the package of a program, where the names differ."""


def find(program: str) -> str:
    """Return the path of an installed program; without it, skip the test, or fail it in CI."""
    path = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if path is None:
        reason = f"{program} is missing: apt-get install {DEBIAN_PACKAGES.get(program, program)}"
        if os.environ.get("OSTRO_REQUIRE_SERVICES"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


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


def output_of(*command: str) -> str:
    """Run a program to its end and return what it printed; fail with its complaint."""
    words = [find(command[0]), *command[1:]]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, f"{words}: exit code {done.returncode}: {done.stderr}"
    return done.stdout
