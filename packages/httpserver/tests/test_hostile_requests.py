"""Requests that are broken or hostile, over a connection, cut at every byte.

The right answer: its status, well-formed, with `Connection: close`; one line in the log; the
connection ended; nothing processed of what comes after.
"""

import asyncio
from collections.abc import Iterator

import pytest

from ostro.ioloop import IOLoop

from .support import Client, Recorder, cuts, logged, responses, small_settings, turns

HOST = b"Host: a\r\n"
AFTER = b"GET /after HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def io_loop() -> Iterator[IOLoop]:
    """One kind of loop: it makes no difference to bytes in memory, of which there are many."""
    loop = IOLoop(asyncio.SelectorEventLoop())
    loop.make_current()
    yield loop
    loop.clear_current()
    loop.close()


def get(line: bytes) -> bytes:
    return line + b"\r\n" + HOST + b"\r\n"


def with_field(field: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\n" + HOST + field + b"\r\n\r\n"


def post(fields: bytes, body: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\n" + HOST + fields + b"\r\n\r\n" + body


def chunked(body: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked", body)


REQUEST_LINES = {
    "two spaces": get(b"GET  / HTTP/1.1"),
    "tab": get(b"GET\t/ HTTP/1.1"),
    "garbage after the version": get(b"GET / HTTP/1.1 x"),
    "bad method token": get(b"G{T / HTTP/1.1"),
    "control byte in the target": get(b"GET /\x01 HTTP/1.1"),
    "DEL in the target": get(b"GET /\x7f HTTP/1.1"),
    "space in the target": get(b"GET /a b HTTP/1.1"),
    "non-ASCII target": get(b"GET /\xc3\xa9 HTTP/1.1"),
    "fragment": get(b"GET /#x HTTP/1.1"),
    "relative target": get(b"GET x HTTP/1.1"),
    "asterisk": get(b"GET * HTTP/1.1"),
    "version 1.10": get(b"GET / HTTP/1.10"),
    "version in lower case": get(b"GET / http/1.1"),
    "no version": get(b"GET /"),
    "Unicode digits": get("GET / HTTP/1.\u0661".encode()),
    "bare LF": b"GET / HTTP/1.1\nHost: a\n\n\r\n\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}

FIELDS = {
    "no colon": with_field(b"X"),
    "empty name": with_field(b": x"),
    "space before the colon": with_field(b"X : x"),
    "tab before the colon": with_field(b"X\t: x"),
    "no token": with_field(b"X(: x"),
    "non-ASCII name": with_field(b"\xe9: x"),
    "NUL": with_field(b"X: a\0b"),
    "control byte": with_field(b"X: a\x07b"),
    "DEL": with_field(b"X: a\x7fb"),
    "bare CR": with_field(b"X: a\rb"),
    "bare LF": with_field(b"X: a\nb"),
    "obs-fold": with_field(b"X: a\r\n b"),
    "space before the first": b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
}

HOSTS = {
    "missing": b"GET / HTTP/1.1\r\n\r\n",
    "duplicate": with_field(b"Host: a"),
    "comma": b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n",
    "slash": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "at": b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
    "question mark": b"GET / HTTP/1.1\r\nHost: a?b\r\n\r\n",
    "bad port": b"GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n",
}

LENGTHS = {
    "plus": post(b"Content-Length: +3", b"abc"),
    "minus": post(b"Content-Length: -3", b"abc"),
    "hex": post(b"Content-Length: 0x3", b"abc"),
    "underscore": post(b"Content-Length: 1_0", b"abc"),
    "empty": post(b"Content-Length:", b"abc"),
    "Unicode digits": post("Content-Length: \u0663".encode(), b"abc"),
    "too many digits": post(b"Content-Length: " + b"0" * 30 + b"3", b"abc"),
    "unequal duplicates": post(b"Content-Length: 3\r\nContent-Length: 4", b"abc"),
    "unequal list": post(b"Content-Length: 3, 4", b"abc"),
}

CODINGS = {
    "with a length": post(b"Content-Length: 3\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
    "twice": post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
    "chunked not last": post(b"Transfer-Encoding: chunked, identity", b"0\r\n\r\n"),
    "empty": post(b"Transfer-Encoding:", b"0\r\n\r\n"),
    "vertical tab": post(b"Transfer-Encoding: \x0bchunked", b"0\r\n\r\n"),
    "folding of other alphabets": post("Transfer-Encoding: chun\u212aed".encode(), b"0\r\n\r\n"),
    "on HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}

CHUNKS = {
    "sign": chunked(b"+3\r\nabc\r\n0\r\n\r\n"),
    "hex prefix": chunked(b"0x3\r\nabc\r\n0\r\n\r\n"),
    "underscore": chunked(b"0_3\r\nabc\r\n0\r\n\r\n"),
    "space": chunked(b" 3\r\nabc\r\n0\r\n\r\n"),
    "empty size": chunked(b"\r\nabc\r\n0\r\n\r\n"),
    "17 digits": chunked(b"00000000000000003\r\nabc\r\n0\r\n\r\n"),
    "LF alone": chunked(b"3\nabc\r\n0\r\n\r\n"),
    "unbalanced quotes": chunked(b'3;a="b\r\nabc\r\n0\r\n\r\n'),
    "wrong end of the data": chunked(b"3\r\nabcX\r\n0\r\n\r\n"),
    "bad trailer": chunked(b"0\r\nX : y\r\n\r\n"),
}


def _named(group: str, vectors: dict[str, bytes], status: int = 400) -> list[object]:
    return [pytest.param(data, status, id=f"{group}: {name}") for name, data in vectors.items()]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        *_named("request line", REQUEST_LINES),
        *_named("field", FIELDS),
        *_named("host", HOSTS),
        *_named("content-length", LENGTHS),
        *_named("transfer-encoding", CODINGS),
        *_named("chunk", CHUNKS),
        pytest.param(get(b"GET / HTTP/2.0"), 505, id="version 2"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="HTTP/2 preface"),
        pytest.param(post(b"Transfer-Encoding: gzip, chunked", b"0\r\n\r\n"), 501, id="coding"),
        pytest.param(post(b"Content-Length: 101"), 413, id="length over the limit"),
        pytest.param(
            post(b"Content-Length: 101\r\nExpect: 100-continue"), 413, id="and an expectation"
        ),
        pytest.param(chunked(b"65\r\n" + b"x" * 101), 413, id="chunks over the limit"),
        pytest.param(post(b"Content-Length: 3\r\nExpect: tea", b"abc"), 417, id="expectation"),
    ],
)
async def test_hostile_requests_are_refused_wherever_they_are_cut(
    data: bytes, status: int, io_loop: IOLoop
) -> None:
    for pieces in cuts(data):
        app = Recorder()
        client = Client(io_loop, app, small_settings())

        with logged("ostro.general") as lines, logged("ostro.application") as errors:
            await client.send(*pieces, AFTER)

        [response] = responses(client.sent)
        assert response.status == status, pieces
        assert response.headers["Connection"] == "close"
        assert app.targets == []
        assert len(lines) == 1, lines
        assert lines[0].isprintable()
        assert errors == []
        assert client.stream.ended
        await client.ended()
        assert client.stream.closed()
        assert client.group.connections == set()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(b"GET /" + b"a" * 600 + b" HTTP/1.1\r\n", 414, id="long request line"),
        pytest.param(b"G" * 700, 414, id="a request line without end"),
        pytest.param(with_field(b"X: " + b"a" * 3000), 431, id="long field"),
        pytest.param(with_field(b"X: y\r\n" * 200), 431, id="many fields"),
    ],
)
async def test_heads_over_a_limit_are_refused_in_small_pieces_and_whole(
    data: bytes, status: int, io_loop: IOLoop
) -> None:
    for size in (len(data), 100, 1):
        app = Recorder()
        client = Client(io_loop, app, small_settings())

        with logged("ostro.general") as lines:
            await client.send(
                *(data[index : index + size] for index in range(0, len(data), size)), AFTER
            )

        [response] = responses(client.sent)
        assert response.status == status
        assert len(lines) == 1
        assert app.requests == []


async def test_the_limits_are_reached_without_harm(io_loop: IOLoop) -> None:
    app = Recorder()
    client = Client(io_loop, app, small_settings())

    await client.send(post(b"Content-Length: 100", b"x" * 100))
    await client.send(with_field(b"X: " + b"a" * 1900))
    await client.send(b"GET /" + b"a" * 490 + b" HTTP/1.1\r\nHost: a\r\n\r\n")

    assert [response.status for response in responses(client.sent)] == [200, 200, 200]


async def test_nothing_of_the_peers_bytes_is_logged_or_answered_raw(io_loop: IOLoop) -> None:
    client = Client(io_loop, Recorder())

    with logged("ostro.general") as lines:
        await client.send(b"GET /<script>\x1b[31m HTTP/1.1\r\nHost: a\r\n\r\n")

    [response] = responses(client.sent)
    assert response.headers["Content-Type"].startswith("text/plain")
    assert b"\x1b" not in response.body
    assert "\x1b" not in lines[0]


async def test_requests_before_the_bad_one_are_answered_first(io_loop: IOLoop) -> None:
    app = Recorder()
    good = b"GET /good HTTP/1.1\r\nHost: a\r\n\r\n"
    data = good * 2 + FIELDS["obs-fold"] + AFTER
    for pieces in cuts(data):
        app.requests.clear()
        client = Client(io_loop, app)

        with logged("ostro.general") as lines:
            await client.send(*pieces)

        assert [response.status for response in responses(client.sent)] == [200, 200, 400]
        assert app.targets == ["/good", "/good"]
        assert len(lines) == 1


async def test_a_million_tiny_chunks_are_taken_in_linear_time_and_bounded_memory(
    io_loop: IOLoop,
) -> None:
    app = Recorder()
    client = Client(io_loop, app)
    count = 100_000

    await client.send(chunked(b""))
    for _ in range(100):
        await client.send(b"1\r\nx\r\n" * (count // 100))
        assert client.connection.codec.unread_size < 100
    await client.send(b"0\r\n\r\n")

    assert len(app.requests[0].body) == count
    assert responses(client.sent)[0].status == 200


@pytest.mark.parametrize("size", [1, 10, 9000])
async def test_trailers_without_end_are_refused_in_pieces_of_any_size(
    io_loop: IOLoop, size: int
) -> None:
    app = Recorder()
    client = Client(io_loop, app)
    trailers = b"".join(b"X-%d: y\r\n" % number for number in range(2000))
    await client.send(chunked(b"0\r\n"))

    with logged("ostro.general") as lines:
        for index in range(0, len(trailers), size):
            client.stream.feed(trailers[index : index + size])
            if client.stream.ended:
                break
        await turns()

    assert client.stream.ended
    assert responses(client.sent)[0].status == 431
    assert app.targets == []
    assert app.requests[0].events == ["headers", "close", "refused 431"]
    assert len(lines) == 1


async def test_an_absolute_target_overrides_the_host(io_loop: IOLoop) -> None:
    app = Recorder()
    client = Client(io_loop, app)

    await client.send(b"GET http://right.example/x HTTP/1.1\r\nHost: wrong.example\r\n\r\n")

    assert app.targets == ["http://right.example/x"]
    assert app.requests[0].headers["Host"] == "right.example"
    assert responses(client.sent)[0].status == 200
