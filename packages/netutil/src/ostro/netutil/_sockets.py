"""Listening sockets: made, bound and listening, known to no loop and no server yet."""

import errno
import os
import socket
import stat
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .errors import BindError, NotASocketError, ResolveError

__all__ = ["DEFAULT_BACKLOG", "bind_sockets", "bind_unix_socket"]

DEFAULT_BACKLOG = 128
"""Connections that the kernel holds ready for `accept`; the value of the reference."""

_SAME_PORT_ATTEMPTS = 10
"""How often another free port is tried when one is free on some of the addresses only."""

_UNLINK_ATTEMPTS = 3
"""How often a stale unix socket is replaced: others may be starting on the same name."""

_NOT_ON_THIS_MACHINE = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})
"""Errors of an address that a name has and this machine has not (::1 without IPv6)."""

# On POSIX, SO_REUSEADDR lets a restarted server bind while old connections linger. On Windows
# it would let any other program take over the port, and SO_EXCLUSIVEADDRUSE is what protects it.
_OWN_ADDRESS = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)


class _Place(NamedTuple):
    """Where one socket is to listen."""

    family: int
    host: str
    scope: tuple[object, ...]  # flow info and scope id of an IPv6 address


def bind_sockets(
    port: int,
    address: str | Sequence[str] | None = None,
    family: int = socket.AF_UNSPEC,
    backlog: int = DEFAULT_BACKLOG,
    flags: int | None = None,
    reuse_port: bool = False,
) -> list[socket.socket]:
    """Create sockets that listen on a port, one for each address.

    Args:
        port: 0 to 65535. With 0 a free port is taken, the same for every socket.
        address: an IP address or a host name (all its addresses are listened on), a list of
            these, or `""` or `None` for all interfaces.
        family: `socket.AF_INET` or `socket.AF_INET6` to have only that one; else both, where
            this machine has them. IPv6 sockets take IPv6 connections only.
        backlog: the length of the queue of connections not yet accepted.
        flags: `AI_*` flags for `getaddrinfo`; `None` means `AI_PASSIVE`, and `AI_ADDRCONFIG`
            where it exists and leaves an address.
        reuse_port: set `SO_REUSEPORT`, so that several processes may bind the same port.

    Returns the sockets: non-blocking, close-on-exec. The caller owns them.

    Raises `ResolveError` (no such host), `BindError` (with the system's `errno`) and `ValueError`
    (a port out of range, an empty list, `SO_REUSEPORT` asked for where there is none). After an
    error nothing is left open. Not thread-bound; blocks while a host name is looked up.
    """
    port = _checked_port(port)
    if reuse_port and not hasattr(socket, "SO_REUSEPORT"):
        raise ValueError("reuse_port=True, but this platform has no SO_REUSEPORT")
    places = _places(port, address, family, flags)
    for _ in range(_SAME_PORT_ATTEMPTS - 1):
        try:
            return _listen_on_all(places, port, backlog, reuse_port)
        except BindError as error:
            if port != 0 or error.errno != errno.EADDRINUSE:
                raise
    return _listen_on_all(places, port, backlog, reuse_port)


def bind_unix_socket(
    file: str | os.PathLike[str], mode: int = 0o600, backlog: int = DEFAULT_BACKLOG
) -> socket.socket:
    """Create a listening unix socket.

    A socket that has the name already is deleted first, whether a server listens on it or not:
    a server that does keeps its connections and gets no new ones.

    Args:
        file: the path; one that begins with NUL is an abstract name (Linux), without a file.
        mode: permissions of the file. They stand before the first connection is possible.
        backlog: the length of the queue of connections not yet accepted.

    Returns the socket, non-blocking and close-on-exec. Nothing removes the file later.

    Raises `NotASocketError` when the name belongs to something else (a symbolic link too), and
    `BindError` for the errors of the system.
    """
    file = os.fspath(file)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        _bind_replacing(sock, file)
        if not file.startswith("\0"):
            os.chmod(file, mode)
        sock.listen(backlog)
    except OSError as error:
        sock.close()
        raise BindError(file, error) from error
    except BaseException:
        sock.close()
        raise
    return sock


def _bind_replacing(sock: socket.socket, file: str) -> None:
    # Bound first and looked at only when that fails: nothing is unlinked on the strength of a
    # test made before somebody else came and went.
    for _ in range(_UNLINK_ATTEMPTS):
        try:
            sock.bind(file)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or file.startswith("\0"):
                raise
            _unlink_socket(file)
        else:
            return
    sock.bind(file)


def _unlink_socket(file: str) -> None:
    try:
        if not stat.S_ISSOCK(os.lstat(file).st_mode):
            raise NotASocketError(file)
        os.unlink(file)
    except FileNotFoundError:
        return  # whoever had it has removed it, which is what was wanted


def _checked_port(port: int) -> int:
    number = int(port)
    if not 0 <= number <= 65535:
        raise ValueError(f"port {port}: expected a number from 0 to 65535")
    return number


def _places(
    port: int, address: str | Sequence[str] | None, family: int, flags: int | None
) -> list[_Place]:
    """All addresses, each once, in the order given: getaddrinfo may repeat itself."""
    hosts: Sequence[str | None]
    if address is None or isinstance(address, str):
        hosts = [address or None]
    elif address:
        hosts = [host or None for host in address]
    else:
        raise ValueError("the list of addresses to listen on is empty")
    places = [place for host in hosts for place in _look_up(host, port, family, flags)]
    return list(dict.fromkeys(places))


def _look_up(host: str | None, port: int, family: int, flags: int | None) -> list[_Place]:
    choices = [flags] if flags is not None else _default_flags()
    failure: Exception | None = None
    for chosen in choices:
        try:
            found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, chosen)
        except (OSError, UnicodeError, ValueError) as error:
            failure = error
        else:
            return [_place(kind, where) for kind, _, _, _, where in found]
    raise ResolveError(host, port, failure) from failure


def _place(family: int, where: tuple[object, ...]) -> _Place:
    return _Place(family, str(where[0]), where[2:])


def _default_flags() -> list[int]:
    # AI_ADDRCONFIG does not count loopback: alone, it would refuse 127.0.0.1 on a machine
    # that has no other address.
    addrconfig: int = getattr(socket, "AI_ADDRCONFIG", 0)
    return [socket.AI_PASSIVE | addrconfig, socket.AI_PASSIVE]


def _listen_on_all(
    places: Iterable[_Place], port: int, backlog: int, reuse_port: bool
) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    absent: BindError | None = None
    try:
        for place in places:
            try:
                sock = _listen_on(place, port, backlog, reuse_port)
            except BindError as error:
                if error.errno not in _NOT_ON_THIS_MACHINE:
                    raise
                absent = absent or error
            else:
                sockets.append(sock)
                port = sock.getsockname()[1]
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    if not sockets and absent is not None:
        raise absent
    return sockets


def _listen_on(place: _Place, port: int, backlog: int, reuse_port: bool) -> socket.socket:
    where = (place.host, port, *place.scope)
    try:
        sock = socket.socket(place.family, socket.SOCK_STREAM)
    except OSError as error:
        raise BindError(where, error) from error
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, _OWN_ADDRESS, 1)
        if reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if place.family == socket.AF_INET6:
            # One socket for each family, so that the two never contend for the port.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(where)
        sock.listen(backlog)
    except OSError as error:
        sock.close()
        raise BindError(where, error) from error
    return sock
