"""The same with a coroutine: `python tweet_rate_await.py --port=8000`."""

import rate

import ostro.httpclient
import ostro.web


class RateHandler(ostro.web.RequestHandler):
    async def get(self) -> None:
        query = self.get_argument("q")
        response = await ostro.httpclient.AsyncHTTPClient().fetch(rate.search_url(query))
        self.render("rate.html", query=query, rate=rate.per_second(response.body))


if __name__ == "__main__":
    rate.serve(RateHandler)
