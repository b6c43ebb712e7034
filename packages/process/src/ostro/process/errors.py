"""What goes wrong with processes.

```text
ProcessError (also RuntimeError)
├── ForkError               fork_processes was called where forking is not possible
└── TooManyRestartsError    children failed more often than max_restarts allows
```

`CalledProcessError` is the one of the standard library's subprocess module.
"""

from subprocess import CalledProcessError

__all__ = ["CalledProcessError", "ForkError", "ProcessError", "TooManyRestartsError"]


class ProcessError(RuntimeError):
    """Root of the exceptions of this package."""


class ForkError(ProcessError):
    """fork_processes was called where it cannot work; nothing has been forked."""


class TooManyRestartsError(ProcessError):
    """Children failed more often than was allowed; the remaining ones have been ended.

    The message names both figures: `failed 101 times, expected no more than 100 restarts`.
    """

    def __init__(self, failures: int, max_restarts: int) -> None:
        super().__init__(
            f"child processes failed {failures} times, expected no more than "
            f"{max_restarts} restarts; the remaining children have been ended"
        )
        self.failures = failures
        self.max_restarts = max_restarts
