"""A dictionary that can be asked and told: `python dictionary.py --port=8000`, then
`curl -d definition=a+leg+shirt localhost:8000/pants`, and `curl localhost:8000/pants`.

Its words are in an SQLite file, or with `--mongodb=mongodb://localhost:27017/` in MongoDB.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import words

import ostro.options
import ostro.web
from ostro.options import define, options

define("port", default=8000, type=int, help="port to listen on")
define("database", default="words.sqlite", help="the SQLite file; made when it is missing")
define("mongodb", default="", help="the URI of a MongoDB server to use instead")
define("readonly", default=False, help="answer questions only")


class WordHandler(ostro.web.RequestHandler):
    def initialize(self, dictionary: words.Dictionary) -> None:
        self.dictionary = dictionary

    async def get(self, word: str) -> None:
        definition = await self.dictionary.look_up(word)
        if definition is None:
            self.set_status(404)
            self.write({"error": "word not found"})
        else:
            self.write({"word": word, "definition": definition})


class WritableWordHandler(WordHandler):
    async def post(self, word: str) -> None:
        definition = self.get_argument("definition", "")
        if not definition:
            self.set_status(400)
            self.write({"error": "definition is missing"})
            return
        await self.dictionary.define(word, definition)
        self.write({"word": word, "definition": definition})


def make_app(dictionary: words.Dictionary, *, readonly: bool = False) -> ostro.web.Application:
    @asynccontextmanager
    async def lifespan(app: ostro.web.Application) -> AsyncIterator[None]:
        yield
        await dictionary.close()

    handler = WordHandler if readonly else WritableWordHandler
    return ostro.web.Application(
        [(r"/([^/]+)", handler, {"dictionary": dictionary})], lifespan=lifespan
    )


if __name__ == "__main__":
    ostro.options.parse_command_line()
    dictionary = words.open_dictionary(options.database, options.mongodb)
    make_app(dictionary, readonly=options.readonly).run(options.port)
