"""MemoryClient: an application asked as a browser or a program would ask it."""

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from ostro import web
from ostro.httpclient import (
    ContentDecodingError,
    HTTPClientError,
    HTTPRequest,
    HTTPResponse,
    HTTPStreamClosedError,
    HTTPTimeoutError,
    RedirectError,
    ResponseTooLargeError,
    TooManyRedirectsError,
)
from ostro.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
)
from ostro.ioloop import IOLoop
from ostro.testing import MemoryClient, Upload
from ostro.websocket import ClientHandshake, HandshakeRefusedError, WebSocketHandler


class Echo(web.RequestHandler):
    """Tells what was asked."""

    SUPPORTED_METHODS = (*web.RequestHandler.SUPPORTED_METHODS, "PURGE")

    def get(self) -> None:
        request = self.request
        self.write(
            {
                "method": request.method,
                "uri": request.uri,
                "url": request.full_url(),
                "ip": request.remote_ip,
                "headers": dict(request.headers.get_all()),
                "arguments": {
                    name: [value.decode() for value in values]
                    for name, values in request.arguments.items()
                },
                "files": {
                    name: [[file.filename, file.content_type, file.body.decode()] for file in files]
                    for name, files in request.files.items()
                },
                "body": request.body.decode(),
                "certificate": request.get_ssl_certificate(),
            }
        )

    post = put = patch = delete = options = get

    def head(self) -> None:
        self.set_header("X-Length", "0")

    purge = get


class Numbers(web.RequestHandler):
    def get(self) -> None:
        self.write(json.dumps(self.request.headers.get_list("X-Number")))


class Redirect(web.RequestHandler):
    def get(self) -> None:
        self.redirect(self.get_argument("to"), status=int(self.get_argument("code", "302")))

    post = head = get


class Cookies(web.RequestHandler):
    def get(self) -> None:
        self.set_cookie("seen", f"{self.get_cookie('seen', '')}+")
        self.write(self.request.headers.get("Cookie", ""))


class Secret(web.RequestHandler):
    def get(self) -> None:
        self.write(self.get_secure_cookie("user") or b"nobody")


class Form(web.RequestHandler):
    def check_xsrf_cookie(self) -> None:
        super().check_xsrf_cookie()

    def prepare(self) -> None:
        if self.request.method != "GET":
            self.check_xsrf_cookie()

    def get(self) -> None:
        self.write(self.xsrf_token)

    def post(self) -> None:
        self.write("taken")


class Pieces(web.RequestHandler):
    """Sends pieces, and notes how many of them the client has let it send."""

    sent = 0

    async def get(self) -> None:
        Pieces.sent = 0
        for _ in range(10):
            self.write(b"x" * 40_000)
            await self.flush()
            Pieces.sent += 1


