"""Puts the words of one text into another, by their first letters: `python alpha_munger.py
--port=8000`, then open http://localhost:8000/ in a browser.
"""

import os.path
import random
from collections import defaultdict

import ostro.options
import ostro.web
from ostro.options import define, options

define("port", default=8000, type=int, help="port to listen on")


class FormHandler(ostro.web.RequestHandler):
    def get(self) -> None:
        self.render("form.html")


class MungedHandler(ostro.web.RequestHandler):
    def post(self) -> None:
        self.render(
            "munged.html",
            words=words_by_first_letter(self.get_argument("source")),
            lines=self.get_argument("change").splitlines(),
            choice=random.choice,
        )


def words_by_first_letter(text: str) -> dict[str, list[str]]:
    words: dict[str, list[str]] = defaultdict(list)
    for word in text.split():
        words[word[0]].append(word)
    return words


def make_app() -> ostro.web.Application:
    here = os.path.dirname(__file__)
    return ostro.web.Application(
        handlers=[(r"/", FormHandler), (r"/munged", MungedHandler)],
        template_path=os.path.join(here, "templates"),
        static_path=os.path.join(here, "static"),
        debug=True,
    )


if __name__ == "__main__":
    ostro.options.parse_command_line()
    make_app().run(options.port)
