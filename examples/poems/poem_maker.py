"""Makes a poem out of four words: `python poem_maker.py --port=8000`, then open
http://localhost:8000/ in a browser.
"""

import os.path

import ostro.options
import ostro.web
from ostro.options import define, options

define("port", default=8000, type=int, help="port to listen on")


class FormHandler(ostro.web.RequestHandler):
    def get(self) -> None:
        self.render("form.html")


class PoemHandler(ostro.web.RequestHandler):
    def post(self) -> None:
        self.render(
            "poem.html",
            travellers=self.get_argument("travellers"),
            place=self.get_argument("place"),
            lost=self.get_argument("lost"),
            found=self.get_argument("found"),
        )


def make_app() -> ostro.web.Application:
    return ostro.web.Application(
        handlers=[(r"/", FormHandler), (r"/poem", PoemHandler)],
        template_path=os.path.join(os.path.dirname(__file__), "templates"),
    )


if __name__ == "__main__":
    ostro.options.parse_command_line()
    make_app().run(options.port)
