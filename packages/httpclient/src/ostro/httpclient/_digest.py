"""Digest authentication: from what the server asks to the field that answers it.

What a server has asked once is remembered, so that the next request has its answer at once.

Spec: RFC 7616.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple
from urllib.parse import quote

from ._challenges import Challenge, parse_challenges

__all__ = ["Credentials", "DigestMemory", "DigestRequest", "is_stale", "learn"]

_MAX_REMEMBERED: Final = 256
"""Servers whose challenge is remembered, each with a few hundred bytes."""


def _hash_with(name: str) -> Callable[[bytes], str]:
    def hexdigest(data: bytes) -> str:
        return hashlib.new(name, data, usedforsecurity=False).hexdigest()

    return hexdigest


_ALGORITHMS: Final = {
    "SHA-512-256": _hash_with("sha512_256"),
    "SHA-256": _hash_with("sha256"),
    "MD5": _hash_with("md5"),
}
"""The algorithms, the strongest first. Each exists with "-sess" too."""

Place = tuple[str, str, int]
"""Whom credentials are for: "proxy" or a scheme, host, port."""


class DigestRequest(NamedTuple):
    """What of a request goes into the digest. `body` is None where it is not known as a whole."""

    method: str
    target: str
    body: bytes | None


class Credentials(NamedTuple):
    """A user name and a password."""

    username: str
    password: str


class _Session:
    """A challenge, and how many requests have answered it."""

    __slots__ = ("challenge", "count")

    def __init__(self, challenge: Challenge) -> None:
        self.challenge = challenge
        self.count = 0


class DigestMemory:
    """The last challenge of each server to each user. Passwords are not kept."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[tuple[Place, str], _Session] = OrderedDict()

    def authorization(
        self, place: Place, request: DigestRequest, credentials: Credentials
    ) -> str | None:
        """Return the field value for a request; None where the server has not asked yet."""
        session = self._sessions.get((place, credentials.username))
        if session is None:
            return None
        self._sessions.move_to_end((place, credentials.username))
        session.count += 1
        return digest_authorization(
            session.challenge, request, credentials, session.count, secrets.token_hex(16)
        )

    def remember(self, place: Place, username: str, challenge: Challenge) -> None:
        """Take note of what a server asks."""
        self._sessions[place, username] = _Session(challenge)
        self._sessions.move_to_end((place, username))
        while len(self._sessions) > _MAX_REMEMBERED:
            self._sessions.popitem(last=False)


def learn(
    memory: DigestMemory,
    place: Place,
    values: Iterable[str],
    request: DigestRequest,
    username: str,
) -> bool:
    """Remember the strongest Digest challenge of a refusal, for the request to be sent again; say
    whether there is one that can be answered.
    """
    challenge = _strongest(parse_challenges(values))
    if challenge is None or _protection(challenge, request) is None:
        return False
    memory.remember(place, username, challenge)
    return True


def is_stale(values: Iterable[str]) -> bool:
    """Say whether only the nonce was too old, and not the password wrong."""
    challenge = _strongest(parse_challenges(values))
    return challenge is not None and challenge.parameters.get("stale", "").lower() == "true"


def digest_authorization(
    challenge: Challenge,
    request: DigestRequest,
    credentials: Credentials,
    count: int,
    cnonce: str,
) -> str:
    """Return the field value that answers a challenge.

    Args:
        challenge: It can be answered, see `_strongest`.
        request: What is asked for.
        credentials: Who asks.
        count: How often the nonce of the challenge has been used, this time included.
        cnonce: What nobody can foretell.
    """
    asked = challenge.parameters
    algorithm = asked.get("algorithm", "MD5")
    digest = _ALGORITHMS[algorithm.upper().removesuffix("-SESS")]
    encode = _encoder(asked, credentials)
    realm, nonce = asked.get("realm", ""), asked["nonce"]
    qop = _protection(challenge, request) or ""
    nc = f"{count:08x}"

    # The realm is what the server sent, byte for byte: fields are read as Latin-1.
    user = encode(f"{credentials.username}:") + realm.encode("latin-1")
    secret = digest(user + b":" + encode(credentials.password))
    if algorithm.upper().endswith("-SESS"):
        secret = digest(f"{secret}:{nonce}:{cnonce}".encode("latin-1"))
    wanted = f"{request.method}:{request.target}"
    if qop == "auth-int":
        wanted += f":{digest(request.body or b'')}"
    asked_for = digest(wanted.encode("latin-1"))
    between = f"{nonce}:{nc}:{cnonce}:{qop}" if qop else nonce
    response = digest(f"{secret}:{between}:{asked_for}".encode("latin-1"))

    fields = [*_user_fields(asked, credentials, digest(user)), _field("realm", realm)]
    fields += [_field("nonce", nonce), _field("uri", request.target)]
    if "algorithm" in asked:
        fields.append(f"algorithm={algorithm}")
    if qop:
        fields += [f"qop={qop}", f"nc={nc}", _field("cnonce", cnonce)]
    fields.append(_field("response", response))
    if "opaque" in asked:
        fields.append(_field("opaque", asked["opaque"]))
    return "Digest " + ", ".join(fields)


def _strongest(challenges: Iterable[Challenge]) -> Challenge | None:
    """Return the challenge with the strongest algorithm of those that are known here.

    RFC 7616 section 3.7 lets a local policy decide over the order of the server.
    """
    known = [
        challenge
        for challenge in challenges
        if challenge.scheme == "digest"
        and "nonce" in challenge.parameters
        and _strength(challenge) < len(_ALGORITHMS)
    ]
    return min(known, key=_strength, default=None)


def _strength(challenge: Challenge) -> int:
    name = challenge.parameters.get("algorithm", "MD5").upper().removesuffix("-SESS")
    names = list(_ALGORITHMS)
    return names.index(name) if name in names else len(names)


def _protection(challenge: Challenge, request: DigestRequest) -> str | None:
    """Return what is to be protected: "auth", "auth-int" with the body, "" in the manner of
    RFC 2069, None for what cannot be done.
    """
    offered = challenge.parameters.get("qop")
    if offered is None:
        return ""
    options = [option.strip().lower() for option in offered.split(",")]
    if "auth" in options:
        return "auth"
    return "auth-int" if "auth-int" in options and request.body is not None else None


def _encoder(asked: dict[str, str], credentials: Credentials) -> Callable[[str], bytes]:
    """Return what makes bytes of names: UTF-8 if the server says so, else Latin-1 if it can."""
    if asked.get("charset", "").upper() != "UTF-8":
        try:
            "".join(credentials).encode("latin-1")
        except UnicodeEncodeError:
            pass
        else:
            return lambda text: text.encode("latin-1", "replace")
    return lambda text: unicodedata.normalize("NFC", text).encode()


def _user_fields(asked: dict[str, str], credentials: Credentials, hashed: str) -> list[str]:
    username = credentials.username
    if asked.get("userhash", "").lower() == "true":
        return [_field("username", hashed), "userhash=true"]
    if username.isascii():
        return [_field("username", username)]
    # RFC 7616 section 3.4: in the extended notation of RFC 8187.
    return [f"username*=UTF-8''{quote(unicodedata.normalize('NFC', username), safe='')}"]


def _field(name: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}="{escaped}"'
