"""Counts how often a browser has come, in a cookie that it cannot change: `python
cookie_counter.py --port=8000`, then open http://localhost:8000/ a few times.
"""

import secrets

import ostro.options
import ostro.web
from ostro.options import define, options

define("port", default=8000, type=int, help="port to listen on")
define("cookie_secret", default="", help="what signs the cookies; made up when empty")

PAGE = """<!DOCTYPE html>
<html lang="en">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Cookie counter</title>
  <h1>You have been here {times}.</h1>
</html>
"""


class CountHandler(ostro.web.RequestHandler):
    def get(self) -> None:
        cookie = self.get_secure_cookie("count")
        count = int(cookie) + 1 if cookie else 1
        self.set_secure_cookie("count", str(count), httponly=True, samesite="Lax")
        times = "once" if count == 1 else f"{count} times"
        self.write(PAGE.format(times=times))


def make_app(cookie_secret: str) -> ostro.web.Application:
    return ostro.web.Application([(r"/", CountHandler)], cookie_secret=cookie_secret)


if __name__ == "__main__":
    ostro.options.parse_command_line()
    # A site that keeps its visitors over a restart has its secret in its configuration.
    app = make_app(options.cookie_secret or secrets.token_urlsafe(32))
    app.run(options.port)
