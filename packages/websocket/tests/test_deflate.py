"""permessage-deflate: what is agreed on, and messages that are compressed."""

import itertools
import zlib
from collections.abc import Callable

import pytest

from ostro.websocket import CompressionOptions, HandshakeError, Role, WebSocketProtocol
from ostro.websocket._deflate import (
    DeflateAgreement,
    Deflator,
    answer_offers,
    make_offer,
    read_answer,
)
from ostro.websocket._extensions import parse_extensions

from .support import BOTH_ROLES, CONTINUATION, PING, TEXT, events, frame, seen_in_every_cut

both_roles = pytest.mark.parametrize("role", BOTH_ROLES)

NAME = "permessage-deflate"
DEFAULTS = CompressionOptions()


def pair(agreement: DeflateAgreement, role: Role) -> tuple[WebSocketProtocol, WebSocketProtocol]:
    """Return a sender in that role and its peer."""
    other = Role.CLIENT if role is Role.SERVER else Role.SERVER
    return WebSocketProtocol(role, agreement), WebSocketProtocol(other, agreement)


# What a server answers


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        ("", ""),
        ("; client_max_window_bits", ""),
        ("; client_max_window_bits=10", "; client_max_window_bits=10"),
        ("; client_max_window_bits=15", ""),
        ('; client_max_window_bits="9"', "; client_max_window_bits=9"),
        ("; server_max_window_bits=10", "; server_max_window_bits=10"),
        ("; server_max_window_bits=8", "; server_max_window_bits=8"),
        ("; server_max_window_bits=15", ""),
        ("; server_no_context_takeover", "; server_no_context_takeover"),
        ("; client_no_context_takeover", "; client_no_context_takeover"),
        (
            " ;\tserver_max_window_bits = 9;client_max_window_bits;client_no_context_takeover",
            "; client_no_context_takeover; server_max_window_bits=9",
        ),
    ],
)
def test_a_server_agrees_to_an_offer(offer: str, answer: str) -> None:
    agreed = answer_offers(NAME + offer, DEFAULTS)

    assert agreed is not None
    assert agreed[0] == NAME + answer


@pytest.mark.parametrize(
    "offer",
    [
        "; unknown",
        "; server_no_context_takeover=1",
        "; client_no_context_takeover=true",
        "; server_no_context_takeover; server_no_context_takeover",
        "; server_max_window_bits",
        "; server_max_window_bits=7",
        "; server_max_window_bits=16",
        "; server_max_window_bits=08",
        "; server_max_window_bits=abc",
        "; server_max_window_bits=-9",
        "; client_max_window_bits=7",
        "; client_max_window_bits=16",
        "; client_max_window_bits=100000000000000000000",
        "; client_max_window_bits=10; client_max_window_bits=10",
    ],
)
def test_a_server_declines_an_offer_with_parameters_that_are_not_valid(offer: str) -> None:
    assert answer_offers(NAME + offer, DEFAULTS) is None


def test_a_server_takes_the_first_offer_that_it_can() -> None:
    field = f"x-unknown; a=b, {NAME}; what=1,, {NAME}; server_max_window_bits=11, {NAME}"

    agreed = answer_offers(field, DEFAULTS)

    assert agreed is not None
    assert agreed[0] == f"{NAME}; server_max_window_bits=11"


@pytest.mark.parametrize("field", ["", " ", ",", "x-webkit-deflate-frame", " , , x;y=z ,"])
def test_a_server_agrees_to_nothing_where_nothing_fits(field: str) -> None:
    assert answer_offers(field, DEFAULTS) is None


@pytest.mark.parametrize(
    "field",
    [
        ";",
        "a;",
        "a b",
        "a;b=",
        "a;=b",
        'a;b="',
        'a;b="c d"',
        'a;b=""',
        "a/b",
        "a;b=c=d",
        "a\x0bb",
        "\u00e4",
    ],
)
def test_a_field_that_breaks_the_grammar_is_refused(field: str) -> None:
    with pytest.raises(HandshakeError, match="malformed"):
        parse_extensions(field)


def test_a_long_field_is_read_in_linear_time() -> None:
    assert len(parse_extensions("a;b=c," * 10000 + "," * 10000)) == 10000
    with pytest.raises(HandshakeError):
        parse_extensions("a;" * 30000)


