"""What servers and clients are told about the streams they make."""

import ssl
from collections.abc import Mapping
from typing import TypedDict

__all__ = ["SSLOptions", "StreamSizes", "stream_sizes"]

SSLOptions = Mapping[str, object] | ssl.SSLContext
"""Settings for TLS: those of the documented dict (`certfile`, ...), or a context."""


class StreamSizes(TypedDict, total=False):
    """Sizes in bytes that were given; for the others the streams have their defaults."""

    max_buffer_size: int
    read_chunk_size: int


def stream_sizes(
    max_buffer_size: int | None = None, read_chunk_size: int | None = None
) -> StreamSizes:
    """Keep what is not `None`."""
    sizes = StreamSizes()
    if max_buffer_size is not None:
        sizes["max_buffer_size"] = max_buffer_size
    if read_chunk_size is not None:
        sizes["read_chunk_size"] = read_chunk_size
    return sizes
