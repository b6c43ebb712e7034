"""A small web service for text: GET /reverse/WORD, and POST /wrap with `text` and, if you like,
`width`.
"""

import textwrap

import ostro.options
import ostro.web
from ostro.options import define, options

define("port", default=8000, type=int, help="port to listen on")

DEFAULT_WIDTH = 40
MAX_WIDTH = 1000


class PlainTextHandler(ostro.web.RequestHandler):
    def set_default_headers(self) -> None:
        self.set_header("Content-Type", "text/plain; charset=UTF-8")


class ReverseHandler(PlainTextHandler):
    def get(self, word: str) -> None:
        self.write(word[::-1])


class WrapHandler(PlainTextHandler):
    def post(self) -> None:
        text = self.get_argument("text")
        self.write(textwrap.fill(text, self.width()))

    def width(self) -> int:
        given = self.get_argument("width", str(DEFAULT_WIDTH))
        is_number = given.isdecimal() and len(given) < 10
        if not is_number or not 1 <= int(given) <= MAX_WIDTH:
            raise ostro.web.HTTPError(
                400, "width %r is not a number from 1 to %d", given, MAX_WIDTH
            )
        return int(given)


def make_app() -> ostro.web.Application:
    return ostro.web.Application(
        handlers=[(r"/reverse/([^/]+)", ReverseHandler), (r"/wrap", WrapHandler)]
    )


if __name__ == "__main__":
    ostro.options.parse_command_line()
    make_app().run(options.port)
