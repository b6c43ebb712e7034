"""The web framework: applications, routes and request handlers."""

__all__: list[str] = []
