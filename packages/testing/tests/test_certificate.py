"""The certificates that are made for tests: what TLS makes of them."""

import asyncio
import gc
import ssl
from pathlib import Path

import pytest

from ostro.ioloop import IOLoop
from ostro.testing import SelfSignedCertificate, bind_unused_port, get_unused_port
from ostro.testing import _der as der
from ostro.testing._p256 import multiply


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


def server_context(certificate: SelfSignedCertificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    options = certificate.server_options()
    context.load_cert_chain(options["certfile"], options["keyfile"])
    return context


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
async def test_it_is_valid_for_this_machine(io_loop: IOLoop, host: str) -> None:
    certificate = SelfSignedCertificate()
    client = certificate.client_context()
    client.verify_flags |= ssl.VERIFY_X509_STRICT

    verified = await shake_hands(server_context(certificate), client, host)

    assert ("DNS", "localhost") in verified["subjectAltName"]  # type: ignore[operator]  # pairs


async def test_it_is_valid_for_the_hosts_that_are_given(io_loop: IOLoop) -> None:
    certificate = SelfSignedCertificate(["example.com", "bücher.example"])
    context = server_context(certificate)

    await shake_hands(context, certificate.client_context(), "example.com")
    await shake_hands(context, certificate.client_context(), "xn--bcher-kva.example")
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        await shake_hands(context, certificate.client_context(), "localhost")


async def test_another_one_is_not_trusted(io_loop: IOLoop) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await shake_hands(
            server_context(SelfSignedCertificate()),
            SelfSignedCertificate().client_context(),
            "localhost",
        )


def test_its_files_go_with_it() -> None:
    certificate = SelfSignedCertificate()
    folder = Path(certificate.certfile).parent
    assert folder.exists()

    del certificate
    gc.collect()

    assert not folder.exists()


@pytest.mark.parametrize(
    ("factor", "x"),
    [
        (1, "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"),
        (2, "7CF27B188D034F7E8A52380304B51AC3C08969E277F21B35A60B48FC47669978"),
        (3, "5ECBE4D1A6330A44C8F7EF951D4BF165E6C6B721EFADA985FB41661BC6E7FD6C"),
    ],
)
def test_points_are_those_of_the_curve(factor: int, x: str) -> None:
    assert f"{multiply(factor)[0]:064X}" == x


def test_long_elements_say_how_long_their_length_is() -> None:
    assert der.octet_string(b"x" * 127)[:2] == b"\x04\x7f"
    assert der.octet_string(b"x" * 128)[:3] == b"\x04\x81\x80"
    assert der.octet_string(b"x" * 256)[:4] == b"\x04\x82\x01\x00"
    assert der.integer(128) == b"\x02\x02\x00\x80"


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
