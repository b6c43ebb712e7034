"""The demo, started as `hatch run demo` starts it."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from packages.ports import free_port

from .curl import Answer, curl
from .layout import ROOT, read_toml, table
from .programs import output_of
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


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who has opened the login form, without scripts."""

    url: str
    cookies: list[str]
    token: str

    def post(self, path: str, **fields: str) -> Answer:
        form = {"_xsrf": self.token, **fields}
        words = [word for name in form for word in ("--data-urlencode", f"{name}={form[name]}")]
        return curl(*self.cookies, *words, self.url + path)


@pytest.fixture
def visitor(demo_url: str, tmp_path: Path) -> Visitor:
    cookies = ["-b", str(tmp_path / "jar"), "-c", str(tmp_path / "jar")]
    page = curl(*cookies, f"{demo_url}/login").body.decode()
    found = re.search(r'name="_xsrf" value="([^"]+)"', page)
    assert found
    return Visitor(demo_url, cookies, found[1])


def test_pressing_twice_does_not_lose_the_last_copy_to_oneself(visitor: Visitor) -> None:
    answers = [visitor.post("/cart", isbn="978-0-00-000003-4", action="add") for _ in range(2)]

    assert [(answer.status, answer.headers.get("location")) for answer in answers] == [
        (303, "/cart"),
        (303, "/cart"),
    ]


@pytest.mark.parametrize("name", [{}, {"username": " \t"}], ids=["missing", "blank"])
def test_nobody_signs_in_without_a_name(visitor: Visitor, name: dict[str, str]) -> None:
    answer = visitor.post("/login", next="/add", **name)

    assert answer.status == 422
    assert b'role="alert"' in answer.body
    assert b'name="next" value="/add"' in answer.body


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ({"isbn": "1" * 60 + "!"}, b"An ISBN has digits"),
        ({"isbn": "1" * 18}, b"An ISBN has digits"),
        ({"title": ""}, b"has a title"),
        ({"title": "x" * 201}, b"up to 200 characters"),
        ({"price": "1e3"}, b"The price looks like"),
        ({"stock": "-1"}, b"The number of copies"),
    ],
    ids=["isbn", "long isbn", "no title", "long title", "price", "stock"],
)
def test_a_book_that_cannot_be_is_refused(
    visitor: Visitor, field: dict[str, str], problem: bytes
) -> None:
    visitor.post("/login", username="Burt")
    book = {"isbn": "1-2-X", "title": "Snow", "author": "Frost", "price": "9.50", "stock": "1"}

    answer = visitor.post("/add", **(book | field))

    assert answer.status == 422
    assert problem in answer.body
    assert visitor.post("/add", **book).headers["location"] == "/book/1-2-X"


def test_an_edited_book_keeps_what_others_bought_meanwhile(visitor: Visitor) -> None:
    visitor.post("/login", username="Burt")
    isbn = "978-0-00-000004-1"  # of which there are 4
    visitor.post("/cart", isbn=isbn, action="add")
    book = {"title": "Maps", "author": "Ilse", "price": "50.00", "stock": "14"}

    saved = visitor.post(f"/edit/{isbn}", **book, stock_shown="4")
    mangled = visitor.post(f"/edit/{isbn}", **book, stock_shown="x")

    assert saved.status == 303
    page = curl(f"{visitor.url}/book/{isbn}").body
    assert f'data-stock="{isbn}">13<'.encode() in page
    assert mangled.status == 422
