"""What an idle connection costs, in Python objects."""

import gc
import tracemalloc

from ostro.ioloop import IOLoop
from ostro.iostream import IOStream, Receiver

from .support import tcp_sockets, until

BUDGET = 1229  # bytes: 1.2 KiB for socket, stream, receiver and the registration with the loop
STREAMS = 100


class Quiet:
    """The smallest receiver, and how often one of them was told something."""

    __slots__ = ("stream",)
    answers = 0
    losses = 0

    def __init__(self, stream: IOStream) -> None:
        self.stream = stream

    def data_received(self, data: bytes) -> None:
        self.stream.write(data)
        Quiet.answers += 1

    def eof_received(self) -> None:
        self.stream.close()

    def drained(self) -> None:
        raise AssertionError("nothing is ever buffered")

    def connection_lost(self, error: BaseException | None) -> None:
        assert error is None
        Quiet.losses += 1


async def test_an_idle_stream_is_small(io_loop: IOLoop) -> None:
    Quiet.answers = Quiet.losses = 0
    pairs = [tcp_sockets() for _ in range(STREAMS)]
    receivers: list[Receiver] = []
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]

    for _, accepted in pairs:
        stream = IOStream(accepted, io_loop)
        receiver = Quiet(stream)
        stream.set_receiver(receiver)
        receivers.append(receiver)
    for client, _ in pairs:  # having served a request leaves nothing behind
        client.sendall(b"x")
    await until(lambda: Quiet.answers == STREAMS)
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    socket_objects = 97  # made before the measurement
    assert used / STREAMS + socket_objects < BUDGET
    for client, _ in pairs:
        assert client.recv(10) == b"x"
        client.close()
    await until(lambda: Quiet.losses == STREAMS)
