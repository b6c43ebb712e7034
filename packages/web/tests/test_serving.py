"""Applications that serve until a signal comes, and end in good order."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from textwrap import dedent
from types import FrameType

import pytest

from ostro.ioloop import IOLoop
from ostro.netutil import BindError
from ostro.web import Application, Mount, RequestHandler, StartupError

from .programs import DEADLINE, running
from .support import connected, held_port, raw_get, read_answer, serving


class Hello(RequestHandler):
    def get(self) -> None:
        self.write("hello")


class Slow(RequestHandler):
    started: asyncio.Event
    gate: asyncio.Event

    async def get(self) -> None:
        self.started.set()
        await self.gate.wait()
        self.write("at last")


class Site:
    """An application, what its hook has seen, and where it serves."""

    def __init__(self, startup: Callable[[], object] = lambda: None) -> None:
        self.events: list[str] = []
        self.up = asyncio.Event()
        self.port = free_port()
        self.startup = startup
        self.app = Application([("/", Hello), ("/slow", Slow)], lifespan=self.hook)
        Slow.started, Slow.gate = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def hook(self, application: Application) -> AsyncIterator[None]:
        self.events.append("up")
        self.startup()
        self.up.set()
        yield
        self.events.append("down")

    def serve(self, drain_timeout: float | None = 10) -> "asyncio.Task[None]":
        return asyncio.ensure_future(
            self.app.serve(self.port, "127.0.0.1", drain_timeout=drain_timeout)
        )


_ports = ExitStack()


@pytest.fixture(autouse=True)
def _ports_are_given_back() -> Iterator[None]:
    with _ports:
        yield


def free_port() -> int:
    """Return a port that belongs to this test until its end."""
    return _ports.enter_context(held_port())


def ask_to_stop(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


@contextmanager
def handled(
    number: int, handler: Callable[[int, FrameType | None], object] | int
) -> Iterator[None]:
    """Have a signal handled in some way, whoever started the tests."""
    before = signal.signal(number, handler)
    try:
        yield
        assert signal.getsignal(number) == handler, "it was not given back"
    finally:
        signal.signal(number, before)


def _unexpected(number: int, frame: FrameType | None) -> None:
    pytest.fail(f"signal {number} was not taken")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_and_is_given_back(io_loop: IOLoop, number: int) -> None:
    with handled(number, _unexpected):
        site = Site()
        task = site.serve()
        await site.up.wait()
        async with connected(site.port) as (reader, writer):
            writer.write(raw_get())
            assert (await read_answer(reader))[2] == b"hello"

            ask_to_stop(number)
            await task

            assert await reader.read() == b""

    assert site.events == ["up", "down"]
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", site.port)


async def test_what_is_in_flight_is_finished_before_the_application_is_shut_down(
    io_loop: IOLoop,
) -> None:
    site = Site()
    task = site.serve()
    async with connected_when_up(site) as (reader, writer):
        writer.write(raw_get("/slow"))
        await Slow.started.wait()

        ask_to_stop()
        await until(lambda: refused(site.port))
        assert site.events == ["up"]
        Slow.gate.set()
        status, headers, body = await read_answer(reader)
    await task

    assert (status, headers["Connection"], body) == ("HTTP/1.1 200 OK", "close", b"at last")
    assert site.events == ["up", "down"]


@asynccontextmanager
async def connected_when_up(
    site: Site,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    await site.up.wait()
    async with connected(site.port) as streams:
        yield streams


def refused(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - of the kernel's, which sets no Event
        await asyncio.sleep(0)


async def test_what_does_not_end_in_time_is_closed(
    io_loop: IOLoop, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site()
    task = site.serve(drain_timeout=0.01)
    async with connected_when_up(site) as (reader, writer):
        writer.write(raw_get("/slow"))
        await Slow.started.wait()

        ask_to_stop()
        await task

        assert await reader.read() == b""
    assert "some connections did not end in 0.01 s and were closed" in caplog.text
    assert site.events == ["up", "down"]


async def test_a_second_signal_does_not_wait_for_clients(io_loop: IOLoop) -> None:
    site = Site()
    task = site.serve(drain_timeout=None)
    async with connected_when_up(site) as (reader, writer):
        writer.write(raw_get("/slow"))
        await Slow.started.wait()

        ask_to_stop()
        await until(lambda: refused(site.port))
        ask_to_stop()
        await task

        assert await reader.read() == b""
    assert site.events == ["up", "down"]


class Tidy(RequestHandler):
    """Does in its last steps what takes a moment, or for ever."""

    events: list[str]
    started: asyncio.Event
    endless = False

    async def get(self) -> None:
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            while self.endless:
                await asyncio.Event().wait()
            self.events.append("tidied")


@pytest.mark.parametrize("signals", [1, 2])
async def test_handlers_that_are_cut_off_end_before_the_application_is_shut_down(
    io_loop: IOLoop, signals: int
) -> None:
    site = Site()
    Tidy.events, Tidy.started = site.events, asyncio.Event()
    site.app = Application([Mount("/in", Application([("/in", Tidy)]))], lifespan=site.hook)
    task = site.serve(0 if signals == 1 else 10)
    async with connected_when_up(site) as (_, writer):
        writer.write(raw_get("/in/in"))
        await Tidy.started.wait()

        ask_to_stop()
        if signals == 2:
            await until(lambda: refused(site.port))
            ask_to_stop()
        await task

    assert site.events == ["up", "tidied", "down"]


async def test_a_handler_that_never_ends_does_not_keep_the_application_from_its_end(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Endless(Tidy):
        endless = True

    monkeypatch.setattr("ostro.web._serving.CLEANUP_TIMEOUT", 0)
    site = Site()
    Tidy.events, Tidy.started = site.events, asyncio.Event()
    site.app = Application([("/", Endless)], lifespan=site.hook)
    task = site.serve(0)
    async with connected_when_up(site) as (_, writer):
        writer.write(raw_get("/"))
        await Tidy.started.wait()

        ask_to_stop()
        await task

    assert site.events == ["up", "down"]
    assert "1 handlers did not end with their connections" in caplog.text
    for left in asyncio.all_tasks() - {asyncio.current_task()}:
        left.cancel()


async def test_a_handler_that_outlives_its_client_has_the_time_of_the_others(
    io_loop: IOLoop,
) -> None:
    class Unstoppable(Slow):
        cancel_on_disconnect = False

        def on_connection_close(self) -> None:
            site.events.append("gone")

        def on_finish(self) -> None:
            site.events.append("finished")

    site = Site()
    site.app = Application([("/", Unstoppable)], lifespan=site.hook)
    task = site.serve(None)
    async with connected_when_up(site) as (_, writer):
        writer.write(raw_get("/"))
        await Slow.started.wait()
    await until(lambda: "gone" in site.events)

    ask_to_stop()
    await until(lambda: refused(site.port))
    Slow.gate.set()
    await task

    assert site.events == ["up", "gone", "finished", "down"]


async def test_a_signal_during_the_startup_ends_it(io_loop: IOLoop) -> None:
    forever = asyncio.Event()

    @asynccontextmanager
    async def hook(application: Application) -> AsyncIterator[None]:
        ask_to_stop()
        await forever.wait()
        yield

    port = free_port()

    await Application(lifespan=hook).serve(port, "127.0.0.1")

    assert refused(port)


async def test_cancelling_it_drains_too(io_loop: IOLoop) -> None:
    site = Site()
    task = site.serve()
    async with connected_when_up(site) as (reader, writer):
        writer.write(raw_get("/slow"))
        await Slow.started.wait()

        task.cancel()
        await until(lambda: refused(site.port))
        Slow.gate.set()
        answer = await read_answer(reader)
    with pytest.raises(asyncio.CancelledError):
        await task

    assert answer[2] == b"at last"
    assert site.events == ["up", "down"]


async def test_who_connects_during_the_startup_is_served_after_it(io_loop: IOLoop) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def slowly(application: Application) -> AsyncIterator[None]:
        begun.set()
        await gate.wait()
        yield

    port = free_port()
    app = Application([("/", Hello)], lifespan=slowly)
    task = asyncio.ensure_future(app.serve(port, "127.0.0.1"))
    await begun.wait()
    async with connected(port) as (reader, writer):
        writer.write(raw_get())
        answer = asyncio.ensure_future(read_answer(reader))
        await others_are_served()
        assert not answer.done()

        gate.set()

        assert (await answer)[2] == b"hello"
    ask_to_stop()
    await task


async def others_are_served() -> None:
    """Let the loop do all that has come by now: it serves others who come later."""
    async with serving(Application([("/", Hello)])) as port:
        for _ in range(3):
            async with connected(port) as (reader, writer):
                writer.write(raw_get())
                assert (await read_answer(reader))[2] == b"hello"


async def test_a_failed_startup_ends_it_and_closes_the_port(io_loop: IOLoop) -> None:
    def fail() -> None:
        raise OSError("no database")

    site = Site(fail)

    with pytest.raises(StartupError, match="no database"):
        await site.serve()

    assert refused(site.port)


async def test_a_port_in_use_ends_it_before_the_startup(io_loop: IOLoop) -> None:
    site = Site()
    with socket.create_server(("127.0.0.1", site.port)), pytest.raises(BindError):
        await site.serve()

    assert site.events == []


async def test_the_arguments_of_listen_and_of_the_server_are_taken(io_loop: IOLoop) -> None:
    site = Site()
    coroutine = site.app.serve(
        site.port, "127.0.0.1", backlog=5, family=socket.AF_INET, no_keep_alive=True
    )
    task = asyncio.ensure_future(coroutine)
    async with connected_when_up(site) as (reader, writer):
        writer.write(raw_get())
        assert b"hello" in await reader.read()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_ignored_signal_stays_ignored(io_loop: IOLoop) -> None:
    with handled(signal.SIGINT, signal.SIG_IGN):
        site = Site()
        task = site.serve()
        await site.up.wait()

        ask_to_stop(signal.SIGINT)
        await others_are_served()
        assert not refused(site.port)

        ask_to_stop()
        await task


def serve_until_cancelled(loop_factory: Callable[[], asyncio.AbstractEventLoop]) -> list[str]:
    """Serve where no signals can be taken."""

    async def main() -> list[str]:
        site = Site()
        task = site.serve()
        await site.up.wait()
        task.cancel()
        await asyncio.wait([task])
        return site.events

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main())


def test_in_another_thread_it_serves_without_signals() -> None:
    events: list[str] = []

    def main() -> None:
        events.extend(serve_until_cancelled(asyncio.SelectorEventLoop))

    thread = threading.Thread(target=main)
    thread.start()
    thread.join()

    assert events == ["up", "down"]


def test_on_a_platform_without_signal_handlers_it_serves_without() -> None:
    class Loop(asyncio.SelectorEventLoop):
        def add_signal_handler(self, *args: object) -> None:
            raise NotImplementedError

    assert serve_until_cancelled(Loop) == ["up", "down"]


# run


def stop_soon() -> None:
    asyncio.get_running_loop().call_soon(ask_to_stop)


def blocking_site() -> Site:
    """A site that asks itself to stop as soon as it is up."""
    return Site(stop_soon)


def test_run_blocks_until_a_signal_on_a_loop_of_its_own() -> None:
    site = blocking_site()

    site.app.run(site.port, "127.0.0.1")

    assert site.events == ["up", "down"]
    assert IOLoop.current(instance=False) is None


def test_run_takes_the_loop_that_is_current(io_loop: IOLoop) -> None:
    loops: list[IOLoop] = []

    def startup() -> None:
        loops.append(IOLoop.current())
        stop_soon()

    site = Site(startup)

    site.app.run(site.port, "127.0.0.1")

    assert site.events == ["up", "down"]
    assert loops == [io_loop]


ASKED_AS_SOON_AS_IT_BINDS = """
    import os, signal, sys
    from ostro.web import Application

    def note(event, args):
        if event == "socket.bind":
            os.kill(os.getpid(), signal.SIGTERM)

    sys.addaudithook(note)
    Application().run(int(sys.argv[1]), "127.0.0.1")
    print("ended well")
