"""The benchmark application on aiohttp and uvloop: `aiohttp_app.py PORT [--static DIRECTORY]`."""

import asyncio
import sys

import uvloop
from aiohttp import web

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


async def hello(request):
    return web.Response(text="Hello, world")


async def echo(request):
    return web.Response(body=await request.read())


async def upload(request):
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
    return web.Response(text=str(size))


async def form_upload(request):
    form = await request.post()
    return web.Response(text=str(form["file"].file.seek(0, 2)))


app = web.Application(client_max_size=1 << 30)
app.router.add_get("/", hello)
app.router.add_post("/echo", echo)
app.router.add_put("/upload", upload)
app.router.add_put("/form-upload", form_upload)
if "--static" in sys.argv:
    app.router.add_static("/static/", sys.argv[-1])
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
