"""The servers that several modules talk to: each module has its own, and looks at its log."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .served import LOOPS, Certificates, Served, demo, make_certificates, reporting_app

BIG = 20_000_000

collect_ignore = ["downstream"]  # a project of its own: `hatch run wheels` runs its tests


@pytest.fixture(scope="module")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo."""
    with demo(tmp_path_factory.mktemp("demo")) as served:
        yield served
    assert served.complaints() == ""


@pytest.fixture(scope="module", params=LOOPS)
def app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The reporting application, on each kind of loop."""
    with reporting_app(tmp_path_factory.mktemp("app"), loop=request.param) as served:
        yield served
    assert served.complaints() == ""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """What the TLS of `tls_app` rests on."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module", params=LOOPS)
def tls_app(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    certificates: Certificates,
) -> Iterator[Served]:
    """The reporting application over TLS, on each kind of loop."""
    folder = tmp_path_factory.mktemp("tls")
    with reporting_app(folder, *certificates.server_arguments, loop=request.param) as served:
        yield served
    assert served.complaints() == ""


@pytest.fixture(scope="module")
def big_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BIG random bytes, under a name that is not easy to send."""
    path = tmp_path_factory.mktemp("files") / "big ünd bad.bin"
    path.write_bytes(os.urandom(BIG))
    return path
