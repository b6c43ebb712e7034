"""The benchmark application on Sanic: `sanic_app.py PORT`."""

import sys

from sanic import Sanic, text

app = Sanic("bench")


@app.get("/")
async def hello(request):
    return text("Hello, world")


if __name__ == "__main__":
    app.run(
        "127.0.0.1",
        int(sys.argv[1]),
        single_process=True,
        access_log=False,
        debug=False,
        motd=False,
    )
