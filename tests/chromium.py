"""A browser that somebody uses: Chromium, driven by WebDriver.

Spec: https://www.w3.org/TR/webdriver2/
"""

import base64
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packages.ports import free_port

from .programs import find
from .served import running, wait_until

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
        """Return what is shown of an element; in one step, since pages change meanwhile."""
        return str(
            self.run("return document.querySelector(arguments[0]).innerText.trim()", selector)
        )

    def type(self, selector: str, text: str) -> None:
        self.command("POST", f"/element/{self.find(selector)}/value", text=text)

    def click(self, selector: str) -> None:
        self.command("POST", f"/element/{self.find(selector)}/click")

    def submit(self, selector: str) -> None:
        """Click what leads to another page, and wait until that is there."""
        self.run("window.isTheOldPage = true")
        self.click(selector)
        arrived = "return !window.isTheOldPage && document.readyState === 'complete'"
        wait_until(lambda: self.run(arrived), f"another page comes after a click on {selector}")

    def run(self, script: str, *arguments: object) -> Any:  # Any: whatever the script returns
        return self.command("POST", "/execute/sync", script=script, args=arguments)

    def screenshot(self) -> bytes:
        return base64.b64decode(self.command("GET", "/screenshot"))


def send(method: str, url: str, arguments: dict[str, object] | None = None) -> Any:
    # Any: as above
    data = json.dumps(arguments).encode() if method == "POST" else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=120) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{method} {url}: {error.read().decode()}") from None


@contextmanager
def browsers(folder: Path, count: int = 1) -> Iterator[list[Browser]]:
    """Run Chromium without a window, several times over: none knows the cookies of another."""
    chromium, driver = find("chromium"), find("chromedriver")
    port = free_port()
    with running([driver, f"--port={port}", "--log-level=SEVERE"], port, folder):
        opened: list[Browser] = []
        try:
            for number in range(count):
                profile = folder / f"profile{number}"
                opened.append(_open(f"http://127.0.0.1:{port}/session", chromium, profile))
            yield opened
        finally:
            for browser in opened:
                send("DELETE", browser.base)


def _open(sessions: str, chromium: str, profile: Path) -> Browser:
    flags = [
        *("--headless", "--disable-gpu", "--no-first-run", "--no-proxy-server"),
        "--disable-dev-shm-usage",  # /dev/shm is small in containers
        "--window-size=900,1000",
        f"--user-data-dir={profile}",
    ]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses to sandbox for root
    options = {"binary": chromium, "args": flags}
    wanted: dict[str, object] = {"alwaysMatch": {"goog:chromeOptions": options}}
    session = send("POST", sessions, {"capabilities": wanted})
    return Browser(f"{sessions}/{session['sessionId']}")
