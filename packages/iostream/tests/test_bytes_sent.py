"""The count of bytes that have left, by which a server tells whether its client reads."""

import asyncio

from ostro.ioloop import IOLoop

from .support import Channels, tls_pair, until_stuck

BIG = bytes(10_000_000)  # more than any kernel buffer here


async def test_bytes_that_leave_at_once_are_counted(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    before = writer.bytes_sent

    writer.write(b"x" * 1000)

    assert writer.bytes_sent >= before + 1000
    assert await reader.read_bytes(1000) == b"x" * 1000


async def test_the_count_stands_still_while_the_peer_does_not_read(
    channels: Channels, io_loop: IOLoop
) -> None:
    writer, reader = await channels.ready_pair()
    written = asyncio.ensure_future(writer.write(BIG))

    stuck = await until_stuck(writer)

    assert 0 < stuck < len(BIG)
    assert not written.done()

    await reader.read_bytes(len(BIG))
    await written

    assert writer.bytes_sent >= len(BIG)


async def test_the_count_survives_the_queue(channels: Channels, io_loop: IOLoop) -> None:
    writer, reader = await channels.ready_pair()
    for _ in range(2):
        written = asyncio.ensure_future(writer.write(BIG))
        await reader.read_bytes(len(BIG))
        await written

    assert writer.bytes_sent >= 2 * len(BIG)


async def test_over_tls_the_records_are_counted(io_loop: IOLoop) -> None:
    client, server = tls_pair(io_loop)
    await asyncio.gather(client.wait_for_handshake(), server.wait_for_handshake())
    before = client.bytes_sent

    client.write(b"x")

    assert before > 0
    assert client.bytes_sent > before + 1
    client.close()
    server.close()