def test_a_server_asks_for_what_its_options_say() -> None:
    options = CompressionOptions(
        server_max_window_bits=11,
        client_max_window_bits=10,
        server_no_context_takeover=True,
        client_no_context_takeover=True,
    )

    asked = answer_offers(f"{NAME}; client_max_window_bits", options)
    not_asked = answer_offers(NAME, options)

    assert asked is not None
    assert asked[0] == (
        f"{NAME}; server_no_context_takeover; client_no_context_takeover; "
        "server_max_window_bits=11; client_max_window_bits=10"
    )
    assert not_asked is not None  # such a client does not know of client_max_window_bits
    assert "client_max_window_bits" not in not_asked[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: CompressionOptions(level=-2),
        lambda: CompressionOptions(level=10),
        lambda: CompressionOptions(mem_level=0),
        lambda: CompressionOptions(mem_level=10),
        lambda: CompressionOptions(server_max_window_bits=7),
        lambda: CompressionOptions(server_max_window_bits=16),
        lambda: CompressionOptions(client_max_window_bits=7),
        lambda: CompressionOptions(client_max_window_bits=16),
    ],
)
def test_options_out_of_bounds_are_refused(make: Callable[[], CompressionOptions]) -> None:
    with pytest.raises(ValueError, match=r"is -?\d+, expected -?\d to \d+"):
        make()


# What a client offers, and takes for an answer


def test_a_client_offers_what_its_options_say() -> None:
    options = CompressionOptions(
        server_max_window_bits=9, client_max_window_bits=10, server_no_context_takeover=True
    )

    assert make_offer() == f"{NAME}; client_max_window_bits"
    assert make_offer(options) == (
        f"{NAME}; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits=10"
    )


@pytest.mark.parametrize(
    ("answer", "agreement"),
    [
        ("", DeflateAgreement()),
        (
            "; server_no_context_takeover; client_no_context_takeover",
            DeflateAgreement(server_no_context_takeover=True, client_no_context_takeover=True),
        ),
        (
            "; server_max_window_bits=9; client_max_window_bits=8",
            DeflateAgreement(server_max_window_bits=9, client_max_window_bits=8),
        ),
    ],
)
def test_a_client_takes_the_answer(answer: str, agreement: DeflateAgreement) -> None:
    assert read_answer(NAME + answer, DEFAULTS) == agreement


@pytest.mark.parametrize("field", [None, "", " , "])
def test_a_client_does_without_compression_where_the_server_does(field: str | None) -> None:
    assert read_answer(field, DEFAULTS) is None
    assert read_answer(field, None) is None


@pytest.mark.parametrize(
    "answer",
    [
        "x-other",
        f"{NAME}, {NAME}",
        f"{NAME}, x-other",
        f"{NAME}; unknown=1",
        f"{NAME}; server_max_window_bits",
        f"{NAME}; client_max_window_bits",
        f"{NAME}; server_max_window_bits=16",
        f"{NAME}; server_no_context_takeover=1",
        f"{NAME};",
    ],
)
def test_a_client_refuses_an_answer_that_it_did_not_ask_for(answer: str) -> None:
    with pytest.raises(HandshakeError):
        read_answer(answer, DEFAULTS)


def test_a_client_that_offered_nothing_accepts_nothing() -> None:
    with pytest.raises(HandshakeError, match="not offered"):
        read_answer(NAME, None)


@pytest.mark.parametrize("answer", ["", "; server_max_window_bits=13"])
def test_a_client_refuses_a_larger_window_than_it_asked_for(answer: str) -> None:
    with pytest.raises(HandshakeError, match="exceeds the offer"):
        read_answer(NAME + answer, CompressionOptions(server_max_window_bits=12))


def test_a_client_refuses_context_takeover_that_it_asked_not_to_have() -> None:
    options = CompressionOptions(server_no_context_takeover=True)

    with pytest.raises(HandshakeError, match="exceeds the offer"):
        read_answer(NAME, options)
    assert read_answer(f"{NAME}; server_no_context_takeover", options) is not None


# Messages

HELLO = bytes.fromhex("f248cdc9c90700")


