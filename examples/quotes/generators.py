"""Second generation: generators. The same site as callbacks.py, written from top to bottom."""

import socket
from collections.abc import Generator
from typing import Any

import quote_service

import ostro.options
import ostro.web
from ostro import gen
from ostro.iostream import IOStream, StreamClosedError
from ostro.options import define, options

define("port", default=8000, type=int, help="port to listen on")


class QuoteHandler(ostro.web.RequestHandler):
    # Any: a generator is sent whatever it waited for
    @ostro.web.asynchronous
    @gen.engine
    def get(self, topic: str) -> Generator[Any, Any, None]:
        stream = IOStream(socket.socket())
        try:
            yield stream.connect(("127.0.0.1", options.quote_port))
            yield gen.Task(stream.write, topic.encode() + b"\n")
            line = yield gen.Task(stream.read_until, b"\n")
        except StreamClosedError as error:
            raise ostro.web.HTTPError(502, "the quote service is gone: %s", error) from error
        finally:
            stream.close()
        self.write({"quote": line.decode().strip()})
        self.finish()


def make_app() -> ostro.web.Application:
    return ostro.web.Application([(r"/quote/(\w+)", QuoteHandler)])


if __name__ == "__main__":
    ostro.options.parse_command_line()
    quote_service.QuoteServer().listen(options.quote_port)
    make_app().run(options.port)
