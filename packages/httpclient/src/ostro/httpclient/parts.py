"""What clients are made of, for whoever writes another one on top of this package.

Programs that fetch have no use for it. `Hop` decides what follows a redirect, `Turns` whose turn it
is, `Sweeper` looks after deadlines, `Decoder` undoes content codings; `URL`, `Proxy` and their
functions say where a request goes.
"""

from ._checks import check_request
from ._deadlines import NEVER, Alarm, Expiring, Sweeper
from ._decoding import Decoder, accepted_codings, decoder_for
from ._environment import environment_proxy
from ._hop import REDIRECTS, Hop
from ._message import FORM_TYPE
from ._request import DEFAULTS, BodyProducer, HeaderFields, SSLOptions, Write
from ._route import Proxy, proxy_of
from ._turns import Turns
from ._url import URL, parse_url

__all__ = [
    "DEFAULTS",
    "FORM_TYPE",
    "NEVER",
    "REDIRECTS",
    "URL",
    "Alarm",
    "BodyProducer",
    "Decoder",
    "Expiring",
    "HeaderFields",
    "Hop",
    "Proxy",
    "SSLOptions",
    "Sweeper",
    "Turns",
    "Write",
    "accepted_codings",
    "check_request",
    "decoder_for",
    "environment_proxy",
    "parse_url",
    "proxy_of",
]
