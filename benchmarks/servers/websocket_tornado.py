"""The WebSocket echo server on Tornado: `websocket_tornado.py PORT`."""

import asyncio
import sys

import tornado.web
import tornado.websocket
import uvloop


class Echo(tornado.websocket.WebSocketHandler):
    def open(self):
        self.set_nodelay(True)

    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))


class Compressed(Echo):
    def get_compression_options(self):
        return {"compression_level": 6, "mem_level": 8}


async def main():
    app = tornado.web.Application([("/", Echo), ("/deflate", Compressed)])
    app.listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


uvloop.run(main())
