"""Programs that the tests start: our examples, and the clients and proxies that talk to them."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_DEADLINE = 15.0
"""Seconds until a program must listen, and until it must end when it is told to."""

QUIET_PORTS = range(20000, 32000)
"""Below the ports that Linux, macOS and Windows give to outgoing connections."""

DEBIAN_PACKAGES = {"ab": "apache2-utils", "nginx": "nginx-light"}
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
    for port in random.sample(QUIET_PORTS, len(QUIET_PORTS)):
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


@contextmanager
def listening(
    command: list[str], port: int, folder: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run a program that listens on `port`; end it with SIGTERM, and wait for it."""
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for_listener(process, port)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(START_DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def wait_for_listener(process: subprocess.Popen[str], port: int) -> None:
    """Return as soon as something accepts connections on the port."""
    deadline = time.monotonic() + START_DEADLINE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None:
                pytest.fail(f"ended at once: {process.stderr and process.stderr.read()}")
            assert time.monotonic() < deadline, f"nothing listens on port {port}"
            time.sleep(0.02)  # a foreign process has no other way to tell that it listens
        else:
            return


@contextmanager
def python_program(source: str, folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Run a Python program as a user would, every warning an error; its 8888 becomes `port`."""
    script = folder / "program.py"
    script.write_text(source.replace("8888", str(port)))
    with listening([sys.executable, "-W", "error", str(script)], port) as process:
        yield process
