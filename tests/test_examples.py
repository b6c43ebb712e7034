"""Each program below examples/ does what the words at its top say."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import pytest
from websockets.sync.client import connect

from packages.ports import free_port

from .curl import curl
from .layout import ROOT
from .mongodb import mongodb
from .served import DEMO, Served, running

EXAMPLES = ROOT / "examples"
PROGRAMS = sorted(
    path for path in EXAMPLES.glob("*/*.py") if '__name__ == "__main__"' in path.read_text()
)
QUOTE_OF_TIME = "Time is what keeps everything from happening at once."


@contextmanager
def example(program: str, folder: Path, *arguments: str) -> Iterator[Served]:
    """Run an example, and look at its log when it has ended."""
    port = free_port()
    command = [sys.executable, "-W", "error", str(EXAMPLES / program), f"--port={port}"]
    with running([*command, *arguments], port, folder) as served:
        yield served
        assert served.terminate() == 0, "it does not end well when it is told to"
    assert served.complaints() == ""


def test_hello_greets(tmp_path: Path) -> None:
    with example("hello/hello.py", tmp_path) as site:
        plain = curl(f"{site.url}/")
        other = curl(f"{site.url}/?greeting=Salutations")

    assert (plain.status, plain.body) == (200, b"Hello, friendly user!")
    assert other.body == b"Salutations, friendly user!"


def test_hello_errors_has_error_pages_of_its_own(tmp_path: Path) -> None:
    with example("hello/hello_errors.py", tmp_path) as site:
        good = curl(f"{site.url}/")
        posted = curl("--data", "a=b", f"{site.url}/")
        nowhere = curl(f"{site.url}/nowhere")

    assert good.body == b"Hello, friendly user!"
    assert (posted.status, posted.body) == (405, b"Oh dear, user! That was a 405.")
    assert (nowhere.status, nowhere.body) == (404, b"Oh dear, user! That was a 404.")


def test_strings_reverses_and_wraps(tmp_path: Path) -> None:
    with example("strings/string_service.py", tmp_path) as site:
        backwards = curl(f"{site.url}/reverse/stressed")
        wrapped = curl("--data", "text=some+words&width=5", f"{site.url}/wrap")
        wide = curl("--data", "text=some+words", f"{site.url}/wrap")
        refused = [
            curl("--data", f"text=a&width={width}", f"{site.url}/wrap").status
            for width in ("0", "x", "1001", 5000 * "9")
        ]
        textless = curl("--data", "width=5", f"{site.url}/wrap").status
        words = curl(f"{site.url}/reverse/d%C3%A9j%C3%A0%20vu")

    assert backwards.body == b"desserts"
    assert (wrapped.body, wide.body) == (b"some\nwords", b"some words")
    assert refused == [400, 400, 400, 400]
    assert textless == 400
    assert words.body.decode() == "uv àjéd"


@pytest.mark.parametrize("program", ["callbacks", "generators", "coroutines"])
def test_quotes_come_from_the_service_in_each_generation(program: str, tmp_path: Path) -> None:
    quote_port = f"--quote_port={free_port()}"

    with example(f"quotes/{program}.py", tmp_path, quote_port) as site:
        quotes = [curl(f"{site.url}/quote/{topic}").body for topic in ("time", "nothing")]

    assert [json.loads(quote)["quote"] for quote in quotes] == [
        QUOTE_OF_TIME,
        "Nobody has said anything about that yet.",
    ]


def test_the_quote_service_runs_alone(tmp_path: Path) -> None:
    port = free_port()
    program = str(EXAMPLES / "quotes/quote_service.py")

    command = [sys.executable, "-W", "error", program, f"--quote_port={port}"]
    with (
        running(command, port, tmp_path) as service,
        socket.create_connection(("127.0.0.1", port), 60) as client,
        client.makefile("rb") as lines,
    ):
        client.sendall(b"time\nnothing\n")
        first, second = lines.readline(), lines.readline()

    assert first.decode() == f"{QUOTE_OF_TIME}\n"
    assert second.startswith(b"Nobody")
    assert service.complaints() == ""


def token_of(page: bytes) -> str:
    """Return the XSRF token in the forms of a page."""
    return page.decode().partition('name="_xsrf" value="')[2].partition('"')[0]


def test_poem_maker_makes_a_poem_of_what_it_is_given(tmp_path: Path) -> None:
    with example("poems/poem_maker.py", tmp_path) as site:
        form = curl(f"{site.url}/")
        words = "travellers=cats&place=%3Cfog%3E&lost=way&found=shoe"
        poem = curl("--data", words, f"{site.url}/poem")
        incomplete = curl("--data", "travellers=cats", f"{site.url}/poem")

    assert b'<form method="post" action="/poem">' in form.body
    assert b"Some cats went into the &lt;fog&gt;<br>" in poem.body
    assert incomplete.status == 400


def test_alpha_munger_takes_words_with_the_same_letter(tmp_path: Path) -> None:
    with example("munger/alpha_munger.py", tmp_path) as site:
        form = curl(f"{site.url}/")
        style = form.body.decode().partition('href="')[2].partition('"')[0]
        sheet = curl(site.url + style)
        texts = "source=bear+cave&change=a+big+cat%0D%0A%3Cb%3E"
        munged = curl("--data", texts, f"{site.url}/munged").body.decode()

    assert style.startswith("/static/style.css?v=")
    assert (sheet.status, sheet.headers["content-type"]) == (200, "text/css; charset=UTF-8")
    assert '<span class="unchanged">a</span>' in munged
    assert '<span class="replaced" title="big">bear</span>' in munged
    assert '<span class="replaced" title="cat">cave</span>' in munged
    assert '<span class="unchanged">&lt;b&gt;</span>' in munged


def test_the_dictionary_remembers_what_it_is_told(tmp_path: Path) -> None:
    database = f"--database={tmp_path / 'words'}"

    with example("dictionary/dictionary.py", tmp_path, database) as site:
        unknown = curl(f"{site.url}/pants")
        told = curl("--data", "definition=a+leg+shirt", f"{site.url}/pants")
        curl("--data", "definition=two+leg+shirts", f"{site.url}/pants")
        silent = curl("--request", "POST", f"{site.url}/pants")
        foreign = curl("--data", "definition=by+dish", f"{site.url}/%C3%A0%20la%20carte")
        known = curl(f"{site.url}/pants")
    with example("dictionary/dictionary.py", tmp_path, database, "--readonly") as site:
        later = curl(f"{site.url}/pants")
        refused = curl("--data", "definition=none", f"{site.url}/pants")

    assert (silent.status, silent.json) == (400, {"error": "definition is missing"})
    assert foreign.json["word"] == "à la carte"
    assert (unknown.status, unknown.json) == (404, {"error": "word not found"})
    assert told.json == {"word": "pants", "definition": "a leg shirt"}
    assert known.json == later.json == {"word": "pants", "definition": "two leg shirts"}
    assert refused.status == 405


def test_cookie_counter_counts_and_is_not_taken_in(tmp_path: Path) -> None:
    jar = str(tmp_path / "jar")

    with example("cookies/cookie_counter.py", tmp_path) as site:
        visits = [curl("-b", jar, "-c", jar, site.url).body for _ in range(3)]
        forged = curl("-b", "count=2|1:0|10:1800000000|5:count|4:OTk=|" + 64 * "0", site.url)

    said = [visit.split(b"<h1>")[1].split(b"</h1>")[0] for visit in (*visits, forged.body)]
    assert said == [
        f"You have been here {times}.".encode() for times in ("once", "2 times", "3 times", "once")
    ]


def test_welcome_knows_who_has_said_who_they_are(tmp_path: Path) -> None:
    cookies = ["-b", str(tmp_path / "jar"), "-c", str(tmp_path / "jar")]

    with example("welcome/welcome.py", tmp_path) as site:
        sent_away = curl(*cookies, site.url)
        token = token_of(curl(*cookies, f"{site.url}/login").body)
        form = ["--data-urlencode", f"_xsrf={token}"]
        welcomed = curl("-L", *cookies, *form, "-d", "username=<Ann>", f"{site.url}/login")
        forged = curl(*cookies, "-d", "", f"{site.url}/logout")
        nameless = curl(*cookies, *form, "-d", "username=+&next=/here", f"{site.url}/login")
        gone = curl(*cookies, *form, f"{site.url}/logout")
        after = curl(*cookies, site.url)

    assert (sent_away.status, sent_away.headers["location"]) == (302, "/login?next=%2F")
    assert b"<h1>Welcome back, &lt;Ann&gt;</h1>" in welcomed.body
    assert nameless.status == 422
    assert b'name="next" value="/here"' in nameless.body
    assert (forged.status, gone.status, after.status) == (403, 302, 302)


@pytest.mark.parametrize("program", ["cart_polling", "cart_websocket"])
def test_the_cart_works_without_scripts(program: str, tmp_path: Path) -> None:
    cookies = ["-b", str(tmp_path / "jar"), "-c", str(tmp_path / "jar")]

    with example(f"cart/{program}.py", tmp_path) as site:
        form = ["--data-urlencode", f"_xsrf={token_of(curl(*cookies, site.url).body)}"]
        added = curl("-L", *cookies, *form, "-d", "action=add", f"{site.url}/cart")
        wrong = curl(*cookies, *form, "-d", "action=steal", f"{site.url}/cart")
        removed = curl("-L", *cookies, *form, "-d", "action=remove", f"{site.url}/cart")

    assert b'<span id="left">9</span>' in added.body
    assert b"One copy is in your cart." in added.body
    assert wrong.status == 400
    assert b'<span id="left">10</span>' in removed.body


@pytest.mark.parametrize("program", ["chat_polling", "chat_websocket"])
def test_the_chat_works_without_scripts(program: str, tmp_path: Path) -> None:
    cookies = ["-b", str(tmp_path / "jar"), "-c", str(tmp_path / "jar")]

    with example(f"chat/{program}.py", tmp_path) as site:
        form = ["--data-urlencode", f"_xsrf={token_of(curl(*cookies, site.url).body)}"]
        said = curl("-L", *cookies, *form, "-d", "name=Ann&text=%3Ci%3Ehi", f"{site.url}/say")

    assert b"<b>Ann</b> &lt;i&gt;hi</li>" in said.body
    assert b'value="Ann"' in said.body


def test_a_browser_that_talks_nonsense_does_not_end_the_chat_of_the_others(tmp_path: Path) -> None:
    with example("chat/chat_websocket.py", tmp_path) as site:
        host, port = site.url.removeprefix("http://").split(":")
        handshake = (
            f"GET /messages HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        with socket.create_connection((host, int(port)), 60) as nonsense:
            nonsense.sendall(handshake.encode() + b"\x81\x81\0\0\0\0?")
            heard = b""
            while b"\x03\xf0a message is" not in heard:  # 1008, which it does not answer
                heard += nonsense.recv(1000)
            with connect(f"ws://{host}:{port}/messages", proxy=None, open_timeout=60) as ann:
                ann.send(json.dumps({"name": "Ann", "text": "Hello"}))
                answer = json.loads(ann.recv(60))

    assert (answer["name"], answer["text"]) == ("Ann", "Hello")


def test_long_polling_answers_at_once_what_is_new_already(tmp_path: Path) -> None:
    cookies = ["-b", str(tmp_path / "jar"), "-c", str(tmp_path / "jar")]

    with example("chat/chat_polling.py", tmp_path) as site:
        form = ["--data-urlencode", f"_xsrf={token_of(curl(*cookies, site.url).body)}"]
        curl(*cookies, *form, "-d", "name=Ann&text=hi", f"{site.url}/say")
        messages = curl(f"{site.url}/messages?after=0")
        refused = [
            curl(f"{site.url}/messages?after={after}").status for after in ("x", "-1", 5000 * "9")
        ]

    (message,) = messages.json["messages"]
    assert (message["name"], message["text"]) == ("Ann", "hi")
    assert refused == [400, 400, 400]


def test_words_and_books_may_be_in_mongodb(tmp_path: Path) -> None:
    with mongodb(tmp_path) as uri:
        with example("dictionary/dictionary.py", tmp_path, f"--mongodb={uri}") as site:
            curl("--data", "definition=a+leg+shirt", f"{site.url}/pants")
            known = curl(f"{site.url}/pants")
            unknown = curl(f"{site.url}/shirt")
        with example("burts_books/main.py", tmp_path, f"--mongodb={uri}") as site:
            books = curl(f"{site.url}/recommended/")

    assert known.json == {"word": "pants", "definition": "a leg shirt"}
    assert unknown.status == 404
    assert books.body.count(b'<article class="book">') == 4


@pytest.mark.parametrize(
    "program", ["tweet_rate", "tweet_rate_callbacks", "tweet_rate_gen", "tweet_rate_await"]
)
def test_the_rate_of_posts_comes_from_the_search_service(program: str, tmp_path: Path) -> None:
    with example("tweet_rate/search_service.py", tmp_path) as service:
        posts = curl(f"{service.url}/search.json?q=tea&rpp=5").json["results"]
        refused = curl(f"{service.url}/search.json?q=tea&rpp=1000")
        search = f"--search={service.url}/search.json"
        port = free_port()
        python = [sys.executable, "-W", "error", "-W", "default:HTTPClient.fetch blocks"]
        path = str(EXAMPLES / f"tweet_rate/{program}.py")
        with running([*python, path, f"--port={port}", search], port, tmp_path) as site:
            page = curl(f"{site.url}/?q=tea").body.decode()

    assert len(posts) == 5
    assert refused.status == 400
    rate = float(page.partition('<div id="rate"')[2].partition(">")[2].partition("<")[0])
    assert 0.05 < rate < 25
    warned = "HTTPClient.fetch blocks" in site.log.read_text()
    assert warned == (program == "tweet_rate"), "only the first one blocks, and is told so"


def run_program(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-W", "error", str(EXAMPLES / program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.parametrize("way", ["form", "raw"])
def test_files_of_any_name_arrive_whole(way: str, tmp_path: Path) -> None:
    received = tmp_path / "received"
    big, small = tmp_path / "big file \u00fc.bin", tmp_path / "it's small.txt"
    big.write_bytes(bytes(range(256)) * 8192)
    small.write_text("hello\n")

    with example("upload/receiver.py", tmp_path, f"--folder={received}") as site:
        port = f"--port={site.address}"
        options = [port, "--raw"] if way == "raw" else [port]
        sent = run_program("upload/uploader.py", *options, str(big), str(small))
        evil = curl("--path-as-is", "-T", str(small), f"{site.url}/raw/..%2F..%2Fpasswd")
        nameless = curl("-T", str(small), f"{site.url}/raw/%2E%2E")

    assert sent.returncode == 0, sent.stderr
    assert (received / big.name).read_bytes() == big.read_bytes()
    assert (received / small.name).read_bytes() == small.read_bytes()
    assert evil.json == {"received": {"passwd": 6}}
    assert nameless.status == 400
    assert {path.name for path in received.iterdir()} == {big.name, small.name, "passwd"}


def test_the_spider_finds_what_is_broken(tmp_path: Path) -> None:
    with example("burts_books/main.py", tmp_path) as site:
        whole = run_program("spider/spider.py", f"{site.url}/")
        broken = run_program("spider/spider.py", f"{site.url}/nowhere")
        unused = run_program("spider/spider.py")

    assert (whole.returncode, whole.stderr) == (0, "")
    pages = re.fullmatch(r"(\d+) pages in [\d.]+ s\n", whole.stdout)
    assert pages, whole.stdout
    assert int(pages[1]) > 15
    assert broken.returncode == 1
    assert f"broken: {site.url}/nowhere: HTTP 404" in broken.stdout
    assert "usage" in unused.stderr


SITE = """
from ostro import web

