"""permessage-deflate: what the two ends agree on, and the two contexts.

A context costs tens to hundreds of KiB, so it is made when the first message needs it. zlib cannot
compress with a window of 256 bytes (8 bits): where the peer asks for that, what is received may be
compressed, and what is sent is not, which the extension allows for each message.

Spec: RFC 7692.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

from ._extensions import Extension, parse_extensions
from ._frames import INVALID_DATA, MESSAGE_TOO_BIG
from ._grammar import WINDOW_BITS
from ._states import Role
from .errors import HandshakeError, ProtocolViolation

NAME: Final = "permessage-deflate"

SERVER_NO_CONTEXT: Final = "server_no_context_takeover"
CLIENT_NO_CONTEXT: Final = "client_no_context_takeover"
SERVER_BITS: Final = "server_max_window_bits"
CLIENT_BITS: Final = "client_max_window_bits"

MAX_BITS: Final = 15
"""The base-2 logarithm of the largest window, 32 KiB. Spec: RFC 1951 section 2."""

UNSUPPORTED_BITS: Final = 8
"""What zlib does not do for raw deflate; it inflates that with a window of 9 bits as well."""

DEFAULT_COMPRESSION_LEVEL: Final = 6
"""zlib's own default."""

DEFAULT_MEM_LEVEL: Final = 8
"""zlib's own default: 128 KiB of a deflate context, beside its window."""

_TAIL: Final = b"\x00\x00\xff\xff"
"""What a sync flush ends with, left out on the wire. Spec: RFC 7692 section 7.2.1."""

_EMPTY: Final = b"\x00"
"""An empty message, compressed. Spec: RFC 7692 section 7.2.3.6."""


@dataclass(frozen=True, slots=True)
class CompressionOptions:
    """How this end compresses, and what it asks for.

    - `level`: 0 to 9, or -1 for zlib's choice: the time that compressing may take.
    - `mem_level`: 1 to 9: the memory for it, 2 ** (mem_level + 9) bytes.
    - `server_max_window_bits`, `client_max_window_bits`: 8 to 15, the most that each end's window
      may have; the memory is 2 ** (bits + 2) bytes to compress, 2 ** bits to decompress.
    - `server_no_context_takeover`, `client_no_context_takeover`: each message of that end is
      compressed on its own. It costs compression, and saves the memory between messages.

    Raises ValueError for values out of these bounds.
    """

    level: int = DEFAULT_COMPRESSION_LEVEL
    mem_level: int = DEFAULT_MEM_LEVEL
    server_max_window_bits: int = MAX_BITS
    client_max_window_bits: int = MAX_BITS
    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False

    def __post_init__(self) -> None:
        _check("compression level", self.level, -1, 9)
        _check("mem_level", self.mem_level, 1, 9)
        _check(SERVER_BITS, self.server_max_window_bits, UNSUPPORTED_BITS, MAX_BITS)
        _check(CLIENT_BITS, self.client_max_window_bits, UNSUPPORTED_BITS, MAX_BITS)


def _check(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} is {value}, expected {least} to {most}")


DEFAULT_COMPRESSION: Final = CompressionOptions()


@dataclass(frozen=True, slots=True)
class DeflateAgreement:
    """What client and server have agreed on; `options` are this end's own."""

    options: CompressionOptions = DEFAULT_COMPRESSION
    server_max_window_bits: int = MAX_BITS
    client_max_window_bits: int = MAX_BITS
    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False

    def deflator(self, role: Role) -> Deflator | None:
        """Return what compresses for the end that `role` names; None where zlib cannot."""
        if role is Role.SERVER:
            bits, alone = self.server_max_window_bits, self.server_no_context_takeover
        else:
            bits, alone = self.client_max_window_bits, self.client_no_context_takeover
        if bits == UNSUPPORTED_BITS:
            return None
        return Deflator(bits, alone, self.options.level, self.options.mem_level)

    def inflator(self, role: Role) -> Inflator:
        """Return what decompresses for the end that `role` names."""
        if role is Role.SERVER:
            return Inflator(self.client_max_window_bits, self.client_no_context_takeover)
        return Inflator(self.server_max_window_bits, self.server_no_context_takeover)


