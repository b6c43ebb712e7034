"""Restart a program when one of its files changes.

`start` does it while the program runs, `wait` at its end; `python -m ostro.autoreload` runs a
script or a module, and runs it again after each change, however it ended.
"""

from ._command import end_with_program, main
from ._restart import add_reload_hook
from ._watcher import start, wait, watch

__all__ = ["add_reload_hook", "end_with_program", "main", "start", "wait", "watch"]
