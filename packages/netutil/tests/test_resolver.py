import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ostro.ioloop import IOLoop
from ostro.netutil import NetutilError, OverrideResolver, ResolveError, Resolver

from .support import FixedResolver, needs_ipv6

ANSWER = (socket.AF_INET, ("192.0.2.1", 80))


@pytest.fixture
def configurable() -> Iterator[None]:
    yield
    Resolver.configure(None)


async def test_an_ipv4_address_is_its_own_answer(io_loop: IOLoop) -> None:
    assert await Resolver().resolve("127.0.0.1", 80) == [(socket.AF_INET, ("127.0.0.1", 80))]


@needs_ipv6
async def test_an_ipv6_address_is_its_own_answer(io_loop: IOLoop) -> None:
    assert await Resolver().resolve("::1", 80) == [(socket.AF_INET6, ("::1", 80, 0, 0))]


async def test_an_address_needs_no_thread(io_loop: IOLoop) -> None:
    with ThreadPoolExecutor() as executor:
        executor.shutdown()

        assert await Resolver(executor=executor).resolve("127.0.0.1", 80)


async def test_a_name_is_looked_up_in_the_executor(io_loop: IOLoop) -> None:
    with ThreadPoolExecutor() as executor:
        addresses = await Resolver(executor).resolve("localhost", 80, socket.AF_INET)

    assert addresses == [(socket.AF_INET, ("127.0.0.1", 80))]


async def test_addresses_come_without_duplicates(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: look_up(*args) * 2)

    assert len(await Resolver().resolve("127.0.0.1", 80)) == 1


async def test_a_callback_gets_the_addresses_on_the_loop(io_loop: IOLoop) -> None:
    told: asyncio.Future[list[tuple[int, Any]]] = asyncio.get_running_loop().create_future()

    Resolver().resolve("127.0.0.1", 80, callback=told.set_result)

    assert not told.done()
    assert await told == [(socket.AF_INET, ("127.0.0.1", 80))]


@pytest.mark.parametrize(
    ("host", "family"),
    [
        pytest.param("a" * 64 + ".invalid", 0, id="label too long"),
        pytest.param("nul\0byte", 0, id="NUL"),
        pytest.param("127.0.0.1", socket.AF_INET6, id="address of the other family"),
    ],
)
async def test_a_host_without_address_is_named_in_the_error(
    io_loop: IOLoop, host: str, family: int
) -> None:
    with pytest.raises(ResolveError, match="cannot resolve") as caught:
        await Resolver().resolve(host, 80, family)

    assert (caught.value.host, caught.value.port) == (host, 80)
    assert isinstance(caught.value, OSError)
    assert isinstance(caught.value, NetutilError)


async def test_an_unknown_host_has_the_code_of_the_system(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*args: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)  # no test asks a name server

    with pytest.raises(ResolveError, match=r"'nowhere'.*not known") as caught:
        await Resolver().resolve("nowhere", 80)

    assert caught.value.errno == socket.EAI_NONAME


def test_closing_twice_is_fine(io_loop: IOLoop) -> None:
    resolver = Resolver()

    resolver.close()
    resolver.close()


# Replacing some hosts


@pytest.mark.parametrize(
    ("mapping", "asked"),
    [
        ({"google.com": "127.0.0.1"}, ("127.0.0.1", 80, 0)),
        ({"google.com": ("127.0.0.1", 8080)}, ("127.0.0.1", 8080, 0)),
        ({("google.com", 80): "127.0.0.2", "google.com": "127.0.0.1"}, ("127.0.0.2", 80, 0)),
        ({("google.com", 80): ("127.0.0.2", 81)}, ("127.0.0.2", 81, 0)),
        ({("google.com", 80, 0): "127.0.0.3", ("google.com", 80): "x"}, ("127.0.0.3", 80, 0)),
        ({("google.com", 81): "127.0.0.2", "facebook.com": "::1"}, ("google.com", 80, 0)),
    ],
)
async def test_the_most_exact_override_wins(
    io_loop: IOLoop, mapping: dict[Any, Any], asked: tuple[str, int, int]
) -> None:
    inner = FixedResolver(ANSWER)

    assert await OverrideResolver(inner, mapping).resolve("google.com", 80) == [ANSWER]

    assert inner.asked == [asked]


async def test_overrides_are_asked_with_a_callback_too(io_loop: IOLoop) -> None:
    told: asyncio.Future[list[tuple[int, Any]]] = asyncio.get_running_loop().create_future()
    resolver = OverrideResolver(Resolver(), {"somewhere": "127.0.0.1"})

    resolver.resolve("somewhere", 80, 0, told.set_result)

    assert await told == [(socket.AF_INET, ("127.0.0.1", 80))]


def test_closing_an_override_resolver_closes_the_other() -> None:
    inner = FixedResolver()

    OverrideResolver(inner, {}).close()

    assert inner.closed


# Configuring


class OwnInit(Resolver):
    """A resolver that takes its parameter in `__init__`."""

    def __init__(self, name: str = "default") -> None:
        self.name = name

    def resolve(
        self,
        host: str,
        port: int,
        family: int = 0,
        callback: Callable[[list[tuple[int, Any]]], object] | None = None,
    ) -> Awaitable[list[tuple[int, Any]]]:
        return super().resolve("127.0.0.1", port, family, callback)


@pytest.mark.usefixtures("configurable")
def test_configure_sets_what_resolver_gives() -> None:
    Resolver.configure(OverrideResolver, resolver=FixedResolver(), mapping={})

    assert isinstance(Resolver(), OverrideResolver)


@pytest.mark.usefixtures("configurable")
def test_configure_takes_a_dotted_name() -> None:
    Resolver.configure("ostro.netutil.OverrideResolver", resolver=FixedResolver())

    assert isinstance(Resolver(mapping={}), OverrideResolver)


@pytest.mark.usefixtures("configurable")
def test_configure_none_gives_the_default_again() -> None:
    Resolver.configure(OwnInit)
    Resolver.configure(None)

    assert type(Resolver()) is Resolver


@pytest.mark.usefixtures("configurable")
async def test_a_subclass_may_have_an_init_and_use_the_default_look_up(io_loop: IOLoop) -> None:
    assert OwnInit("mine").name == "mine"

    Resolver.configure(OwnInit)
    resolver = Resolver()

    assert isinstance(resolver, OwnInit)
    assert resolver.name == "default"
    assert await resolver.resolve("anything", 80) == [(socket.AF_INET, ("127.0.0.1", 80))]


@pytest.mark.usefixtures("configurable")
def test_subclasses_are_what_they_are_whatever_is_configured() -> None:
    Resolver.configure(OwnInit)

    assert type(FixedResolver()) is FixedResolver


@pytest.mark.parametrize("impl", [dict, "collections.OrderedDict", "os.path"])
def test_configure_refuses_what_is_no_resolver(impl: Any) -> None:
    with pytest.raises(TypeError, match="not a subclass of Resolver"):
        Resolver.configure(impl)


def test_configure_refuses_a_name_that_leads_nowhere() -> None:
    with pytest.raises(AttributeError):
        Resolver.configure("ostro.netutil.NoSuchResolver")
