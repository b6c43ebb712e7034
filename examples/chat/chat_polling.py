"""A chat by long polling: `python chat_polling.py --port=8000`, then open http://localhost:8000/ in
two browsers.

The browsers ask for what is new over and over, and each question is answered when there is
something.
"""

import asyncio

import chat_page
from room import number_in

import ostro.web

LONGEST_WAIT = 50.0
"""Seconds until a question is answered with nothing: proxies give up after a minute."""


class MessagesHandler(chat_page.RoomHandler):
    async def get(self) -> None:
        after = number_in(self.get_argument("after", "0"))
        if after is None:
            raise ostro.web.HTTPError(400, "after is not the number of a message")
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                messages = await self.room.wait_for_more(after)
        except TimeoutError:
            messages = []
        self.set_header("Cache-Control", "no-store")
        self.write({"messages": messages})


if __name__ == "__main__":
    chat_page.serve(chat_page.make_app(MessagesHandler, "long_polling.js"))
