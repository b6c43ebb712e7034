"""Subprocess: a Popen whose pipes are streams and whose end is an awaitable."""

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Any, Final

from ostro.ioloop import IOLoop, deliver
from ostro.iostream import PipeIOStream

from ._exit_watch import watch_exit
from .errors import CalledProcessError

__all__ = ["Subprocess"]


class _Marker(Enum):
    STREAM = "STREAM"


Argument = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class Subprocess:
    """Run another program, with its pipes as streams on the loop.

    The process is watched from the start and reaped when it ends, whether anybody waits or not.
    Starting it blocks for as long as `subprocess.Popen` does, some milliseconds.

    Args:
        args: the program and its arguments, as for `subprocess.Popen`.
        stdin: `Subprocess.STREAM` makes the attribute `stdin` a `PipeIOStream` to write to;
            everything that Popen takes is passed on.
        stdout: the same, with a stream to read from.
        stderr: the same, with a stream to read from.
        io_loop: the current loop when `None`.
        **kwargs: passed on to Popen.

    Attributes:
        proc: the `subprocess.Popen` object, to send signals with. Do not `wait()` on it: it blocks.
        pid: the process id.
        returncode: the exit status, minus the signal number if a signal ended it; `None` before.
        stdin, stdout, stderr: a stream with STREAM, a blocking file with `subprocess.PIPE`,
            else `None`.

    Raises what Popen raises (`FileNotFoundError`, ...); no pipe is left open then.
    """

    STREAM: Final = _Marker.STREAM

    def __init__(
        self,
        args: Argument | Sequence[Argument],
        *,
        stdin: Any = None,  # Any, for these: STREAM or what Popen takes
        stdout: Any = None,
        stderr: Any = None,
        io_loop: IOLoop | None = None,
        **kwargs: Any,
    ) -> None:
        self.io_loop = IOLoop.current() if io_loop is None else io_loop
        self._waiters: dict[asyncio.Future[int], bool] = {}  # and whether failing is an error
        with _Plumbing(self.io_loop) as plumbing:
            self.proc: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603  # the point of it
                args,
                stdin=plumbing.end_to_read(stdin, "stdin"),
                stdout=plumbing.end_to_write(stdout, "stdout"),
                stderr=plumbing.end_to_write(stderr, "stderr"),
                **kwargs,
            )
        # Any: which of the three it is, the caller has said and no type can tell.
        self.stdin: Any = plumbing.streams.get("stdin", self.proc.stdin)
        self.stdout: Any = plumbing.streams.get("stdout", self.proc.stdout)
        self.stderr: Any = plumbing.streams.get("stderr", self.proc.stderr)
        self.pid = self.proc.pid
        self.returncode: int | None = None
        watch_exit(self.proc, self.io_loop, self._on_exit)

    def wait_for_exit(
        self, raise_error: bool = True, callback: Callable[[int], object] | None = None
    ) -> Awaitable[int]:
        """Wait until the process has ended.

        May be called several times, and after the end. Cancelling it does not touch the process.
        Output that nobody reads may keep the process from ending: read its streams meanwhile.

        Args:
            raise_error: whether a status other than 0 is an error.
            callback: called on the loop with the exit status.

        Returns a future of the exit status: minus the signal number if a signal ended it.

        Raises (when awaited) `CalledProcessError`.
        """
        waiter: asyncio.Future[int] = self.io_loop.asyncio_loop.create_future()
        if self.returncode is None:
            self._waiters[waiter] = raise_error
            waiter.add_done_callback(self._forget)
        else:
            self._settle(waiter, raise_error, self.returncode)
        if callback is not None:
            deliver(waiter, callback, self.io_loop)
        return waiter

    def set_exit_callback(self, callback: Callable[[int], object]) -> None:
        """Call `callback(returncode)` on the loop when the process has ended.

        A status other than 0 is no error here. Several callbacks are all called.
        """
        self.wait_for_exit(raise_error=False, callback=callback)

    @classmethod
    def initialize(cls) -> None:
        """Do nothing: exits are noticed without a SIGCHLD handler. Kept for older programs."""

    @classmethod
    def uninitialize(cls) -> None:
        """Do nothing; see `initialize`."""

    def _on_exit(self, returncode: int) -> None:
        self.returncode = returncode
        for waiter, raise_error in list(self._waiters.items()):
            if not waiter.done():
                self._settle(waiter, raise_error, returncode)

    def _settle(self, waiter: "asyncio.Future[int]", raise_error: bool, code: int) -> None:
        if raise_error and code != 0:
            waiter.set_exception(CalledProcessError(code, self.proc.args))
        else:
            waiter.set_result(code)

    def _forget(self, waiter: "asyncio.Future[int]") -> None:
        del self._waiters[waiter]


class _Plumbing:
    """The pipes of one start: the child's ends are closed here after it, ours if it failed."""

    def __init__(self, io_loop: IOLoop) -> None:
        self.streams: dict[str, PipeIOStream] = {}
        self._io_loop = io_loop
        self._ends_of_child: list[int] = []

    def __enter__(self) -> "_Plumbing":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for fd in self._ends_of_child:
            os.close(fd)
        if kind is not None:
            for stream in self.streams.values():
                stream.close()

    def end_to_read(self, given: Any, name: str) -> Any:  # Any: what Popen takes
        """What the child gets to read from."""
        if given is not Subprocess.STREAM:
            return given
        theirs, ours = os.pipe()
        return self._connect(name, theirs, ours)

    def end_to_write(self, given: Any, name: str) -> Any:  # Any: what Popen takes
        """What the child gets to write to."""
        if given is not Subprocess.STREAM:
            return given
        ours, theirs = os.pipe()
        return self._connect(name, theirs, ours)

    def _connect(self, name: str, theirs: int, ours: int) -> int:
        self._ends_of_child.append(theirs)
        self.streams[name] = PipeIOStream(ours, self._io_loop)
        return theirs
