"""Third generation: async and await. The same site as callbacks.py and generators.py."""

import asyncio

import quote_service

import ostro.ioloop
import ostro.options
import ostro.web
from ostro.iostream import StreamClosedError
from ostro.netutil import TCPClient
from ostro.options import define, options

define("port", default=8000, type=int, help="port to listen on")


class QuoteHandler(ostro.web.RequestHandler):
    async def get(self, topic: str) -> None:
        try:
            async with asyncio.timeout(5):
                stream = await TCPClient().connect("127.0.0.1", options.quote_port)
                try:
                    await stream.write(topic.encode() + b"\n")
                    line = await stream.read_until(b"\n")
                finally:
                    stream.close()
        except (OSError, StreamClosedError, TimeoutError) as error:
            raise ostro.web.HTTPError(502, "the quote service is gone: %s", error) from error
        self.write({"quote": line.decode().strip()})


def make_app() -> ostro.web.Application:
    return ostro.web.Application([(r"/quote/(\w+)", QuoteHandler)])


async def main() -> None:
    service = quote_service.QuoteServer()
    service.listen(options.quote_port)
    await make_app().serve(options.port)
    service.stop()


if __name__ == "__main__":
    ostro.options.parse_command_line()
    ostro.ioloop.run(main)
