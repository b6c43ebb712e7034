"""The benchmark application on Starlette, for uvicorn."""

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def hello(request):
    return PlainTextResponse("Hello, world")


async def upload(request):
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
    return PlainTextResponse(str(size))


async def form_upload(request):
    async with request.form() as form:
        return PlainTextResponse(str(form["file"].size))


app = Starlette(
    routes=[
        Route("/", hello),
        Route("/upload", upload, methods=["PUT"]),
        Route("/form-upload", form_upload, methods=["PUT"]),
    ]
)
