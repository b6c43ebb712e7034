"""The benchmark application on BlackSheep, for uvicorn."""

from blacksheep import Application, get, text

app = Application()


@get("/")
async def hello():
    return text("Hello, world")
