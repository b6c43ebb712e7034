"""Listening sockets, TCP servers and clients, name resolution."""

__all__: list[str] = []
