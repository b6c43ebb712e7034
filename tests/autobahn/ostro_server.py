"""Our echo server: `ostro_server.py PORT`."""

import sys
from collections.abc import Awaitable

from ostro.httpserver import HTTPServer
from ostro.ioloop import IOLoop
from ostro.web import Application
from ostro.websocket import WebSocketHandler

MAX_MESSAGE_SIZE = 64 << 20


class Echo(WebSocketHandler):
    """Sends every message back."""

    def on_message(self, message: str | bytes) -> Awaitable[None]:
        return self.write_message(message, binary=isinstance(message, bytes))

    def get_compression_options(self) -> dict[str, object]:
        return {}


application = Application([("/.*", Echo)], websocket_max_message_size=MAX_MESSAGE_SIZE)
HTTPServer(application).listen(int(sys.argv[1]), "127.0.0.1")
IOLoop.instance().start()
