"""The conformance tests of HTTP clients: `install` puts them into a module of a client's tests.

They are functions on the fixtures `io_loop`, `client_class` and those of `fixtures`. A client's
`test_conformance.py` reads:

    from ...httpclient.tests.conformance import suite

    @pytest.fixture
    def client_class() -> type[AsyncHTTPClient]:
        return MyAsyncHTTPClient

    suite.install(globals(), skipped={"test_that_it_cannot_pass": "why it cannot"})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

for _name in ("basics", "bodies", "deadlines", "errors", "proxies", "redirects", "security", "tls"):
    pytest.register_assert_rewrite(f"{__name__.rpartition('.')[0]}.{_name}")

from . import (  # noqa: E402 - after the line that makes their assertions readable
    basics,
    bodies,
    deadlines,
    errors,
    fixtures,
    proxies,
    redirects,
    security,
    tls,
)

_MODULES = (basics, bodies, deadlines, errors, proxies, redirects, security, tls)


def install(module: dict[str, object], skipped: Mapping[str, str] | None = None) -> None:
    """Put the tests and their fixtures into the globals of a module.

    Args:
        module: What `globals()` gives.
        skipped: The reasons why the client cannot pass some tests, by their names.

    Raises ValueError for a name that is no test.
    """
    reasons = dict(skipped or {})
    for name in fixtures.__all__:
        module[name] = getattr(fixtures, name)
    for source in _MODULES:
        for name, test in vars(source).items():
            if name.startswith("test_"):
                reason = reasons.pop(name, None)
                module[name] = test if reason is None else _skipping(reason)
    if reasons:
        raise ValueError(f"no conformance test is called {', '.join(reasons)}")


def _skipping(reason: str) -> Callable[[], None]:
    def skip() -> None:
        pytest.skip(reason)

    return skip
