"""Write asynchronous code as generators."""

__all__: list[str] = []
