"""The echo server on Tornado: `tornado_server.py PORT`."""

import asyncio
import sys

import tornado.web
import tornado.websocket


class Echo(tornado.websocket.WebSocketHandler):
    """Sends every message back."""

    async def on_message(self, message: str | bytes) -> None:
        await self.write_message(message, binary=isinstance(message, bytes))

    def get_compression_options(self) -> dict[str, object]:
        return {}


async def main() -> None:
    """Serve until the process is ended."""
    application = tornado.web.Application([("/.*", Echo)], websocket_max_message_size=1 << 26)
    application.listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
