"""What breaks the protocol: the connection fails, with the right code, as early as can be."""

import pytest

from ostro.websocket import Role, WebSocketProtocol

from .support import (
    BINARY,
    BOTH_ROLES,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    events,
    frame,
    seen_in_every_cut,
)

both_roles = pytest.mark.parametrize("role", BOTH_ROLES)


def code_of(data: bytes, role: Role) -> object:
    """Return the code with which a protocol fails because of `data`, and reports nothing else."""
    seen = seen_in_every_cut(data + frame(TEXT, b"late", to=role), role)
    assert len(seen) == 1
    assert seen[0][0] == "failure"
    assert len(str(seen[0][2]).encode()) <= 123  # it can stand in a close frame
    return seen[0][1]


@both_roles
@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_a_reserved_opcode_is_refused(opcode: int, role: Role) -> None:
    assert code_of(frame(opcode, b"abc", to=role), role) == 1002


@both_roles
@pytest.mark.parametrize("rsv", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
def test_a_reserved_bit_is_refused(opcode: int, rsv: int, role: Role) -> None:
    assert code_of(frame(opcode, to=role, rsv=rsv), role) == 1002


@both_roles
@pytest.mark.parametrize("opcode", [TEXT, CLOSE, PING, CONTINUATION])
@pytest.mark.parametrize("payload", [b"", b"\x03\xe8" * 100])
def test_a_mask_on_the_wrong_side_is_refused(opcode: int, payload: bytes, role: Role) -> None:
    size = 100 if opcode >= CLOSE else 200
    data = frame(opcode, payload[:size], to=role, masked=role is Role.CLIENT)

    assert code_of(data, role) == 1002


@both_roles
@pytest.mark.parametrize(("size", "length"), [(0, 3), (125, 3), (125, 9), (126, 9), (65535, 9)])
def test_a_length_that_is_longer_than_need_be_is_refused(
    size: int, length: int, role: Role
) -> None:
    data = frame(BINARY, b"x" * size, to=role, length=length)

    assert events(WebSocketProtocol(role), data)[0][:2] == ("failure", 1002)
    assert code_of(data[:10], role) == 1002  # the header is enough


@both_roles
def test_a_length_of_64_bits_is_refused(role: Role) -> None:
    flag = 0x80 if role is Role.SERVER else 0

    assert code_of(bytes([0x82, flag | 127, 0x80, 0, 0, 0, 0, 0, 0, 0]), role) == 1002


@both_roles
@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_fragmented_control_frame_is_refused(opcode: int, role: Role) -> None:
    assert code_of(frame(opcode, to=role, fin=False), role) == 1002


@both_roles
@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
@pytest.mark.parametrize("size", [126, 65536])
def test_an_over_long_control_frame_is_refused(opcode: int, size: int, role: Role) -> None:
    data = frame(opcode, b"\x03\xe8" * (size // 2), to=role)

    assert events(WebSocketProtocol(role), data[:2])[0][:2] == ("failure", 1002)


@both_roles
@pytest.mark.parametrize("fin", [True, False])
def test_a_continuation_of_nothing_is_refused(fin: bool, role: Role) -> None:
    assert code_of(frame(CONTINUATION, b"a", to=role, fin=fin), role) == 1002


@both_roles
@pytest.mark.parametrize("fin", [True, False])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_within_a_fragmented_message_is_refused(
    opcode: int, fin: bool, role: Role
) -> None:
    data = frame(TEXT, b"a", to=role, fin=False) + frame(opcode, b"b", to=role, fin=fin)

    assert code_of(data, role) == 1002


@both_roles
def test_a_close_of_one_byte_is_refused(role: Role) -> None:
    assert code_of(frame(CLOSE, b"\x03", to=role), role) == 1002


@both_roles
@pytest.mark.parametrize(
    "code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]
)
def test_an_invalid_close_code_is_refused(code: int, role: Role) -> None:
    assert code_of(frame(CLOSE, code.to_bytes(2, "big"), to=role), role) == 1002


@both_roles
def test_a_close_reason_that_is_not_utf8_is_refused(role: Role) -> None:
    assert code_of(frame(CLOSE, b"\x03\xe8\xff", to=role), role) == 1007


INVALID_TEXT = [
    pytest.param(b"\xff", 1, id="no byte of UTF-8"),
    pytest.param(b"abc\x80", 4, id="a continuation byte alone"),
    pytest.param(b"\xc0\xaf", 1, id="an overlong slash"),
    pytest.param(b"\xe0\x80\xaf", 2, id="an overlong slash of three bytes"),
    pytest.param(b"\xf0\x80\x80\xaf", 2, id="an overlong slash of four bytes"),
    pytest.param(b"\xed\xa0\x80", 2, id="a surrogate"),
    pytest.param(b"\xf4\x90\x80\x80", 2, id="above the last code point"),
    pytest.param(b"\xf5\x80\x80\x80", 1, id="a first byte that is too high"),
    pytest.param(b"\xe2\x82a", 3, id="a character that is cut short"),
]


@both_roles
@pytest.mark.parametrize(("payload", "bad_at"), INVALID_TEXT)
def test_text_that_is_not_utf8_is_refused(payload: bytes, bad_at: int, role: Role) -> None:
    data = b"Gr\xc3\xbc\xc3\x9fe " * 40 + payload

    assert code_of(frame(TEXT, payload, to=role), role) == 1007
    assert code_of(frame(TEXT, data, to=role), role) == 1007


@both_roles
@pytest.mark.parametrize(("payload", "bad_at"), INVALID_TEXT)
def test_invalid_text_fails_with_its_first_bad_byte_inside_a_frame_and_a_fragment(
    payload: bytes, bad_at: int, role: Role
) -> None:
    start = b"\xce\xba" * 10
    for fin in (True, False):
        data = frame(TEXT, start + payload + b"more to come", to=role, fin=fin)
        protocol = WebSocketProtocol(role)
        good = len(data) - len(b"more to come") - len(payload) + bad_at

        assert events(protocol, data[: good - 1]) == []
        assert events(protocol, data[good - 1 : good])[0][:2] == ("failure", 1007)


@both_roles
def test_text_may_not_end_amid_a_character(role: Role) -> None:
    assert code_of(frame(TEXT, b"\xe2\x82", to=role), role) == 1007
    fragments = frame(TEXT, b"\xe2", to=role, fin=False) + frame(CONTINUATION, b"\x82", to=role)
    assert code_of(fragments, role) == 1007


@both_roles
def test_messages_before_a_violation_are_reported(role: Role) -> None:
    data = frame(TEXT, b"Hello", to=role) + frame(PING, to=role, rsv=1)

    assert seen_in_every_cut(data, role)[0] == ("text", "Hello")
    assert seen_in_every_cut(data, role)[1][:2] == ("failure", 1002)


@both_roles
def test_bytes_that_are_no_frames_at_all_fail(role: Role) -> None:
    assert events(WebSocketProtocol(role), b"GET / HTTP/1.1\r\n")[0][:2] == ("failure", 1002)
