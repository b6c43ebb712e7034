"""curl talks to the demo as it stands, and to an application that reports what it saw."""

import hashlib
from pathlib import Path

import pytest

from .conftest import BIG
from .curl import curl, curl_all, run_curl
from .served import CLIENT_NAME, LOOPS, Certificates, Served, reporting_app

PIECES = 160
PIECE = 65536
CANNOT_VERIFY = 60
"""curl's exit code where it does not trust the server."""


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# The demo


def test_the_demo_answers_several_requests_on_one_connection(demo_site: Served) -> None:
    paths = ["/", "/recommended/", "/nowhere", "/"]

    answers = curl_all(*([demo_site.url + path] for path in paths))

    assert [answer.status for answer in answers] == [200, 200, 404, 200]
    assert [answer.new_connections for answer in answers] == [1, 0, 0, 0]
    assert answers[0].body == answers[3].body


def token_of(page: bytes) -> str:
    """Return the XSRF token in the forms of a page."""
    return page.decode().partition('name="_xsrf" value="')[2].partition('"')[0]


def test_a_session_of_forms_cookies_and_redirects_works(demo_site: Served, tmp_path: Path) -> None:
    jar = str(tmp_path / "jar")
    cookies = ["--cookie", jar, "--cookie-jar", jar]
    login = f"{demo_site.url}/login"

    token = token_of(curl(*cookies, login).body)
    form = ["--data-urlencode", "username=Ann & Bob = two +", "--data-urlencode", f"_xsrf={token}"]
    without_token = curl(*cookies, *form[:2], login)
    signed_in = curl("--location", *cookies, *form, login)
    later = curl(*cookies, f"{demo_site.url}/add")
    curl(*cookies, "--data-urlencode", f"_xsrf={token}", f"{demo_site.url}/logout")
    after = curl(*cookies, f"{demo_site.url}/")

    assert without_token.status == 403
    assert (signed_in.status, later.status, after.status) == (200, 200, 200)
    name = b"<span>Ann &amp; Bob = two +</span>"
    assert [name in answer.body for answer in (signed_in, later, after)] == [True, True, False]


def test_a_page_that_is_known_is_not_sent_again(demo_site: Served, tmp_path: Path) -> None:
    etag = str(tmp_path / "etag")
    first = curl("--etag-save", etag, demo_site.url)

    second = curl("--etag-compare", etag, demo_site.url)

    assert (first.status, second.status) == (200, 304)
    assert second.body == b""


@pytest.mark.parametrize("version", ["--http1.1", "--http1.0"])
def test_a_page_that_is_sent_bit_by_bit_ends_where_it_ends(app: Served, version: str) -> None:
    answer = curl(version, f"{app.url}/countdown")

    assert answer.status == 200
    assert answer.body.decode().count(" …\n") == 5
    assert answer.body.endswith(b"Done.\n")


# Bodies of every kind, on both loops


def test_multipart_files_arrive_whole_and_by_their_names(app: Served, big_file: Path) -> None:
    answer = curl(
        f"{app.url}/form",
        "--form", f"upload=@{big_file};type=image/png",
        "--form", "upload=@-;filename=empty.txt",
        "--form-string", "note=a;b=\"c\"\r\nd",
    )  # fmt: skip

    uploaded, empty = answer.json["files"]["upload"]
    assert uploaded == {
        "filename": big_file.name,
        "content_type": "image/png",
        "size": BIG,
        "sha256": digest(big_file.read_bytes()),
    }
    assert (empty["filename"], empty["size"]) == ("empty.txt", 0)
    assert answer.json["fields"] == {"note": ['a;b="c"\r\nd']}


def test_an_upload_of_unknown_length_arrives_in_chunks(app: Served, big_file: Path) -> None:
    first, second = curl_all(
        ["--upload-file", "-", f"{app.url}/put"], [f"{app.url}/after"], stdin=big_file
    )

    assert first.json["method"] == "PUT"
    assert first.json["headers"]["Transfer-Encoding"] == "chunked"
    assert (first.json["size"], first.json["sha256"]) == (BIG, digest(big_file.read_bytes()))
    assert (second.status, second.new_connections) == (200, 0)


def test_a_chunked_post_of_a_file_arrives_whole(app: Served, big_file: Path) -> None:
    answer = curl(
        "--header", "Transfer-Encoding: chunked", "--data-binary", f"@{big_file}", f"{app.url}/post"
    )

    assert answer.json["method"] == "POST"
    assert "Content-Length" not in answer.json["headers"]
    assert (answer.json["size"], answer.json["sha256"]) == (BIG, digest(big_file.read_bytes()))


def test_a_client_that_waits_for_100_continue_is_told_at_once(app: Served, big_file: Path) -> None:
    done = run_curl(
        "--verbose", "--expect100-timeout", "90", "--max-time", "60",
        "--header", "Expect: 100-continue", "--data-binary", f"@{big_file}", f"{app.url}/post",
    )  # fmt: skip

    log = done.stderr.decode()
    assert done.returncode == 0, log
    assert "< HTTP/1.1 100 Continue" in log
    assert "< HTTP/1.1 200 OK" in log
    assert f'"size": {BIG}'.encode() in done.stdout


