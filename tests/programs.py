"""Programs that the tests start: where they are, what they print, which port they may have."""

import os
import shutil
import subprocess

import pytest

START_DEADLINE = 30.0
"""Seconds until a program must listen, and until it must end when it is told to."""

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


def output_of(*command: str) -> str:
    """Run a program to its end and return what it printed; fail with its complaint."""
    words = [find(command[0]), *command[1:]]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, f"{words}: exit code {done.returncode}: {done.stderr}"
    return done.stdout
