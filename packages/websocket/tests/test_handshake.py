"""The opening handshake: what either end says, and what it does not accept."""

import pytest

from ostro.httputil import HTTPHeaders
from ostro.websocket import CompressionOptions, HandshakeError
from ostro.websocket._handshake import (
    check_request,
    check_response,
    compute_accept,
    make_key,
    request_headers,
    requested_subprotocols,
    response_headers,
)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def request(**changes: str | None) -> HTTPHeaders:
    """Return the header of a request that is right, but for the changes."""
    headers = request_headers(KEY)
    headers["Host"] = "example.com"
    for name, value in changes.items():
        headers.pop(name.replace("_", "-"), None)
        if value is not None:
            headers[name.replace("_", "-")] = value
    return headers


def test_the_accept_belongs_to_the_key_as_in_the_rfc() -> None:
    assert compute_accept(KEY) == ACCEPT
    assert check_request("GET", "HTTP/1.1", request()) == ACCEPT


def test_keys_are_new_each_time_and_acceptable() -> None:
    keys = {make_key() for _ in range(100)}

    assert len(keys) == 100
    for key in keys:
        check_request("GET", "HTTP/1.1", request(Sec_WebSocket_Key=key))


@pytest.mark.parametrize(
    "changes",
    [
        {"Upgrade": "WebSocket"},
        {"Upgrade": "h2c, websocket"},
        {"Connection": "keep-alive, Upgrade"},
        {"Connection": "upgrade"},
        {"Connection": "close\t,\tUPGRADE"},
    ],
)
def test_a_request_may_be_written_in_several_ways(changes: dict[str, str | None]) -> None:
    assert check_request("GET", "HTTP/1.1", request(**changes)) == ACCEPT


@pytest.mark.parametrize(
    "changes",
    [
        {"Upgrade": None},
        {"Upgrade": "websockets"},
        {"Upgrade": "websocket/13"},
        {"Connection": None},
        {"Connection": "keep-alive"},
        {"Connection": "upgraded"},
        {"Sec_WebSocket_Key": None},
        {"Sec_WebSocket_Key": ""},
        {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ"},
        {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==="},
        {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25j"},
        {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZWVl"},
        {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZR=="},
        {"Sec_WebSocket_Key": "d\u0433hlIHNhbXBsZSBub25jZQ=="},
        {"Sec_WebSocket_Key": KEY + "," + KEY},
    ],
)
def test_a_request_that_is_no_handshake_is_answered_400(changes: dict[str, str | None]) -> None:
    with pytest.raises(HandshakeError) as caught:
        check_request("GET", "HTTP/1.1", request(**changes))

    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("method", "version"), [("POST", "HTTP/1.1"), ("get", "HTTP/1.1"), ("GET", "HTTP/1.0")]
)
def test_a_handshake_is_a_get_in_http_1_1(method: str, version: str) -> None:
    with pytest.raises(HandshakeError) as caught:
        check_request(method, version, request())

    assert caught.value.status == 400


@pytest.mark.parametrize("version", [None, "", "0", "8", "14", "013", "13, 8", "\uff11\uff13"])
def test_another_version_is_answered_426(version: str | None) -> None:
    with pytest.raises(HandshakeError, match="version 13") as caught:
        check_request("GET", "HTTP/1.1", request(Sec_WebSocket_Version=version))

    assert caught.value.status == 426


@pytest.mark.parametrize(
    ("field", "subprotocols"),
    [
        (None, []),
        ("", []),
        ("chat", ["chat"]),
        ("chat, superchat ,\tv1.json", ["chat", "superchat", "v1.json"]),
        (", chat,,", ["chat"]),
    ],
)
def test_subprotocols_are_listed_in_order(field: str | None, subprotocols: list[str]) -> None:
    assert requested_subprotocols(request(Sec_WebSocket_Protocol=field)) == subprotocols


@pytest.mark.parametrize("field", ["a b", "a;b", "ch\u00e4t", 'a, "b"'])
def test_a_subprotocol_that_is_no_token_is_refused(field: str) -> None:
    with pytest.raises(HandshakeError, match="malformed"):
        requested_subprotocols(request(Sec_WebSocket_Protocol=field))


def test_a_response_says_what_was_chosen() -> None:
    headers = response_headers(ACCEPT, "chat", "permessage-deflate")

    assert dict(headers.get_all()) == {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-Websocket-Accept": ACCEPT,
        "Sec-Websocket-Protocol": "chat",
        "Sec-Websocket-Extensions": "permessage-deflate",
    }
    assert "Sec-WebSocket-Protocol" not in response_headers(ACCEPT)


@pytest.mark.parametrize("name", ["", "a b", "a\r\nb", "\u00e4"])
def test_a_subprotocol_that_cannot_be_sent_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no token"):
        response_headers(ACCEPT, name)
    with pytest.raises(ValueError, match="is no token"):
        request_headers(KEY, [name])


def test_a_subprotocol_is_not_offered_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        request_headers(KEY, ["a", "b", "a"])


def test_a_request_offers_what_it_is_told_to() -> None:
    headers = request_headers(KEY, ["chat", "superchat"], CompressionOptions())

    assert headers["Sec-WebSocket-Protocol"] == "chat, superchat"
    assert headers["Sec-WebSocket-Extensions"] == "permessage-deflate; client_max_window_bits"


def test_a_client_learns_what_the_server_chose() -> None:
    options = CompressionOptions()
    headers = response_headers(ACCEPT, "b", "permessage-deflate")

    agreement = check_response(101, headers, KEY, ["a", "b"], options)

    assert agreement.subprotocol == "b"
    assert agreement.deflate is not None
    assert check_response(101, response_headers(ACCEPT), KEY, ["a"], options) == (None, None)


@pytest.mark.parametrize(
    ("code", "changes", "message"),
    [
        (200, {}, "answered 200, expected 101"),
        (101, {"Upgrade": None}, "does not upgrade"),
        (101, {"Upgrade": "h2c"}, "does not upgrade"),
        (101, {"Connection": None}, "Connection: Upgrade"),
        (101, {"Sec-Websocket-Accept": None}, "does not fit the key"),
        (101, {"Sec-Websocket-Accept": KEY}, "does not fit the key"),
        (101, {"Sec-Websocket-Protocol": "other"}, "not offered"),
        (101, {"Sec-Websocket-Protocol": "a, b"}, "not offered"),
        (101, {"Sec-Websocket-Extensions": "x"}, "not offered"),
    ],
)
def test_a_client_refuses_what_is_no_acceptance(
    code: int, changes: dict[str, str | None], message: str
) -> None:
    headers = response_headers(ACCEPT)
    for name, value in changes.items():
        headers.pop(name, None)
        if value is not None:
            headers[name] = value

    with pytest.raises(HandshakeError, match=message):
        check_response(code, headers, KEY, ["a", "b"], CompressionOptions())
