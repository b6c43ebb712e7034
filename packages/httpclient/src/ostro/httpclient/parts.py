"""What clients are made of, for whoever writes another one on top of this package.

Programs that fetch have no use for it. `Fetch` carries a request out, but for what each client does
in its own way: send it, read the `Head` of a response, and the rest of it, the `Arrival`. `Hop`
decides what follows a redirect, `Turns` whose turn it is, `Decoder` undoes content codings; `URL`,
`Proxy` and their functions say where a request goes.
"""

from ._arrival import DEFAULT_MAX_BUFFER_SIZE, Arrival, BodyLimits, Head
from ._checks import check_least, check_piece, check_request
from ._decoding import Decoder
from ._environment import environment_proxy
from ._exchange import DRAINED_BYTES
from ._fetch import Fetch, FetchingClient
from ._hop import Hop
from ._message import add_cookies, add_usual
from ._request import DEFAULTS, BodyProducer, HeaderFields, SSLOptions, Write
from ._route import Proxy, proxy_of
from ._timing import Timing
from ._turns import DEFAULT_MAX_CLIENTS, Turns
from ._upload import LARGE_BODY
from ._url import URL, parse_url

__all__ = [
    "DEFAULTS",
    "DEFAULT_MAX_BUFFER_SIZE",
    "DEFAULT_MAX_CLIENTS",
    "DRAINED_BYTES",
    "LARGE_BODY",
    "URL",
    "Arrival",
    "BodyLimits",
    "BodyProducer",
    "Decoder",
    "Fetch",
    "FetchingClient",
    "Head",
    "HeaderFields",
    "Hop",
    "Proxy",
    "SSLOptions",
    "Timing",
    "Turns",
    "Write",
    "add_cookies",
    "add_usual",
    "check_least",
    "check_piece",
    "check_request",
    "environment_proxy",
    "parse_url",
    "proxy_of",
]
