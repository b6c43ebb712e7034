"""An application that answers with what it saw of the request, for the tests with real clients.

`reporting_app.py --port=8888`, or `--unix-socket=PATH`; over TLS with `--certfile`, `--keyfile` and
`--ca-certs`. It runs on uvloop, or on asyncio's own loop with `--plain-asyncio`.
"""

import asyncio
import hashlib
import os
import signal
import ssl
from typing import Any

import ostro.ioloop
import ostro.options
from ostro.httpserver import HTTPServer
from ostro.iostream import IOStream
from ostro.netutil import bind_unix_socket
from ostro.options import define, options
from ostro.web import Application, RequestHandler

define("port", type=int, help="port to listen on, at 127.0.0.1")
define("unix_socket", default="", help="path of a socket to listen on")
define("certfile", default="", help="the server's certificate; it makes the server speak TLS")
define("keyfile", default="", help="the key of that certificate")
define("ca_certs", default="", help="who may have issued the certificates of clients")
define("require_certificate", default=False, help="serve only clients that have a certificate")
define("max_body_size", default=64 << 20, type=int, help="bytes")
define("plain_asyncio", default=False, help="run on asyncio's own loop")

PIECE = bytes(range(256)) * 256
"""What the downloads are made of: 64 KiB in which no two neighbours are the same."""

DRAIN_SECONDS = 60.0
"""Longer than the tests wait for its end: what waits in vain is noticed."""


class CountingServer(HTTPServer):
    """A server that knows how many connections it has been given since it started."""

    accepted = 0

    def handle_stream(self, stream: IOStream, address: object) -> None:
        self.accepted += 1
        super().handle_stream(stream, address)


class ReportHandler(RequestHandler):
    """Answers with what the server knows about the request and its connection."""

    def initialize(self, servers: list[CountingServer]) -> None:
        self.servers = servers

    def report(self) -> None:
        request = self.request
        self.write(
            {
                "method": request.method,
                "uri": request.uri,
                "url": request.full_url(),
                "version": request.version,
                "remote_ip": request.remote_ip,
                "protocol": request.protocol,
                "headers": dict(request.headers),
                "size": len(request.body),
                "sha256": hashlib.sha256(request.body).hexdigest(),
                "certificate": request.get_ssl_certificate(),
                "connections": sum(server.accepted for server in self.servers),
            }
        )

    get = head = post = put = delete = patch = report


class FormHandler(RequestHandler):
    """Answers with the fields and the files of a form."""

    def post(self) -> None:
        files = {
            name: [
                {
                    "filename": file.filename,
                    "content_type": file.content_type,
                    "size": len(file.body),
                    "sha256": hashlib.sha256(file.body).hexdigest(),
                }
                for file in uploads
            ]
            for name, uploads in self.request.files.items()
        }
        fields = {name: self.get_arguments(name, strip=False) for name in self.request.arguments}
        self.write({"fields": fields, "files": files})


class DownloadHandler(RequestHandler):
    """Sends a number of pieces one by one, without saying how many come."""

    async def get(self, pieces: str) -> None:
        for _ in range(int(pieces)):
            self.write(PIECE)
            await self.flush()


class CountdownHandler(RequestHandler):
    """Counts down, a line at a time."""

    async def get(self) -> None:
        for number in range(5, 0, -1):
            self.write(f"{number} …\n")
            await self.flush()
            await asyncio.sleep(0.2)
        self.write("Done.\n")


class HelloHandler(RequestHandler):
    def get(self) -> None:
        self.write("Hello, world")


def make_app(servers: list[CountingServer]) -> Application:
    return Application(
        [
            (r"/", HelloHandler),
            (r"/countdown", CountdownHandler),
            (r"/form", FormHandler),
            (r"/download/([0-9]+)", DownloadHandler),
            (r"/.*", ReportHandler, {"servers": servers}),
        ]
    )


def ssl_options() -> dict[str, Any] | None:  # Any: mixed as in ssl
    if not options.certfile:
        return None
    chosen: dict[str, Any] = {"certfile": options.certfile, "keyfile": options.keyfile}
    if options.ca_certs:
        wanted = ssl.CERT_REQUIRED if options.require_certificate else ssl.CERT_OPTIONAL
        chosen |= {"ca_certs": options.ca_certs, "cert_reqs": wanted}
    return chosen


async def main() -> None:
    servers: list[CountingServer] = []
    server = CountingServer(
        make_app(servers),
        xheaders=True,
        trusted_proxies=["127.0.0.1"],
        ssl_options=ssl_options(),
        max_body_size=options.max_body_size,
    )
    servers.append(server)
    if options.unix_socket:
        server.add_socket(bind_unix_socket(options.unix_socket))
    else:
        server.listen(options.port, "127.0.0.1")
    asked_to_stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked_to_stop.set)
    await asked_to_stop.wait()
    server.stop()
    await server.drain(DRAIN_SECONDS)
    if options.unix_socket:
        os.unlink(options.unix_socket)


if __name__ == "__main__":
    ostro.options.parse_command_line()
    if options.plain_asyncio:
        asyncio.run(main())
    else:
        ostro.ioloop.run(main)
