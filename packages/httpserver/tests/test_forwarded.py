"""Addresses and schemes that proxies report, and when they are believed."""

import pytest

from ostro.httpserver._forwarded import ForwardedHeaders
from ostro.httpserver._settings import ServerSettings
from ostro.httputil import ConnectionContext, HTTPConnection, HTTPHeaders
from ostro.ioloop import IOLoop

from .support import Client, Recorder, Request, respond

PROXY = ConnectionContext("10.0.0.1", "http", ("10.0.0.1", 1), False)


def applied(
    forwarded: ForwardedHeaders, fields: dict[str, str], context: ConnectionContext = PROXY
) -> tuple[str, str]:
    result = forwarded.apply(context, HTTPHeaders(fields))
    assert result.address == context.address
    assert result.secure == context.secure
    return result.remote_ip, result.protocol


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("10.0.0.1", "http")),
        ({"X-Real-Ip": "203.0.113.9"}, ("203.0.113.9", "http")),
        ({"X-Real-Ip": " 203.0.113.9\t"}, ("203.0.113.9", "http")),
        ({"X-Real-Ip": "2001:db8::1"}, ("2001:db8::1", "http")),
        ({"X-Forwarded-For": "203.0.113.9"}, ("203.0.113.9", "http")),
        ({"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}, ("203.0.113.9", "http")),
        (
            {"X-Real-Ip": "203.0.113.1", "X-Forwarded-For": "203.0.113.2"},
            ("203.0.113.1", "http"),
        ),
        ({"X-Real-Ip": "no", "X-Forwarded-For": "203.0.113.2"}, ("203.0.113.2", "http")),
        ({"X-Scheme": "https"}, ("10.0.0.1", "https")),
        ({"X-Scheme": "HTTPS"}, ("10.0.0.1", "https")),
        ({"X-Forwarded-Proto": "https"}, ("10.0.0.1", "https")),
        ({"X-Forwarded-Proto": "http, https"}, ("10.0.0.1", "https")),
        ({"X-Scheme": "https", "X-Forwarded-Proto": "http"}, ("10.0.0.1", "https")),
    ],
)
def test_what_a_proxy_reports_is_taken(fields: dict[str, str], expected: tuple[str, str]) -> None:
    assert applied(ForwardedHeaders(), fields) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"X-Real-Ip": "example.com"},
        {"X-Real-Ip": "1.2.3"},
        {"X-Real-Ip": "1.2.3.4:80"},
        {"X-Real-Ip": "fe80::1%eth0"},
        {"X-Real-Ip": "<script>"},
        {"X-Real-Ip": ""},
        {"X-Real-Ip": "1.2.3.4,5.6.7.8"},
        {"X-Forwarded-For": "203.0.113.9, unknown"},
        {"X-Forwarded-For": ""},
        {"X-Scheme": "gopher"},
        {"X-Forwarded-Proto": "https://evil.example"},
    ],
)
def test_what_is_no_address_or_scheme_is_ignored(fields: dict[str, str]) -> None:
    assert applied(ForwardedHeaders(), fields) == ("10.0.0.1", "http")


def test_only_trusted_proxies_are_believed() -> None:
    forwarded = ForwardedHeaders(["10.0.0.0/8", "::1"])
    stranger = ConnectionContext("203.0.113.5", "http", ("203.0.113.5", 1), False)
    fields = {"X-Real-Ip": "1.1.1.1", "X-Scheme": "https"}

    assert applied(forwarded, fields) == ("1.1.1.1", "https")
    assert applied(forwarded, fields, stranger) == ("203.0.113.5", "http")


def test_a_trusted_proxy_is_recognised_on_a_socket_of_both_families() -> None:
    forwarded = ForwardedHeaders(["10.0.0.1"])
    mapped = ConnectionContext("::ffff:10.0.0.1", "http", ("::ffff:10.0.0.1", 1, 0, 0), False)

    assert applied(forwarded, {"X-Real-Ip": "1.1.1.1"}, mapped) == ("1.1.1.1", "http")


def test_an_unknown_kind_of_address_is_not_trusted() -> None:
    forwarded = ForwardedHeaders(["10.0.0.1"])
    odd = ConnectionContext("somewhere", "http", None, False)

    assert applied(forwarded, {"X-Real-Ip": "1.1.1.1"}, odd) == ("somewhere", "http")


def test_known_proxies_are_skipped_from_the_end() -> None:
    forwarded = ForwardedHeaders(["10.0.0.0/8"], ["192.0.2.0/24"])
    chain = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 192.0.2.7, 10.9.9.9"}

    assert applied(forwarded, chain) == ("203.0.113.9", "http")


def test_a_chain_of_known_proxies_alone_leaves_the_connections_address() -> None:
    forwarded = ForwardedHeaders(None, ["192.0.2.0/24"])

    assert applied(forwarded, {"X-Forwarded-For": "192.0.2.7"}) == ("10.0.0.1", "http")


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="example"):
        ForwardedHeaders(["example.com"])


async def test_requests_over_one_connection_have_their_own_clients(io_loop: IOLoop) -> None:
    seen: list[tuple[str, str]] = []

    def answer(conn: HTTPConnection, request: Request) -> None:
        seen.append((conn.context.remote_ip, conn.context.protocol))
        respond(conn)

    settings = ServerSettings(forwarded=ForwardedHeaders())
    client = Client(io_loop, Recorder(answer), settings, address="")

    for fields in (b"X-Real-Ip: 203.0.113.9\r\nX-Scheme: https\r\n", b""):
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n")

    assert seen == [("203.0.113.9", "https"), ("127.0.0.1", "http")]


async def test_the_headers_mean_nothing_where_they_are_not_asked_for(io_loop: IOLoop) -> None:
    app = Recorder()
    client = Client(io_loop, app)

    await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Real-Ip: 1.1.1.1\r\n\r\n")

    assert app.connections[0].context.remote_ip == "192.0.2.1"


async def test_the_protocol_can_be_set_for_a_server(io_loop: IOLoop) -> None:
    app = Recorder()
    client = Client(io_loop, app, ServerSettings(protocol="https"))

    await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

    assert app.connections[0].context.protocol == "https"
    assert not app.connections[0].context.secure