class Slow(web.RequestHandler):
    ended: asyncio.Event

    async def get(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            Slow.ended.set()


class Broken(web.RequestHandler):
    async def get(self) -> None:
        self.write("begun")
        await self.flush()
        connection = self.request.connection
        assert connection is not None
        connection.close()


class Compressed(web.RequestHandler):
    def get(self) -> None:
        body = gzip.compress(b"compressed " * 10)
        self.set_header("Content-Encoding", self.get_argument("coding", "gzip"))
        cut = int(self.get_argument("cut", "0"))
        self.finish(body[: len(body) - cut] if cut >= 0 else b"not compressed")


class CompressedPieces(web.RequestHandler):
    async def get(self) -> None:
        self.set_header("Content-Encoding", "gzip")
        for byte in gzip.compress(b"byte by byte"):
            self.write(bytes((byte,)))
            await self.flush()


class Hints(web.RequestHandler):
    def get(self) -> None:
        connection = self.request.connection
        assert connection is not None
        connection.write_informational(103, HTTPHeaders({"Link": "</style.css>"}))
        self.write("hinted")


class EchoSocket(WebSocketHandler):
    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return subprotocols[0]

    def open(self) -> None:
        self.set_nodelay(True)

    async def on_message(self, message: str | bytes) -> None:
        await self.write_message(f"{self.get_cookie('name', 'nobody')}: {message!s}")


class Refusal(web.RequestHandler):
    def get(self) -> None:
        self.set_cookie("refused", "1")
        self.send_error(403)


@web.stream_request_body
class Upstream(web.RequestHandler):
    def prepare(self) -> None:
        self.pieces: list[int] = []

    async def data_received(self, chunk: bytes) -> None:
        await asyncio.sleep(0)
        self.pieces.append(len(chunk))

    def post(self) -> None:
        self.write({"pieces": self.pieces, "length": self.request.headers.get("Content-Length")})


application = web.Application(
    [
        (r"/echo.*", Echo),
        (r"/redirect", Redirect),
        (r"/numbers", Numbers),
        (r"/cookies.*", Cookies),
        (r"/secret", Secret),
        (r"/form", Form),
        (r"/pieces", Pieces),
        (r"/slow", Slow),
        (r"/broken", Broken),
        (r"/compressed", Compressed),
        (r"/compressed-pieces", CompressedPieces),
        (r"/hints", Hints),
        (r"/socket", EchoSocket),
        (r"/refusal", Refusal),
        (r"/upstream", Upstream),
    ],
    cookie_secret="a secret",
)


@pytest.fixture
def client(io_loop: IOLoop) -> MemoryClient:
    return MemoryClient(application)


# Asking


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_each_method_is_a_method(io_loop: IOLoop, client: MemoryClient, method: str) -> None:
    response = await getattr(client, method.lower())("/echo?a=b")

    assert response.code == 200
    assert response.json()["method"] == method
    assert response.json()["uri"] == "/echo?a=b"


async def test_any_other_method_can_be_asked_with(io_loop: IOLoop, client: MemoryClient) -> None:
    response = await client.request("PURGE", "/echo")

    assert response.json()["method"] == "PURGE"


async def test_head_has_headers_and_no_body(io_loop: IOLoop, client: MemoryClient) -> None:
    response = await client.head("/echo")

    assert response.headers["X-Length"] == "0"
    assert response.body == b""


async def test_a_response_is_that_of_every_client(io_loop: IOLoop, client: MemoryClient) -> None:
    response = await client.get("/echo")

    assert isinstance(response, HTTPResponse)
    assert response.reason == "OK"
    assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert response.headers["Content-Length"] == str(len(response.body))
    assert response.effective_url == "http://localhost/echo"
    assert response.http_version == "HTTP/1.1"
    assert response.request_time is not None
    assert json.loads(response.text) == response.json()


async def test_arguments_are_added_to_the_query(io_loop: IOLoop, client: MemoryClient) -> None:
    response = await client.get("/echo?a=1", params={"b": ["2", "3"], "ü": "ä b"})

    assert response.json()["arguments"] == {"a": ["1"], "b": ["2", "3"], "ü": ["ä b"]}


async def test_a_path_may_hold_any_character(io_loop: IOLoop, client: MemoryClient) -> None:
    response = await client.get("/echo/ü b")

    client.set_cookie("any", "1")
    with_cookie = await client.get("/echo/ü b")

    assert response.json()["uri"] == with_cookie.json()["uri"] == "/echo/%C3%BC%20b"


async def test_json_is_sent_and_understood(io_loop: IOLoop, client: MemoryClient) -> None:
    response = await client.post("/echo", json=None)

    assert response.json()["headers"]["Content-Type"] == "application/json"
    assert response.json()["body"] == "null"


async def test_a_form_is_sent(io_loop: IOLoop, client: MemoryClient) -> None:
    response = await client.post("/echo", form={"a": "ä", "b": ["1", "2"]})

    assert response.json()["arguments"] == {"a": ["ä"], "b": ["1", "2"]}


async def test_files_are_sent_with_a_form(io_loop: IOLoop, client: MemoryClient) -> None:
    response = await client.post(
        "/echo",
        form={"title": 'a "title"\n', "tags": ["x", "y"]},
        files={
            'a "name"': Upload('ü "1".txt', b"one"),
            "more": [Upload("2.png", b"two"), Upload("3", b"three", "text/x-mine")],
            "unknown": Upload("4", b"four"),
        },
    )

    assert response.json()["arguments"] == {"title": ['a "title"\n'], "tags": ["x", "y"]}
    assert response.json()["files"] == {
        "a %22name%22": [["ü %221%22.txt", "text/plain", "one"]],
        "more": [["2.png", "image/png", "two"], ["3", "text/x-mine", "three"]],
        "unknown": [["4", "application/octet-stream", "four"]],
    }


async def test_files_need_no_form(io_loop: IOLoop, client: MemoryClient) -> None:
    response = await client.post("/echo", files={"a": Upload("a.txt", b"one")})

    assert response.json()["files"] == {"a": [["a.txt", "text/plain", "one"]]}


async def test_a_request_has_one_body(io_loop: IOLoop, client: MemoryClient) -> None:
    with pytest.raises(ValueError, match="not both"):
        client.post("/echo", json={}, form={})
    with pytest.raises(ValueError, match="one body"):
        client.post("/echo", json={}, body=b"")
    with pytest.raises(ValueError, match="one body"):
        client.post("/echo", form={}, body_producer=[])


async def test_headers_that_are_given_come_first(io_loop: IOLoop, client: MemoryClient) -> None:
    headers = {"Host": "example.com", "User-Agent": "Me", "Content-Type": "text/x-mine"}
    response = await client.post("/echo", json={}, headers=headers, user_agent="Another")

    nameless = await client.get("/echo", user_agent="")

    assert "User-Agent" not in nameless.json()["headers"]
    assert response.json()["headers"].items() >= headers.items()
    assert response.json()["url"] == "http://example.com/echo"


async def test_a_header_that_is_given_twice_comes_twice(
    io_loop: IOLoop, client: MemoryClient
) -> None:
    headers = HTTPHeaders()
    headers.add("X-Number", "1")
    headers.add("X-Number", "2")

    response = await client.get("/numbers", headers=headers)

    assert response.json() == ["1", "2"]


async def test_a_login_in_the_url_is_sent_and_goes_nowhere_else(
    io_loop: IOLoop, client: MemoryClient
) -> None:
    there = await client.get("http://me:secret@localhost/echo")
    elsewhere = await client.get(
        "http://me:secret@localhost/redirect?to=http://localhost:81/echo",
        headers={"X-Mine": "1"},
    )

    assert there.json()["headers"]["Authorization"] == "Basic bWU6c2VjcmV0"
    assert elsewhere.json()["headers"].items() >= {"Host": "localhost:81", "X-Mine": "1"}.items()
    assert "Authorization" not in elsewhere.json()["headers"]


async def test_basic_authentication_is_sent(io_loop: IOLoop, client: MemoryClient) -> None:
    response = await client.get("/echo", auth_username="me", auth_password="secret")

    assert response.json()["headers"]["Authorization"] == "Basic bWU6c2VjcmV0"
    with pytest.raises(ValueError, match="expected 'basic'"):
        await client.get("/echo", auth_username="me", auth_mode="digest")


async def test_the_application_sees_who_asks(io_loop: IOLoop) -> None:
    client = MemoryClient(
        application,
        base_url="https://shop.example.com:8443/",
        remote_ip="192.0.2.1",
        certificate={"subject": "me"},
        defaults={"user_agent": "Me"},
    )

    told = (await client.get("/echo")).json()

    assert told["ip"] == "192.0.2.1"
    assert told["url"] == "https://shop.example.com:8443/echo"
    assert told["certificate"] == {"subject": "me"}
    assert told["headers"]["User-Agent"] == "Me"


async def test_fetch_is_that_of_every_client(io_loop: IOLoop, client: MemoryClient) -> None:
    responses: list[HTTPResponse] = []

    assert (await client.fetch(HTTPRequest("/echo"))).code == 200
    with pytest.raises(HTTPClientError, match="404"):
        await client.fetch("/nowhere")
    assert (await client.get("/nowhere")).code == 404
    with pytest.raises(HTTPClientError, match="404"):
        await client.get("/nowhere", raise_error=True)
    await client.fetch("/nowhere", responses.append, raise_error=False)
    await asyncio.sleep(0)
    assert [response.code for response in responses] == [404]


# Redirects


@pytest.mark.parametrize(
    ("code", "method", "then"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (302, "GET", "GET"),
    ],
)
async def test_a_redirect_is_followed(
    io_loop: IOLoop, client: MemoryClient, code: int, method: str, then: str
) -> None:
    path = f"/redirect?code={code}&to=/echo"
    response = await (client.post(path, json={"a": 1}) if method == "POST" else client.get(path))

    assert response.effective_url == "http://localhost/echo"
    assert response.json()["method"] == then
    assert response.json()["body"] == ('{"a": 1}' if then == "POST" else "")
    assert ("Content-Type" in response.json()["headers"]) is (then == "POST")


async def test_head_stays_head(io_loop: IOLoop, client: MemoryClient) -> None:
    response = await client.head("/redirect?code=303&to=/echo")

    assert response.headers["X-Length"] == "0"


async def test_a_redirect_may_be_looked_at(io_loop: IOLoop, client: MemoryClient) -> None:
    response = await client.get("/redirect?to=/echo", follow_redirects=False)

    assert (response.code, response.headers["Location"]) == (302, "/echo")


async def test_another_host_is_not_followed_to(io_loop: IOLoop, client: MemoryClient) -> None:
    response = await client.get("/redirect?to=https://login.example.com/")

    assert (response.code, response.headers["Location"]) == (302, "https://login.example.com/")


async def test_redirects_that_lead_nowhere_are_errors(
    io_loop: IOLoop, client: MemoryClient
) -> None:
    with pytest.raises(RedirectError, match="mailto"):
        await client.get("/redirect?to=mailto:me")
    with pytest.raises(TooManyRedirectsError) as caught:
        await client.get("/redirect?to=/redirect%3Fto=/redirect%3Fto=/echo", max_redirects=1)
    assert caught.value.response is not None
    assert caught.value.response.code == 302


# Cookies and users


async def test_cookies_are_kept(io_loop: IOLoop, client: MemoryClient) -> None:
    await client.get("/cookies")
    await client.get("/cookies")
    client.set_cookie("mine", "1")

    response = await client.get("/cookies", headers={"Cookie": "own=2"})

    assert response.text == "own=2; seen=++; mine=1"
    assert client.get_cookie("seen") == "+++"
    assert client.get_cookie("unseen") is None
    assert {cookie.name for cookie in client.cookies} == {"seen", "mine"}


async def test_a_client_can_be_logged_in(io_loop: IOLoop, client: MemoryClient) -> None:
    assert (await client.get("/secret")).text == "nobody"

    client.set_secure_cookie("user", "Ada")

    assert (await client.get("/secret")).text == "Ada"


async def test_a_client_is_logged_in_with_the_key_that_counts(io_loop: IOLoop) -> None:
    client = MemoryClient(
        web.Application([(r"/", Secret)], cookie_secret={1: "old", 2: "new"}, key_version=2)
    )

    client.set_secure_cookie("user", "Ada")

    assert (await client.get("/")).text == "Ada"


async def test_who_signs_needs_a_secret(io_loop: IOLoop) -> None:
    with pytest.raises(TypeError, match="cookie_secret"):
        MemoryClient(web.Application()).set_secure_cookie("user", "Ada")
    with pytest.raises(TypeError, match="cookie_secret"):
        MemoryClient(NoApplication()).set_secure_cookie("user", "Ada")


class NoApplication(HTTPServerConnectionDelegate):
    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        return HTTPMessageDelegate()


async def test_forms_are_protected_unless_the_client_asks_otherwise(io_loop: IOLoop) -> None:
    careless, careful = MemoryClient(application), MemoryClient(application, xsrf=True)

    assert (await careless.post("/form")).code == 403
    assert (await careful.post("/form")).text == "taken"
    careful.cookies.clear()
    await careful.get("/form")
    assert (await careful.post("/form")).text == "taken"
    assert (await careless.post("/form", form={"_xsrf": careless.xsrf_token})).text == "taken"


# Streaming


async def test_a_response_can_be_read_while_it_comes(io_loop: IOLoop, client: MemoryClient) -> None:
    async with client.stream("/pieces") as response:
        assert response.code == 200
        assert response.headers["Transfer-Encoding"] == "chunked"
        await anext(response)
        for _ in range(20):  # rounds in which it could send more
            await asyncio.sleep(0)

        sent_before_more_was_read = Pieces.sent
        rest = await response.read()

    assert sent_before_more_was_read < 10
    assert len(rest) == 9 * 40_000
    assert Pieces.sent == 10


async def test_leaving_a_streamed_response_cancels_the_handler(
    io_loop: IOLoop, client: MemoryClient
) -> None:
    async with client.stream("/pieces") as response:
        await anext(response)

    for _ in range(5):
        await asyncio.sleep(0)
    assert Pieces.sent < 10


async def test_pieces_can_go_to_a_callback(io_loop: IOLoop, client: MemoryClient) -> None:
    sizes: list[int] = []

    async def take(piece: bytes) -> None:
        await asyncio.sleep(0)
        sizes.append(len(piece))

    response = await client.get("/pieces", streaming_callback=take)

    assert sizes == [40_000] * 10
    assert response.body == b""


async def test_header_lines_can_go_to_a_callback(io_loop: IOLoop, client: MemoryClient) -> None:
    lines: list[str] = []

    response = await client.get("/redirect?to=/echo", header_callback=lines.append)

    assert lines[0] == "HTTP/1.1 200 OK\r\n"
    assert lines[-1] == "\r\n"
    assert len(response.headers) == 0
    assert response.json()["uri"] == "/echo"


async def test_redirects_are_not_streamed(io_loop: IOLoop, client: MemoryClient) -> None:
    async with client.stream("/redirect?to=/pieces") as response:
        assert len(await response.read()) == 400_000


async def pieces() -> AsyncIterator[bytes]:
    for size in (1, 0, 20_000):
        yield b"x" * size


async def produce(write: Callable[[bytes], Awaitable[None]]) -> None:
    await write(b"x")
    write(b"")
    write(b"x" * 20_000)


def produce_at_once(write: Callable[[bytes], Awaitable[None]]) -> None:
    write(b"x")
    write(b"x" * 20_000)


async def produce_impatiently(write: Callable[[bytes], Awaitable[None]]) -> None:
    for size in (1, 20_000):
        waiting = asyncio.ensure_future(write(b"x" * size))
        waiting.cancel()


@pytest.mark.parametrize("producer", [pieces, produce, produce_at_once, produce_impatiently])
async def test_a_body_can_be_sent_in_pieces(
    io_loop: IOLoop, client: MemoryClient, producer: Any
) -> None:
    if producer is pieces:
        producer = pieces()
    response = await client.post("/upstream", body_producer=producer)

    assert response.json() == {"pieces": [1, 20_000], "length": None}


async def test_a_redirected_body_is_produced_again_if_it_can_be(
    io_loop: IOLoop, client: MemoryClient
) -> None:
    path = "/redirect?code=307&to=/upstream"
    again = await client.post(path, body_producer=produce)
    not_again = await client.post(path, body_producer=pieces())

    assert again.json() == {"pieces": [1, 20_000], "length": None}
    assert (not_again.code, not_again.headers["Location"]) == (307, "/upstream")


async def test_a_body_that_breaks_breaks_the_connection(
    io_loop: IOLoop, client: MemoryClient
) -> None:
    async def broken(write: Callable[[bytes], Awaitable[None]]) -> None:
        await write(b"x")
        raise ZeroDivisionError("while producing")

    with pytest.raises(ZeroDivisionError, match="while producing"):
        await client.post("/upstream", body_producer=broken)


async def test_a_body_that_nobody_wants_is_not_produced_further(
    io_loop: IOLoop, client: MemoryClient
) -> None:
    async def endless(write: Callable[[bytes], Awaitable[None]]) -> None:
        while True:
            await write(b"x" * 1_000_000)

    response = await client.post("/nowhere", body_producer=endless, request_timeout=10)

    assert response.code == 413


# What goes wrong


async def test_a_connection_that_is_closed_is_an_error(
    io_loop: IOLoop, client: MemoryClient
) -> None:
    with pytest.raises(HTTPStreamClosedError, match="before the response was whole"):
        await client.get("/broken")
    with pytest.raises(HTTPStreamClosedError):
        await client.get("/broken", streaming_callback=lambda piece: None)


async def test_a_deadline_ends_the_fetch_and_the_handler(
    io_loop: IOLoop, client: MemoryClient
) -> None:
    Slow.ended = asyncio.Event()

    with pytest.raises(HTTPTimeoutError, match=r"after 0\.01 seconds"):
        await client.get("/slow", request_timeout=0.01)
    await Slow.ended.wait()


async def test_a_deadline_of_somebody_else_is_none_of_the_fetch(
    io_loop: IOLoop, client: MemoryClient
) -> None:
    def late(piece: bytes) -> None:
        raise TimeoutError("the callback's own")

    with pytest.raises(TimeoutError, match="the callback's own"):
        await client.get("/echo", streaming_callback=late)


async def test_a_body_that_is_too_large_is_an_error(io_loop: IOLoop, client: MemoryClient) -> None:
    assert len((await client.get("/pieces", max_body_size=400_000)).body) == 400_000
    with pytest.raises(ResponseTooLargeError, match="more than 399999 bytes"):
        await client.get("/pieces", max_body_size=399_999)


async def test_a_compressed_body_stays_so_unless_the_client_asks_otherwise(
    io_loop: IOLoop, client: MemoryClient
) -> None:
    as_it_is = await client.get("/compressed")
    decompressed = await client.get("/compressed", decompress_response=True)
    other = await client.get("/compressed?coding=x-mine", decompress_response=True)

    assert gzip.decompress(as_it_is.body) == decompressed.body == b"compressed " * 10
    assert decompressed.headers["X-Consumed-Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in decompressed.headers
    assert other.headers["Content-Encoding"] == "x-mine"


async def test_a_compressed_body_may_come_byte_by_byte(
    io_loop: IOLoop, client: MemoryClient
) -> None:
    response = await client.get("/compressed-pieces", decompress_response=True)

    assert response.text == "byte by byte"


@pytest.mark.parametrize("cut", [3, -1], ids=["cut off", "something else"])
async def test_a_body_that_is_not_what_it_says_is_an_error(
    io_loop: IOLoop, client: MemoryClient, cut: int
) -> None:
    with pytest.raises(ContentDecodingError):
        await client.get(f"/compressed?cut={cut}", decompress_response=True)


async def test_interim_responses_are_told(io_loop: IOLoop, client: MemoryClient) -> None:
    codes: list[int] = []

    response = await client.get(
        "/hints", informational_callback=lambda code, headers: codes.append(code)
    )

    assert codes == [103]
    assert response.informational[0][1]["Link"] == "</style.css>"


# Lifespan


async def test_the_application_is_alive_while_the_client_is(io_loop: IOLoop) -> None:
    steps: list[str] = []

    @contextlib.asynccontextmanager
    async def lifespan(application: web.Application) -> AsyncIterator[None]:
        async with asyncio.TaskGroup():  # it has to be left in the task that entered it
            steps.append("up")
            yield
            steps.append("down")

    async with MemoryClient(web.Application([(r"/", Echo)], lifespan=lifespan)) as client:
        assert (await client.get("/")).code == 200
        assert steps == ["up"]

    assert steps == ["up", "down"]
    assert client.closed


async def test_an_application_that_cannot_start_says_so(io_loop: IOLoop) -> None:
    def lifespan(application: web.Application) -> contextlib.AbstractAsyncContextManager[None]:
        raise ZeroDivisionError("no database")

    with pytest.raises(web.StartupError, match="no database"):
        async with MemoryClient(web.Application(lifespan=lifespan)):
            pass


# WebSockets


async def test_a_websocket_is_opened_in_memory(io_loop: IOLoop) -> None:
    async with MemoryClient(application) as client:
        client.set_cookie("name", "Ada")
        websocket = await client.ws_connect("/socket", subprotocols=["a", "b"])
        await websocket.write_message("hello")

        assert websocket.selected_subprotocol == "a"
        assert await websocket.read_message() == "Ada: hello"

    assert websocket.close_code is not None


async def test_large_messages_go_through(io_loop: IOLoop) -> None:
    async with MemoryClient(application) as client:
        websocket = await client.ws_connect("/socket", subprotocols=["a"])
        await websocket.write_message("x" * 1_000_000)

        message = await websocket.read_message()

        assert message is not None
        assert len(message) == len("nobody: ") + 1_000_000


async def test_a_websocket_that_is_refused_says_by_what(
    io_loop: IOLoop, client: MemoryClient
) -> None:
    with pytest.raises(HandshakeRefusedError) as caught:
        await client.ws_connect("/refusal")

    assert caught.value.code == 403
    assert b"403" in caught.value.body
    assert client.get_cookie("refused") == "1"


async def test_a_handshake_by_hand_is_answered_and_goes_no_further(
    io_loop: IOLoop, client: MemoryClient
) -> None:
    headers = ClientHandshake("ws://localhost/socket", subprotocols=["a"]).headers

    response = await client.get("/socket", headers=headers)

    assert response.code == 101
    assert response.headers["Sec-Websocket-Protocol"] == "a"