def test_a_body_above_the_limit_is_refused_before_it_is_sent(
    tmp_path: Path, big_file: Path
) -> None:
    with reporting_app(tmp_path, f"--max-body-size={BIG - 1}") as served:
        asks = curl(
            "--expect100-timeout", "25", "--header", "Expect: 100-continue",
            "--data-binary", f"@{big_file}", served.url + "/post",
        )  # fmt: skip
        sends = curl("--header", "Expect:", "--data-binary", f"@{big_file}", served.url + "/post")
        chunked = curl("--upload-file", "-", served.url + "/put", stdin=big_file)

    assert (asks.status, asks.sent) == (413, 0)
    assert sends.status == 413
    assert chunked.status == 413


@pytest.mark.parametrize("version", ["--http1.1", "--http1.0"])
def test_a_long_download_arrives_whole(app: Served, version: str) -> None:
    answer = curl(version, f"{app.url}/download/{PIECES}")

    assert digest(answer.body) == digest(bytes(range(256)) * (256 * PIECES))
    assert (answer.headers.get("transfer-encoding") == "chunked") == (version == "--http1.1")


def test_http_1_0_clients_keep_the_connection_if_they_ask_for_it(app: Served) -> None:
    urls = [f"{app.url}/a", f"{app.url}/b"]

    closing = curl_all(*(["--http1.0", url] for url in urls))
    keeping = curl_all(*(["--http1.0", "--header", "Connection: keep-alive", url] for url in urls))

    assert [answer.json["version"] for answer in closing + keeping] == ["HTTP/1.0"] * 4
    assert [answer.new_connections for answer in closing] == [1, 1]
    assert [answer.new_connections for answer in keeping] == [1, 0]


def test_head_is_answered_without_a_body(app: Served) -> None:
    head, get = curl_all(["--head", f"{app.url}/a"], [f"{app.url}/a"])

    assert head.status == 200
    assert head.body == b""
    assert int(head.headers["content-length"]) > 0
    assert get.new_connections == 0


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_every_method_keeps_its_name(app: Served, method: str) -> None:
    answer = curl("--request", method, f"{app.url}/some%20where?a=b%2Fc&d")

    assert answer.json["method"] == method
    assert answer.json["uri"] == "/some%20where?a=b%2Fc&d"


# Unix sockets and TLS


@pytest.mark.parametrize("loop", LOOPS)
def test_a_unix_socket_serves_like_a_port(tmp_path: Path, big_file: Path, loop: str) -> None:
    path = tmp_path / "server.sock"

    with reporting_app(tmp_path, loop=loop, unix_socket=path) as served:
        socket_options = ["--unix-socket", str(path)]
        first, second = curl_all(
            [*socket_options, "--data-binary", f"@{big_file}", "http://somewhere/a"],
            [*socket_options, "http://elsewhere/b"],
        )

    assert first.json["sha256"] == digest(big_file.read_bytes())
    assert first.json["url"] == "http://somewhere/a"
    assert (second.status, second.new_connections) == (200, 1)
    assert served.complaints() == ""
    assert served.process.returncode == 0


def test_tls_is_as_good_as_plain(
    tls_app: Served, certificates: Certificates, big_file: Path
) -> None:
    trust = ["--cacert", str(certificates.ca)]

    first, second, third = curl_all(
        [*trust, f"{tls_app.url}/a"],
        [*trust, "--data-binary", f"@{big_file}", f"{tls_app.url}/b"],
        [*trust, f"{tls_app.url}/download/{PIECES}"],
    )

    assert (first.json["protocol"], first.json["certificate"]) == ("https", None)
    assert first.json["url"] == f"{tls_app.url}/a"
    assert second.json["sha256"] == digest(big_file.read_bytes())
    assert len(third.body) == PIECES * PIECE
    assert [answer.new_connections for answer in (first, second, third)] == [1, 0, 0]


def test_the_certificate_of_a_client_is_shown_to_the_application(
    tls_app: Served, certificates: Certificates
) -> None:
    identity = ["--cacert", str(certificates.ca), "--cert", str(certificates.client)]

    answer = curl(*identity, f"{tls_app.url}/who")

    assert [["commonName", CLIENT_NAME]] in answer.json["certificate"]["subject"]


def test_a_client_that_does_not_trust_the_server_harms_nobody(
    tls_app: Served, certificates: Certificates
) -> None:
    distrusting = run_curl(tls_app.url)
    plain = run_curl(tls_app.url.replace("https", "http"))
    trusting = curl("--cacert", str(certificates.ca), tls_app.url)

    assert distrusting.returncode == CANNOT_VERIFY
    assert plain.returncode != 0
    assert trusting.status == 200


def test_clients_without_a_certificate_are_refused_where_one_is_required(
    tmp_path: Path, certificates: Certificates
) -> None:
    arguments = [*certificates.server_arguments, "--require-certificate"]

    with reporting_app(tmp_path, *arguments) as served:
        url = f"{served.url}/who"
        without = run_curl("--cacert", str(certificates.ca), url)
        with_one = curl("--cacert", str(certificates.ca), "--cert", str(certificates.client), url)

    assert without.returncode != 0
    assert without.stdout == b""
    assert with_one.status == 200
