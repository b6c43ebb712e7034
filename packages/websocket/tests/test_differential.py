"""The same bytes for this protocol and for others: `websockets` and `wsproto`, without I/O."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ostro.websocket import CompressionOptions, Role, WebSocketProtocol
from ostro.websocket._deflate import DeflateAgreement

from .support import BOTH_ROLES, Seen, events, frame

websockets = pytest.importorskip("websockets", reason="pip install websockets")
wsproto = pytest.importorskip("wsproto", reason="pip install wsproto")

from websockets.extensions.permessage_deflate import PerMessageDeflate  # noqa: E402 - after the skip
from websockets.frames import Frame, Opcode  # noqa: E402 - after the skip
from websockets.protocol import CLIENT, SERVER, Protocol, State  # noqa: E402 - after the skip
from wsproto.connection import Connection, ConnectionType  # noqa: E402 - after the skip
from wsproto.events import (  # noqa: E402 - after the skip
    BytesMessage,
    CloseConnection,
    Message,
    Ping,
    Pong,
    TextMessage,
)
from wsproto.utilities import RemoteProtocolError  # noqa: E402 - after the skip

LIMIT = 1000000


def theirs(role: Role, agreement: DeflateAgreement | None) -> Protocol:
    """Return a `websockets` protocol in that role, with the same compression."""
    protocol = Protocol(SERVER if role is Role.SERVER else CLIENT, state=State.OPEN, max_size=LIMIT)
    if agreement is not None:
        server = (agreement.server_no_context_takeover, agreement.server_max_window_bits)
        client = (agreement.client_no_context_takeover, agreement.client_max_window_bits)
        local, remote = (server, client) if role is Role.SERVER else (client, server)
        extension = PerMessageDeflate(remote[0], local[0], remote[1], local[1])
        protocol.extensions = [extension]
    return protocol


def their_events(protocol: Protocol, pieces: Iterable[bytes]) -> list[Seen]:
    """Return what `websockets` makes of `pieces`, in the words of these tests."""
    seen: list[Seen] = []
    kind, parts = "", b""
    for piece in pieces:
        protocol.receive_data(piece)
    for event in protocol.events_received():
        assert isinstance(event, Frame)
        if event.opcode is Opcode.CLOSE:
            close = protocol.close_rcvd
            assert close is not None
            seen.append(("close", int(close.code), close.reason))
        elif event.opcode is Opcode.PING:
            seen.append(("ping", bytes(event.data)))
        elif event.opcode is Opcode.PONG:
            seen.append(("pong", bytes(event.data)))
        else:
            if event.opcode is not Opcode.CONT:
                kind, parts = ("text" if event.opcode is Opcode.TEXT else "binary"), b""
            parts += bytes(event.data)
            if event.fin:
                try:
                    seen.append((kind, parts.decode() if kind == "text" else parts))
                except UnicodeDecodeError:  # it leaves that to whoever reads the message
                    return [*seen, ("failure", 1007)]
    if protocol.parser_exc is not None:
        sent = protocol.close_sent
        seen.append(("failure", None if sent is None else int(sent.code)))
    return seen


def wsproto_events(role: Role, pieces: Iterable[bytes]) -> list[Seen]:
    """Return what `wsproto` makes of `pieces`, in the words of these tests."""
    kind = ConnectionType.SERVER if role is Role.SERVER else ConnectionType.CLIENT
    connection = Connection(kind)
    seen: list[Seen] = []
    parts: list[Any] = []  # Any: str or bytes, of one kind at a time
    try:
        for piece in pieces:
            connection.receive_data(piece)
            for event in connection.events():
                if isinstance(event, Message):
                    parts.append(event.data)
                    if event.message_finished:
                        text = isinstance(event, TextMessage)
                        joined = "".join(parts) if text else b"".join(map(bytes, parts))
                        seen.append(("text" if text else "binary", joined))
                        parts = []
                        assert text or isinstance(event, BytesMessage)
                elif isinstance(event, Ping):
                    seen.append(("ping", bytes(event.payload)))
                elif isinstance(event, Pong):
                    seen.append(("pong", bytes(event.payload)))
                elif isinstance(event, CloseConnection):
                    seen.append(("close", int(event.code), event.reason or ""))
                    return seen
    except RemoteProtocolError as error:
        code = error.event_hint.code if isinstance(error.event_hint, CloseConnection) else None
        seen.append(("failure", code))
    return seen


def ours(role: Role, agreement: DeflateAgreement | None, pieces: Sequence[bytes]) -> list[Seen]:
    seen = events(WebSocketProtocol(role, agreement, max_message_size=LIMIT), *pieces)
    return [event[:2] if event[0] == "failure" else event for event in seen]


# Streams of frames, most of them legal

opcodes = st.sampled_from([0, 0, 1, 1, 1, 2, 2, 9, 10, 8, 3, 11])
payloads = st.one_of(
    st.binary(max_size=10),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(min_size=120, max_size=130),
    st.sampled_from([b"", b"\x03\xe8", b"\x03\xe8bye", b"\x03\xed", b"\x0b\xb8\xff", b"\x03"]),
)
frames = st.lists(st.tuples(opcodes, payloads, st.booleans(), st.integers(0, 20)), max_size=8)
sizes = st.lists(st.integers(1, 60), max_size=20)


def stream(role: Role, parts: list[tuple[int, bytes, bool, int]]) -> bytes:
    data = b""
    for opcode, payload, fin, rare in parts:
        data += frame(
            opcode,
            payload,
            to=role,
            fin=fin or rare > 5,
            rsv=4 if rare == 1 else 0,
            masked=role is Role.CLIENT if rare == 2 else None,
        )
    return data


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [piece for piece in [*pieces, data] if piece]


@given(st.sampled_from(BOTH_ROLES), frames, sizes)
@example(Role.SERVER, [(1, b"\xed\xa0\x80", True, 9)], [])
@example(Role.SERVER, [(8, b"\x03\xf4", True, 9)], [])
def test_any_frames_mean_the_same_to_websockets(
    role: Role, parts: list[tuple[int, bytes, bool, int]], sizes: list[int]
) -> None:
    data = stream(role, parts)

    mine = ours(role, None, cut(data, sizes))

    other = their_events(theirs(role, None), cut(data, sizes))
    if mine and mine[-1][0] == "failure":
        # `websockets` looks at text when the message is whole: it may not be, or other rules be
        # broken by then. Of a close with a wrong code and wrong text it names the text.
        assert other[: len(mine) - 1] == mine[:-1]
        assert mine[-1][1] == 1007 or other[-1] in (mine[-1], ("failure", 1007))
    elif mine and mine[-1][0] == "close" and other[-1] == ("failure", 1002):
        # It refuses a close amid a fragmented message, where RFC 6455 section 5.4 allows one.
        assert other[:-1] == mine[:-1]
        assert not all(fin or rare > 5 or opcode > 2 for opcode, _, fin, rare in parts)
    else:
        assert other == mine


@given(st.sampled_from(BOTH_ROLES), frames, sizes)
def test_any_frames_mean_the_same_to_wsproto(
    role: Role, parts: list[tuple[int, bytes, bool, int]], sizes: list[int]
) -> None:
    data = stream(role, parts)

    mine = ours(role, None, cut(data, sizes))

    other = wsproto_events(role, cut(data, sizes))
    if mine and mine[-1][0] == "failure":
        # `wsproto` reports a failure as a close, with the code.
        assert other[: len(mine) - 1] == mine[:-1]
        assert other[-1][:2] in (("close", mine[-1][1]), ("failure", mine[-1][1]))
    else:
        assert other == mine


# Messages that go from one to the other

agreements = st.one_of(
    st.none(),
    st.builds(
        DeflateAgreement,
        st.just(CompressionOptions()),
        st.integers(9, 15),
        st.integers(9, 15),
        st.booleans(),
        st.booleans(),
    ),
)
texts = st.lists(
    st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.just("abc" * 30000)),
    max_size=6,
)


def other_end(role: Role) -> Role:
    return Role.CLIENT if role is Role.SERVER else Role.SERVER


@given(st.sampled_from(BOTH_ROLES), agreements, texts)
def test_websockets_understands_what_this_protocol_sends(
    role: Role, agreement: DeflateAgreement | None, texts: list[str]
) -> None:
    sender = WebSocketProtocol(role, agreement)
    sent = [sender.send_text(text) for text in texts]
    sent += [sender.send_binary(text.encode()) for text in texts]
    sent += [sender.send_ping(b"?"), sender.send_close(1000, "bye")]

    seen = their_events(theirs(other_end(role), agreement), sent)

    assert seen == [
        *(("text", text) for text in texts),
        *(("binary", text.encode()) for text in texts),
        ("ping", b"?"),
        ("close", 1000, "bye"),
    ]


@given(st.sampled_from(BOTH_ROLES), agreements, texts, st.booleans())
def test_this_protocol_understands_what_websockets_sends(
    role: Role, agreement: DeflateAgreement | None, texts: list[str], fragmented: bool
) -> None:
    assume(texts)
    sender = theirs(role, agreement)
    if fragmented:
        sender.send_text(texts[0].encode(), fin=False)
        for text in texts[1:]:
            sender.send_continuation(text.encode(), fin=False)
        sender.send_continuation(b"", fin=True)
        expected = ["".join(texts)]
    else:
        for text in texts:
            sender.send_text(text.encode())
        expected = texts
    sender.send_close(1000, "bye")

    seen = ours(other_end(role), agreement, [b"".join(sender.data_to_send())])

    assert seen == [*(("text", text) for text in expected), ("close", 1000, "bye")]
