"""The body of a request on its way to a WSGI application."""

import asyncio
import tempfile
import threading

import pytest

from ostro.ioloop import IOLoop
from ostro.wsgi._spool import BodySpool


async def filled(spool: BodySpool, *parts: bytes) -> BodySpool:
    for part in parts:
        waits = spool.add(part)
        if waits is not None:
            await waits
    return spool


async def test_a_small_body_stays_in_memory(io_loop: IOLoop) -> None:
    spool = BodySpool(4)

    assert spool.add(b"ab") is None
    assert spool.add(b"cd") is None

    assert spool.size == 4
    assert spool.open().read() == b"abcd"
    spool.close()


async def test_a_large_body_goes_to_a_file_and_comes_back_whole(io_loop: IOLoop) -> None:
    spool = await filled(BodySpool(4), b"abc", b"def", b"g", b"hijklm", b"n")

    body = spool.open()

    assert spool.size == 14
    assert body.fileno() >= 0
    assert body.readline() == b"abcdefghijklmn"
    spool.close()
    assert body.closed
    spool.close()


async def test_a_body_that_is_given_up_while_it_is_stored_is_closed_after(
    io_loop: IOLoop,
) -> None:
    storing, go_on = threading.Event(), threading.Event()

    class Slow(BodySpool):
        def _store(self) -> None:
            storing.set()
            assert go_on.wait(30)
            super()._store()

    spool = Slow(1)
    waits = spool.add(b"body")
    assert waits is not None
    moving = asyncio.ensure_future(waits)
    assert await asyncio.to_thread(storing.wait, 30)
    spool.close()
    go_on.set()
    await moving

    with pytest.raises(ValueError, match="closed"):
        spool._store()


async def test_a_full_disk_is_told_to_whoever_waits(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise OSError("no space left")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)

    with pytest.raises(OSError, match="no space left"):
        await filled(BodySpool(1), b"body")
