"""First generation: callbacks. GET /quote/TOPIC asks the quote service, and answers when it has
answered.
"""

import functools
import socket

import quote_service

import ostro.options
import ostro.web
from ostro.iostream import IOStream
from ostro.options import define, options

define("port", default=8000, type=int, help="port to listen on")


class QuoteHandler(ostro.web.RequestHandler):
    @ostro.web.asynchronous
    def get(self, topic: str) -> None:
        self.stream = IOStream(socket.socket())
        self.stream.set_close_callback(self.on_service_gone)
        self.stream.connect(
            ("127.0.0.1", options.quote_port), functools.partial(self.on_connect, topic)
        )

    def on_connect(self, topic: str) -> None:
        self.stream.write(topic.encode() + b"\n")
        self.stream.read_until(b"\n", self.on_quote)

    def on_quote(self, line: bytes) -> None:
        self.stream.set_close_callback(None)
        self.stream.close()
        self.write({"quote": line.decode().strip()})
        self.finish()

    def on_service_gone(self) -> None:
        raise ostro.web.HTTPError(502, "the quote service is gone: %s", self.stream.error)


def make_app() -> ostro.web.Application:
    return ostro.web.Application([(r"/quote/(\w+)", QuoteHandler)])


if __name__ == "__main__":
    ostro.options.parse_command_line()
    quote_service.QuoteServer().listen(options.quote_port)
    make_app().run(options.port)