"""


def test_a_signal_that_comes_as_soon_as_the_port_is_open_ends_it_well(tmp_path: Path) -> None:
    with running(ASKED_AS_SOON_AS_IT_BINDS, tmp_path, free_port()) as process:
        out, err = process.communicate(timeout=DEADLINE)

    assert (process.returncode, out, err) == (0, "ended well\n", "")


FORKING = """
    import os, sys
    from contextlib import asynccontextmanager
    from pathlib import Path
    from ostro.process import task_id
    from ostro.web import Application, RequestHandler

    def say(*words):
        os.write(1, (" ".join(map(str, words)) + "\\n").encode())

    class Who(RequestHandler):
        def get(self):
            self.write(str(task_id()))

    {hook}

    if __name__ == "__main__":
        Application([("/", Who)], lifespan=hook).run(
            int(sys.argv[1]), "127.0.0.1", processes=2, max_restarts=3
        )
"""

SAYING = """
    @asynccontextmanager
    async def hook(application):
        say("up", task_id())
        yield
        say("down", task_id())
"""

FAILING = """
    @asynccontextmanager
    async def hook(application):
        raise OSError("no database")
        yield
"""

FAILING_LATER = """
    @asynccontextmanager
    async def hook(application):
        import time
        if task_id() == 1:
            while not Path(sys.argv[2]).exists():
                time.sleep(0.01)  # the other process has no other way to tell
            if Path(sys.argv[2]).read_text() == "fail":
                Path(sys.argv[2]).write_text("go on")
                raise OSError("not now")
        say("up", task_id())
        yield
