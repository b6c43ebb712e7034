"""The WebSocket echo server on Ostro: `websocket_ostro.py PORT`."""

import sys
from collections.abc import Mapping

from ostro.httpserver import HTTPServer
from ostro.ioloop import IOLoop
from ostro.web import Application
from ostro.websocket import WebSocketHandler


class Echo(WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        self.write_message(message, binary=isinstance(message, bytes))


class Compressed(Echo):
    def get_compression_options(self) -> Mapping[str, object]:
        return {"compression_level": 6, "mem_level": 8}


def main() -> None:
    application = Application([("/", Echo), ("/deflate", Compressed)])
    HTTPServer(application).listen(int(sys.argv[1]), "127.0.0.1")
    IOLoop.instance().start()


if __name__ == "__main__":
    main()