# Negotiation


def answer_offers(field: str, options: CompressionOptions) -> tuple[str, DeflateAgreement] | None:
    """Choose, as a server, from the offers of a client: return the field to answer with, and what
    is agreed on; None if no offer of permessage-deflate is acceptable.

    Offers with parameters that are unknown, repeated or out of bounds are declined. Raises
    HandshakeError for a field that breaks the grammar. Spec: RFC 7692 sections 5.1 and 7.1.
    """
    for offer in parse_extensions(field):
        if offer.name == NAME:
            answer = _answer(offer, options)
            if answer is not None:
                return answer
    return None


def _answer(offer: Extension, options: CompressionOptions) -> tuple[str, DeflateAgreement] | None:
    offered = _values(offer)
    if offered is None or offered.get(SERVER_BITS, 0) is None:
        return None
    server_bits = min(offered.get(SERVER_BITS) or MAX_BITS, options.server_max_window_bits)
    client_bits = MAX_BITS
    if CLIENT_BITS in offered:
        client_bits = min(offered[CLIENT_BITS] or MAX_BITS, options.client_max_window_bits)
    agreement = DeflateAgreement(
        options,
        server_bits,
        client_bits,
        SERVER_NO_CONTEXT in offered or options.server_no_context_takeover,
        CLIENT_NO_CONTEXT in offered or options.client_no_context_takeover,
    )
    return str(Extension(NAME, _parameters(agreement))), agreement


def make_offer(options: CompressionOptions = DEFAULT_COMPRESSION) -> str:
    """Return the field with which a client offers permessage-deflate.

    Spec: RFC 7692 section 7.1.
    """
    agreement = DeflateAgreement(
        options,
        options.server_max_window_bits,
        options.client_max_window_bits,
        options.server_no_context_takeover,
        options.client_no_context_takeover,
    )
    parameters = _parameters(agreement)
    if options.client_max_window_bits == MAX_BITS:
        parameters.append((CLIENT_BITS, None))  # the server may ask for a smaller window
    return str(Extension(NAME, parameters))


def read_answer(field: str | None, options: CompressionOptions | None) -> DeflateAgreement | None:
    """Read, as a client, what a server has accepted; None if it accepted no extension.

    `options` are those of the offer, None if none was made. Raises HandshakeError for a field that
    breaks the grammar, or that accepts what was not offered. Spec: RFC 7692 section 7.1.
    """
    accepted = parse_extensions(field) if field is not None else []
    if not accepted:
        return None
    if len(accepted) > 1 or options is None or accepted[0].name != NAME:
        raise HandshakeError("the server accepts an extension that was not offered")
    values = _values(accepted[0])
    if values is None or None in (values.get(SERVER_BITS, 0), values.get(CLIENT_BITS, 0)):
        raise HandshakeError("the server's answer to permessage-deflate is not valid")
    agreement = DeflateAgreement(
        options,
        values.get(SERVER_BITS) or MAX_BITS,
        min(values.get(CLIENT_BITS) or MAX_BITS, options.client_max_window_bits),
        SERVER_NO_CONTEXT in values,
        CLIENT_NO_CONTEXT in values or options.client_no_context_takeover,
    )
    if agreement.server_max_window_bits > options.server_max_window_bits or (
        options.server_no_context_takeover and not agreement.server_no_context_takeover
    ):
        raise HandshakeError("the server's answer to permessage-deflate exceeds the offer")
    return agreement


def _values(extension: Extension) -> dict[str, int | None] | None:
    """Return the parameters, window sizes as numbers; None if one is not valid."""
    values: dict[str, int | None] = {}
    for name, value in extension.parameters:
        if name in values:
            return None
        if name in (SERVER_NO_CONTEXT, CLIENT_NO_CONTEXT):
            if value is not None:
                return None
            values[name] = None
        elif name in (SERVER_BITS, CLIENT_BITS):
            if value is not None and WINDOW_BITS.fullmatch(value) is None:
                return None
            values[name] = None if value is None else int(value)
        else:
            return None
    return values


