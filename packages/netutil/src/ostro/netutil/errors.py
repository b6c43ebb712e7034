"""What goes wrong with addresses and sockets, each with its own name.

```text
NetutilError
├── ResolveError (also socket.gaierror)       a host name has no address
├── BindError (also OSError)                  an address cannot be listened on
├── NotASocketError (also ValueError)         a file stands where a unix socket should be
├── ServerStateError (also RuntimeError)      TCPServer methods called in the wrong order
├── ConnectError (also OSError)               no address of a host could be connected to
└── ConnectTimeoutError (also TimeoutError)    no connection before the deadline
```
"""

import socket
from collections.abc import Sequence

__all__ = [
    "BindError",
    "ConnectError",
    "ConnectTimeoutError",
    "NetutilError",
    "NotASocketError",
    "ResolveError",
    "ServerStateError",
]


class NetutilError(Exception):
    """Root of the exceptions of this package."""


class ResolveError(NetutilError, socket.gaierror):
    """A host name could not be turned into addresses.

    `errno` is the `EAI_*` code where the resolver gave one; the cause is chained.
    """

    def __init__(self, host: str | None, port: int, cause: BaseException | None = None) -> None:
        code = cause.errno if isinstance(cause, socket.gaierror) else None
        reason = str(cause) if cause is not None else "it has no address of the family asked for"
        super().__init__(code, f"cannot resolve {host!r} (port {port}): {reason}")
        self.host = host
        self.port = port


class BindError(NetutilError, OSError):
    """An address could not be bound or listened on; `errno` is the system's."""

    def __init__(self, address: object, cause: OSError) -> None:
        super().__init__(cause.errno, f"cannot listen on {address!r}: {cause.strerror or cause}")
        self.address = address


class NotASocketError(NetutilError, ValueError):
    """A unix socket was asked for where another kind of file stands; it is left as it is."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path!r} exists and is not a socket; move it away or take another name")
        self.path = path


class ServerStateError(NetutilError, RuntimeError):
    """A method of a TCPServer was called in an order that has no meaning."""


class ConnectError(NetutilError, OSError):
    """None of the addresses of a host could be connected to.

    `failures` holds each address that was tried and its error, in the order of failing;
    `errno` is that of the first one.
    """

    def __init__(
        self, host: str, port: int, failures: Sequence[tuple[object, BaseException]]
    ) -> None:
        first = failures[0][1]
        code = first.errno if isinstance(first, OSError) else None
        tried = "; ".join(f"{address!r}: {error}" for address, error in failures)
        super().__init__(code, f"cannot connect to {host!r} port {port}: {tried}")
        self.host = host
        self.port = port
        self.failures = tuple(failures)


class ConnectTimeoutError(NetutilError, TimeoutError):
    """No usable connection stood when the deadline came; what was begun has been closed."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"no connection to {host!r} port {port} before the deadline")
        self.host = host
        self.port = port