@both_roles
def test_the_examples_of_the_rfc_are_understood(role: Role) -> None:
    agreement = DeflateAgreement()
    again = bytes.fromhex("f200110000")  # with what the first message left behind
    fragments = frame(TEXT, HELLO[:3], to=role, rsv=4, fin=False)
    fragments += frame(CONTINUATION, HELLO[3:], to=role)
    stored = bytes.fromhex("000500faff48656c6c6f00")
    final = bytes.fromhex("f348cdc9c9070000")
    two_blocks = bytes.fromhex("f24805000000ffffcac9c90700")

    assert seen_in_every_cut(frame(TEXT, HELLO, to=role, rsv=4), role, agreement) == [
        ("text", "Hello")
    ]
    assert seen_in_every_cut(fragments, role, agreement) == [("text", "Hello")]
    for first, second in ((HELLO, again), (stored, HELLO), (final, HELLO), (two_blocks, HELLO)):
        data = frame(TEXT, first, to=role, rsv=4) + frame(TEXT, second, to=role, rsv=4)
        assert seen_in_every_cut(data, role, agreement) == [("text", "Hello")] * 2, first.hex()


@both_roles
def test_a_ping_between_compressed_fragments_is_reported(role: Role) -> None:
    data = frame(TEXT, HELLO[:3], to=role, rsv=4, fin=False)
    data += frame(PING, b"?", to=role)
    data += frame(CONTINUATION, HELLO[3:], to=role)

    assert seen_in_every_cut(data, role, DeflateAgreement()) == [("ping", b"?"), ("text", "Hello")]


@both_roles
def test_messages_may_come_uncompressed_too(role: Role) -> None:
    data = frame(TEXT, b"a", to=role) + frame(TEXT, HELLO, to=role, rsv=4)
    data += frame(TEXT, b"b", to=role, fin=False) + frame(CONTINUATION, b"c", to=role)

    assert seen_in_every_cut(data, role, DeflateAgreement()) == [
        ("text", "a"),
        ("text", "Hello"),
        ("text", "bc"),
    ]


@both_roles
@pytest.mark.parametrize("rsv", [1, 2, 3, 5, 6, 7])
def test_the_other_reserved_bits_are_still_refused(rsv: int, role: Role) -> None:
    data = frame(TEXT, HELLO, to=role, rsv=rsv)

    assert seen_in_every_cut(data, role, DeflateAgreement())[0][:2] == ("failure", 1002)


@both_roles
@pytest.mark.parametrize("opcode", [8, 9, 10])
def test_a_control_frame_is_never_compressed(opcode: int, role: Role) -> None:
    data = frame(opcode, b"", to=role, rsv=4)

    assert seen_in_every_cut(data, role, DeflateAgreement())[0][:2] == ("failure", 1002)


@both_roles
def test_a_continuation_does_not_say_that_it_is_compressed(role: Role) -> None:
    data = frame(TEXT, HELLO[:3], to=role, rsv=4, fin=False)
    data += frame(CONTINUATION, HELLO[3:], to=role, rsv=4)

    assert seen_in_every_cut(data, role, DeflateAgreement())[-1][:2] == ("failure", 1002)


@both_roles
@pytest.mark.parametrize("data", [b"\xff" * 10, b"\x07", HELLO + b"\x06abc"])
def test_corrupt_data_is_refused(data: bytes, role: Role) -> None:
    seen = seen_in_every_cut(frame(TEXT, data, to=role, rsv=4), role, DeflateAgreement())

    assert seen[0][:2] == ("failure", 1007)


@both_roles
def test_what_is_compressed_has_to_be_utf8_as_well(role: Role) -> None:
    data = Deflator(15, False, 6, 8).deflate(b"abc\xff")

    seen = seen_in_every_cut(frame(TEXT, data, to=role, rsv=4), role, DeflateAgreement())

    assert seen[0][:2] == ("failure", 1007)


def final_block(payload: bytes) -> bytes:
    context = zlib.compressobj(9, zlib.DEFLATED, -15)
    return context.compress(payload) + context.flush(zlib.Z_FINISH)


