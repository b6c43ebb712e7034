"""The pytest plugin: its fixtures, the tests that are its own, and those that are not."""

import os
import textwrap

import pytest

from ostro import testing

assert testing.__all__  # imported here, it is not imported anew in each of the runs below

pytest_plugins = ["pytester"]

APP = """
    import asyncio, contextlib, socket
    import pytest
    from ostro import httpclient, httpserver, ioloop, testing, web, websocket

    class Hello(web.RequestHandler):
        async def get(self):
            self.write("Hello, " + self.get_argument("name", "world"))

    class Echo(websocket.WebSocketHandler):
        async def on_message(self, message):
            await self.write_message(message)

    steps = []

    @contextlib.asynccontextmanager
    async def lifespan(application):
        steps.append("up")
        yield
        steps.append("down")

    def make_app():
        return web.Application([("/", Hello), ("/echo", Echo)], lifespan=lifespan)
"""
FIXTURE = """
    @pytest.fixture
    def app():
        return make_app()
"""


class Outcome:
    """How a run of pytest went."""

    def __init__(self, result: pytest.RunResult) -> None:
        self.counts = {
            kind.removesuffix("s"): count
            for kind, count in result.parseoutcomes().items()
            if kind not in ("warning", "warnings", "deselected")
        }
        self.text = result.stdout.str() + result.stderr.str()


def run(pytester: pytest.Pytester, *parts: str, ini: str = "") -> Outcome:
    """Run pytest, with our plugin alone, over a module made of these parts."""
    arguments = prepare(pytester, *parts, ini=ini)
    return Outcome(pytester.runpytest_inprocess(*arguments))


def prepare(pytester: pytest.Pytester, *parts: str, ini: str) -> list[str]:
    pytester.makepyfile("\n".join(textwrap.dedent(part) for part in parts))
    pytester.makeini(f"[pytest]\nfilterwarnings = error\n{textwrap.dedent(ini)}")
    arguments = ["--disable-plugin-autoload", "-p", "ostro.testing.pytest_plugin"]
    return [*arguments, "-p", "no:cacheprovider", "--strict-markers"]


def test_asynchronous_tests_need_no_decorator(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        APP,
        FIXTURE,
        """
        async def test_a_client_and_a_server(http_client, base_url):
            response = await http_client.fetch(base_url + "/?name=Ada")
            assert response.body == b"Hello, Ada"
            assert base_url.startswith("http://127.0.0.1:")
            assert steps[-1] == "up"

        async def test_memory(memory_client):
            assert (await memory_client.get("/")).text == "Hello, world"
            ws = await memory_client.ws_connect("/echo")
            await ws.write_message("in memory")
            assert await ws.read_message() == "in memory"

        async def test_both_with_one_lifespan(memory_client, http_client, base_url):
            steps.clear()
            assert (await memory_client.get("/")).body == (await http_client.fetch(base_url)).body

        def test_which_has_ended():
            assert steps == ["down"]

        async def test_a_websocket(ws_connect):
            ws = await ws_connect("/echo")
            await ws.write_message("over the network")
            assert await ws.read_message() == "over the network"

        async def test_a_websocket_that_is_refused(ws_connect):
            with pytest.raises(websocket.HandshakeRefusedError):
                await ws_connect("/nowhere")
            ws_connect("/echo").cancel()

        async def test_the_server(http_server, http_port):
            assert isinstance(http_server, httpserver.HTTPServer)
            socket.create_connection(("127.0.0.1", http_port)).close()

        async def test_the_loop(io_loop):
            assert ioloop.IOLoop.current() is io_loop

        def test_a_plain_test(io_loop, http_client, base_url):
            response = io_loop.run_sync(lambda: http_client.fetch(base_url))
            assert response.code == 200

        class TestInAClass:
            async def test_a_method(self, memory_client):
                assert (await memory_client.get("/")).code == 200

        @pytest.mark.parametrize("name", ["Ada", "Grace"])
        async def test_with_parameters(name, memory_client):
            assert (await memory_client.get("/", params={"name": name})).text == f"Hello, {name}"
        """,
    )

    assert outcome.counts == {"passed": 12}, outcome.text


def test_a_missing_app_is_told(pytester: pytest.Pytester) -> None:
    outcome = run(pytester, "async def test_it(http_client, base_url): ...")

    assert outcome.counts == {"error": 1}
    assert "there is no fixture named `app`" in outcome.text
    assert "return ostro.web.Application([...])" in outcome.text


def test_an_app_that_is_none_is_told(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        APP,
        """
        @pytest.fixture
        def app():
            return "something else"

        async def test_it(http_client, base_url): ...
        """,
    )

    assert outcome.counts == {"error": 1}
    assert "the fixture `app` gives 'something else', expected an Application" in outcome.text


def test_an_app_may_be_a_function(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        APP,
        """
        @pytest.fixture
        def app():
            def answer(request):
                request.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nplain")
                request.finish()
            return answer

        async def test_it(http_client, base_url):
            assert (await http_client.fetch(base_url)).body == b"plain"
        """,
    )

    assert outcome.counts == {"passed": 1}, outcome.text


