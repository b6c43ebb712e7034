"""The benchmark application on Falcon, for uvicorn."""

import falcon.asgi


class Hello:
    async def on_get(self, req, resp):
        resp.content_type = "text/plain"
        resp.text = "Hello, world"


app = falcon.asgi.App()
app.add_route("/", Hello())
