"""The guestbook tested in the style of unittest."""

# The assertions are those of unittest.
# ruff: noqa: PT009

import json
from collections.abc import Generator
from typing import Any
from urllib.parse import urlencode

from guestbook.app import make_app
from ostro import httpclient, testing, web


class GuestbookTest(testing.AsyncHTTPTestCase, testing.LogTrapTestCase):
    check_leaks = True

    def get_app(self) -> web.Application:
        return make_app()

    def entries(self) -> list[str]:
        response = self.fetch("/")
        self.assertEqual(response.code, 200)
        entries: list[str] = json.loads(response.body)["entries"]
        return entries

    def test_a_new_book_is_empty(self) -> None:
        self.assertEqual(self.entries(), [])

    def test_an_entry_is_kept(self) -> None:
        response = self.fetch("/", method="POST", body=urlencode({"entry": "Ada was here"}))

        self.assertTrue(response.effective_url.endswith("/"))
        self.assertEqual(self.entries(), ["Ada was here"])

    def test_an_entry_has_to_be_there(self) -> None:
        with testing.ExpectLog("ostro.general", ".*Missing argument entry"):
            response = self.fetch("/", method="POST", body="")

        self.assertEqual(response.code, 400)

    async def test_news_are_told(self) -> None:
        news = await self.ws_connect("/news")
        await self.http_client.fetch(self.get_url("/"), method="POST", body="entry=hello")

        self.assertEqual(await news.read_message(), '{"entry": "hello"}')

    @testing.gen_test
    def test_in_the_style_of_generators(self) -> Generator[Any, Any, None]:
        response = yield self.http_client.fetch(self.get_url("/"))
        self.assertEqual(response.code, 200)

    def test_in_the_style_of_callbacks(self) -> None:
        self.http_client.fetch(self.get_url("/nowhere"), self.stop)
        response: httpclient.HTTPResponse = self.wait()
        self.assertEqual(response.code, 404)


class SecureGuestbookTest(testing.AsyncHTTPSTestCase):
    def get_app(self) -> web.Application:
        return make_app()

    def test_the_book_is_served_over_tls(self) -> None:
        self.assertEqual(self.fetch("/").code, 200)


if __name__ == "__main__":
    testing.main()