def test_the_server_takes_options(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        APP,
        FIXTURE,
        """
        @pytest.fixture
        def certificate():
            return testing.ThrowawayCertificate()

        @pytest.fixture
        def http_server_options(certificate):
            return {"ssl_options": certificate.server_options()}

        async def test_it(http_client, base_url, certificate):
            assert base_url.startswith("https://")
            response = await http_client.fetch(base_url, ca_certs=certificate.ca_certs)
            assert response.code == 200
        """,
    )

    assert outcome.counts == {"passed": 1}, outcome.text


def test_an_application_in_debug_mode_does_not_restart_the_tests(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OSTRO_AUTORELOAD")

    outcome = run(
        pytester,
        """
        import os

        def test_it():
            assert os.environ["OSTRO_AUTORELOAD"] == "0"
        """,
    )

    assert outcome.counts == {"passed": 1}
    assert "OSTRO_AUTORELOAD" not in os.environ


# Whose test it is


def test_tests_that_do_not_use_our_fixtures_are_not_ours(pytester: pytest.Pytester) -> None:
    outcome = run(pytester, "async def test_it(): ...")

    assert outcome.counts == {"failed": 1}
    assert "async def functions are not natively supported" in outcome.text


def test_a_mark_of_another_plugin_beside_our_fixtures_is_told(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        """
        import pytest

        @pytest.mark.asyncio
        async def test_it(io_loop): ...
        """,
        ini="markers = asyncio",
    )

    assert outcome.counts == {"error": 1}
    assert "test_it is marked 'asyncio' and uses fixtures of ostro.testing" in outcome.text


def test_a_loop_that_is_none_of_ours_is_told(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        """
        import pytest

        @pytest.fixture
        def io_loop():
            return "another framework's"

        async def test_it(io_loop): ...
        """,
    )

    assert outcome.counts == {"failed": 1}
    assert 'the fixture io_loop gives "another framework\'s", not an IOLoop' in outcome.text


# How a test fails


def test_failures_are_those_of_the_test(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        """
        import asyncio
        import pytest

        def broken():
            raise ZeroDivisionError("in a callback")

        async def test_an_assertion(io_loop):
            assert 1 + 1 == 3

        async def test_a_callback(io_loop):
            io_loop.add_callback(broken)
            await asyncio.Event().wait()

        async def test_a_callback_of_asyncio(io_loop):
            io_loop.asyncio_loop.call_soon(broken)
            await asyncio.Event().wait()

        async def test_a_forgotten_await(io_loop):
            asyncio.sleep(0)

        @pytest.mark.ostro_timeout(0.01)
        async def test_that_hangs(io_loop):
            await asyncio.Event().wait()

        async def test_that_stops_the_loop(io_loop):
            io_loop.stop()
            await asyncio.Event().wait()

        async def test_that_returns_something(io_loop):
            return 42
        """,
    )

    assert outcome.counts == {"failed": 7}
    assert "test_that_returns_something returned 42, expected None" in outcome.text
    assert "assert (1 + 1) == 3" in outcome.text
    assert outcome.text.count("ZeroDivisionError: in a callback") >= 2
    assert "forgotten await: coroutine 'sleep' was never awaited" in outcome.text
    assert "test_that_hangs was not finished after 0.01 seconds, waiting at " in outcome.text
    assert "def run_on(" not in outcome.text, "what lies between pytest and the test is shown"
    assert "LoopStoppedError" in outcome.text


def test_the_time_limit_can_be_set_for_all_tests(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = """
        import asyncio

        async def test_it(io_loop):
            await asyncio.Event().wait()
        """
    monkeypatch.setenv("ASYNC_TEST_TIMEOUT", "0.02")

    by_environment = run(pytester, hanging)
    by_ini = run(pytester, hanging, ini="ostro_async_timeout = 0.01")
    wrong = run(pytester, hanging, ini="ostro_async_timeout = soon")

    assert "not finished after 0.02 seconds" in by_environment.text
    assert "not finished after 0.01 seconds" in by_ini.text
    assert "ostro_async_timeout is 'soon', expected seconds" in wrong.text


# Scopes


def test_fixtures_can_last_for_a_module(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        APP,
        """
        @pytest.fixture(scope="module")
        def app():
            return make_app()

        loops = set()

        async def test_one(io_loop, http_client, base_url, memory_client, ws_connect):
            loops.add(io_loop)
            assert (await http_client.fetch(base_url)).code == 200

        async def test_other(io_loop, http_client, base_url, memory_client, ws_connect):
            loops.add(io_loop)
            assert (await http_client.fetch(base_url)).code == 200
            assert (await memory_client.get("/")).code == 200
            assert len(loops) == 1
            assert steps == ["up"]
        """,
        ini="ostro_fixture_scope = module",
    )

    assert outcome.counts == {"passed": 2}, outcome.text


def test_a_scope_that_is_none_is_told(pytester: pytest.Pytester) -> None:
    arguments = prepare(pytester, "def test_it(): ...", ini="ostro_fixture_scope = forever")

    with pytest.raises(
        pytest.UsageError, match="ostro_fixture_scope is 'forever', expected one of"
    ):
        pytester.parseconfigure(*arguments)


# Asynchronous fixtures


def test_fixtures_may_be_asynchronous(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        APP,
        FIXTURE,
        """
        @pytest.fixture
        async def token(memory_client):
            return (await memory_client.get("/")).text

        @pytest.fixture
        async def resource(io_loop, token):
            await asyncio.sleep(0)
            yield token
            await asyncio.sleep(0)
            steps.append("ended")

        class TestInAClass:
            @pytest.fixture
            async def own(self, io_loop):
                yield type(self).__name__

            async def test_it(self, resource, own, io_loop):
                assert resource == "Hello, world"
                assert own == "TestInAClass"

        def test_it_has_ended():
            assert "ended" in steps
        """,
    )

    assert outcome.counts == {"passed": 2}, outcome.text


def test_an_asynchronous_fixture_of_a_class_is_a_method_of_the_tests_instance(
    pytester: pytest.Pytester,
) -> None:
    outcome = run(
        pytester,
        APP,
        """
        class TestSomething:
            @pytest.fixture(autouse=True)
            async def prepare(self, io_loop):
                self.prepared = await asyncio.sleep(0, [])

            @pytest.fixture
            async def ready(self, io_loop):
                self.prepared.append("ready")
                yield
                assert self.prepared == ["ready", "tested"]

            async def test_one(self, ready):
                self.prepared.append("tested")

            def test_another(self):
                assert self.prepared == []
        """,
    )

    assert outcome.counts == {"passed": 2}


def test_a_fixture_may_ask_for_ours_through_others(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        APP,
        FIXTURE,
        """
        @pytest.fixture
        def client(memory_client):
            return memory_client

        @pytest.fixture
        async def greeting(request, client):
            return (await client.get("/")).text

        @pytest.fixture
        async def loud_greeting(greeting):
            await asyncio.sleep(0)
            return greeting.upper()

        def test_it(loud_greeting):
            assert loud_greeting == "HELLO, WORLD"
        """,
    )

    assert outcome.counts == {"passed": 1}


def test_an_asynchronous_fixture_yields_once(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        """
        import pytest

        @pytest.fixture
        async def twice(io_loop):
            yield 1
            yield 2

        def test_it(twice): ...
        """,
    )

    assert outcome.counts == {"passed": 1, "error": 1}
    assert "the fixture twice has more than one yield" in outcome.text


def test_asynchronous_fixtures_that_do_not_use_ours_are_not_ours(
    pytester: pytest.Pytester,
) -> None:
    outcome = run(
        pytester,
        """
        import pytest

        @pytest.fixture
        async def other():
            return 1

        def test_it(other): ...
        """,
    )

    assert outcome.counts == {"error": 1}, outcome.text


# Leaks

LEAKY = """
    import asyncio
    import pytest

    tasks = []

    async def test_it(io_loop):
        tasks.append(asyncio.create_task(asyncio.Event().wait(), name="left"))
"""


def test_leaks_are_looked_for_where_that_is_asked_for(pytester: pytest.Pytester) -> None:
    marked = LEAKY.replace("async def", '@pytest.mark.usefixtures("no_leaks")\n    async def')

    assert run(pytester, LEAKY).counts == {"passed": 1}
    for outcome in (run(pytester, LEAKY, ini="ostro_check_leaks = true"), run(pytester, marked)):
        assert outcome.counts == {"passed": 1, "error": 1}
        assert "a pending task: <Task pending name='left'" in outcome.text


def test_the_fixtures_themselves_leave_nothing(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        APP,
        FIXTURE,
        """
        async def test_it(http_client, base_url, ws_connect, memory_client):
            await http_client.fetch(base_url)
            await ws_connect("/echo")
            await memory_client.get("/")
            await memory_client.ws_connect("/echo")

        @pytest.mark.usefixtures("no_leaks")
        async def test_it_again(http_client, base_url, ws_connect):
            await http_client.fetch(base_url)
            await ws_connect("/echo")
        """,
        ini="ostro_check_leaks = true",
    )

    assert outcome.counts == {"passed": 2}, outcome.text


def test_the_loop_that_was_current_is_current_again(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        """
        import pytest
        from ostro.ioloop import IOLoop

        @pytest.fixture(scope="module", autouse=True)
        def outer():
            loop = IOLoop()
            loop.make_current()
            yield loop
            loop.clear_current()
            loop.close()

        async def test_inside(io_loop, outer):
            assert IOLoop.current() is not outer

        def test_outside(outer):
            assert IOLoop.current() is outer
        """,
    )

    assert outcome.counts == {"passed": 2}, outcome.text
