import errno
import socket

import pytest

from ostro.netutil import BindError, NetutilError, ResolveError, bind_sockets
from packages.ports import free_port

from .support import connect, needs_ipv6, open_descriptors, port_of


def close_all(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def test_a_socket_listens_on_the_address() -> None:
    [sock] = bind_sockets(0, "127.0.0.1")

    with sock, connect(port_of(sock)) as client:
        assert client.getpeername() == sock.getsockname()


def test_sockets_are_nonblocking_and_not_inherited_by_programs() -> None:
    [sock] = bind_sockets(0, "127.0.0.1")

    with sock:
        assert sock.gettimeout() == 0.0
        assert sock.get_inheritable() is False


@needs_ipv6
@pytest.mark.parametrize("address", ["", None])
def test_no_address_means_all_interfaces_of_both_families_on_one_port(
    address: str | None,
) -> None:
    sockets = bind_sockets(0, address)

    try:
        assert {sock.family for sock in sockets} == {socket.AF_INET, socket.AF_INET6}
        assert len({port_of(sock) for sock in sockets}) == 1
        assert {sock.getsockname()[0] for sock in sockets} == {"0.0.0.0", "::"}
    finally:
        close_all(sockets)


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(socket.AF_INET, id="IPv4"),
        pytest.param(socket.AF_INET6, id="IPv6", marks=needs_ipv6),
    ],
)
def test_a_family_restricts_the_addresses(family: int) -> None:
    sockets = bind_sockets(0, "", family)

    try:
        assert [sock.family for sock in sockets] == [family]
    finally:
        close_all(sockets)


@needs_ipv6
def test_an_ipv6_socket_takes_no_ipv4_connections() -> None:
    [sock] = bind_sockets(free_port(), "::", socket.AF_INET6)

    with sock:
        assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
        with pytest.raises(ConnectionRefusedError):
            connect(port_of(sock), "127.0.0.1")


def test_a_list_of_addresses_gives_one_socket_each_on_the_same_port() -> None:
    sockets = bind_sockets(0, ["127.0.0.1", "127.0.0.2"], socket.AF_INET)

    try:
        assert [sock.getsockname()[0] for sock in sockets] == ["127.0.0.1", "127.0.0.2"]
        assert len({port_of(sock) for sock in sockets}) == 1
    finally:
        close_all(sockets)


def test_an_empty_name_in_a_list_means_all_interfaces() -> None:
    [sock] = bind_sockets(0, [""], socket.AF_INET)

    with sock:
        assert sock.getsockname()[0] == "0.0.0.0"


def test_an_address_named_twice_is_bound_once() -> None:
    [sock] = bind_sockets(0, ["127.0.0.1", "127.0.0.1"])

    sock.close()


def test_addresses_that_getaddrinfo_repeats_are_bound_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: look_up(*args) * 2)

    [sock] = bind_sockets(0, "127.0.0.1")

    sock.close()


def test_a_host_name_is_looked_up() -> None:
    sockets = bind_sockets(0, "localhost")

    try:
        assert {sock.getsockname()[0] for sock in sockets} <= {"127.0.0.1", "::1"}
    finally:
        close_all(sockets)


def test_the_port_may_be_a_string_of_digits() -> None:
    port = free_port()

    [sock] = bind_sockets(f"{port}", "127.0.0.1")  # type: ignore[arg-type]  # as from os.environ

    with sock:
        assert port_of(sock) == port


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_out_of_range_is_rejected(port: int) -> None:
    with pytest.raises(ValueError, match=f"port {port}: expected a number from 0 to 65535"):
        bind_sockets(port, "127.0.0.1")


def test_an_empty_list_of_addresses_is_rejected() -> None:
    with pytest.raises(ValueError, match="empty"):
        bind_sockets(0, [])


def test_an_address_in_use_is_named_in_the_error() -> None:
    [sock] = bind_sockets(0, "127.0.0.1")

    with sock, pytest.raises(BindError, match=r"127\.0\.0\.1.*in use") as caught:
        bind_sockets(port_of(sock), "127.0.0.1")

    assert caught.value.errno == errno.EADDRINUSE
    assert isinstance(caught.value, OSError)
    assert isinstance(caught.value, NetutilError)


