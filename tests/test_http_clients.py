"""The HTTP clients against nginx, which others than us have written."""

import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ostro.httpclient import AsyncHTTPClient, HTTPClient, HTTPClientError, HTTPTLSError
from ostro.ioloop import run
from packages.ports import free_port

from .programs import find
from .served import make_certificates, running

CLIENTS = ["ostro.httpclient.SimpleAsyncHTTPClient", "ostro.curl_httpclient.CurlAsyncHTTPClient"]

TEXT = b"a line of text that compresses well\n" * 500
LARGE = 20_000_000

CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/client_body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    ssl_certificate {cert}; ssl_certificate_key {key};
    types {{ text/plain txt; }}
    gzip on; gzip_min_length 100; gzip_types text/plain;
    server {{
        listen 127.0.0.1:{port};
        listen 127.0.0.1:{tls_port} ssl;
        root {folder}/root;
        keepalive_requests 3;
        add_header X-Connection $connection;
        location /moved {{ return 301 /text.txt; }}
        location /loop {{ return 302 /loop; }}
        location /empty {{ return 204; }}
        location /gone {{ return 444; }}
        location /upload {{ client_max_body_size 1m; proxy_pass http://127.0.0.1:{port}/empty; }}
    }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """Where nginx listens, and whom to trust."""

    url: str
    tls_url: str
    ca_certs: str


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    folder = tmp_path_factory.mktemp("nginx")
    certificates = make_certificates(folder)
    root = folder / "root"
    root.mkdir()
    (root / "text.txt").write_bytes(TEXT)
    with (root / "large.bin").open("wb") as large:
        large.truncate(LARGE)
    port, tls_port = free_port(), free_port()
    config = folder / "nginx.conf"
    config.write_text(
        CONFIG.format(
            folder=folder,
            port=port,
            tls_port=tls_port,
            cert=certificates.server_cert,
            key=certificates.server_key,
        )
    )
    with running([find("nginx"), "-e", "stderr", "-c", str(config)], port, folder):
        yield Nginx(
            f"http://127.0.0.1:{port}", f"https://localhost:{tls_port}", str(certificates.ca)
        )


@pytest.fixture(params=CLIENTS, ids=lambda name: name.rpartition(".")[2])
def client_class(request: pytest.FixtureRequest) -> type[AsyncHTTPClient]:
    try:
        found: type[AsyncHTTPClient] = pkgutil.resolve_name(request.param)
    except ImportError:
        pytest.skip(f"{request.param} is not installed")
    return found


@pytest.fixture
def client(client_class: type[AsyncHTTPClient]) -> Iterator[HTTPClient]:
    with HTTPClient(client_class) as made:
        yield made


def test_a_compressed_file_arrives_as_it_is(client: HTTPClient, nginx: Nginx) -> None:
    response = client.fetch(f"{nginx.url}/text.txt")

    assert response.body == TEXT
    assert response.headers["Server"].startswith("nginx")
    assert client.fetch(f"{nginx.url}/text.txt", decompress_response=False).body == TEXT


def test_connections_are_used_as_long_as_nginx_likes(client: HTTPClient, nginx: Nginx) -> None:
    seen = [
        client.fetch(f"{nginx.url}/text.txt", method="HEAD").headers["X-Connection"]
        for _ in range(6)
    ]

    assert seen[0] == seen[1] == seen[2] != seen[3]
    assert seen[3] == seen[4] == seen[5]


def test_a_part_of_a_file_arrives(client: HTTPClient, nginx: Nginx) -> None:
    response = client.fetch(f"{nginx.url}/text.txt", headers={"Range": "bytes=2-5"})

    assert (response.code, response.body) == (206, TEXT[2:6])


def test_a_condition_is_understood(client: HTTPClient, nginx: Nginx) -> None:
    first = client.fetch(f"{nginx.url}/text.txt", decompress_response=False)

    again = client.fetch(
        f"{nginx.url}/text.txt",
        headers={"If-None-Match": first.headers["Etag"]},
        raise_error=False,
    )

    assert (again.code, again.body) == (304, b"")


def test_redirects_are_followed_to_their_end(client: HTTPClient, nginx: Nginx) -> None:
    assert client.fetch(f"{nginx.url}/moved").body == TEXT
    with pytest.raises(HTTPClientError) as caught:
        client.fetch(f"{nginx.url}/loop")
    assert caught.value.code == 302


def test_responses_without_a_body_and_without_a_word_end(client: HTTPClient, nginx: Nginx) -> None:
    assert client.fetch(f"{nginx.url}/empty").code == 204
    with pytest.raises(HTTPClientError) as caught:
        client.fetch(f"{nginx.url}/gone")
    assert caught.value.code == 599


def test_tls_is_verified(client: HTTPClient, nginx: Nginx) -> None:
    response = client.fetch(f"{nginx.tls_url}/text.txt", ca_certs=nginx.ca_certs)

    assert response.body == TEXT
    with pytest.raises(HTTPTLSError):
        client.fetch(f"{nginx.tls_url}/text.txt")


@pytest.mark.parametrize("expect", [False, True])
def test_an_upload_that_is_too_large_is_refused(
    client: HTTPClient, nginx: Nginx, expect: bool
) -> None:
    fits = client.fetch(
        f"{nginx.url}/upload", method="PUT", body=bytes(1_000_000), expect_100_continue=expect
    )
    refused = client.fetch(
        f"{nginx.url}/upload",
        method="PUT",
        body=bytes(2_000_000),
        expect_100_continue=expect,
        raise_error=False,
    )

    assert (fits.code, refused.code) == (204, 413)


def test_a_download_is_streamed(client_class: type[AsyncHTTPClient], nginx: Nginx) -> None:
    async def download() -> int:
        size = 0
        client = client_class(force_instance=True)
        async with client.stream(f"{nginx.tls_url}/large.bin", ca_certs=nginx.ca_certs) as response:
            async for piece in response:
                size += len(piece)
        client.close()
        return size

    assert run(download) == LARGE
