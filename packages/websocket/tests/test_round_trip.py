"""What one end sends, the other understands: any messages, in any fragments, in any pieces."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ostro.websocket import CompressionOptions, Role, WebSocketProtocol
from ostro.websocket._deflate import DeflateAgreement

from .support import Seen, events

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
blobs = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda piece, times: piece * times, st.binary(max_size=9), st.integers(0, 9000)),
)
messages = st.one_of(texts, blobs)
roles = st.sampled_from(Role)
bits = st.integers(8, 15)
agreements = st.one_of(
    st.none(),
    st.builds(
        DeflateAgreement,
        st.builds(CompressionOptions, level=st.integers(-1, 9), mem_level=st.integers(1, 9)),
        bits,
        bits,
        st.booleans(),
        st.booleans(),
    ),
)


def peers(role: Role, agreement: DeflateAgreement | None) -> list[WebSocketProtocol]:
    other = Role.CLIENT if role is Role.SERVER else Role.SERVER
    return [WebSocketProtocol(role, agreement), WebSocketProtocol(other, agreement)]


def pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    """Cut `data` into pieces of these sizes, and a last one with the rest."""
    cut = []
    for size in sizes:
        cut.append(data[:size])
        data = data[size:]
    return [*cut, data]


def described(message: str | bytes) -> Seen:
    return ("text" if isinstance(message, str) else "binary", message)


@given(roles, agreements, st.lists(messages, max_size=8), st.lists(st.integers(0, 400)))
def test_messages_arrive_in_order_and_unchanged(
    role: Role,
    agreement: DeflateAgreement | None,
    messages: list[str | bytes],
    sizes: list[int],
) -> None:
    sender, receiver = peers(role, agreement)
    sent = b"".join(
        sender.send_text(message) if isinstance(message, str) else sender.send_binary(message)
        for message in messages
    )

    assert events(receiver, *pieces(sent, sizes)) == [described(message) for message in messages]


@given(
    roles,
    agreements,
    st.one_of(st.lists(texts, min_size=1, max_size=6), st.lists(blobs, min_size=1, max_size=6)),
    st.binary(max_size=125),
    st.lists(st.integers(0, 400)),
)
def test_fragments_arrive_as_one_message_whatever_comes_between_them(
    role: Role,
    agreement: DeflateAgreement | None,
    fragments: Sequence[str | bytes],
    ping: bytes,
    sizes: list[int],
) -> None:
    sender, receiver = peers(role, agreement)
    sent = b""
    for index, fragment in enumerate(fragments):
        sent += sender.send_fragment(fragment, final=index == len(fragments) - 1)
        sent += sender.send_ping(ping)

    seen = events(receiver, *pieces(sent, sizes))

    empty = "" if isinstance(fragments[0], str) else b""
    pings = [("ping", ping)] * len(fragments)
    whole = empty.join(fragments)  # type: ignore[arg-type]  # text and bytes are not mixed
    assert seen == [*pings[:-1], described(whole), pings[-1]]


@given(roles, agreements, st.binary(max_size=400), st.lists(st.integers(0, 40)))
def test_any_bytes_are_dealt_with_and_mean_the_same_however_they_are_cut(
    role: Role, agreement: DeflateAgreement | None, data: bytes, sizes: list[int]
) -> None:
    whole, cut = (WebSocketProtocol(role, agreement, max_message_size=1000) for _ in range(2))

    assert events(whole, data) == events(cut, *pieces(data, sizes))
