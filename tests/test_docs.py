"""What the documents show is so: programs answer as printed, links lead somewhere."""

import re
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from packages.ports import free_port

from .layout import PACKAGES, ROOT
from .programs import find, output_of
from .served import Served, running

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
GATEWAYS = ("proxy", "fastcgi", "uwsgi", "scgi")
"""What nginx wants folders for, whether it is used or not."""


class Example(NamedTuple):
    """A program, and the commands shown beneath it, each with what it is said to print.

    It is a server if it names the port 8888, or else a module of tests.
    """

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


SERVERS = [example for example in examples() if "8888" in example.program]
MODULES_OF_TESTS = [example for example in examples() if "8888" not in example.program]


@contextmanager
def python_program(source: str, folder: Path, port: int) -> Iterator[Served]:
    """Run a Python program as a user would, every warning an error; its 8888 becomes `port`."""
    script = folder / "program.py"
    script.write_text(source.replace("8888", str(port)))
    with running([sys.executable, "-W", "error", str(script)], port, folder) as server:
        yield server


@pytest.mark.parametrize("example", SERVERS, ids=lambda example: example.name)
def test_a_program_in_the_documents_answers_as_it_says(example: Example, tmp_path: Path) -> None:
    port = free_port()

    with python_program(example.program, tmp_path, port) as server:
        for command, expected in example.commands:
            words = shlex.split(command.replace("8888", str(port)))

            answer = output_of(words[0], "--silent", "--noproxy", "*", *words[1:])

            assert answer.strip() == expected.strip(), command
        ends_well = re.search(r"SIGTERM|\.(run|serve)\(\s*8888", example.program) is not None
        assert server.terminate() == (0 if ends_well else -signal.SIGTERM)
    assert server.complaints() == ""


@pytest.mark.parametrize("example", MODULES_OF_TESTS, ids=lambda example: example.name)
def test_tests_in_the_documents_pass(example: Example, tmp_path: Path) -> None:
    script = tmp_path / "test_shown.py"
    script.write_text(example.program)
    python = (sys.executable, "-W", "error")
    plugins = ("--disable-plugin-autoload", "-p", "ostro.testing.pytest_plugin")

    said = output_of(*python, "-m", "pytest", *plugins, "--rootdir", str(tmp_path), str(script))

    assert re.search(r"[1-9] passed in", said)
    if "testing.main()" in example.program:
        output_of(*python, str(script))


def test_the_proxy_in_the_documents_works(tmp_path: Path) -> None:
    document = ROOT / "docs/howto/deploy.md"
    (program,) = (e.program for e in examples() if e.name == "docs/howto/deploy.md-1")
    block = re.search(r"^```nginx\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL)
    assert block
    port, proxy_port = free_port(), free_port()
    site = block[1].replace("8888", str(port)).replace("listen 80;", f"listen {proxy_port};")
    config = tmp_path / "nginx.conf"
    scratch = (f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", *GATEWAYS))
    config.write_text(
        f"daemon off; pid {tmp_path}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {' '.join(scratch)}\n{site} }}"
    )
    nginx = [find("nginx"), "-p", str(tmp_path), "-c", str(config)]

    with python_program(program, tmp_path, port), running(nginx, proxy_port, tmp_path):
        url = f"http://127.0.0.1:{proxy_port}/"
        answer = output_of("curl", "--silent", "--noproxy", "*", "--interface", "127.0.0.2", url)

    assert answer == "hello, 127.0.0.2\n"


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
