"""What the HTTP/1.1 codec costs, in CPU microseconds, the least of many runs.

    python benchmarks/http1_parse.py

httptools is measured beside it where it is installed, with callbacks that keep what the codec keeps
(method, target, version, fields), on the same machine in the same minute: compare the columns, not
the figures of different days.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable

from ostro.http1 import NEED_DATA, Data, ServerCodec
from ostro.httputil import HTTPHeaders

PASSES = 200  # in one measurement
ROUNDS = 400  # measurements, of which the best counts

SMALL = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8888\r\n\r\n"
BROWSER = b"\r\n".join(
    [
        b"GET /path/to/a/page?with=a&query=string HTTP/1.1",
        b"Host: www.example.com",
        b"Connection: keep-alive",
        b"Cache-Control: max-age=0",
        b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        b"Chrome/120.0.0.0 Safari/537.36",
        b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
        b"*/*;q=0.8",
        b"Upgrade-Insecure-Requests: 1",
        b"Sec-Fetch-Site: none",
        b"Sec-Fetch-Mode: navigate",
        b"Sec-Fetch-User: ?1",
        b"Sec-Fetch-Dest: document",
        b"Accept-Encoding: gzip, deflate, br",
        b"Accept-Language: en-US,en;q=0.9",
        b"Cookie: sid=0123456789abcdef0123456789abcdef; theme=dark; csrftoken=abcdef0123456789012",
        b"If-None-Match: x",
        b"",
        b"",
    ]
)
BODY = b"Hello, world"
WITHOUT_LENGTH = HTTPHeaders(
    {
        "Server": "Ostro",
        "Content-Type": "text/html; charset=UTF-8",
        "Date": "Mon, 01 Jan 2024 00:00:00 GMT",
        "Etag": '"0a4d55a8d778e5022fab701977c5d840bbc486d0"',
        "Vary": "Accept-Encoding",
    }
)
WITH_LENGTH = HTTPHeaders(
    {**dict(list(WITHOUT_LENGTH.items())[:4]), "Content-Length": str(len(BODY))}
)


def cost(prepare: Callable[[], Callable[[], None]]) -> float:
    """Return the least CPU microseconds of a pass; `prepare` returns what makes PASSES of them."""
    best = float("inf")
    for _ in range(ROUNDS):
        work = prepare()
        start = time.process_time_ns()
        work()
        best = min(best, time.process_time_ns() - start)
    return best / PASSES / 1000


def parsing(data: bytes) -> Callable[[], Callable[[], None]]:
    """Receive, head, end: with a codec for each pass, as nothing is answered."""

    def prepare() -> Callable[[], None]:
        codecs = [ServerCodec() for _ in range(PASSES)]

        def work() -> None:
            for codec in codecs:
                codec.receive(data)
                codec.next_event()
                codec.next_event()

        return work

    return prepare


def encoding(headers: HTTPHeaders) -> Callable[[], Callable[[], None]]:
    """Encode a whole response."""

    def prepare() -> Callable[[], None]:
        codecs = [ServerCodec() for _ in range(PASSES)]
        for codec in codecs:
            codec.receive_request(SMALL)

        def work() -> None:
            for codec in codecs:
                codec.send_head(200, "OK", headers, BODY, True)

        return work

    return prepare


def cycle(data: bytes, *, short_cut: bool) -> Callable[[], Callable[[], None]]:
    """Answer requests on one connection, by `next_event` or by `receive_request`."""
    codec = ServerCodec()

    def long_way() -> None:
        for _ in range(PASSES):
            codec.receive(data)
            codec.next_event()
            codec.next_event()
            codec.send_head(200, "OK", WITH_LENGTH, BODY, True)
            codec.start_next_cycle()

    def short_way() -> None:
        for _ in range(PASSES):
            codec.receive_request(data)
            codec.send_head(200, "OK", WITH_LENGTH, BODY, True)
            codec.start_next_cycle()

    return lambda: short_way if short_cut else long_way


def one_byte_chunks() -> Callable[[], Callable[[], None]]:
    """Read one-byte chunks, PASSES of them."""
    codec = ServerCodec()
    codec.receive(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    codec.next_event()
    read = b"1\r\nx\r\n" * PASSES

    def work() -> None:
        codec.receive(read)
        while (event := codec.next_event()) is not NEED_DATA:
            assert isinstance(event, Data)

    return lambda: work


def httptools_parsing(data: bytes) -> Callable[[], Callable[[], None]] | None:
    """Do as `parsing` with httptools; None where it is not installed."""
    try:
        import httptools
    except ImportError:
        return None

    class Request:
        def on_message_begin(self) -> None:
            self.headers: list[tuple[bytes, bytes]] = []

        def on_url(self, url: bytes) -> None:
            self.target = url

        def on_header(self, name: bytes, value: bytes) -> None:
            self.headers.append((name, value))

        def on_headers_complete(self) -> None:
            self.method = parser.get_method()
            self.version = parser.get_http_version()

        def on_message_complete(self) -> None:
            self.complete = True

    parser = httptools.HttpRequestParser(Request())

    def work() -> None:
        for _ in range(PASSES):
            parser.feed_data(data)

    return lambda: work


def main() -> None:
    """Print the table."""
    print(f"Python {platform.python_version()}: CPU microseconds, least of many runs\n")
    print(f"{'':48}{'codec':>8}{'httptools':>12}")
    for name, data in (("small", SMALL), ("browser", BROWSER)):
        peer = httptools_parsing(data)
        other = f"{cost(peer):12.2f}" if peer is not None else ""
        label = f"receive, head, end: {name}, {len(data)} bytes"
        print(f"{label:48}{cost(parsing(data)):8.2f}{other}")
    rows = {
        "response, 5 fields, Content-Length among them": encoding(WITH_LENGTH),
        "response, 5 fields, Content-Length added": encoding(WITHOUT_LENGTH),
        "whole exchange, small": cycle(SMALL, short_cut=False),
        "whole exchange, small, repeated": cycle(SMALL, short_cut=True),
        "whole exchange, browser": cycle(BROWSER, short_cut=False),
        "whole exchange, browser, repeated": cycle(BROWSER, short_cut=True),
        "chunk of one byte": one_byte_chunks(),
    }
    for name, prepare in rows.items():
        print(f"{name:48}{cost(prepare):8.2f}")


if __name__ == "__main__":
    main()
