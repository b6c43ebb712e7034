"""The demo, started as `hatch run demo` starts it."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .layout import ROOT, read_toml, table
from .programs import free_port, output_of
from .served import running

COMMAND = str(table(read_toml(ROOT / "hatch.toml"), "envs", "default", "scripts")["demo"])


@pytest.fixture
def demo_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    port = free_port()
    python, *arguments = COMMAND.replace("{args}", f"--port={port}").split()
    assert python == "python"
    monkeypatch.chdir(ROOT)
    with running([sys.executable, *arguments], port, tmp_path) as demo:
        yield demo.url
        assert demo.terminate() == 0, "the demo does not end well when it is told to"
    assert demo.complaints() == ""


def fetch(url: str) -> tuple[int, str]:
    """Return the status and the body of an answer."""
    text = output_of("curl", "--silent", "--noproxy", "*", "--write-out", "\n%{http_code}", url)
    body, _, status = text.rpartition("\n")
    return int(status), body


def test_every_link_of_the_demo_leads_somewhere(demo_url: str) -> None:
    waiting, statuses = ["/"], dict[str, int]()
    while waiting:
        path = waiting.pop()
        statuses[path], page = fetch(demo_url + path)
        links = re.findall(r'(?:href|src)="(/[^"#]*)', page)
        waiting += set(links) - statuses.keys() - set(waiting)

    signed_out = {path for path, status in statuses.items() if status == 302}
    assert all(path.startswith(("/edit/", "/add")) for path in signed_out)
    assert {path: code for path, code in statuses.items() if code not in {200, 302}} == {}
    assert {"/recommended/", "/cart", "/login"} < statuses.keys()
    assert len(statuses) > 15


def test_a_path_that_leads_nowhere_is_a_404(demo_url: str) -> None:
    status, page = fetch(f"{demo_url}/nowhere")

    assert status == 404
    assert "There is no such page" in page
