"""What a client makes of a URL and of the arguments beside it, before any socket is opened."""

import base64
import ssl
from dataclasses import dataclass
from typing import Literal

import pytest

from ostro.httpclient import HTTPRequest
from ostro.httputil import HTTPHeaders
from ostro.websocket import CompressionOptions
from ostro.websocket._opening import HeaderFields, Opening, SSLOptions, make_opening


@dataclass
class Request:
    """A request object as HTTP clients have them."""

    url: str = "wss://example.com/"
    method: str = "GET"
    headers: HeaderFields | None = None
    user_agent: str | None = None
    auth_username: str | None = None
    auth_password: str | None = None
    auth_mode: Literal["basic", "digest"] | None = None
    proxy_host: str | None = None
    network_interface: str | None = None
    unix_socket: str | None = None
    connect_timeout: float | None = None
    request_timeout: float | None = None
    validate_cert: bool | None = None
    ca_certs: str | None = None
    client_key: str | None = None
    client_cert: str | None = None
    ssl_options: SSLOptions | None = None


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "field"),
    [
        ("ws://example.com", "example.com", 80, "/", "example.com"),
        ("wss://example.com", "example.com", 443, "/", "example.com"),
        ("ws://example.com:80/a", "example.com", 80, "/a", "example.com"),
        ("ws://example.com:443/a", "example.com", 443, "/a", "example.com:443"),
        ("WS://EXAMPLE.com:8080/a?b=c&d", "example.com", 8080, "/a?b=c&d", "example.com:8080"),
        ("ws://[::1]:9/?x", "::1", 9, "/?x", "[::1]:9"),
        ("ws://bücher.example/", "xn--bcher-kva.example", 80, "/", "xn--bcher-kva.example"),
        ("ws://a/ä?ö%20", "a", 80, "/%C3%A4?%C3%B6%20", "a"),
    ],
)
def test_a_url_says_where_to_connect_and_what_to_ask_for(
    url: str, host: str, port: int, target: str, field: str
) -> None:
    opening = make_opening(url)

    assert (opening.host, opening.port, opening.target) == (host, port, target)
    assert opening.headers["Host"] == field


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://example.com/", "does not begin with ws"),
        ("example.com", "does not begin with ws"),
        ("ws:///path", "names no host"),
        ("ws://example.com/#part", "has a fragment"),
        ("ws://example.com:0/", "has the port 0"),
        ("ws://example.com:99999/", "out of range"),
        ("ws://example.com/\r\nX: y", "a space or a control character"),
        ("ws://example.com/a b", "a space or a control character"),
    ],
)
def test_a_url_of_no_websocket_is_a_value_error(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        make_opening(url)


@pytest.mark.parametrize("name", ["X-Y", "Host", "Cookie", "Origin"])
@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\rb", "a\x00b"])
def test_a_field_that_would_break_the_framing_is_a_value_error(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"Header|header|field"):
        make_opening("ws://a/", headers={name: value})


@pytest.mark.parametrize(
    "name",
    ["Upgrade", "connection", "Sec-WebSocket-Key", "sec-websocket-version", "Content-Length"],
)
def test_a_field_of_the_handshake_itself_is_a_value_error(name: str) -> None:
    with pytest.raises(ValueError, match="is set by the handshake"):
        make_opening("ws://a/", headers={name: "1"})


def test_fields_are_sent_beside_those_of_the_handshake() -> None:
    opening = make_opening("ws://a/", headers=HTTPHeaders({"Origin": "http://b", "Host": "c"}))

    assert opening.headers["Origin"] == "http://b"
    assert opening.headers["Host"] == "c"
    assert opening.headers["Sec-Websocket-Key"] == opening.key
    assert "Sec-Websocket-Extensions" not in opening.headers


def test_credentials_of_a_url_are_sent_by_the_basic_scheme() -> None:
    opening = make_opening("ws://us%65r:p%40ss@a/")

    assert opening.headers["Authorization"] == f"Basic {base64.b64encode(b'user:p@ss').decode()}"
    assert opening.headers["Host"] == "a"


def test_an_authorization_field_comes_before_credentials_of_a_url() -> None:
    opening = make_opening("ws://user@a/", headers={"Authorization": "Bearer x"})

    assert opening.headers["Authorization"] == "Bearer x"


def test_subprotocols_are_proposed_in_their_order() -> None:
    opening = make_opening("ws://a/", subprotocols=["chat", "talk"])

    assert opening.headers["Sec-Websocket-Protocol"] == "chat, talk"
    assert opening.subprotocols == ("chat", "talk")


def test_a_field_may_propose_subprotocols_too() -> None:
    opening = make_opening("ws://a/", headers={"Sec-WebSocket-Protocol": "chat, talk"})

    assert opening.headers["Sec-Websocket-Protocol"] == "chat, talk"
    assert opening.subprotocols == ("chat", "talk")


def test_subprotocols_come_before_a_field_that_proposes_others() -> None:
    headers = {"Sec-WebSocket-Protocol": "other"}

    opening = make_opening("ws://a/", headers=headers, subprotocols=iter(["chat"]))

    assert opening.headers["Sec-Websocket-Protocol"] == "chat"


@pytest.mark.parametrize("names", [["a b"], [""], ["a,b"], ["a\r\nb"], ["a", "a"], "chat"])
def test_a_subprotocol_that_is_no_token_is_a_value_error(names: list[str]) -> None:
    with pytest.raises(ValueError, match="subprotocol"):
        make_opening("ws://a/", subprotocols=names)


def test_compression_is_offered_when_it_is_asked_for() -> None:
    opening = make_opening("ws://a/", compression=CompressionOptions())

    assert opening.headers["Sec-Websocket-Extensions"].startswith("permessage-deflate")


def test_times_have_defaults_and_zero_is_no_limit() -> None:
    default, none = make_opening("ws://a/"), make_opening("ws://a/", connect_timeout=0, timeout=0)

    assert (default.connect_timeout, default.timeout) == (20, 20)
    assert (none.connect_timeout, none.timeout) == (None, None)


@pytest.mark.parametrize("name", ["connect_timeout", "timeout"])
def test_a_negative_time_is_a_value_error(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is -1 seconds"):
        # the arguments' types differ, and these two are the same
        make_opening("ws://a/", **{name: -1})  # type: ignore[arg-type]


def test_tls_is_for_wss_alone() -> None:
    context = ssl.create_default_context()

    assert make_opening("ws://a/", ssl_options=context).ssl_options is None
    assert make_opening("wss://a/", ssl_options=context).ssl_options is context
    assert make_opening("wss://a/").ssl_options == {}


# Request objects


def opening_of(**attributes: object) -> Opening:
    request = Request()
    for name, value in attributes.items():
        setattr(request, name, value)
    return make_opening(request)


def test_a_request_object_stands_for_a_url() -> None:
    opening = opening_of(
        url="wss://a:1/b", headers={"X-Y": "z"}, connect_timeout=3.0, request_timeout=4.0
    )

    assert (opening.host, opening.port, opening.target) == ("a", 1, "/b")
    assert opening.headers["X-Y"] == "z"
    assert (opening.connect_timeout, opening.timeout) == (3, 4)
    assert opening.ssl_options == {}


def test_a_request_object_says_who_asks() -> None:
    opening = opening_of(
        url="ws://Bob:x@a/", user_agent="bird", auth_username="Ann", auth_mode="basic"
    )

    assert opening.headers["User-Agent"] == "bird"
    assert opening.headers["Authorization"] == f"Basic {base64.b64encode(b'Ann:').decode()}"


def test_fields_of_a_request_object_come_before_what_it_says_otherwise() -> None:
    headers = {"User-Agent": "fish", "Authorization": "Bearer x"}

    opening = opening_of(
        headers=headers, user_agent="bird", auth_username="Ann", auth_password="secret"
    )

    assert opening.headers["User-Agent"] == "fish"
    assert opening.headers["Authorization"] == "Bearer x"


@pytest.mark.parametrize(
    "attributes",
    [
        {"method": "POST"},
        {"auth_mode": "digest"},
        {"proxy_host": "proxy"},
        {"network_interface": "eth0"},
        {"unix_socket": "/run/x"},
    ],
)
def test_what_a_request_object_cannot_have_here_is_a_value_error(
    attributes: dict[str, object],
) -> None:
    with pytest.raises(ValueError, match=r"WebSocket|handshake"):
        opening_of(**attributes)


def test_a_request_of_the_http_client_is_such_an_object() -> None:
    request = HTTPRequest("ws://a/", auth_username="Ann", auth_password="x", headers={"A": "b"})

    opening = make_opening(request)

    assert (opening.host, opening.headers["A"]) == ("a", "b")
    assert opening.headers["Authorization"] == f"Basic {base64.b64encode(b'Ann:x').decode()}"


def test_a_request_object_sets_up_tls() -> None:
    opening = opening_of(validate_cert=False, ca_certs="ca", client_key="key", client_cert="cert")

    assert opening.ssl_options == {
        "cert_reqs": ssl.CERT_NONE,
        "ca_certs": "ca",
        "keyfile": "key",
        "certfile": "cert",
    }


def test_ssl_options_of_a_request_object_stand_for_the_rest() -> None:
    opening = opening_of(validate_cert=False, ssl_options={"ciphers": "HIGH"})

    assert opening.ssl_options == {"ciphers": "HIGH"}


def test_arguments_come_before_what_a_request_object_says() -> None:
    request = Request(headers={"A": "1", "B": "2"}, connect_timeout=1, request_timeout=1)

    opening = make_opening(
        request, headers={"B": "3"}, connect_timeout=5, timeout=6, ssl_options={"ca_certs": "x"}
    )

    assert (opening.headers["A"], opening.headers["B"]) == ("1", "3")
    assert (opening.connect_timeout, opening.timeout) == (5, 6)
    assert opening.ssl_options == {"ca_certs": "x"}
