"""Follows the links of a site and tells which lead nowhere: `python spider.py
http://localhost:8888/`, with the demo running.

Exits with 1 if a link is broken.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import ostro.ioloop
import ostro.options
from ostro.httpclient import AsyncHTTPClient, HTTPError, HTTPResponse
from ostro.options import define, options

define("concurrency", default=10, type=int, help="how many pages to fetch at the same time")
define("max_pages", default=1000, type=int, help="how many pages to look at, at the most")


class LinkFinder(HTMLParser):
    """Collects where the elements of a page link to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if name in ("href", "src") and value]


def links_of(response: HTTPResponse) -> Iterator[tuple[str, str]]:
    """Yield the URLs that a page links to, without fragments, each with what is wrong, or ""."""
    if not response.headers.get("Content-Type", "").startswith("text/html"):
        return
    finder = LinkFinder()
    finder.feed(response.body.decode(errors="replace"))
    for link in finder.links:
        try:
            yield urldefrag(urljoin(response.effective_url, link)).url, ""
        except ValueError as error:
            yield link, f"{error}, on {response.effective_url}"


class Spider:
    """Looks at all pages whose URLs begin with `base`, several at a time."""

    def __init__(self, base: str) -> None:
        # Or http://localhost:8888 would take http://localhost:88888/ for a page of its own.
        self.base = base if urlsplit(base).path else f"{base}/"
        self.seen: set[str] = set()
        self.broken: dict[str, str] = {}
        self._found: asyncio.Queue[str] = asyncio.Queue()
        self._client = AsyncHTTPClient()

    async def run(self, concurrency: int, max_pages: int) -> None:
        self._note(self.base, max_pages)
        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(self._work(max_pages)) for _ in range(concurrency)]
            await self._found.join()
            for worker in workers:
                worker.cancel()

    async def _work(self, max_pages: int) -> None:
        while True:
            url = await self._found.get()
            try:
                for link, wrong in await self._visit(url):
                    if wrong:
                        self.broken[link] = wrong
                    else:
                        self._note(link, max_pages)
            finally:
                self._found.task_done()

    def _note(self, url: str, max_pages: int) -> None:
        if url.startswith(self.base) and url not in self.seen and len(self.seen) < max_pages:
            self.seen.add(url)
            self._found.put_nowait(url)

    async def _visit(self, url: str) -> list[tuple[str, str]]:
        try:
            return list(links_of(await self._client.fetch(url)))
        except (HTTPError, OSError, ValueError) as error:
            self.broken[url] = str(error)
        except AssertionError as error:  # the parser's, for declarations that it does not know
            self.broken[url] = f"not HTML: {error}"
        return []


async def main(base: str) -> int:
    spider = Spider(base)
    started = time.monotonic()
    await spider.run(options.concurrency, options.max_pages)
    pages = "1 page" if len(spider.seen) == 1 else f"{len(spider.seen)} pages"
    print(f"{pages} in {time.monotonic() - started:.1f} s")
    for url, reason in sorted(spider.broken.items()):
        print(f"broken: {url}: {reason}")
    return 1 if spider.broken else 0


if __name__ == "__main__":
    rest = ostro.options.parse_command_line()
    if len(rest) != 1 or options.concurrency < 1:
        sys.exit("usage: spider.py [options] URL, with a concurrency of 1 or more")
    try:
        sys.exit(ostro.ioloop.run(main(rest[0])))
    except KeyboardInterrupt:
        sys.exit(130)  # what shells make of Ctrl-C
