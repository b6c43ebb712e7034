"""The same with a generator: `python tweet_rate_gen.py --port=8000`. One method again."""

from collections.abc import Generator
from typing import Any

import rate

import ostro.gen
import ostro.httpclient
import ostro.web


class RateHandler(ostro.web.RequestHandler):
    # Any: a generator is sent whatever it waited for
    @ostro.web.asynchronous
    @ostro.gen.engine
    def get(self) -> Generator[Any, Any, None]:
        query = self.get_argument("q")
        client = ostro.httpclient.AsyncHTTPClient()
        response = yield ostro.gen.Task(client.fetch, rate.search_url(query))
        response.rethrow()
        self.render("rate.html", query=query, rate=rate.per_second(response.body))


if __name__ == "__main__":
    rate.serve(RateHandler)
