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


def test_every_link_of_the_demo_leads_where_it_says(demo_url: str) -> None:
    status, home = fetch(demo_url)
    paths = set(re.findall(r'href="(/[^"]*)"', home))

    statuses = {path: fetch(demo_url + path)[0] for path in paths}

    assert status == 200
    assert statuses.pop("/nowhere") == 404
    assert statuses
    assert {path: code for path, code in statuses.items() if code not in {200, 302}} == {}