def _parameters(agreement: DeflateAgreement) -> list[tuple[str, str | None]]:
    parameters: list[tuple[str, str | None]] = []
    if agreement.server_no_context_takeover:
        parameters.append((SERVER_NO_CONTEXT, None))
    if agreement.client_no_context_takeover:
        parameters.append((CLIENT_NO_CONTEXT, None))
    if agreement.server_max_window_bits < MAX_BITS:
        parameters.append((SERVER_BITS, str(agreement.server_max_window_bits)))
    if agreement.client_max_window_bits < MAX_BITS:
        parameters.append((CLIENT_BITS, str(agreement.client_max_window_bits)))
    return parameters


# The contexts


class Deflator:
    """Compresses the messages of one direction."""

    __slots__ = ("_alone", "_bits", "_context", "_level", "_mem_level")

    def __init__(self, bits: int, alone: bool, level: int, mem_level: int) -> None:
        self._bits = bits
        # Whether each message is compressed without those before it.
        self._alone = alone
        self._level = level
        self._mem_level = mem_level
        self._context: zlib._Compress | None = None

    def deflate(self, data: bytes, final: bool = True) -> bytes:
        """Return a message, or its next fragment, compressed.

        Spec: RFC 7692 section 7.2.1.
        """
        context = self._context
        if context is None:
            context = zlib.compressobj(self._level, zlib.DEFLATED, -self._bits, self._mem_level)
        output = context.compress(data) + context.flush(zlib.Z_SYNC_FLUSH)
        if not final:
            self._context = context
            return output
        self._context = None if self._alone else context
        # A context that has nothing new to flush says nothing.
        return output[:-4] if output else _EMPTY


class Inflator:
    """Decompresses the messages of one direction."""

    __slots__ = ("_alone", "_bits", "_context", "_restarted")

    def __init__(self, bits: int, alone: bool) -> None:
        self._bits = max(bits, UNSUPPORTED_BITS + 1)
        # Whether each message was compressed without those before it.
        self._alone = alone
        self._context: zlib._Decompress | None = None
        # Whether this message has had a block that says it is the last.
        self._restarted = False

    def inflate(self, data: bytes, final: bool, limit: int) -> bytes:
        """Return what a message, or the next bytes of one, decompress to: at most `limit` bytes.

        Raises ProtocolViolation: 1009 for more than that, however much more it is; 1007 for data
        that is corrupt. Spec: RFC 7692 section 7.2.2.
        """
        if final:
            data += _TAIL
        context = self._context
        if context is None:
            context = self._context = zlib.decompressobj(-self._bits)
        try:
            output = context.decompress(data, limit + 1)
            if context.eof:
                output += self._restart(context.unused_data, limit + 1 - len(output))
        except zlib.error:
            raise ProtocolViolation(INVALID_DATA, "corrupt compressed data") from None
        if len(output) > limit:
            raise ProtocolViolation(MESSAGE_TOO_BIG, "message too big when decompressed")
        if final:
            self._restarted = False
            if self._alone:
                self._context = None
        return output

    def _restart(self, data: bytes, limit: int) -> bytes:
        """Go on after a final block, which zlib takes for the end of all, and forgets what was
        before it.

        There may be one in a message: each costs a new context. Spec: RFC 7692 section 7.2.3.4.
        """
        if limit <= 0:
            return b""  # too much already
        if self._restarted:
            raise ProtocolViolation(INVALID_DATA, "a second final block in a message")
        self._restarted = True
        context = self._context = zlib.decompressobj(-self._bits)
        output = context.decompress(data, limit)
        if context.eof:
            raise ProtocolViolation(INVALID_DATA, "a second final block in a message")
        return output
