"""The Runner steps a generator: one for `coroutine` and `engine`, for awaitables and yield points.

It runs the generator until that waits for something, arranges to be called when it is there, and
goes on. Every step runs in one `contextvars.Context` that belongs to the generator alone: what it
sets there (ContextVars, and so StackContexts) stays across its yields, and is seen by nobody else.

Nothing here recurses. What is ready at once is handed over in a loop; a generator that waited for
one that ended goes on after it, in a loop as well; everything else comes through the event loop.

(Any, here: a generator yields whatever convert_yielded may be taught, gets whatever that results
in, and returns what it likes.)
"""

import asyncio
from asyncio import CancelledError, Future
from collections.abc import Callable, Generator
from contextvars import Context
from threading import get_ident
from types import TracebackType
from typing import Any

from ostro.ioloop import Completed
from ostro.stack_context import ExceptionStackContext

from ._convert import convert_yielded, moment
from ._errors import BadYieldError, LeakedCallbackError
from ._keys import KeyedHost
from ._loops import alive_on, current_loop
from ._multi import MultiPoint
from ._outcome import CoroutineFuture, Return, take, without_our_frames
from ._points import YieldPoint

AnyGenerator = Generator[Any, Any, Any]

_HAVE_RESULT = (Future, Completed)


class _Round:
    """What a generator waits for that is resumed at the next round of the loop."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Runner(KeyedHost):
    """Steps one generator to its end.

    Args:
        generator: It was not started yet.
        context: The Context to step it in, for nothing else.
        name: The name of its function, for messages.
    """

    __slots__ = (
        "_alive",
        "_cancellation",
        "_context",
        "_deactivate",
        "_error",
        "_future",
        "_generator",
        "_loop",
        "_name",
        "_thread",
        "_value",
        "_waiting",
    )

    def __init__(self, generator: AnyGenerator, context: Context, name: str) -> None:
        self._results = None  # of KeyedHost
        self._generator = generator
        self._context = context
        self._name = name
        # How it ended, if `start` took it to its end; the future for it, if not.
        self._value: Any = None
        self._error: BaseException | None = None
        self._future: CoroutineFuture | None = None
        # What the generator waits for now: None while it runs and when it has ended.
        self._waiting: Future[Any] | YieldPoint | _Round | None = None
        # The loop and the thread that it waits in, and what the loop keeps alive: unknown before it
        # has to wait, so that a generator that never does needs no loop.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._alive: set[object] | None = None
        # A cancellation that came while it ran: for the next time it waits.
        self._cancellation: CancelledError | None = None
        # How to stop catching exceptions of callbacks.
        self._deactivate: Callable[[], None] | None = None

    # Stepping

    def start(self) -> CoroutineFuture | None:
        """Run the generator until it has to wait, or to its end.

        Returns:
            A future if it waits. If it has ended, None; see `outcome`.
        """
        self._context.run(self._advance, None, None)
        if self._waiting is None:
            return None
        self._future = CoroutineFuture.of(self.cancel, self._wait_loop())
        return self._future

    def outcome(self) -> tuple[Any, BaseException | None]:
        """Return how the generator ended: its value and its exception. To be called once."""
        try:
            return self._value, self._error
        finally:
            # The frames that led here are in the traceback of the exception, and it must not be
            # in them.
            self._error = None

    def catch(self) -> None:
        """Before `start`: let what callbacks raise that it starts be thrown into the generator."""
        # Never left: the Context is thrown away with the generator.
        context = ExceptionStackContext(self.handle_exception)
        self._deactivate = self._context.run(context.__enter__)

    def _advance(self, value: Any, error: BaseException | None) -> "Runner | None":
        """Run the generator until it has to wait, or to its end. Called within its Context.

        Returns:
            At the end, the Runner that waited for that, if there is one: it has to `take_over`.
        """
        generator = self._generator
        while True:
            try:
                yielded = generator.send(value) if error is None else generator.throw(error)
            except (StopIteration, Return) as end:
                return self._finish(end.value)
            except (KeyboardInterrupt, SystemExit) as raised:
                self._leave(raised)
                raise
            except BaseException as raised:  # noqa: BLE001 - it is the future's
                return self._settle(None, without_our_frames(raised))
            value = error = None
            try:
                if isinstance(yielded, _HAVE_RESULT) and yielded.done():
                    value = yielded.result()
                    continue
                ready = self._begin(yielded)
                if ready is None:
                    return None
                value = ready()
            except BaseException as raised:  # noqa: BLE001 - it is the generator's
                error = without_our_frames(raised)

    def _go_on(self, value: Any, error: BaseException | None) -> None:
        """Run the generator, and then those that wait for its end. Called within its Context."""
        successor = self._advance(value, error)
        while successor is not None:
            successor = successor._context.run(successor._take_over)

    def _take_over(self) -> "Runner | None":
        """Go on after the generator that this one waits for. Called within its Context."""
        ended = self._waiting
        if isinstance(ended, CoroutineFuture) and ended.done():
            self._waiting = None
            return self._advance(*take(ended.result))
        return None  # It was cancelled, or there was an exception of a callback.

    def _begin(self, yielded: Any) -> Callable[[], Any] | None:
        """Begin to wait for what was yielded. If it is ready, return what gets its result."""
        if isinstance(yielded, Future):
            return self._begin_future(yielded)
        if yielded is None or yielded is moment:
            self._resume_soon(None)
            self._heed_cancellation()
            return None
        if isinstance(yielded, list | dict):
            yielded = self._convert(MultiPoint, yielded)
        if isinstance(yielded, YieldPoint):
            return self._begin_point(yielded)
        return self._begin_future(self._convert(convert_yielded, yielded))

    def _begin_point(self, point: YieldPoint) -> Callable[[], Any] | None:
        point.start(self)
        if not point.is_ready():
            # A callback in another thread finds the loop from here on: look once more for one
            # that came before.
            self._wait_loop()
            if not point.is_ready():
                self._waiting = point
                self._heed_cancellation()
                return None
        return point.get_result

    def _begin_future(self, future: Future[Any]) -> Callable[[], Any] | None:
        if future.done():
            return future.result
        if future.get_loop() is not self._wait_loop():
            raise BadYieldError(future, self._position(), ", which belongs to another event loop")
        if isinstance(future, CoroutineFuture) and future.successor is None:
            future.successor = self
        else:
            future.add_done_callback(self._future_done, context=self._context)
        self._waiting = future
        self._heed_cancellation()
        return None

    def _convert(self, convert: Callable[[Any], Any], yielded: Any) -> Any:
        """Call a function that refuses what cannot be yielded, and say where that was."""
        try:
            return convert(yielded)
        except BadYieldError as bad:
            raise BadYieldError(bad.yielded, self._position(), bad.reason) from None

    def _position(self) -> str:
        """Return where the generator stands."""
        generator: Any = self._generator  # Any: compiled generators lack some attributes
        while getattr(generator, "gi_yieldfrom", None) is not None:
            generator = generator.gi_yieldfrom
        frame = getattr(generator, "gi_frame", None)
        if frame is None:
            return self._name
        return f"{self._name} ({frame.f_code.co_filename}:{frame.f_lineno})"

    def _finish(self, value: Any) -> "Runner | None":
        """End well, unless something was left over."""
        error: BaseException | None = self._cancellation
        if self._results:
            error = LeakedCallbackError(self._results, self._name)
        return self._settle(value, error)

    def _leave(self, error: KeyboardInterrupt | SystemExit) -> None:
        """End with what stops the loop too; whoever waited goes on when that runs again."""
        future = self._future
        successor = self._settle(None, error)
        if future is not None and successor is not None:
            call_soon = future.get_loop().call_soon
            call_soon(successor._future_done, future, context=successor._context)

    def _settle(self, value: Any, error: BaseException | None) -> "Runner | None":
        """End; return the Runner that waited for that."""
        if self._deactivate is not None:
            self._deactivate()
            # The Context knows the handler of exceptions, which is this object: part with both, or
            # only the collector would.
            self._deactivate = None
            self._context = Context()
        if self._alive is not None:
            self._alive.discard(self)
        future, self._future = self._future, None
        if future is None:
            self._value, self._error = value, error
            return None
        successor, future.successor = future.successor, None
        future.settle(value, error)
        return successor

    # Waiting

    def _wait_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop that the generator waits in."""
        if self._loop is None:
            try:
                self._loop = asyncio.get_running_loop()
                self._thread = get_ident()
            except RuntimeError:
                self._loop = current_loop()  # and nobody knows in which thread that will run
            self._alive = alive_on(self._loop)
            self._alive.add(self)
        return self._loop

    def _heed_cancellation(self) -> None:
        """Cancel what the generator waits for now, if it was cancelled while it ran."""
        if self._cancellation is not None:
            cancellation, self._cancellation = self._cancellation, None
            self.cancel(*cancellation.args)

    def _future_done(self, future: Future[Any]) -> None:
        """Go on with the outcome of a future. Called within the Context."""
        if self._waiting is future:  # and not cancelled, nor was there an exception of a callback
            self._waiting = None
            self._go_on(*take(future.result))

    def _point_ready(self) -> None:
        """Go on if a yield point is ready. Called within the Context."""
        point = self._waiting
        if isinstance(point, YieldPoint) and point.is_ready():
            self._waiting = None
            self._go_on(*take(point.get_result))

    def _resume_soon(self, error: BaseException | None) -> None:
        """Wait for the next round of the loop, and no longer for anything else."""
        loop = self._wait_loop()
        if isinstance(self._waiting, YieldPoint):
            self._waiting.forget()
        self._waiting = this_round = _Round(error)
        if get_ident() == self._thread:
            loop.call_soon(self._round_came, this_round, context=self._context)
        else:
            loop.call_soon_threadsafe(self._round_came, this_round, context=self._context)

    def _round_came(self, this_round: _Round) -> None:
        if self._waiting is this_round:
            self._waiting = None
            self._go_on(None, this_round.error)

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel what the generator waits for, or raise CancelledError at its yield.

        Returns:
            True, since the generator has not ended.
        """
        waiting = self._waiting
        if isinstance(waiting, Future) and waiting.cancel(msg):
            return True
        if isinstance(waiting, YieldPoint) and waiting.cancel():
            return True
        error = CancelledError() if msg is None else CancelledError(msg)
        if waiting is None:
            self._cancellation = error
        elif self._can_be_thrown_into():
            self._resume_soon(error)
        return True

    def handle_exception(
        self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> bool:
        """Throw an exception into the generator, if it waits; tell whether that was so."""
        if self._can_be_thrown_into():
            self._resume_soon(error)
            return True
        return False

    def _can_be_thrown_into(self) -> bool:
        """Tell whether the generator waits, and no other exception is on its way to it."""
        waiting = self._waiting
        if isinstance(waiting, _Round):
            return waiting.error is None
        return waiting is not None

    def notify(self) -> None:
        """Go on soon if the yield point that the generator waits for is ready. Thread-safe."""
        loop = self._loop
        if loop is None:
            return  # It is about to look by itself.
        if get_ident() != self._thread:
            loop.call_soon_threadsafe(self._point_ready, context=self._context)
        elif isinstance(self._waiting, YieldPoint) and self._waiting.is_ready():
            loop.call_soon(self._point_ready, context=self._context)
