"""A non-blocking HTTP server."""

__all__: list[str] = []