"""


def test_one_signal_ends_it_under_the_command_line_of_autoreload(tmp_path: Path) -> None:
    server = tmp_path / "server.py"
    server.write_text(dedent(ASKED_AS_SOON_AS_IT_BINDS))

    under = "from ostro.autoreload import main; main()"
    with running(under, tmp_path, server, free_port()) as process:
        out, err = process.communicate(timeout=DEADLINE)

    assert (process.returncode, out, err) == (0, "ended well\n", "")


def forking(hook: str) -> str:
    return FORKING.format(hook=hook.strip())


def test_several_processes_serve_and_end_together(tmp_path: Path) -> None:
    port = free_port()
    with running(forking(SAYING), tmp_path, port) as process:
        assert process.stdout is not None
        assert sorted(process.stdout.readline() for _ in range(2)) == ["up 0\n", "up 1\n"]
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(raw_get("/", "Connection: close"))
            assert client.makefile().read()[-1] in "01"

        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=DEADLINE)

    assert sorted(out.splitlines()) == ["down 0", "down 1"]
    assert (process.returncode, err) == (0, "")


def test_several_processes_end_under_the_command_line_of_autoreload(tmp_path: Path) -> None:
    server = tmp_path / "server.py"
    server.write_text(dedent(forking(SAYING)))
    under = "from ostro.autoreload import main; main()"

    with running(under, tmp_path, server, free_port()) as process:
        assert process.stdout is not None
        assert {process.stdout.readline() for _ in range(2)} == {"up 0\n", "up 1\n"}
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=DEADLINE)

    assert (process.returncode, set(out.splitlines())) == (0, {"down 0", "down 1"})


def test_when_no_process_can_start_up_none_is_restarted(tmp_path: Path) -> None:
    with running(forking(FAILING), tmp_path, free_port()) as process:
        _, err = process.communicate(timeout=DEADLINE)

    assert process.returncode == 1
    assert "StartupError: the startup of 'hook' failed: OSError: no database" in err
    assert "TooManyRestartsError" not in err
    assert 1 <= err.count("StartupError:") <= 2


def test_a_process_that_fails_when_others_came_up_is_restarted(tmp_path: Path) -> None:
    port, gate = free_port(), tmp_path / "gate"
    with running(forking(FAILING_LATER), tmp_path, port, gate) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up 0\n"
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(raw_get("/", "Connection: close"))
            assert client.makefile().read()[-1] == "0"

        (tmp_path / "closed").write_text("fail")
        (tmp_path / "closed").rename(gate)  # at once: it is read as soon as it is there

        assert process.stdout.readline() == "up 1\n"
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=DEADLINE)

    assert process.returncode == 0
    assert "not now" in err
