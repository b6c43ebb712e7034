"""HTTPS: whom the client trusts, what it shows, and that settings are not mixed up."""

from __future__ import annotations

import ssl
import warnings
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from ostro.httpclient import AsyncHTTPClient, HTTPTLSError
from ostro.ioloop import IOLoop

from .fixtures import MakeRaw
from .servers import OK, Authority, Peer, Site, answers


async def test_a_certificate_of_a_trusted_authority_is_accepted(
    io_loop: IOLoop, client: AsyncHTTPClient, tls_site: Site, certificates: Authority
) -> None:
    response = await client.fetch(f"{tls_site.url}/echo", ca_certs=certificates.file)

    assert response.code == 200
    assert response.time_info["connect"] < response.time_info["appconnect"]


async def test_a_certificate_that_the_system_does_not_know_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, tls_site: Site
) -> None:
    with pytest.raises(HTTPTLSError) as caught:
        await client.fetch(tls_site.url)

    assert caught.value.code == 599
    assert "certificate" in str(caught.value).lower()


async def test_a_certificate_for_another_name_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, certificates: Authority
) -> None:
    server = await raw(answers(OK), tls=certificates.server_context("other.example"))

    with pytest.raises(HTTPTLSError):
        await client.fetch(server.url, ca_certs=certificates.file)


async def test_a_certificate_is_not_verified_when_that_is_not_wanted(
    io_loop: IOLoop, client: AsyncHTTPClient, tls_site: Site
) -> None:
    response = await client.fetch(f"{tls_site.url}/echo", validate_cert=False)

    assert response.code == 200


async def test_a_connection_without_verification_is_not_used_with_it(
    io_loop: IOLoop, client: AsyncHTTPClient, tls_site: Site
) -> None:
    await client.fetch(f"{tls_site.url}/echo", validate_cert=False)

    with pytest.raises(HTTPTLSError):
        await client.fetch(f"{tls_site.url}/echo")


async def test_connections_are_used_again_with_the_same_settings(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, certificates: Authority
) -> None:
    server = await raw(answers(OK, OK, stay=True), tls=certificates.server_context())

    for _ in range(2):
        await client.fetch(server.url, ca_certs=certificates.file)

    assert len(server.peers) == 1


async def test_a_client_certificate_is_shown(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, certificates: Authority
) -> None:
    seen = []

    async def serve(peer: Peer) -> None:
        await peer.head()
        seen.append(peer.writer.get_extra_info("peercert"))
        await peer.send(OK)

    server = await raw(serve, tls=certificates.server_context(client_certificates=True))
    key, certificate = certificates.client_certificate("me@example.com")

    await client.fetch(
        server.url, ca_certs=certificates.file, client_key=key, client_cert=certificate
    )

    assert ("email", "me@example.com") in seen[0]["subjectAltName"]


async def test_a_key_that_does_not_belong_to_the_certificate_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, tls_site: Site, certificates: Authority
) -> None:
    _, certificate = certificates.client_certificate("me@example.com")

    with pytest.raises(OSError, match=r"key|PEM"):
        await client.fetch(
            tls_site.url,
            ca_certs=certificates.file,
            client_cert=certificate,
            client_key=certificates.file,
        )


def encrypt(key: Path) -> None:
    plain = serialization.load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        plain.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )


async def test_nobody_is_asked_for_the_password_of_a_key(
    io_loop: IOLoop, client: AsyncHTTPClient, tls_site: Site, certificates: Authority
) -> None:
    key, certificate = certificates.client_certificate("me@example.com")
    encrypt(Path(key))

    with pytest.raises(OSError, match=r"key|PEM|decrypt"):
        await client.fetch(
            tls_site.url,
            ca_certs=certificates.file,
            client_cert=certificate,
            client_key=key,
        )


async def test_a_server_that_wants_a_certificate_and_gets_none_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, certificates: Authority
) -> None:
    context = certificates.server_context(client_certificates=True)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # it is told during the handshake
    server = await raw(answers(OK), tls=context)

    with pytest.raises(HTTPTLSError):
        await client.fetch(server.url, ca_certs=certificates.file)


async def test_the_server_learns_which_name_is_meant(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, certificates: Authority
) -> None:
    names = []
    context = certificates.server_context()
    context.sni_callback = lambda sock, name, context: names.append(name)
    server = await raw(answers(OK, stay=True), tls=context)

    await client.fetch(server.url, ca_certs=certificates.file)

    assert names == ["localhost"]


async def test_plain_http_on_a_port_of_tls_is_an_error(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw
) -> None:
    async def answer_at_once(peer: Peer) -> None:
        await peer.send(OK)
        await peer.gone()

    server = await raw(answer_at_once)

    with pytest.raises(HTTPTLSError):
        await client.fetch(f"https://localhost:{server.port}/")


async def test_ssl_options_take_the_place_of_the_other_settings(
    io_loop: IOLoop, client: AsyncHTTPClient, tls_site: Site, certificates: Authority
) -> None:
    response = await client.fetch(
        f"{tls_site.url}/echo", ssl_options={"ca_certs": certificates.file}
    )

    assert response.code == 200


async def test_an_old_version_of_tls_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, raw: MakeRaw, certificates: Authority
) -> None:
    context = certificates.server_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):  # for what is deprecated for a good reason
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    server = await raw(answers(OK), tls=context)

    with pytest.raises(HTTPTLSError):
        await client.fetch(server.url, ca_certs=certificates.file)


async def test_a_key_without_its_certificate_is_refused(
    io_loop: IOLoop, client: AsyncHTTPClient, certificates: Authority
) -> None:
    key, _ = certificates.client_certificate("me")

    with pytest.raises(ValueError, match="client_key needs a client_cert"):
        await client.fetch("https://localhost:1/", client_key=key)
