"""Programs that the tests start: where they are, what they print, which port they may have."""

import os
import random
import shutil
import socket
import subprocess

import pytest

START_DEADLINE = 15.0
"""Seconds until a program must listen, and until it must end when it is told to."""

QUIET_PORTS = range(20000, 32000)
"""Below the ports that Linux, macOS and Windows give to outgoing connections."""

PORTS_EACH = 16
"""Every how many-th of them is for one of the processes that run tests side by side: a port is
free until its server has started, and another process must not find it so, too."""

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
    """Return a port that nobody uses at the moment, and that no outgoing connection is given."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ours = QUIET_PORTS[number % PORTS_EACH :: PORTS_EACH]
    for port in random.sample(ours, len(ours)):
        try:
            socket.create_server(("", port)).close()
        except OSError:
            continue
        return port
    raise RuntimeError(f"no port is free in {QUIET_PORTS}")


def output_of(*command: str) -> str:
    """Run a program to its end and return what it printed; fail with its complaint."""
    words = [find(command[0]), *command[1:]]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, f"{words}: exit code {done.returncode}: {done.stderr}"
    return done.stdout
