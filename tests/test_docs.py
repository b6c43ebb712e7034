"""What the documents show is so: programs answer as printed, links lead somewhere."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from .layout import PACKAGES, ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
START_DEADLINE = 15.0
"""Seconds until a program must answer."""


class Example(NamedTuple):
    """A program, and the commands shown beneath it, each with what it is said to print."""

    name: str
    program: str
    commands: list[tuple[str, str]]


def examples() -> Iterator[Example]:
    for document in DOCUMENTS:
        shown = re.split(r"^```python\n", document.read_text(), flags=re.MULTILINE)[1:]
        for number, text in enumerate(shown, 1):
            program, _, rest = text.partition("\n```\n")
            consoles = "".join(
                re.findall(r"^```console\n(.*?)^```$", rest, re.MULTILINE | re.DOTALL)
            )
            commands = re.findall(r"^\$ (curl .*)\n((?:(?!\$ ).*\n)*)", consoles, re.MULTILINE)
            yield Example(f"{document.relative_to(ROOT)}-{number}", program + "\n", commands)


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


@contextmanager
def serving(script: Path, port: str) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-W", "error", script], stderr=subprocess.PIPE
    ) as process:
        try:
            deadline = time.monotonic() + START_DEADLINE
            while True:
                try:
                    socket.create_connection(("127.0.0.1", int(port)), 1).close()
                    break
                except OSError:
                    assert process.poll() is None, process.stderr and process.stderr.read().decode()
                    assert time.monotonic() < deadline, f"nothing listens on {port}"
                    time.sleep(0.02)  # another process, which has no way to tell that it listens
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(START_DEADLINE)
    expected = 0 if "SIGTERM" in script.read_text() else -signal.SIGTERM
    assert status == expected, "a program that handles SIGTERM ends well, any other by the signal"


def curl() -> str:
    found = shutil.which("curl")
    if found is None:
        if "OSTRO_REQUIRE_SERVICES" in os.environ:
            pytest.fail("curl is missing: apt-get install curl")
        pytest.skip("curl is missing: apt-get install curl")
    return found


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.name)
def test_a_program_in_the_documents_answers_as_it_says(example: Example, tmp_path: Path) -> None:
    port = free_port()
    script = tmp_path / "example.py"
    script.write_text(example.program.replace("8888", port))

    with serving(script, port):
        for command, expected in example.commands:
            words = [curl(), "--silent", "--noproxy", "*", *shlex.split(command)[1:]]
            done = subprocess.run(
                [word.replace("8888", port) for word in words],
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            )

            assert done.stdout.strip() == expected.strip(), command


def test_the_documents_show_the_same_first_program() -> None:
    first = {
        document: next(e.program for e in examples() if e.name == f"{document}-1")
        for document in ("README.md", "docs/index.md", "docs/start.md")
    }

    assert len(set(first.values())) == 1, first


@pytest.mark.parametrize(
    "document",
    [*DOCUMENTS, *(package.readme for package in PACKAGES)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_a_link_to_a_file_leads_to_one(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)(?:#[^)]*)?\)", document.read_text())
    generated = [target for target in targets if "reference/ostro." in target]  # by mkdocs --strict
    missing = [t for t in targets if t not in generated if not (document.parent / t).exists()]

    assert missing == []
