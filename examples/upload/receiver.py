"""Takes files: `python receiver.py --port=8000 --folder=/tmp/received`, then send some with
uploader.py, or `curl -F file=@picture.jpg localhost:8000/form`, or
`curl -T picture.jpg localhost:8000/raw/picture.jpg`.

Either way a file of any size goes to disk as it comes.
"""

import os
import tempfile
from pathlib import Path

import ostro.ioloop
import ostro.options
from ostro.options import define, options
from ostro.web import Application, HTTPError, RequestHandler, UploadHandler, stream_request_body

define("port", default=8000, type=int, help="port to listen on")
define("folder", default="", help="where the files go; a new temporary folder when empty")

MAX_SIZE = 10 << 30


def safe_name(name: str) -> str:
    """Return a name that is one of a file in a folder, whatever a client calls it."""
    name = os.path.basename(name.replace("\\", "/")).lstrip(".")
    if not name or not name.isprintable() or len(name.encode()) > 200:
        raise HTTPError(400, "%r is no name for a file", name)
    return name


class FormHandler(UploadHandler):
    """Takes files from forms."""

    max_body_size = MAX_SIZE

    def initialize(self, folder: Path) -> None:
        self.folder = folder

    async def post(self) -> None:
        received = {}
        for files in self.uploads.values():
            for file in files:
                name = safe_name(file.filename)
                await file.save(self.folder / name)
                received[name] = file.size
        self.write({"received": received})


@stream_request_body
class RawHandler(RequestHandler):
    """Takes a file that is the whole body of a request."""

    max_body_size = MAX_SIZE

    def initialize(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        self.name = safe_name(self.path_args[0] or "")
        self.size = 0
        # Until it is whole, it has no name that anybody would take for the file.
        self.part = tempfile.NamedTemporaryFile(dir=self.folder, delete=False)  # noqa: SIM115 - closed in on_finish

    async def data_received(self, chunk: bytes) -> None:
        await ostro.ioloop.IOLoop.current().run_in_executor(None, self.part.write, chunk)
        self.size += len(chunk)

    def put(self, name: str) -> None:
        self.part.close()
        os.replace(self.part.name, self.folder / self.name)
        self.write({"received": {self.name: self.size}})

    def on_finish(self) -> None:
        part = getattr(self, "part", None)
        if part is not None:
            part.close()
            Path(part.name).unlink(missing_ok=True)


def make_app(folder: Path) -> Application:
    shared = {"folder": folder}
    return Application([(r"/form", FormHandler, shared), (r"/raw/([^/]+)", RawHandler, shared)])


if __name__ == "__main__":
    ostro.options.parse_command_line()
    folder = Path(options.folder or tempfile.mkdtemp(prefix="received-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"Files go to {folder}", flush=True)
    make_app(folder).run(options.port)