@both_roles
def test_a_message_may_have_a_final_block_and_go_on_after_it(role: Role) -> None:
    rest = Deflator(15, False, 6, 8).deflate(b"world")
    data = frame(TEXT, final_block(b"Hello, ") + rest, to=role, rsv=4)

    assert seen_in_every_cut(data * 2, role, DeflateAgreement()) == [("text", "Hello, world")] * 2


@both_roles
def test_a_message_of_many_final_blocks_is_refused(role: Role) -> None:
    for count in (2, 3, 40):
        data = frame(TEXT, final_block(b"a") * count, to=role, rsv=4)

        assert seen_in_every_cut(data, role, DeflateAgreement())[0][:2] == ("failure", 1007)


def test_the_limit_counts_what_comes_after_a_final_block() -> None:
    def seen(limit: int) -> tuple[object, ...]:
        payload = final_block(b"12345") + Deflator(15, False, 6, 8).deflate(b"67890")
        protocol = WebSocketProtocol(Role.CLIENT, DeflateAgreement(), max_message_size=limit)
        return events(protocol, frame(TEXT, payload, to=Role.CLIENT, rsv=4))[0]

    assert seen(10) == ("text", "1234567890")
    assert seen(9)[:2] == ("failure", 1009)
    assert seen(5)[:2] == ("failure", 1009)
    assert seen(4)[:2] == ("failure", 1009)


AGREEMENTS = [
    DeflateAgreement(CompressionOptions(level, mem_level), bits, bits, alone, alone)
    for level, mem_level, bits, alone in itertools.product(
        (0, 1, 9), (1, 9), (8, 9, 12, 15), (False, True)
    )
]


@both_roles
@pytest.mark.parametrize("agreement", AGREEMENTS)
def test_messages_arrive_whatever_was_agreed_on(agreement: DeflateAgreement, role: Role) -> None:
    sender, receiver = pair(agreement, role)
    messages = ["", "Hello", "Hello", "", "", "\u20ac" * 3000, "x" * 70000, "Hello"]

    for message in messages:
        assert events(receiver, sender.send_text(message)) == [("text", message)]
        assert events(receiver, sender.send_binary(message.encode())) == [
            ("binary", message.encode())
        ]


@both_roles
@pytest.mark.parametrize("agreement", AGREEMENTS[::5])
def test_compressed_fragments_arrive(agreement: DeflateAgreement, role: Role) -> None:
    sender, receiver = pair(agreement, role)
    for fragments in (["a"], ["", ""], ["Hello ", "", "Hello ", "Hello"], ["x" * 9999, "", ""]):
        sent = [sender.send_fragment(text, final=False) for text in fragments[:-1]]
        sent.append(sender.send_fragment(fragments[-1], final=True))

        assert events(receiver, b"".join(sent)) == [("text", "".join(fragments))]


@both_roles
def test_a_message_is_smaller_for_those_before_it_unless_it_stands_alone(role: Role) -> None:
    def size_of_the_second(agreement: DeflateAgreement) -> int:
        sender, _ = pair(agreement, role)
        text = "the same words, which are long enough to be worth it"
        sender.send_text(text)
        return len(sender.send_text(text))

    alone = DeflateAgreement(server_no_context_takeover=True, client_no_context_takeover=True)
    assert size_of_the_second(DeflateAgreement()) < 20 < size_of_the_second(alone)


@both_roles
def test_with_a_window_of_eight_bits_nothing_is_compressed(role: Role) -> None:
    agreement = DeflateAgreement(server_max_window_bits=8, client_max_window_bits=8)
    sender, receiver = pair(agreement, role)

    assert len(sender.send_text("x" * 1000)) > 1000
    compressed = Deflator(9, False, 6, 8).deflate(b"Hello" * 9)
    assert events(receiver, frame(TEXT, compressed, to=_role_of(role), rsv=4)) == [
        ("text", "Hello" * 9)
    ]


def _role_of(sender: Role) -> Role:
    return Role.CLIENT if sender is Role.SERVER else Role.SERVER


@both_roles
def test_an_empty_message_is_one_byte(role: Role) -> None:
    sender, _ = pair(DeflateAgreement(), role)

    sizes = {len(sender.send_text("")) for _ in range(3)}

    assert sizes == {3 if role is Role.SERVER else 7}
