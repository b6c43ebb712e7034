"""The ways to a server: proxies, unix sockets, interfaces, TLS; and who may share a connection."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pycurl  # type: ignore[import-untyped]  # it has no types
import pytest

from ostro.curl_httpclient import CurlError
from ostro.curl_httpclient.errors import CurlConnectError, CurlProxyError, CurlTLSError
from ostro.httpclient import HTTPConnectError, HTTPTLSError, ProxyError
from ostro.ioloop import IOLoop

# The clock stands where the interface is.
from packages.httpclient.tests.conformance.clock import ClientClock

from .support import (
    EMPTY,
    OK,
    REFUSED_PORT,
    Certificates,
    Server,
    Settings,
    answering,
    answering_each,
    curl_client,
    make_certificates,
    talking,
)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def certificates_of_both(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"), ask_client=True)


# Connecting


async def test_a_port_nobody_listens_on_has_a_named_error(io_loop: IOLoop) -> None:
    with curl_client() as client, pytest.raises(HTTPConnectError) as caught:
        await client.fetch(f"http://127.0.0.1:{REFUSED_PORT}/")

    assert isinstance(caught.value, CurlConnectError)
    assert caught.value.errno == pycurl.E_COULDNT_CONNECT
    assert "connect" in str(caught.value).lower()


async def test_a_name_nobody_has_has_a_named_error(io_loop: IOLoop) -> None:
    with curl_client() as client, pytest.raises(HTTPConnectError) as caught:
        await client.fetch("http://nobody.invalid/")

    assert isinstance(caught.value, CurlError)
    assert caught.value.errno == pycurl.E_COULDNT_RESOLVE_HOST


async def test_the_next_address_is_tried(io_loop: IOLoop) -> None:
    async with answering(EMPTY) as server:
        with curl_client() as client:
            response = await client.fetch(
                f"http://two.test:{server.port}/",
                prepare_curl_callback=lambda curl: curl.setopt(
                    pycurl.RESOLVE, [f"two.test:{server.port}:[::1],127.0.0.1"]
                ),
            )

    assert response.code == 200


async def test_ipv6_is_left_out_on_request(io_loop: IOLoop) -> None:
    def six_only(curl: pycurl.Curl) -> None:
        curl.setopt(pycurl.RESOLVE, ["six.test:9:[::1]"])

    with curl_client() as client, pytest.raises(HTTPConnectError) as caught:
        await client.fetch("http://six.test:9/", allow_ipv6=False, prepare_curl_callback=six_only)

    assert isinstance(caught.value, CurlError)
    assert caught.value.errno == pycurl.E_COULDNT_RESOLVE_HOST


async def test_an_address_with_a_zone_keeps_it_to_itself(io_loop: IOLoop) -> None:
    with curl_client() as client, pytest.raises(HTTPConnectError):
        await client.fetch(f"http://[fe80::1%25lo]:{REFUSED_PORT}/")


@pytest.mark.parametrize("interface", ["127.0.0.1", "lo"])
async def test_a_request_goes_out_where_it_is_told_to(io_loop: IOLoop, interface: str) -> None:
    async with answering(EMPTY) as server:
        with curl_client() as client:
            response = await client.fetch(server.url, network_interface=interface)

    assert response.code == 200


async def test_an_interface_that_is_none_has_a_named_error(io_loop: IOLoop) -> None:
    with curl_client() as client, pytest.raises(HTTPConnectError) as caught:
        await client.fetch("http://127.0.0.1:9/", network_interface="no-such0")

    assert isinstance(caught.value, CurlError)
    assert caught.value.errno == pycurl.E_INTERFACE_FAILED


async def test_a_unix_socket_stands_for_the_server(io_loop: IOLoop, tmp_path: Path) -> None:
    heads: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(EMPTY)
        await reader.read()

    path = str(tmp_path / "socket")
    async with talking(talk, path=path):
        with curl_client() as client:
            response = await client.fetch("http://example.org/a", unix_socket=path)

    assert response.code == 200
    assert heads[0].startswith(b"GET /a HTTP/1.1\r\nHost: example.org\r\n")


# Proxies


@dataclass
class Proxy:
    """A proxy: where it is, and the heads of what it was asked."""

    port: int = 0
    heads: list[bytes] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return {"proxy_host": "127.0.0.1", "proxy_port": self.port}


@asynccontextmanager
async def proxy(refusal: bytes | None = None) -> AsyncIterator[Proxy]:
    """A proxy that opens tunnels, and answers all else by itself; or it only says `refusal`."""
    found = Proxy()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            found.heads.append(head)
            if refusal is not None and b"Proxy-Authorization" not in head:
                writer.write(refusal)
            elif head.startswith(b"CONNECT"):
                break
            else:
                writer.write(EMPTY)
        host, _, port = head.split()[1].decode().rpartition(":")
        upstream, downstream = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connected\r\nX-From: proxy\r\n\r\n")
        try:
            await asyncio.gather(copy(reader, downstream), copy(upstream, writer))
        finally:
            downstream.transport.abort()

    async with talking(talk) as server:
        found.port = server.port
        yield found


async def test_a_proxy_is_asked_for_the_whole_url(io_loop: IOLoop) -> None:
    async with proxy() as found:
        with curl_client() as client:
            response = await client.fetch("http://example.org/a?b", **found.settings)

    assert response.code == 200
    assert found.heads[0].startswith(b"GET http://example.org/a?b HTTP/1.1\r\n")
    assert b"Proxy-Authorization" not in found.heads[0]


async def test_a_proxy_learns_who_asks(io_loop: IOLoop) -> None:
    async with proxy() as found:
        with curl_client() as client:
            await client.fetch(
                "http://example.org/",
                proxy_username="me",
                proxy_password="secret:",
                **found.settings,
            )
            await client.fetch("http://example.org/", **found.settings)

    credentials = base64.b64encode(b"me:secret:")
    assert b"Proxy-Authorization: Basic " + credentials in found.heads[0]
    assert b"Proxy-Authorization" not in found.heads[1]


async def test_a_proxy_opens_a_tunnel_and_learns_nothing_of_the_request(
    io_loop: IOLoop, certificates: Certificates
) -> None:
    lines: list[str] = []
    async with proxy() as found, answering(EMPTY, tls=certificates.server) as server:
        with curl_client() as client:
            response = await client.fetch(
                server.url,
                ca_certs=certificates.ca_file,
                auth_username="me",
                headers={"X-A": "b", "Proxy-Authorization": "for nobody"},
                proxy_username="you",
                header_callback=lines.append,
                **found.settings,
            )

    assert response.code == 200
    assert found.heads[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic" in found.heads[0]
    assert b"X-A" not in found.heads[0]
    assert b"\r\nAuthorization" not in found.heads[0]
    assert b"X-A: b\r\n" in server.heads[0]
    assert b"Proxy-Authorization" not in server.heads[0]
    assert "X-From: proxy\r\n" not in lines


REFUSAL = b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"
CHALLENGE = (
    b"HTTP/1.1 407 Who\r\n"
    b'Proxy-Authenticate: Digest realm="p", nonce="n", qop="auth", algorithm=SHA-256\r\n'
    b"Content-Length: 2\r\n\r\nno"
)


async def test_a_proxy_that_opens_no_tunnel_is_an_error_with_its_code(io_loop: IOLoop) -> None:
    async with proxy(REFUSAL) as found:
        with curl_client() as client, pytest.raises(ProxyError) as caught:
            await client.fetch("https://127.0.0.1:9/", **found.settings)

    assert isinstance(caught.value, CurlProxyError)
    assert caught.value.status == 403


async def test_a_proxy_whose_answer_has_no_end_is_an_error_without_a_code(io_loop: IOLoop) -> None:
    async with answering(OK + b"X: " + b"x" * 400_000) as proxy:
        with curl_client() as client, pytest.raises(CurlProxyError) as caught:
            await client.fetch(
                "https://127.0.0.1:1/", proxy_host="127.0.0.1", proxy_port=proxy.port
            )

    assert caught.value.status is None


async def test_a_proxy_that_is_not_there_is_an_error(io_loop: IOLoop) -> None:
    for host, port in (("127.0.0.1", REFUSED_PORT), ("nobody.invalid", 80)):
        with curl_client() as client, pytest.raises(CurlConnectError) as caught:
            await client.fetch("http://a/", proxy_host=host, proxy_port=port)
        assert type(caught.value) is CurlConnectError


async def test_a_proxy_may_ask_for_digest(io_loop: IOLoop) -> None:
    async with proxy(CHALLENGE) as found:
        with curl_client() as client:
            response = await client.fetch(
                "http://example.org/",
                proxy_username="me",
                proxy_password="secret",
                proxy_auth_mode="digest",
                **found.settings,
            )

    assert response.code == 200
    assert b"Proxy-Authorization" not in found.heads[0]
    assert b'Proxy-Authorization: Digest username="me"' in found.heads[1]


async def test_a_proxy_at_an_ipv6_address(io_loop: IOLoop) -> None:
    with curl_client() as client, pytest.raises(HTTPConnectError):
        await client.fetch("http://a/", proxy_host="[::1]", proxy_port=REFUSED_PORT)


async def test_the_environment_does_not_keep_a_proxy_out(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    async with proxy() as found:
        with curl_client() as client:
            await client.fetch("http://example.org/", **found.settings)

    assert len(found.heads) == 1


async def test_a_password_in_the_home_directory_is_not_sent(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    async with answering(EMPTY) as server:
        with curl_client() as client:
            await client.fetch(server.url)

    assert b"Authorization" not in server.heads[0]


async def test_the_environment_counts_only_on_request(
    io_loop: IOLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy() as found, answering(EMPTY, EMPTY) as server:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{found.port}")
        monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{found.port}")
        with curl_client() as client:
            await client.fetch(server.url)
        assert found.heads == []
        with curl_client(environment_proxies=True) as client:
            await client.fetch(server.url)
            assert len(found.heads) == 1
            monkeypatch.setenv("no_proxy", "127.0.0.1")
            await client.fetch(server.url)

    assert len(found.heads) == 1
    assert len(server.heads) == 2


# TLS


async def test_a_trusted_certificate_is_accepted(
    io_loop: IOLoop, certificates: Certificates
) -> None:
    async with answering(EMPTY, EMPTY, EMPTY, tls=certificates.server) as server:
        with curl_client() as client:
            first = await client.fetch(server.url, ca_certs=certificates.ca_file)
            again = await client.fetch(server.url, ssl_options={"ca_certs": certificates.ca_file})

    assert first.time_info["appconnect"] > 0
    assert again.time_info["appconnect"] == again.time_info["connect"] == 0
    assert server.connections == 1


async def test_an_unknown_authority_is_refused(io_loop: IOLoop, certificates: Certificates) -> None:
    async with answering(EMPTY, tls=certificates.server) as server:
        with curl_client() as client, pytest.raises(HTTPTLSError) as caught:
            await client.fetch(server.url)

    assert isinstance(caught.value, CurlTLSError)
    assert caught.value.errno == pycurl.E_PEER_FAILED_VERIFICATION


async def test_a_wrong_name_is_refused(io_loop: IOLoop, certificates: Certificates) -> None:
    async with answering(EMPTY, tls=certificates.server) as server:
        with curl_client() as client, pytest.raises(HTTPTLSError):
            await client.fetch(
                f"https://wrong.test:{server.port}/",
                ca_certs=certificates.ca_file,
                prepare_curl_callback=lambda curl: curl.setopt(
                    pycurl.RESOLVE, [f"wrong.test:{server.port}:127.0.0.1"]
                ),
            )


async def test_the_system_decides_whom_to_trust(
    io_loop: IOLoop, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ostro.curl_httpclient import _tls

    monkeypatch.setenv("SSL_CERT_FILE", certificates.ca_file)
    _tls._system_authorities.cache_clear()
    async with answering(EMPTY, tls=certificates.server) as server:
        with curl_client() as client:
            response = await client.fetch(server.url)
    _tls._system_authorities.cache_clear()

    assert response.code == 200


async def test_a_system_without_authorities_leaves_it_to_libcurl(
    io_loop: IOLoop,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    from ostro.curl_httpclient import _tls

    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    _tls._system_authorities.cache_clear()
    async with answering(EMPTY, tls=certificates.server) as server:
        with curl_client() as client, pytest.raises(HTTPTLSError):
            await client.fetch(server.url)
    _tls._system_authorities.cache_clear()


async def test_verification_can_be_left_out_for_one_request(
    io_loop: IOLoop, certificates: Certificates
) -> None:
    async with answering_each([[EMPTY]], certificates.server) as server:
        with curl_client() as client:
            assert (await client.fetch(server.url, validate_cert=False)).code == 200
            # On the connection that stands, this would not be noticed.
            with pytest.raises(HTTPTLSError):
                await client.fetch(server.url)


async def test_a_client_shows_its_certificate(
    io_loop: IOLoop, certificates_of_both: Certificates, tmp_path: Path
) -> None:
    files = certificates_of_both
    issued = files.authority.issue_cert("other@example.org")
    key, chain = str(tmp_path / "key.pem"), str(tmp_path / "chain.pem")
    issued.private_key_pem.write_to_path(key)
    issued.cert_chain_pems[0].write_to_path(chain)
    subjects: list[object] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        subjects.append(writer.get_extra_info("peercert")["subjectAltName"][0][1])
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(EMPTY)

    async with talking(talk, files.server) as server:
        with curl_client() as client:
            shown = [(files.client_file, None)] * 2 + [(chain, key)]
            for certificate, own_key in shown:
                await client.fetch(
                    server.url,
                    ca_certs=files.ca_file,
                    client_cert=certificate,
                    client_key=own_key,
                )
            # Nobody is taken for who was there before.
            with pytest.raises(CurlError):
                await client.fetch(server.url, ca_certs=files.ca_file)

    assert subjects == ["client@example.org", "other@example.org"]


async def test_the_versions_and_ciphers_of_tls_can_be_said(
    io_loop: IOLoop, certificates: Certificates
) -> None:
    spoken: list[tuple[str, str]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cipher = writer.get_extra_info("cipher")
        spoken.append((cipher[1], cipher[0]))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(EMPTY)
        await reader.read()

    options = {
        "ca_certs": certificates.ca_file,
        "ssl_version": ssl.PROTOCOL_TLSv1_2,
        "ciphers": "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384",
    }
    async with talking(talk, certificates.server) as server:
        with curl_client() as client:
            await client.fetch(server.url, ssl_options=options)

    assert spoken[0][0] == "TLSv1.2"
    assert spoken[0][1].endswith("AES256-GCM-SHA384")


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"ssl_options": ssl.create_default_context()}, ValueError),
        ({"ssl_options": {"colour": "red"}}, ValueError),
        ({"ssl_options": {"ssl_version": ssl.PROTOCOL_TLSv1_1}}, ValueError),
        ({"ssl_options": {"ca_certs": 5}}, ValueError),
        ({"ssl_options": {"keyfile": "somewhere"}}, OSError),
        ({"client_cert": "/no/such/file"}, OSError),
        ({"ca_certs": "/no/such/file"}, OSError),
    ],
    ids=["context", "name", "version", "type", "key", "certificate", "authorities"],
)
async def test_tls_settings_that_make_no_sense_are_refused(
    io_loop: IOLoop, settings: Settings, error: type[Exception]
) -> None:
    with curl_client() as client, pytest.raises(error):
        await client.fetch("https://127.0.0.1:9/", **settings)


async def test_who_gives_an_ssl_context_learns_what_to_give(io_loop: IOLoop) -> None:
    with curl_client() as client, pytest.raises(ValueError, match=r"dict.*certfile.*SimpleAsync"):
        await client.fetch("https://127.0.0.1:9/", ssl_options=ssl.create_default_context())


async def test_a_key_needs_a_certificate(io_loop: IOLoop, certificates: Certificates) -> None:
    options = {"keyfile": certificates.client_file}
    with curl_client() as client, pytest.raises(ValueError, match="keyfile needs a certfile"):
        await client.fetch("https://127.0.0.1:9/", ssl_options=options)


# Connections that are used again


async def connections(server: Server, *requests: Settings, **options: Any) -> int:
    with curl_client(**options) as client:
        for settings in requests:
            await client.fetch(server.url, **settings)
    return server.connections


async def test_a_connection_is_used_again(io_loop: IOLoop) -> None:
    async with answering(EMPTY, EMPTY) as server:
        assert await connections(server, {}, {}) == 1


async def test_a_connection_is_not_used_again_where_none_is_kept(io_loop: IOLoop) -> None:
    async with answering(EMPTY, EMPTY) as server:
        assert await connections(server, {}, {}, max_idle_connections=0) == 2


@pytest.mark.parametrize("interface", ["127.0.0.1", "lo"])
async def test_a_connection_is_not_used_again_for_another_interface(
    io_loop: IOLoop, interface: str
) -> None:
    async with answering(EMPTY, EMPTY) as server:
        assert await connections(server, {}, {"network_interface": interface}) == 2
    async with answering(EMPTY, EMPTY) as server:
        assert await connections(server, {"network_interface": interface}, {}) == 2


async def test_a_connection_is_not_used_again_after_a_broken_response(io_loop: IOLoop) -> None:
    broken = OK + b"Content-Length: 99\r\n\r\nabc"
    async with answering_each([[broken, EMPTY], [EMPTY]]) as server:
        with curl_client() as client:
            clock = ClientClock(client)
            fetch = client.fetch(server.url)
            await clock.reach("during the response")
            clock.advance(20)
            with pytest.raises(TimeoutError):
                await fetch
            assert (await client.fetch(server.url)).body == b""

    assert server.connections == 2


async def test_a_handle_forgets_who_asked(io_loop: IOLoop) -> None:
    async with answering(EMPTY, EMPTY) as server:
        with curl_client(max_clients=1) as client:
            await client.fetch(
                server.url,
                method="PUT",
                body="abc",
                auth_username="me",
                auth_password="secret",
                headers={"X-A": "b"},
                user_agent="Me",
            )
            await client.fetch(server.url)

    assert server.heads[0].startswith(b"PUT")
    assert server.heads[1].removeprefix(b"abc").startswith(b"GET")
    for secret in (b"Authorization", b"X-A", b"Me\r\n", b"Content-Length"):
        assert secret not in server.heads[1]
