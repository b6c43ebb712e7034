"""Each program below examples/ does what the words at its top say."""

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .curl import curl
from .layout import ROOT
from .programs import free_port
from .served import DEMO, Served, running

EXAMPLES = ROOT / "examples"
PROGRAMS = sorted(
    path for path in EXAMPLES.glob("*/*.py") if '__name__ == "__main__"' in path.read_text()
)
QUOTE_OF_TIME = "Time is what keeps everything from happening at once."


@contextmanager
def example(program: str, folder: Path, *arguments: str) -> Iterator[Served]:
    """Run an example, and look at its log when it has ended."""
    port = free_port()
    command = [sys.executable, "-W", "error", str(EXAMPLES / program), f"--port={port}"]
    with running([*command, *arguments], port, folder) as served:
        yield served
        assert served.terminate() == 0, "it does not end well when it is told to"
    assert served.complaints() == ""


def test_hello_greets(tmp_path: Path) -> None:
    with example("hello/hello.py", tmp_path) as site:
        plain = curl(f"{site.url}/")
        other = curl(f"{site.url}/?greeting=Salutations")

    assert (plain.status, plain.body) == (200, b"Hello, friendly user!")
    assert other.body == b"Salutations, friendly user!"


def test_hello_errors_has_error_pages_of_its_own(tmp_path: Path) -> None:
    with example("hello/hello_errors.py", tmp_path) as site:
        good = curl(f"{site.url}/")
        posted = curl("--data", "a=b", f"{site.url}/")
        nowhere = curl(f"{site.url}/nowhere")

    assert good.body == b"Hello, friendly user!"
    assert (posted.status, posted.body) == (405, b"Oh dear, user! That was a 405.")
    assert (nowhere.status, nowhere.body) == (404, b"Oh dear, user! That was a 404.")


def test_strings_reverses_and_wraps(tmp_path: Path) -> None:
    with example("strings/string_service.py", tmp_path) as site:
        backwards = curl(f"{site.url}/reverse/stressed")
        wrapped = curl("--data", "text=some+words&width=5", f"{site.url}/wrap")
        wide = curl("--data", "text=some+words", f"{site.url}/wrap")
        refused = [
            curl("--data", form, f"{site.url}/wrap").status
            for form in ("text=a&width=0", "text=a&width=x", "text=a&width=1001", "width=5")
        ]

    assert backwards.body == b"desserts"
    assert (wrapped.body, wide.body) == (b"some\nwords", b"some words")
    assert refused == [400, 400, 400, 400]


@pytest.mark.parametrize("program", ["callbacks", "generators", "coroutines"])
def test_quotes_come_from_the_service_in_each_generation(program: str, tmp_path: Path) -> None:
    quote_port = f"--quote_port={free_port()}"

    with example(f"quotes/{program}.py", tmp_path, quote_port) as site:
        quotes = [curl(f"{site.url}/quote/{topic}").body for topic in ("time", "nothing")]

    assert [json.loads(quote)["quote"] for quote in quotes] == [
        QUOTE_OF_TIME,
        "Nobody has said anything about that yet.",
    ]


def test_the_quote_service_runs_alone(tmp_path: Path) -> None:
    port = free_port()
    program = str(EXAMPLES / "quotes/quote_service.py")

    command = [sys.executable, "-W", "error", program, f"--quote_port={port}"]
    with (
        running(command, port, tmp_path) as service,
        socket.create_connection(("127.0.0.1", port), 10) as client,
        client.makefile("rb") as lines,
    ):
        client.sendall(b"time\nnothing\n")
        first, second = lines.readline(), lines.readline()

    assert first.decode() == f"{QUOTE_OF_TIME}\n"
    assert second.startswith(b"Nobody")
    assert service.complaints() == ""


def test_the_demo_greets_reverses_wraps_and_counts(tmp_path: Path) -> None:
    with example("demo/main.py", tmp_path) as site:
        pages = {
            path: curl(f"{site.url}{path}")
            for path in ("/greet?name=%3Cb%3E", "/reverse/stressed", "/request", "/countdown")
        }
        wrapped = curl("--data", "text=%3Csome+words&width=6", f"{site.url}/wrap")
        refused = curl("--data", "text=a&width=x", f"{site.url}/wrap")

    assert {page.status for page in pages.values()} == {200}
    assert b"Nice to see you, &lt;b&gt;!" in pages["/greet?name=%3Cb%3E"].body
    assert b"desserts" in pages["/reverse/stressed"].body
    assert b"GET /request HTTP/1.1" in pages["/request"].body
    assert b"Done." in pages["/countdown"].body
    assert b"&lt;some\nwords" in wrapped.body
    assert refused.status == 400


def test_no_example_is_forgotten() -> None:
    tested = Path(__file__).read_text()

    assert DEMO in PROGRAMS
    assert [path for path in PROGRAMS if path.stem not in tested and path != DEMO] == []
