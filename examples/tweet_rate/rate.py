"""What all four programs have in common: where to search, what the answer means, the page."""

import os.path
import time
from email.utils import parsedate_to_datetime

import ostro.escape
import ostro.options
import ostro.web
from ostro.httputil import url_concat
from ostro.options import define, options

define("port", default=8000, type=int, help="port to listen on")
define("search", default="http://localhost:8001/search.json", help="the URL of the search service")


def search_url(query: str) -> str:
    return url_concat(options.search, {"q": query, "rpp": "100"})


def per_second(body: bytes) -> float:
    """Return how many posts there are in a second, by what the service found."""
    results = ostro.escape.json_decode(body)["results"]
    if not results:
        return 0.0
    oldest = parsedate_to_datetime(results[-1]["created_at"]).timestamp()
    return len(results) / max(1.0, time.time() - oldest)


def serve(handler: type[ostro.web.RequestHandler]) -> None:
    """Serve the handler at `/`."""
    ostro.options.parse_command_line()
    here = os.path.dirname(__file__)
    ostro.web.Application([(r"/", handler)], template_path=here).run(options.port)
