"""The event loop: asyncio's loop with callbacks, timeouts, file descriptors and futures."""

__all__: list[str] = []
