"""The benchmark application on Ostro: `ostro_app.py PORT [--upload | --static DIRECTORY]`."""

import asyncio
import sys

from ostro.httpserver import HTTPServer
from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    ResponseStartLine,
)
from ostro.ioloop import IOLoop
from ostro.web import (
    Application,
    RequestHandler,
    UploadedFile,
    UploadHandler,
    stream_request_body,
)

ROUTES = 1000
OK = ResponseStartLine("HTTP/1.1", 200, "OK")


class Hello(RequestHandler):
    def get(self) -> None:
        self.write("Hello, world")


class AsyncHello(RequestHandler):
    async def get(self) -> None:
        self.write("Hello, world")


class Waiting(RequestHandler):
    async def get(self) -> None:
        await asyncio.sleep(0)
        self.write("Hello, world")


class Json(RequestHandler):
    def get(self) -> None:
        self.write({"message": "Hello, world", "n": [1, 2, 3]})


class Story(RequestHandler):
    def get(self, story_id: str) -> None:
        self.write("story " + story_id)


class Form(RequestHandler):
    def post(self) -> None:
        self.write("You wrote " + self.get_argument("message"))


class Echo(RequestHandler):
    def post(self) -> None:
        self.write(self.request.body)


@stream_request_body
class Streamed(RequestHandler):
    """Does as Upload, through the framework."""

    def prepare(self) -> None:
        self.size = 0

    def data_received(self, chunk: bytes) -> None:
        self.size += len(chunk)

    def put(self) -> None:
        self.write(str(self.size))


class Stored(UploadHandler):
    """Takes a form with a file to disk."""

    def put(self) -> None:
        upload = self.request.files["file"][0]
        self.write(str(upload.size) if isinstance(upload, UploadedFile) else "in memory")


class Upload(HTTPServerConnectionDelegate):
    """Counts what is uploaded to it, chunk by chunk, without keeping it."""

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        return _Counted(request_conn)


class _Counted(HTTPMessageDelegate):
    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection
        self._size = 0

    def data_received(self, chunk: bytes) -> None:
        self._size += len(chunk)

    def finish(self) -> None:
        body = str(self._size).encode()
        headers = HTTPHeaders({"Content-Length": str(len(body))})
        self._connection.write_headers(OK, headers, body, end=True)


def make_app() -> Application:
    return Application(
        [
            (r"/", Hello),
            (r"/async", AsyncHello),
            (r"/waiting", Waiting),
            (r"/json", Json),
            (r"/story/([0-9]+)", Story),
            (r"/form", Form),
            (r"/echo", Echo),
            (r"/upload", Streamed),
            (r"/form-upload", Stored),
        ]
        + [(rf"/r{i}/([0-9]+)", Story) for i in range(ROUTES)]
    )


def make_delegate() -> HTTPServerConnectionDelegate:
    if "--upload" in sys.argv:
        return Upload()
    if "--static" in sys.argv:
        return Application([], static_path=sys.argv[-1])
    return make_app()


def main() -> None:
    port = int(sys.argv[1])
    HTTPServer(make_delegate(), max_body_size=1 << 30).listen(port, "127.0.0.1")
    IOLoop.instance().start()


if __name__ == "__main__":
    main()
