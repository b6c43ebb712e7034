"""A Flask application on the server that is named: `wsgi_app.py SERVER PORT`.

SERVER is ostro, ostro-inline, tornado or tornado-threads; gunicorn and waitress have commands of
their own.
"""

import logging
import sys
from concurrent.futures import ThreadPoolExecutor

import flask

THREADS = 4
app = flask.Flask(__name__)


@app.get("/")
def hello():
    return "Hello, world"


def ostro(port, threads):
    from ostro.httpserver import HTTPServer
    from ostro.ioloop import IOLoop
    from ostro.wsgi import WSGIContainer

    HTTPServer(WSGIContainer(app, threads=threads)).listen(port, "127.0.0.1")
    IOLoop.current().start()


def tornado(port, executor):
    import asyncio

    import uvloop
    from tornado.httpserver import HTTPServer
    from tornado.wsgi import WSGIContainer

    logging.getLogger("tornado.access").setLevel(logging.ERROR)

    async def main():
        HTTPServer(WSGIContainer(app, executor)).listen(port, "127.0.0.1")
        await asyncio.Event().wait()

    uvloop.run(main())


if __name__ == "__main__":
    server, port = sys.argv[1], int(sys.argv[2])
    if server.startswith("ostro"):
        ostro(port, 0 if server == "ostro-inline" else THREADS)
    else:
        tornado(port, ThreadPoolExecutor(THREADS) if server == "tornado-threads" else None)
