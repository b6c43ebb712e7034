"""The smallest site with an option: `python hello.py --port=8000`, then ask for
/?greeting=Salutations.
"""

import ostro.options
import ostro.web
from ostro.options import define, options

define("port", default=8000, type=int, help="port to listen on")


class GreetingHandler(ostro.web.RequestHandler):
    def get(self) -> None:
        greeting = self.get_argument("greeting", "Hello")
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.write(f"{greeting}, friendly user!")


def make_app() -> ostro.web.Application:
    return ostro.web.Application(handlers=[(r"/", GreetingHandler)])


if __name__ == "__main__":
    ostro.options.parse_command_line()
    make_app().run(options.port)
