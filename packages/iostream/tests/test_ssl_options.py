"""From the dict of an application to a context."""

import ssl
from pathlib import Path

import pytest

from ostro.iostream import TLSOptionError, ssl_options_to_context

from .support import HOSTNAME, authority


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """The PEM files of a server, and of the authority that vouches for it."""
    certificate = authority().issue_cert(HOSTNAME)
    paths = {name: tmp_path / f"{name}.pem" for name in ("both", "certfile", "keyfile", "ca_certs")}
    certificate.private_key_and_cert_chain_pem.write_to_path(paths["both"])
    certificate.private_key_pem.write_to_path(paths["keyfile"])
    certificate.cert_chain_pems[0].write_to_path(paths["certfile"])
    authority().cert_pem.write_to_path(paths["ca_certs"])
    return {name: str(path) for name, path in paths.items()}


def test_a_context_is_returned_as_it_is() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    assert ssl_options_to_context(context) is context


def test_a_client_verifies_certificate_and_name() -> None:
    context = ssl_options_to_context({}, server_side=False)

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.options & ssl.OP_NO_COMPRESSION


def test_verification_can_be_switched_off() -> None:
    context = ssl_options_to_context({"cert_reqs": ssl.CERT_NONE}, server_side=False)

    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


def test_a_server_takes_certificate_and_key(files: dict[str, str]) -> None:
    context = ssl_options_to_context(
        {"certfile": files["certfile"], "keyfile": files["keyfile"]}, server_side=True
    )

    assert context.protocol is ssl.PROTOCOL_TLS_SERVER
    assert context.verify_mode is ssl.CERT_NONE


def test_a_server_can_ask_for_certificates_of_clients(files: dict[str, str]) -> None:
    options = {
        "certfile": Path(files["both"]),
        "ca_certs": files["ca_certs"],
        "cert_reqs": ssl.CERT_REQUIRED,
    }

    context = ssl_options_to_context(options, server_side=True)

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.cert_store_stats()["x509_ca"] == 1


@pytest.mark.parametrize("server_side", [True, False])
def test_the_authorities_of_the_system_are_trusted_where_none_are_given(
    files: dict[str, str], server_side: bool
) -> None:
    options = {"certfile": files["both"], "cert_reqs": ssl.CERT_REQUIRED}

    assert ssl_options_to_context(options, server_side).verify_mode is ssl.CERT_REQUIRED


def test_only_the_authorities_given_are_trusted(files: dict[str, str]) -> None:
    context = ssl_options_to_context({"ca_certs": files["ca_certs"]}, server_side=False)

    assert context.cert_store_stats()["x509_ca"] == 1


def test_the_side_follows_from_the_certificate(files: dict[str, str]) -> None:
    server = ssl_options_to_context({"certfile": files["both"]})
    client = ssl_options_to_context({"certfile": None})

    assert server.protocol is ssl.PROTOCOL_TLS_SERVER
    assert client.protocol is ssl.PROTOCOL_TLS_CLIENT


def test_ciphers_are_taken_over() -> None:
    context = ssl_options_to_context({"ciphers": "ECDHE-RSA-AES128-GCM-SHA256"}, False)

    old = [cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] == "TLSv1.2"]
    assert old == ["ECDHE-RSA-AES128-GCM-SHA256"]


@pytest.mark.parametrize(
    ("version", "maximum"),
    [
        (ssl.PROTOCOL_TLSv1_2, ssl.TLSVersion.TLSv1_2),
        (ssl.PROTOCOL_TLS, ssl.TLSVersion.MAXIMUM_SUPPORTED),
        (ssl.PROTOCOL_TLS_CLIENT, ssl.TLSVersion.MAXIMUM_SUPPORTED),
    ],
)
def test_version_1_2_can_be_demanded(version: int, maximum: ssl.TLSVersion) -> None:
    context = ssl_options_to_context({"ssl_version": version}, server_side=False)

    assert context.maximum_version is maximum
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("options", "server_side", "named"),
    [
        ({"certificate": "x"}, True, "certificate='x'.*certfile, keyfile"),
        ({}, True, "certfile"),
        ({"keyfile": "x"}, False, "certfile"),
        ({"certfile": 5}, True, "certfile=5.*a str"),
        ({"certfile": b"x"}, True, "certfile=b'x'"),
        ({"cert_reqs": 7}, False, "cert_reqs=7.*CERT_NONE"),
        ({"cert_reqs": "required"}, False, "cert_reqs='required'"),
        ({"ssl_version": ssl.PROTOCOL_TLSv1}, False, "ssl_version.*PROTOCOL_TLSv1_2"),
    ],
)
def test_what_is_not_accepted_is_named(
    options: dict[str, object], server_side: bool, named: str
) -> None:
    with pytest.raises(TLSOptionError, match=named) as caught:
        ssl_options_to_context(options, server_side)

    assert isinstance(caught.value, ValueError)


def test_a_missing_file_is_the_error_of_the_system() -> None:
    with pytest.raises(FileNotFoundError):
        ssl_options_to_context({"certfile": "/no/such/file"})
