"""The HTTP/1.1 codec without I/O: strict, fast, for servers and clients."""

__all__: list[str] = []
