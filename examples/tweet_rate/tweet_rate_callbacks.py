"""The same with callbacks: `python tweet_rate_callbacks.py --port=8000`. Others are answered while
this waits.
"""

import rate

import ostro.httpclient
import ostro.web


class RateHandler(ostro.web.RequestHandler):
    @ostro.web.asynchronous
    def get(self) -> None:
        self.query = self.get_argument("q")
        client = ostro.httpclient.AsyncHTTPClient()
        client.fetch(rate.search_url(self.query), callback=self.on_response)

    def on_response(self, response: ostro.httpclient.HTTPResponse) -> None:
        response.rethrow()
        self.render("rate.html", query=self.query, rate=rate.per_second(response.body))


if __name__ == "__main__":
    rate.serve(RateHandler)