class Page(web.RequestHandler):
    def get(self):
        self.write('<a href="http://[bad/">x</a> <a href="/odd">x</a> <a href="/nowhere">x</a>')

class Odd(web.RequestHandler):
    def get(self):
        self.write("<![odd[ <p>")

web.Application([("/", Page), ("/odd", Odd)]).run({port})
"""


def refuses(page: str) -> bool:
    """Tell whether Python's parser takes a page for no HTML, which newer ones never do."""
    try:
        HTMLParser().feed(page)
    except AssertionError:
        return True
    return False


def test_the_spider_goes_on_after_what_is_no_link_and_no_page(tmp_path: Path) -> None:
    port = free_port()
    program = tmp_path / "site.py"
    program.write_text(SITE.replace("{port}", str(port)))

    with running([sys.executable, str(program)], port, tmp_path) as site:
        done = run_program("spider/spider.py", site.url)

    assert done.stderr == ""
    assert done.stdout.startswith("3 pages in")
    assert f"broken: http://[bad/: Invalid IPv6 URL, on {site.url}/\n" in done.stdout
    assert (f"broken: {site.url}/odd: not HTML" in done.stdout) == refuses("<![odd[ <p>")
    assert f"broken: {site.url}/nowhere: HTTP 404" in done.stdout


