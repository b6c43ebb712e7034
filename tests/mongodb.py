"""A server that speaks MongoDB's protocol: `mongod`, or where there is none nx-27017, of PyPI."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packages.ports import free_port

from .served import running


@contextmanager
def mongodb(folder: Path) -> Iterator[str]:
    """Run one that is empty, and yield its URI."""
    port = free_port()
    mongod = shutil.which("mongod")
    if mongod:
        command = [mongod, f"--port={port}", f"--dbpath={folder}", "--quiet"]
    else:
        files = [f"--log-file={folder / 'nx.log'}", f"--pid-file={folder / 'nx.pid'}"]
        program = [sys.executable, "-m", "nx_27017.nx_27017", "--data-dir=memory"]
        command = [*program, f"--port={port}", *files]
    with running(command, port, folder):
        yield f"mongodb://127.0.0.1:{port}/"
