"""The service that the three programs beside this one ask: a line with a topic in, a line with a
quote out.

It stands for any network service that answers in its own time. `python quote_service.py
--quote_port=8001` runs it alone.
"""

import contextlib

import ostro.ioloop
import ostro.options
from ostro.iostream import IOStream, StreamClosedError
from ostro.netutil import TCPServer
from ostro.options import define, options

define("quote_port", default=8001, type=int, help="port of the quote service")

QUOTES = {
    "time": "Time is what keeps everything from happening at once.",
    "work": "The reward of a thing well done is to have done it.",
}
UNKNOWN = "Nobody has said anything about that yet."


class QuoteServer(TCPServer):
    async def handle_stream(self, stream: IOStream, address: object) -> None:
        try:
            while True:
                line = await stream.read_until(b"\n", max_bytes=1024)
                topic = line.decode("utf-8", "replace").strip()
                await stream.write(QUOTES.get(topic, UNKNOWN).encode() + b"\n")
        except StreamClosedError:
            pass  # the client has had enough


if __name__ == "__main__":
    ostro.options.parse_command_line()
    QuoteServer().listen(options.quote_port)
    with contextlib.suppress(KeyboardInterrupt):
        ostro.ioloop.IOLoop.instance().start()
