"""The demo in a browser that somebody uses: Chromium, driven by WebDriver.

Spec: https://www.w3.org/TR/webdriver2/
"""

import base64
import json
import os
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .programs import find, free_port
from .served import Served, running, wait_until

PNG = b"\x89PNG\r\n\x1a\n"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key of an element's reference. Spec: WebDriver section 12.1."""


@dataclass(frozen=True, slots=True)
class Browser:
    """A session with Chromium; `base` is its URL at the driver."""

    base: str

    def command(self, method: str, path: str, **arguments: object) -> Any:
        # Any: each command has a result of its own
        return send(method, f"{self.base}{path}", arguments)

    def open(self, url: str) -> None:
        self.command("POST", "/url", url=url)

    @property
    def url(self) -> str:
        return str(self.command("GET", "/url"))

    def find(self, selector: str) -> str:
        found = self.command("POST", "/element", using="css selector", value=selector)
        return str(found[ELEMENT])

    def text(self, selector: str) -> str:
        return str(self.command("GET", f"/element/{self.find(selector)}/text"))

    def type(self, selector: str, text: str) -> None:
        self.command("POST", f"/element/{self.find(selector)}/value", text=text)

    def click(self, selector: str) -> None:
        self.command("POST", f"/element/{self.find(selector)}/click")

    def run(self, script: str) -> Any:  # Any: whatever the script returns
        return self.command("POST", "/execute/sync", script=script, args=[])

    def screenshot(self) -> bytes:
        return base64.b64decode(self.command("GET", "/screenshot"))


def send(method: str, url: str, arguments: dict[str, object] | None = None) -> Any:
    # Any: as above
    data = json.dumps(arguments).encode() if method == "POST" else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.load(answer)["value"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium without a window."""
    flags = [
        *("--headless", "--disable-gpu", "--no-first-run", "--no-proxy-server"),
        "--disable-dev-shm-usage",  # /dev/shm is small in containers
        "--window-size=900,1000",
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses to sandbox for root
    chromium, driver = find("chromium"), find("chromedriver")
    port = free_port()
    folder = tmp_path_factory.mktemp("driver")
    with running([driver, f"--port={port}", "--log-level=SEVERE"], port, folder):
        sessions = f"http://127.0.0.1:{port}/session"
        options = {"binary": chromium, "args": flags}
        wanted: dict[str, object] = {"alwaysMatch": {"goog:chromeOptions": options}}
        session = send("POST", sessions, {"capabilities": wanted})
        session_url = f"{sessions}/{session['sessionId']}"
        try:
            yield Browser(session_url)
        finally:
            send("DELETE", session_url)


@pytest.fixture(autouse=True)
def _signed_out(browser: Browser, demo_site: Served) -> None:
    browser.open(demo_site.url)
    browser.command("DELETE", "/cookie")


def test_the_home_page_is_drawn(browser: Browser, demo_site: Served, tmp_path: Path) -> None:
    browser.open(f"{demo_site.url}/")

    assert browser.text("h1") == "Hello, world"
    assert browser.text("#account") == "Sign in"
    picture = browser.screenshot()
    assert picture.startswith(PNG)
    assert len(picture) > 10_000, "an empty page"


@pytest.mark.parametrize("width", [360, 900, 1600])
def test_the_home_page_fits_its_window(browser: Browser, demo_site: Served, width: int) -> None:
    browser.command("POST", "/window/rect", width=width, height=1000)
    browser.open(f"{demo_site.url}/")

    root = "document.documentElement"
    assert browser.run(f"return {root}.scrollWidth - {root}.clientWidth") == 0


def test_the_greeting_form_greets_whoever_it_is(browser: Browser, demo_site: Served) -> None:
    name = "<i>Zoë</i> & Ström 🎈"
    browser.open(f"{demo_site.url}/")

    browser.run(f"document.querySelector('[action=\"/greet\"] input').value = {json.dumps(name)}")
    browser.click('[action="/greet"] button')
    wait_until(lambda: "/greet" in browser.url, "the form is sent")

    assert browser.text("section p") == f"Nice to see you, {name}!"


def test_the_wrap_form_wraps(browser: Browser, demo_site: Served) -> None:
    browser.open(f"{demo_site.url}/")

    browser.type('[action="/wrap"] textarea', "a long line of text")
    browser.run("document.querySelector('[name=width]').value = 6")
    browser.click('[action="/wrap"] button')
    wait_until(lambda: "/wrap" in browser.url, "the form is sent")

    assert browser.text("section pre").split("\n") == ["a long", "line", "of", "text"]


def test_signing_in_shows_the_name_until_one_signs_out(browser: Browser, demo_site: Served) -> None:
    browser.open(f"{demo_site.url}/login")

    browser.type("[name=name]", "Zoë <b>")
    browser.click("section button")
    wait_until(lambda: browser.url == f"{demo_site.url}/", "the home page comes back")
    assert browser.text("#account") == "Zoë <b> Sign out"
    assert browser.run("return document.cookie") == "", "the cookie is not for scripts"

    browser.click("#account a")
    wait_until(lambda: browser.text("#account") == "Sign in", "the name is gone")


def test_a_page_that_is_not_there_says_so(browser: Browser, demo_site: Served) -> None:
    browser.open(f"{demo_site.url}/nowhere")

    assert browser.text("h1") == "Error 404"
    assert "There is no such page." in browser.text("main")


def test_a_page_that_comes_bit_by_bit_arrives(browser: Browser, demo_site: Served) -> None:
    browser.open(f"{demo_site.url}/countdown")

    assert browser.text("section").split("\n") == [*(f"{n} …" for n in range(5, 0, -1)), "Done."]
