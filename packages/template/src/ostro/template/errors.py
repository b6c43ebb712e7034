"""What this package raises, beyond what the code in a template raises itself.

Exception
└── TemplateError
    ├── ParseError               a template is written wrongly
    ├── TemplateNotFoundError    a loader has no template of that name (an OSError and a
    │                            KeyError too: loaders of either kind raise the same)
    └── AsyncTemplateError       generate() of a template that awaits
"""

from __future__ import annotations

import errno


class TemplateError(Exception):
    """Root of the errors of this package."""


class ParseError(TemplateError):
    """A template is written wrongly: `message` says what, `filename` and `lineno` where.

    `filename` is the name of the template as its loader knows it; lines count from 1.
    """

    def __init__(self, message: str, filename: str | None = None, lineno: int = 0) -> None:
        super().__init__(message, filename, lineno)
        self.message = message
        self.filename = filename
        self.lineno = lineno

    def __str__(self) -> str:
        return f"{self.message} at {self.filename}:{self.lineno}"


class TemplateNotFoundError(TemplateError, FileNotFoundError, KeyError):
    """A loader has no template called `name`; `reason` says where it looked, or why not."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.errno = errno.ENOENT
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"template {self.name!r}: {self.reason}"


class AsyncTemplateError(TemplateError):
    """`Template.generate` was called on a template that awaits; `name` is the template's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"template {self.name!r} awaits: use generate_async()"
