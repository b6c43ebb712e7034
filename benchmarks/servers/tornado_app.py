"""The benchmark application on Tornado: `tornado_app.py PORT [--static DIRECTORY]`."""

import asyncio
import logging
import sys

import tornado.web

logging.getLogger("tornado.access").setLevel(logging.ERROR)


class Hello(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello, world")


class Echo(tornado.web.RequestHandler):
    def post(self):
        self.write(self.request.body)


@tornado.web.stream_request_body
class Upload(tornado.web.RequestHandler):
    def prepare(self):
        self.size = 0

    def data_received(self, chunk):
        self.size += len(chunk)

    def put(self):
        self.write(str(self.size))


async def main():
    settings = {"static_path": sys.argv[-1]} if "--static" in sys.argv else {}
    app = tornado.web.Application(
        [(r"/", Hello), (r"/echo", Echo), (r"/upload", Upload)], **settings
    )
    app.listen(int(sys.argv[1]), "127.0.0.1", max_body_size=1 << 30)
    await asyncio.Event().wait()


asyncio.run(main())