def test_after_an_error_nothing_is_left_listening() -> None:
    [taken] = bind_sockets(free_port(), "127.0.0.2")
    before = open_descriptors()

    with taken:
        with pytest.raises(BindError, match=r"127\.0\.0\.2.*in use"):
            bind_sockets(port_of(taken), ["127.0.0.1", "127.0.0.2"])

        assert open_descriptors() == before


def test_an_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(BindError) as caught:
        bind_sockets(0, "192.0.2.200")

    assert caught.value.errno == errno.EADDRNOTAVAIL


def test_of_several_addresses_those_that_this_machine_has_not_are_left_out() -> None:
    [sock] = bind_sockets(0, ["192.0.2.200", "127.0.0.1"])

    with sock:
        assert sock.getsockname()[0] == "127.0.0.1"


def test_a_family_that_the_kernel_does_not_know_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unknown = (98, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0))
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: [unknown, *look_up(*args)])

    [sock] = bind_sockets(0, "127.0.0.1")

    sock.close()


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("no-such-host.invalid", id="unknown"),
        pytest.param("a" * 64 + ".invalid", id="label too long"),
        pytest.param("nul\0byte", id="NUL"),
    ],
)
def test_a_host_without_address_is_named_in_the_error(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def offline(name: str, *args: int) -> object:
        if name.endswith(".invalid") and name.startswith("no-such"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(name, *args)

    monkeypatch.setattr(socket, "getaddrinfo", offline)  # no test asks a name server

    with pytest.raises(ResolveError, match="cannot resolve") as caught:
        bind_sockets(80, host)

    assert (caught.value.host, caught.value.port) == (host, 80)
    assert isinstance(caught.value, socket.gaierror)


def test_where_addrconfig_leaves_no_address_it_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look_up = socket.getaddrinfo
    asked: list[int] = []

    def loopback_only(host: str, *args: int) -> object:
        asked.append(args[-1])
        if args[-1] & socket.AI_ADDRCONFIG:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *args)

    monkeypatch.setattr(socket, "getaddrinfo", loopback_only)

    [sock] = bind_sockets(0, "127.0.0.1")

    sock.close()
    assert asked == [socket.AI_PASSIVE | socket.AI_ADDRCONFIG, socket.AI_PASSIVE]


def test_a_platform_without_addrconfig_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AI_ADDRCONFIG")

    [sock] = bind_sockets(0, "127.0.0.1")

    sock.close()


def test_flags_are_passed_on_as_they_are() -> None:
    with pytest.raises(ResolveError):
        bind_sockets(0, "localhost", flags=socket.AI_NUMERICHOST)


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="this platform has no SO_REUSEPORT")
def test_reuse_port_lets_several_bind_the_same_port() -> None:
    [first] = bind_sockets(0, "127.0.0.1", reuse_port=True)
    [second] = bind_sockets(port_of(first), "127.0.0.1", reuse_port=True)

    with first, second:
        assert first.getsockname() == second.getsockname()


def test_reuse_port_is_refused_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "SO_REUSEPORT", raising=False)

    with pytest.raises(ValueError, match="SO_REUSEPORT"):
        bind_sockets(0, "127.0.0.1", reuse_port=True)


class Contended(socket.socket):
    """A socket that finds the port taken on one address, a number of times."""

    times = 0

    def bind(self, address: object) -> None:
        assert isinstance(address, tuple)
        if address[0] == "127.0.0.2" and Contended.times > 0:
            Contended.times -= 1
            raise OSError(errno.EADDRINUSE, "Address already in use")
        super().bind(address)


def test_a_free_port_that_is_taken_on_one_address_is_given_up_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "socket", Contended)
    monkeypatch.setattr(Contended, "times", 2)

    sockets = bind_sockets(0, ["127.0.0.1", "127.0.0.2"])

    assert Contended.times == 0
    assert len({port_of(sock) for sock in sockets}) == 1
    close_all(sockets)


def test_a_port_free_on_all_addresses_is_not_looked_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "socket", Contended)
    monkeypatch.setattr(Contended, "times", 1000)

    with pytest.raises(BindError, match="in use"):
        bind_sockets(0, ["127.0.0.1", "127.0.0.2"])

    assert Contended.times == 990
