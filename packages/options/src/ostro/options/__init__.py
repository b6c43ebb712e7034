"""Typed command-line and config-file options, and pretty logging."""

__all__: list[str] = []
