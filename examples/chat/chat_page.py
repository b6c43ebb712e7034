"""What both chats have in common: the page, with a form that works without JavaScript too."""

import os.path

from room import Room

import ostro.escape
import ostro.options
import ostro.web
from ostro.options import define, options

define("port", default=8000, type=int, help="port to listen on")


class RoomHandler(ostro.web.RequestHandler):
    def initialize(self, room: Room) -> None:
        self.room = room


class PageHandler(RoomHandler):
    def get(self) -> None:
        messages = self.room.since(0)
        self.render("room.html", messages=messages, name=self.get_argument("name", ""))


class SayHandler(RoomHandler):
    def post(self) -> None:
        name = self.get_argument("name", "")
        self.room.say(name, self.get_argument("text"))
        self.redirect(f"/?name={ostro.escape.url_escape(name)}", status=303)


def make_app(
    messages_handler: type[ostro.web.RequestHandler], script: str
) -> ostro.web.Application:
    here = os.path.dirname(__file__)
    shared = {"room": Room()}
    return ostro.web.Application(
        [
            (r"/", PageHandler, shared),
            (r"/say", SayHandler, shared),
            (r"/messages", messages_handler, shared),
        ],
        template_path=os.path.join(here, "templates"),
        static_path=os.path.join(here, "static"),
        xsrf_cookies=True,
        script=script,
    )


def serve(app: ostro.web.Application) -> None:
    ostro.options.parse_command_line()
    # Questions of browsers that stand open are not waited for until there is an answer.
    app.run(options.port, drain_timeout=1)
