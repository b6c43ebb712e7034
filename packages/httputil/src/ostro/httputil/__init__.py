"""HTTP headers, requests, cookies, URLs, form bodies, and the protocols between server and application."""

__all__: list[str] = []
