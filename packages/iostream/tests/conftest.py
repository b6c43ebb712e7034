"""The streams that the behaviour suite runs over."""

from collections.abc import Iterator

import pytest

from ostro.ioloop import IOLoop

from .support import Channels


@pytest.fixture(params=["plain", "tls", "pipe"])
def channels(request: pytest.FixtureRequest, io_loop: IOLoop) -> Iterator[Channels]:
    """Pairs of a writing and a reading end, over every kind of stream."""
    made = Channels(request.param, io_loop)
    yield made
    made.close()


@pytest.fixture(params=["plain", "tls"])
def sockets(request: pytest.FixtureRequest, io_loop: IOLoop) -> Iterator[Channels]:
    """Pairs of streams that go in both directions."""
    made = Channels(request.param, io_loop)
    yield made
    made.close()
