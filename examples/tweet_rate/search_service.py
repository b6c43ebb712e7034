"""A search service for posts, to be asked by the programs beside it: `python search_service.py
--port=8001`, then `curl "localhost:8001/search.json?q=tea&rpp=3"`.

The posts are made up as they are asked for. How often something is talked about depends on the word
alone, from twenty times a second to every twelve seconds.
"""

import time
import zlib
from email.utils import formatdate

import ostro.options
import ostro.web
from ostro.options import define, options

define("port", default=8001, type=int, help="port to listen on")

MAX_RESULTS = 100


def seconds_between(query: str) -> float:
    """Return how many seconds lie between two posts about something."""
    return 0.05 * 1.15 ** (zlib.crc32(query.lower().encode()) % 40)


class SearchHandler(ostro.web.RequestHandler):
    """Finds the most recent posts, the newest first."""

    def get(self) -> None:
        query = self.get_argument("q")
        wanted = self.get_argument("rpp", "15")
        if not wanted.isdecimal() or not 1 <= int(wanted) <= MAX_RESULTS:
            raise ostro.web.HTTPError(400, "rpp %r is not from 1 to %d", wanted, MAX_RESULTS)
        step = seconds_between(query)
        newest = int(time.time() // step)
        results = [
            {
                "created_at": formatdate(number * step),
                "from_user": f"reader{number % 97}",
                "text": f"Thought number {number} about {query}.",
            }
            for number in range(newest, newest - int(wanted), -1)
        ]
        self.write({"results": results})


def make_app() -> ostro.web.Application:
    return ostro.web.Application([(r"/search\.json", SearchHandler)])


if __name__ == "__main__":
    ostro.options.parse_command_line()
    make_app().run(options.port)