def test_a_spider_without_legs_is_refused() -> None:
    done = run_program("spider/spider.py", "--concurrency=0", "http://127.0.0.1:1/")

    assert (done.returncode, done.stdout) == (1, "")
    assert "concurrency" in done.stderr


@pytest.mark.parametrize("name", ["nowhere.txt", "."])
def test_what_cannot_be_sent_is_named_in_a_line(name: str, tmp_path: Path) -> None:
    with example("upload/receiver.py", tmp_path, f"--folder={tmp_path}") as site:
        done = run_program("upload/uploader.py", f"--port={site.address}", str(tmp_path / name))

    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"uploader\.py: \[Errno \d+\] .*\n", done.stderr)


@pytest.mark.parametrize("program", ["spider/spider.py", "upload/uploader.py"])
def test_clients_end_well_on_ctrl_c(program: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        file = tmp_path / "file"
        file.touch()
        target = [f"http://127.0.0.1:{port}/"] if "spider" in program else [str(file)]
        options = [] if "spider" in program else ["--host=127.0.0.1", f"--port={port}"]
        command = [sys.executable, str(EXAMPLES / program), *options, *target]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                listener.settimeout(30)
                connection, _ = listener.accept()
                with connection:
                    process.send_signal(signal.SIGINT)
                    _, complaint = process.communicate(timeout=30)
            finally:
                process.kill()

    assert (process.returncode, complaint) == (130, "")


def test_no_example_is_forgotten() -> None:
    tested = Path(__file__).read_text()

    assert DEMO in PROGRAMS
    assert [path for path in PROGRAMS if path.stem not in tested and path != DEMO] == []
