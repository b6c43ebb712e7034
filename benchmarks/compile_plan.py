"""What a compiled build compiles, what it leaves interpreted, and why.

The theory is in docs/design/compiled.md; `compiled` carries the plan out. Modules are named as they
are imported, without the namespace.
"""

from __future__ import annotations

from typing import Final

HOT: Final = ("httputil", "http1", "iostream", "httpserver", "web", "websocket")
"""The packages on the path of a request or a message. Each of their modules is compiled unless it
stands in INTERPRETED.
"""

TESTED: Final = (
    *(f"{package}/tests" for package in ("httputil", "http1", "iostream", "web", "websocket")),
    *(f"httpserver/tests/test_{name}.py" for name in ("peers", "server", "sockets", "tls")),
)
"""What is run of the tests, below packages/. The other tests of httpserver give it a stream that is
no IOStream, which a compiled module refuses.
"""

INTERPRETED: Final = {
    "httputil._set_cookie": "callers say `secure=1`, and a compiled function takes only a bool",
    "httputil._raw": "a runtime_checkable Protocol, which typing only takes from Python",
    "httputil._file": "web's UploadedFile has a property in the place of its attribute",
    "httputil._request": "applications hang things on requests: a native class has no `__dict__`, "
    "and mypyc has no setters for a plain one",
    "web._codings": "classes made where the library for them is found",
    "web._uploaded_file": "a property in the place of its base class's attribute",
    "web._lifespan": "an asynchronous generator, which mypyc does not have; run once",
    "iostream.errors": "classes derived from OSError, which mypyc refuses; raised when all is over",
    **dict.fromkeys(
        (
            "web._output",
            "web._input",
            "web._cookies",
            "web._identity",
            "web._xsrf",
            "web._language",
            "web._pages",
            "web._ui_modules",
            "web._hooks",
            "web._routed",
            "web._handler",
            "web._builtin",
            "web._handover",
            "web._attendance",
            "web._uploads",
            "web._static",
            "web._static_response",
            "web._static_source",
        ),
        "applications override its methods and attributes, and its class has aliases of methods",
    ),
    **dict.fromkeys(
        ("web._observing", "web._request_id", "web._attended_connection"),
        "classes for applications to derive from, of logging, and with `__getattr__`; not on the "
        "path unless asked for",
    ),
    "web._serving": "runs once",
    "websocket.errors": "classes derived from those of iostream.errors",
    **dict.fromkeys(
        (
            "websocket._client",
            "websocket._connection",
            "websocket._handler",
            "websocket._messages",
            "websocket._reader",
            "websocket._rfc6455",
        ),
        "around the protocol: handlers, clients, coroutines and timers; not tried",
    ),
    **dict.fromkeys(
        (
            "websocket._client_handshake",
            "websocket._compression",
            "websocket._connector",
            "websocket._draft76",
            "websocket._handshake",
            "websocket._opening",
        ),
        "run once for each connection, but for the draft, which nobody should speak",
    ),
}
"""Modules that are not compiled, each with the reason."""

SUBCLASSED: Final = {
    "httputil._connection": (
        "HTTPConnection",
        "HTTPMessageDelegate",
        "HTTPServerConnectionDelegate",
    ),
    "httputil.errors": ("HTTPUtilError", "HTTPInputError", "HTTPOutputError"),
    "iostream._core": ("StreamCore",),
    "iostream._writing": ("WritingStream",),
    "iostream._reading": ("ReadingStream",),
    "iostream._base": ("BaseIOStream",),
    "iostream._iostream": ("IOStream",),
    "iostream._ssliostream": ("SSLIOStream",),
    "iostream._pipeiostream": ("PipeIOStream",),
    "httpserver._server": ("HTTPServer",),
    "web._application": ("Application",),
    "web._urlspec": ("URLSpec",),
    "web._transforms": ("OutputTransform",),
    "web._compression": ("ContentEncoding", "GZipContentEncoding"),
    "web._static_versions": ("VersionStore",),
    "web.errors": ("WebError", "HTTPError", "Finish"),
}
"""Compiled classes, by module, that interpreted classes derive from: those of applications, of
modules in INTERPRETED, and of tests. mypyc refuses that unless told, as then a call looks for an
override first. It is told in the copy that is compiled: in the source it would need mypy_extensions
at run time.
"""

KNOWN_DIFFERENCES: Final = dict.fromkeys(
    (
        "httputil/tests/test_package.py::test_everything_in_all_exists_and_is_documented",
        "http1/tests/test_package.py::test_every_public_name_has_one_home_and_a_docstring",
    ),
    "mypyc drops the docstrings of classes",
) | dict.fromkeys(
    (
        "iostream/tests/test_connect.py::"
        "test_a_host_that_cannot_be_one_fails_the_connect_and_closes_the_stream",
        "iostream/tests/test_connect.py::test_a_host_may_be_bytes_as_for_a_socket",
        "web/tests/test_signing.py::test_a_key_version_that_could_not_be_read_does_not_sign",
    ),
    "compiled functions refuse arguments of other types than they state by themselves",
)
"""Tests that compiled modules cannot pass, by node id below packages/, each with the reason."""
