"""Carry context and exception handlers across asynchronous callbacks."""

__all__: list[str] = []
