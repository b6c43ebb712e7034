"""Fork worker processes, supervise them, and run subprocesses on the event loop."""

__all__: list[str] = []
