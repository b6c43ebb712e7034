"""A handler that notes what is called, and requests to it."""

from collections.abc import Awaitable
from typing import Any

from ostro.web import Application, RequestHandler

from .support import MemoryConnection, ask, fetch


def app_of(handler: type[RequestHandler], **settings: Any) -> Application:  # Any: settings
    return Application([(r"/(.*)", handler)], **settings)


class Recorder(RequestHandler):
    """Notes what is called."""

    def initialize(self, calls: list[str]) -> None:
        self.calls = calls
        self.calls.append("initialize")

    def set_default_headers(self) -> None:
        self.set_header("X-Default", "yes")

    def prepare(self) -> Awaitable[None] | None:
        self.calls.append("prepare")
        return None

    def get(self) -> Any:  # Any: subclasses are of all generations
        self.calls.append("get")
        self.write("done")

    def on_finish(self) -> None:
        self.calls.append("on_finish")


def run(handler: type[Recorder]) -> tuple[MemoryConnection, list[str]]:
    calls: list[str] = []
    return ask(Application([("/", handler, {"calls": calls})])), calls


async def run_async(handler: type[Recorder]) -> tuple[MemoryConnection, list[str]]:
    calls: list[str] = []
    return await fetch(Application([("/", handler, {"calls": calls})])), calls


ORDER = ["initialize", "prepare", "get", "on_finish"]
