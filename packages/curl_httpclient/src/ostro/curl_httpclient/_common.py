"""What this client shares with the simple one, from the package that holds it."""

from __future__ import annotations

from ostro.httpclient import CookieJar
from ostro.httpclient._deadlines import NEVER, Sweeper
from ostro.httpclient._decoding import Decoder, accepted_codings, decoder_for
from ostro.httpclient._environment import environment_proxy
from ostro.httpclient._hop import REDIRECTS, Hop
from ostro.httpclient._message import FORM_TYPE
from ostro.httpclient._request import BodyProducer
from ostro.httpclient._route import Proxy, proxy_of
from ostro.httpclient._turns import Turns
from ostro.httpclient._url import URL

__all__ = [
    "FORM_TYPE",
    "NEVER",
    "REDIRECTS",
    "URL",
    "BodyProducer",
    "CookieJar",
    "Decoder",
    "Hop",
    "Proxy",
    "Sweeper",
    "Turns",
    "accepted_codings",
    "decoder_for",
    "environment_proxy",
    "proxy_of",
]
