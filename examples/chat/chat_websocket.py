"""The same chat on WebSockets: `python chat_websocket.py --port=8000`, then open http://localhost:8000/
in two browsers.
"""

import contextlib

import chat_page
from room import Message, Room, number_in

import ostro.escape
import ostro.websocket


class MessagesHandler(ostro.websocket.WebSocketHandler):
    def initialize(self, room: Room) -> None:
        self.room = room

    def open(self) -> None:
        for message in self.room.since(number_in(self.get_argument("after", "0")) or 0):
            self.tell(message)
        self.room.listen(self.tell)

    def tell(self, message: Message) -> None:
        with contextlib.suppress(ostro.websocket.WebSocketClosedError):  # on_close comes soon
            self.write_message({**message})

    def on_message(self, message: str | bytes) -> None:
        try:
            said = ostro.escape.json_decode(message)
            name, text = str(said["name"]), str(said["text"])
        except (ValueError, TypeError, KeyError):
            self.close(1008, "a message is an object with name and text")
        else:
            self.room.say(name, text)

    def on_close(self) -> None:
        self.room.leave(self.tell)


if __name__ == "__main__":
    chat_page.serve(chat_page.make_app(MessagesHandler, "web_socket.js"))
