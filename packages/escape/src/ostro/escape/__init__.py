"""Escape HTML, URLs and JSON; convert between bytes and str; turn plain text into links."""

__all__: list[str] = []
