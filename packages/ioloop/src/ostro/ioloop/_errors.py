"""The errors of this package: all of them are mistakes of the program that uses it."""

import builtins


class IOLoopError(Exception):
    """Root of every error that `ostro.ioloop` raises."""


class LoopClosedError(IOLoopError, RuntimeError):
    """Report that something was asked of an IOLoop after `close`."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        super().__init__(f"{operation}: this IOLoop is closed")


class LoopRunningError(IOLoopError, RuntimeError):
    """Report an operation that has to wait until the loop has stopped."""

    def __init__(self, operation: str, instead: str) -> None:
        self.operation = operation
        super().__init__(f"{operation}: an event loop is running in this thread; {instead}")


class LoopStoppedError(IOLoopError, RuntimeError):
    """Report that `stop` ended `run_sync` before its function had a result."""

    def __init__(self) -> None:
        super().__init__("stop() was called before the function given to run_sync had finished")


class LoopExistsError(IOLoopError, ValueError):
    """Report a second IOLoop for one asyncio loop."""

    def __init__(self) -> None:
        super().__init__("this asyncio loop has an IOLoop already: IOLoop.for_loop(loop) gives it")


class HandlerExistsError(IOLoopError, ValueError):
    """Report a second handler for one file descriptor."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        super().__init__(f"file descriptor {fd} has a handler already; remove_handler comes first")


class UnknownHandlerError(IOLoopError, LookupError):
    """Report a change to a file descriptor that has no handler."""

    def __init__(self, fd: object) -> None:
        self.fd = fd
        super().__init__(f"{fd!r} has no handler; add_handler comes first")


class InvalidArgumentError(IOLoopError, ValueError, TypeError):
    """Report an argument of a type or value that cannot be used."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        self.name = name
        self.value = value
        self.expected = expected
        super().__init__(f"{name} is {value!r}, expected {expected}")


class TimeoutError(IOLoopError, builtins.TimeoutError):
    """Report that `run_sync` did not finish within its timeout."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        super().__init__(f"not finished after {timeout} seconds")
