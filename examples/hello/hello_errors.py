"""The same site with error pages of its own: `python hello_errors.py --port=8000`, then
`curl -d a=b localhost:8000/`, and `curl localhost:8000/nowhere`.
"""

from typing import Any

import ostro.options
import ostro.web
from ostro.options import define, options

define("port", default=8000, type=int, help="port to listen on")


class PoliteHandler(ostro.web.RequestHandler):
    # Any: whatever is passed to send_error comes along
    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.write(f"Oh dear, user! That was a {status_code}.")


class GreetingHandler(PoliteHandler):
    def get(self) -> None:
        greeting = self.get_argument("greeting", "Hello")
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.write(f"{greeting}, friendly user!")


class NotFoundHandler(PoliteHandler):
    def prepare(self) -> None:
        raise ostro.web.HTTPError(404)


def make_app() -> ostro.web.Application:
    return ostro.web.Application(
        handlers=[(r"/", GreetingHandler)],
        default_handler_class=NotFoundHandler,
    )


if __name__ == "__main__":
    ostro.options.parse_command_line()
    make_app().run(options.port)
