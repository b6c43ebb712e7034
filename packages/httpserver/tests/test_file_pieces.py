"""Pieces of files: what is in memory at once, the rest by way of an executor."""

import asyncio
import io
import os
import sys
import threading
from io import FileIO
from pathlib import Path

import pytest

from ostro.httpserver._file_pieces import PIECE_SIZE, PieceReader
from ostro.ioloop import IOLoop

CONTENT = os.urandom(PIECE_SIZE) + b"end"

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has RWF_NOWAIT")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "a.bin"
    found.write_bytes(CONTENT)
    return found


class Noting(FileIO):
    """Notes the threads in which it is read. A subclass, so that its descriptor is not trusted."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.threads: set[int] = set()

    def read(self, size: int | None = -1, /) -> bytes:
        self.threads.add(threading.get_ident())
        return super().read(size) or b""


async def read_all(reader: PieceReader) -> list[bytes]:
    pieces: list[bytes] = []
    while piece := await reader.read(sum(map(len, pieces)), 10**9):
        pieces.append(piece)
    return pieces


async def test_a_file_is_read_in_pieces_of_a_bounded_size(io_loop: IOLoop, path: Path) -> None:
    with FileIO(str(path)) as file:
        pieces = await read_all(PieceReader(file))

    assert [len(piece) for piece in pieces] == [PIECE_SIZE, 3]
    assert b"".join(pieces) == CONTENT


async def test_no_more_is_read_than_was_asked_for(io_loop: IOLoop, path: Path) -> None:
    for file in (FileIO(str(path)), io.BytesIO(CONTENT)):
        with file:
            reader = PieceReader(file)

            assert await reader.read(5, 7) == CONTENT[5:12]
            assert await reader.read(len(CONTENT) - 2, 7) == b"nd"
            assert await reader.read(len(CONTENT), 7) == b""


async def test_what_may_have_to_be_waited_for_is_read_in_a_thread(
    io_loop: IOLoop, path: Path
) -> None:
    with Noting(path) as file:
        assert b"".join(await read_all(PieceReader(file))) == CONTENT

        assert file.threads
        assert threading.get_ident() not in file.threads


@linux_only
def test_what_is_in_memory_is_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(CONTENT)

    with FileIO(str(path)) as file:
        piece = PieceReader(file).read_cached(3, 5)

    # A file system that cannot tell, such as that of /dev/shm, gives None.
    assert piece in (CONTENT[3:8], None)


@linux_only
async def test_what_is_not_in_memory_is_asked_for_again_the_next_time(
    io_loop: IOLoop, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def not_now(descriptor: int, buffers: object, position: int, flags: int) -> int:
        asked.append(position)
        raise BlockingIOError

    monkeypatch.setattr(os, "preadv", not_now)  # pages leave memory when the kernel likes

    with FileIO(str(path)) as file:
        assert b"".join(await read_all(PieceReader(file))) == CONTENT

    assert asked == [0, PIECE_SIZE, len(CONTENT)]


@linux_only
async def test_a_file_system_that_cannot_tell_is_asked_once(
    io_loop: IOLoop, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def never(descriptor: int, buffers: object, position: int, flags: int) -> int:
        asked.append(position)
        raise OSError("Operation not supported")

    monkeypatch.setattr(os, "preadv", never)

    with FileIO(str(path)) as file:
        assert b"".join(await read_all(PieceReader(file))) == CONTENT

    assert asked == [0]


async def test_a_file_that_was_closed_is_not_read(io_loop: IOLoop, path: Path) -> None:
    with FileIO(str(path)) as file:
        reader = PieceReader(file)
        await reader.read(0, 1)

    with pytest.raises(ValueError, match="closed"):
        await reader.read(1, 1)


async def test_others_have_their_turn_between_two_pieces(io_loop: IOLoop, path: Path) -> None:
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "other")

    with FileIO(str(path)) as file:
        await PieceReader(file).read(0, 1)
        turns.append("read")

    assert turns == ["other", "read"]
