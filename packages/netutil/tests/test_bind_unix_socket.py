import errno
import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from ostro.netutil import BindError, NotASocketError, bind_unix_socket

from .support import DEADLINE


def connect(name: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(DEADLINE)
    try:
        client.connect(name)
    except BaseException:
        client.close()
        raise
    return client


@pytest.fixture
def name(tmp_path: Path) -> str:
    return str(tmp_path / "socket")


def test_a_socket_listens_under_the_name(name: str) -> None:
    with bind_unix_socket(name) as sock, connect(name):
        assert sock.getsockname() == name
        assert sock.gettimeout() == 0.0
        assert sock.get_inheritable() is False


def test_the_name_may_be_a_path(name: str) -> None:
    with bind_unix_socket(Path(name)) as sock:
        assert sock.getsockname() == name


@pytest.mark.parametrize(("given", "mode"), [((), 0o600), ((0o666,), 0o666)])
def test_the_file_has_the_mode(name: str, given: tuple[int, ...], mode: int) -> None:
    with bind_unix_socket(name, *given):
        assert stat.S_IMODE(os.stat(name).st_mode) == mode


def test_a_stale_socket_is_replaced(name: str) -> None:
    bind_unix_socket(name).close()
    with pytest.raises(ConnectionRefusedError):
        connect(name)

    with bind_unix_socket(name), connect(name):
        pass


def test_a_socket_that_a_server_listens_on_is_replaced_and_keeps_its_connections(
    name: str,
) -> None:
    old = bind_unix_socket(name)
    early = connect(name)
    new = bind_unix_socket(name)
    late = connect(name)

    with old, early, new, late:
        for listener, client in ((old, early), (new, late)):
            served, _ = listener.accept()
            with served:
                served.send(b"x")
                assert client.recv(1) == b"x"


def test_a_file_of_another_kind_is_left_alone(name: str) -> None:
    Path(name).write_text("precious")

    with pytest.raises(NotASocketError, match="not a socket") as caught:
        bind_unix_socket(name)

    assert isinstance(caught.value, ValueError)
    assert caught.value.path == name
    assert Path(name).read_text() == "precious"


def test_a_symbolic_link_is_not_followed(name: str, tmp_path: Path) -> None:
    other = str(tmp_path / "other")
    with bind_unix_socket(other):
        os.symlink(other, name)

        with pytest.raises(NotASocketError):
            bind_unix_socket(name)

        connect(other).close()


def test_a_directory_that_does_not_exist_is_named_in_the_error(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing" / "socket")

    with pytest.raises(BindError, match="missing") as caught:
        bind_unix_socket(missing)

    assert caught.value.errno == errno.ENOENT


def test_a_name_too_long_for_the_system_is_an_error(name: str) -> None:
    with pytest.raises(BindError, match="too long"):
        bind_unix_socket(name + "x" * 200)


def test_a_socket_that_vanishes_meanwhile_is_no_error(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind_unix_socket(name).close()
    look = os.lstat

    def look_after_removing(path: str) -> os.stat_result:
        os.unlink(path)  # as its owner does when it shuts down
        return look(path)

    monkeypatch.setattr(os, "lstat", look_after_removing)

    with bind_unix_socket(name), connect(name):
        pass


def test_a_name_that_others_take_again_and_again_is_given_up(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind_unix_socket(name).close()
    unlinked: list[str] = []
    monkeypatch.setattr(os, "unlink", unlinked.append)  # removing it never lasts

    with pytest.raises(BindError) as caught:
        bind_unix_socket(name)

    assert caught.value.errno == errno.EADDRINUSE
    assert unlinked == [name] * 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has abstract socket names")
def test_an_abstract_name_needs_no_file() -> None:
    name = f"\0ostro-netutil-{os.getpid()}"

    with bind_unix_socket(name), connect(name), pytest.raises(BindError) as caught:
        bind_unix_socket(name)

    assert caught.value.errno == errno.EADDRINUSE
