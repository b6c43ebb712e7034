"""Sends files to receiver.py: `python uploader.py --port=8000 picture.jpg film.mp4`, as one form,
or with `--raw` each as a request of its own.

Files are read while they are sent: none is in memory as a whole.
"""

import asyncio
import mimetypes
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import ostro.ioloop
import ostro.options
from ostro.httpclient import AsyncHTTPClient, HTTPError, HTTPRequest, HTTPResponse
from ostro.options import define, options

define("port", default=8000, type=int, help="port of the receiver")
define("host", default="localhost", help="where the receiver is")
define("raw", default=False, help="send each file as the body of a request")

PIECE = 1 << 18
TIMEOUT = 3600.0


def content_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


async def pieces_of(path: Path) -> AsyncIterator[bytes]:
    """Read a file, in threads."""
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


def part_head(boundary: str, path: Path) -> bytes:
    """Return what stands before a file in a form. The name is written as browsers write it."""
    name = path.name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {content_type(path)}\r\n\r\n"
    )
    return head.encode()


async def form_of(boundary: str, paths: list[Path]) -> AsyncIterator[bytes]:
    """Make a form with files, piece by piece."""
    for path in paths:
        yield part_head(boundary, path)
        async for piece in pieces_of(path):
            yield piece
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


async def send_form(base: str, paths: list[Path]) -> HTTPResponse:
    boundary = uuid.uuid4().hex
    request = HTTPRequest(
        f"{base}/form",
        method="POST",
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        body_producer=form_of(boundary, paths),
        request_timeout=TIMEOUT,
    )
    return await AsyncHTTPClient().fetch(request)


async def send_raw(base: str, path: Path) -> HTTPResponse:
    size = (await asyncio.to_thread(path.stat)).st_size
    request = HTTPRequest(
        f"{base}/raw/{quote(path.name, safe='')}",
        method="PUT",
        headers={"Content-Type": content_type(path), "Content-Length": str(size)},
        body_producer=pieces_of(path),
        request_timeout=TIMEOUT,
    )
    return await AsyncHTTPClient().fetch(request)


async def main(paths: list[Path]) -> None:
    base = f"http://{options.host}:{options.port}"
    if options.raw:
        responses = [await send_raw(base, path) for path in paths]
    else:
        responses = [await send_form(base, paths)]
    for response in responses:
        print(response.body.decode())


if __name__ == "__main__":
    names = ostro.options.parse_command_line()
    if not names:
        sys.exit("usage: uploader.py [options] FILE...")
    try:
        ostro.ioloop.run(main([Path(name) for name in names]))
    except (HTTPError, OSError) as error:
        sys.exit(f"uploader.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)  # what shells make of Ctrl-C
