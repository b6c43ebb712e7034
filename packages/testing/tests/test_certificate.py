"""The certificates that are made for tests: what TLS makes of them."""

import asyncio
import gc
import ssl
import sys
from pathlib import Path

import pytest

from ostro.ioloop import IOLoop
from ostro.testing import MissingExtraError, ThrowawayCertificate, bind_unused_port, get_unused_port
from packages import programs


async def shake_hands(
    server: ssl.SSLContext, client: ssl.SSLContext, host: str
) -> dict[str, object]:
    """Go through a handshake of TLS, and return the certificate that the client has verified."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    at_server = server.wrap_bio(to_server, to_client, server_side=True)
    at_client = client.wrap_bio(to_client, to_server, server_hostname=host)
    for _ in range(3):
        for end in (at_client, at_server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                await asyncio.sleep(0)
    certificate = at_client.getpeercert()
    assert certificate is not None
    return dict(certificate)


def server_context(certificate: ThrowawayCertificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    options = certificate.server_options()
    context.load_cert_chain(options["certfile"], options["keyfile"])
    return context


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
async def test_it_is_valid_for_this_machine(io_loop: IOLoop, host: str) -> None:
    certificate = ThrowawayCertificate()
    client = certificate.client_context()
    client.verify_flags |= ssl.VERIFY_X509_STRICT

    verified = await shake_hands(server_context(certificate), client, host)

    assert ("DNS", "localhost") in verified["subjectAltName"]  # type: ignore[operator]  # pairs


async def test_it_is_valid_for_the_hosts_that_are_given(io_loop: IOLoop) -> None:
    certificate = ThrowawayCertificate(["example.com", "bücher.example"])
    context = server_context(certificate)

    await shake_hands(context, certificate.client_context(), "example.com")
    await shake_hands(context, certificate.client_context(), "xn--bcher-kva.example")
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        await shake_hands(context, certificate.client_context(), "localhost")


async def test_another_one_is_not_trusted(io_loop: IOLoop) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await shake_hands(
            server_context(ThrowawayCertificate()),
            ThrowawayCertificate().client_context(),
            "localhost",
        )


def test_its_files_go_with_it() -> None:
    certificate = ThrowawayCertificate()
    folder = Path(certificate.certfile).parent
    assert folder.exists()

    del certificate
    gc.collect()

    assert not folder.exists()


def test_its_files_do_not_go_with_a_child_of_its_process(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(FORKING)
    with programs.running(tmp_path, script, settings=COVERAGE_SETTINGS) as process:
        said, _ = process.communicate(timeout=programs.DEADLINE)

    assert said == "True\n"


COVERAGE_SETTINGS = "[run]\nbranch = true\nparallel = true\ninclude = */_certificate.py\n"

FORKING = """
import os, sys
from ostro.testing import ThrowawayCertificate

certificate = ThrowawayCertificate()
child = os.fork()
if child == 0:
    del certificate  # as its end would do, after coverage has stopped looking
    sys.exit()
os.waitpid(child, 0)
print(os.path.exists(certificate.certfile))
"""


def test_without_trustme_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)

    with pytest.raises(MissingExtraError, match=r"pip install 'ostro-testing\[https\]'"):
        ThrowawayCertificate()


def test_a_port_is_bound_and_listened_on() -> None:
    sock, port = bind_unused_port()
    with sock:
        assert sock.getsockname() == ("127.0.0.1", port)
        assert not sock.getblocking()
    with bind_unused_port(reuse_port=True)[0], bind_unused_port(address="localhost")[0]:
        assert 0 < get_unused_port() < 65536
    several = ["127.0.0.1", "127.0.0.2"]  # as a name may have
    with bind_unused_port(address=several)[0] as sock:  # type: ignore[arg-type]  # see above
        assert sock.getsockname()[0] == "127.0.0.1"
