import asyncio
import gc
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import TypeVar, cast

import pytest

from ostro.ioloop import InvalidArgumentError, IOLoop, LoopExistsError

T = TypeVar("T")


def run_foreign(kind: str, main: Callable[[], Coroutine[None, None, T]]) -> T:
    """Run a coroutine on a loop that IOLoop knows nothing of."""
    if kind == "uvloop":
        uvloop = pytest.importorskip("uvloop", reason="pip install uvloop")
        return cast(T, uvloop.run(main()))
    return asyncio.run(main())


def test_current_is_the_loop_made_current(io_loop: IOLoop) -> None:
    assert IOLoop.current() is io_loop
    assert IOLoop.current(instance=False) is io_loop


def test_current_is_the_running_loop_rather_than_the_one_made_current(io_loop: IOLoop) -> None:
    other = IOLoop(asyncio.SelectorEventLoop())

    other.make_current()
    found = io_loop.run_sync(lambda: asyncio.sleep(0, IOLoop.current()))

    assert found is io_loop
    assert IOLoop.current() is other
    other.close()


def test_current_without_any_loop_is_the_instance() -> None:
    assert IOLoop.current(instance=False) is None

    loop = IOLoop.current()

    assert loop is IOLoop.instance()
    assert IOLoop.current(instance=False) is loop
    loop.close()


def test_current_does_not_return_a_closed_loop(io_loop: IOLoop) -> None:
    io_loop.asyncio_loop.close()

    assert IOLoop.current(instance=False) is None


def test_make_current_tells_asyncio_too(io_loop: IOLoop) -> None:
    assert asyncio.get_event_loop() is io_loop.asyncio_loop


def test_clear_current_undoes_make_current(io_loop: IOLoop) -> None:
    io_loop.clear_current()

    assert IOLoop.current(instance=False) is None


def test_each_thread_has_its_own_current_loop(io_loop: IOLoop) -> None:
    seen = []

    def in_thread() -> None:
        seen.append(IOLoop.current(instance=False) is None)
        own = IOLoop(asyncio.SelectorEventLoop())
        own.make_current()
        seen.append(IOLoop.current() is own)
        own.close()

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()

    assert seen == [True, True]
    assert IOLoop.current() is io_loop


def test_several_loops_run_in_several_threads() -> None:
    barrier = threading.Barrier(4)
    seen = []

    async def meet() -> IOLoop:
        barrier.wait()  # all four loops are running now
        return IOLoop.current()

    def in_thread() -> None:
        own = IOLoop()
        seen.append(own.run_sync(meet) is own)
        own.close()

    threads = [threading.Thread(target=in_thread) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [True] * 4


def test_instance_is_made_once_for_all_threads() -> None:
    barrier = threading.Barrier(8)
    seen = []

    def in_thread() -> None:
        barrier.wait()
        seen.append(IOLoop.instance())

    threads = [threading.Thread(target=in_thread) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(seen)) == 1
    seen[0].close()


def test_instance_is_the_current_loop_when_there_is_only_that(io_loop: IOLoop) -> None:
    assert IOLoop.instance() is io_loop


def test_instance_is_initialized_from_the_first_use_to_close() -> None:
    before = IOLoop.initialized()
    loop = IOLoop.instance()
    during = IOLoop.initialized()
    loop.close()

    assert (before, during, IOLoop.initialized()) == (False, True, False)


def test_instance_is_replaced_when_somebody_else_closed_it() -> None:
    first = IOLoop.instance()
    first.asyncio_loop.close()

    second = IOLoop.instance()

    assert second is not first
    second.close()


def test_installed_subclass_is_the_instance() -> None:
    class Custom(IOLoop):
        pass

    custom = Custom(asyncio.SelectorEventLoop())

    custom.install()

    assert IOLoop.instance() is custom
    assert IOLoop.initialized()
    custom.close()


def test_clear_instance_undoes_install_and_make_current(io_loop: IOLoop) -> None:
    io_loop.install()

    IOLoop.clear_instance()

    assert not IOLoop.initialized()
    assert IOLoop.current(instance=False) is None


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_foreign_loop_gets_one_facade_on_demand(kind: str) -> None:
    async def main() -> list[IOLoop]:
        loop = asyncio.get_running_loop()
        return [IOLoop.current(), IOLoop.current(), IOLoop.instance(), IOLoop.for_loop(loop)]

    found = run_foreign(kind, main)

    assert len(set(found)) == 1
    assert not IOLoop.initialized(), "that loop is closed now"


def test_facade_of_a_foreign_loop_that_was_closed_can_be_closed() -> None:
    ours, theirs = socket.socketpair()

    async def main() -> IOLoop:
        io_loop = IOLoop.current()
        io_loop.add_handler(ours, lambda *_: None, io_loop.READ)
        return io_loop

    with ours, theirs:
        asyncio.run(main()).close()


def test_for_loop_of_a_subclass_makes_one_of_the_subclass() -> None:
    class Custom(IOLoop):
        pass

    loop = asyncio.SelectorEventLoop()

    facade = Custom.for_loop(loop)

    assert type(facade) is Custom
    assert IOLoop.for_loop(loop) is facade
    assert facade.asyncio_loop is loop
    facade.close()


def test_for_loop_gives_the_same_facade_to_racing_threads() -> None:
    loop = asyncio.SelectorEventLoop()
    barrier = threading.Barrier(8)
    seen = []

    class Slow(IOLoop):
        def __init__(self, impl: asyncio.AbstractEventLoop) -> None:
            barrier.wait()  # none of them has found a facade
            super().__init__(impl)

    threads = [threading.Thread(target=lambda: seen.append(Slow.for_loop(loop))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(seen)) == 1
    seen[0].close()


def test_second_facade_for_one_loop_is_refused(io_loop: IOLoop) -> None:
    with pytest.raises(LoopExistsError, match="for_loop"):
        IOLoop(io_loop.asyncio_loop)


def test_what_is_no_asyncio_loop_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="expected an asyncio event loop or None"):
        IOLoop(object())  # type: ignore[arg-type]  # the wrong type is what is tested


def test_new_loop_is_one_of_uvloop_when_that_is_installed() -> None:
    uvloop = pytest.importorskip("uvloop", reason="pip install uvloop")

    loop = IOLoop()

    assert isinstance(loop.asyncio_loop, uvloop.Loop)
    loop.close()


def test_new_loop_is_one_of_asyncio_without_uvloop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)  # import raises ImportError

    loop = IOLoop()

    assert isinstance(loop.asyncio_loop, asyncio.SelectorEventLoop)
    loop.close()


def test_closed_loops_are_not_kept_in_memory(io_loop: IOLoop) -> None:
    loops = [IOLoop() for _ in range(10)]
    references = [weakref.ref(loop) for loop in loops]
    for loop in loops:
        loop.make_current()
        loop.install()
        loop.close()

    del loop
    loops.clear()
    gc.collect()

    assert [reference() for reference in references] == [None] * 10


def test_importing_sets_no_policy_and_makes_no_loop() -> None:
    script = """
import asyncio
import ostro.ioloop
assert asyncio.events._event_loop_policy is None
assert not ostro.ioloop.IOLoop.initialized()
assert "uvloop" not in __import__("sys").modules
"""

    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)
