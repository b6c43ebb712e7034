"""Read from and write to sockets, TLS connections and pipes without blocking."""

__all__: list[str] = []
