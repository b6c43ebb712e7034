"""How often something is talked about: start search_service.py, then `python tweet_rate.py
--port=8000`, and open http://localhost:8000/?q=tea in a browser.

The simplest way, and the worst: nobody else is answered while this waits for the search service.
"""

import rate

import ostro.httpclient
import ostro.web


class RateHandler(ostro.web.RequestHandler):
    def get(self) -> None:
        query = self.get_argument("q")
        client = ostro.httpclient.HTTPClient()
        try:
            response = client.fetch(rate.search_url(query))
        finally:
            client.close()
        self.render("rate.html", query=query, rate=rate.per_second(response.body))


if __name__ == "__main__":
    rate.serve(RateHandler)
