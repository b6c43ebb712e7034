"""The demo and the examples that talk to browsers, in browsers: two of them, side by side."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages.ports import free_port

from .chromium import Browser, browsers
from .layout import ROOT
from .served import DEMO, Served, demo, running, wait_until

PNG = b"\x89PNG\r\n\x1a\n"
KITCHEN = "978-0-00-000003-4"
"""A book of which the shop has one copy."""
MAPS = "978-0-00-000004-1"
"""One of which it has four."""


pytestmark = pytest.mark.timeout(300)  # browsers are slow to start


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Browser]]:
    """Two browsers."""
    with browsers(tmp_path_factory.mktemp("browsers"), 2) as opened:
        yield opened


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Served]:
    """The demo, as it is when it has just been started."""
    with demo(tmp_path) as served:
        yield served
    assert served.complaints() == ""


@pytest.fixture
def ann(pair: list[Browser], shop: Served) -> Browser:
    """The first browser, in front of the shop, where nobody knows it."""
    return visit(pair[0], shop)


@pytest.fixture
def bob(pair: list[Browser], shop: Served) -> Browser:
    """The second one."""
    return visit(pair[1], shop)


def visit(browser: Browser, shop: Served) -> Browser:
    browser.open(shop.url)
    browser.command("DELETE", "/cookie")
    browser.open(shop.url)
    return browser


def sign_in(browser: Browser, shop: Served, name: str) -> None:
    browser.open(f"{shop.url}/login")
    browser.type("[name=username]", name)
    browser.submit("main button")


def is_listening(browser: Browser) -> bool:
    """Tell whether the page has its connection to what happens in the shop."""
    return bool(browser.run("return 'live' in document.documentElement.dataset"))


def open_and_listen(browser: Browser, url: str) -> None:
    browser.open(url)
    wait_until(lambda: is_listening(browser), "the page listens to the shop")


def put_into_cart(browser: Browser, shop: Served, isbn: str) -> None:
    browser.open(f"{shop.url}/book/{isbn}")
    browser.click("form.cart [value=add]")
    wait_until(lambda: "in your cart" in buttons(browser), "a copy is in the cart")


def stock(browser: Browser, isbn: str) -> str:
    return browser.text(f'[data-stock="{isbn}"]')


def buttons(browser: Browser) -> str:
    """Return what can be pressed on the page of a book."""
    return browser.text("form.cart")


def say(browser: Browser, text: str) -> None:
    """Say something, and wait until the page has heard that it was said."""
    browser.type("#say [name=text]", text)
    browser.click("#say button")
    wait_until(lambda: unsaid(browser) == "", "the page empties the field")


def unsaid(browser: Browser) -> str:
    return str(browser.run("return document.querySelector('#say [name=text]').value"))


# Burt's Books


def test_the_home_page_is_drawn(ann: Browser) -> None:
    assert ann.text("h1") == "Welcome to Burt's Books!"
    assert ann.text("#account") == "Sign in"
    picture = ann.screenshot()
    assert picture.startswith(PNG)
    assert len(picture) > 10_000, "an empty page"


@pytest.mark.parametrize("path", ["/", "/recommended/", f"/book/{MAPS}", "/login", "/cart"])
def test_pages_fit_their_windows(ann: Browser, shop: Served, path: str) -> None:
    put_into_cart(ann, shop, KITCHEN)
    root = "document.documentElement"
    for width in (360, 900, 1600):
        ann.command("POST", "/window/rect", width=width, height=1000)
        ann.open(shop.url + path)
        assert ann.run(f"return {root}.scrollWidth - {root}.clientWidth") == 0


def test_what_one_takes_is_missing_for_the_other(ann: Browser, bob: Browser, shop: Served) -> None:
    for browser in (ann, bob):
        open_and_listen(browser, f"{shop.url}/book/{MAPS}")
    assert [stock(ann, MAPS), stock(bob, MAPS)] == ["4", "4"]

    ann.click("form.cart [value=add]")

    wait_until(lambda: stock(bob, MAPS) == "3", "the count falls in the other browser")
    wait_until(lambda: "in your cart" in buttons(ann), "the first browser says so")
    assert buttons(bob) == "Add to cart"

    ann.click("form.cart [value=remove]")

    wait_until(lambda: stock(bob, MAPS) == "4", "the count rises again")


def test_the_last_copy_goes_to_one_cart_only(ann: Browser, bob: Browser, shop: Served) -> None:
    for browser in (ann, bob):
        open_and_listen(browser, f"{shop.url}/book/{KITCHEN}")

    ann.click("form.cart [value=add]")

    wait_until(lambda: "Sold out." in buttons(bob), "it is sold out in the other browser")
    assert bob.run("return document.querySelector('form.cart [value=add]').disabled")
    ann.open(f"{shop.url}/cart")
    bob.open(f"{shop.url}/cart")
    assert "The Asynchronous Kitchen" in ann.text("main")
    assert "It is empty." in bob.text("main")


def test_a_form_that_is_too_old_says_what_to_do(ann: Browser, shop: Served) -> None:
    ann.open(f"{shop.url}/book/{MAPS}")
    ann.command("DELETE", "/cookie")

    ann.click("form.cart [value=add]")

    wait_until(lambda: "Load the page again?" in buttons(ann), "it says so")
    assert stock(ann, MAPS) == "4"


def test_the_cart_works_where_scripts_do_not(ann: Browser, shop: Served) -> None:
    ann.open(f"{shop.url}/book/{MAPS}")

    ann.run("document.querySelector('form.cart').outerHTML += ''")  # without its listeners
    ann.submit("form.cart [value=add]")

    assert ann.url == f"{shop.url}/cart"
    assert "Maps of Places That Moved" in ann.text("main")
    ann.submit("main form button")
    assert "It is empty." in ann.text("main")


def test_whoever_has_only_a_keyboard_keeps_the_place(ann: Browser, shop: Served) -> None:
    put_into_cart(ann, shop, MAPS)

    assert ann.run("return document.activeElement.value") == "remove"
    ann.click("form.cart [value=remove]")
    wait_until(lambda: "in your cart" not in buttons(ann), "it is out of the cart")
    assert ann.run("return document.activeElement.value") == "add"


def test_signing_in_leads_back_and_shows_the_name(ann: Browser, shop: Served) -> None:
    ann.open(f"{shop.url}/add")
    assert ann.url == f"{shop.url}/login?next=%2Fadd"

    ann.type("[name=username]", "Zoë <b>")
    ann.submit("main button")

    assert ann.url == f"{shop.url}/add"
    assert ann.text("#account span") == "Zoë <b>"
    assert "user" not in ann.run("return document.cookie"), "the cookie is not for scripts"
    ann.submit("#account button")
    assert ann.text("#account") == "Sign in"


def test_what_one_says_the_other_reads(ann: Browser, bob: Browser, shop: Served) -> None:
    sign_in(ann, shop, "Ann")
    sign_in(bob, shop, "Bob")
    for browser in (ann, bob):
        open_and_listen(browser, shop.url)

    say(ann, "Is there <i>tea</i>?")

    question = "Ann Is there <i>tea</i>?"
    wait_until(lambda: bob.text("#remarks") == question, "the other browser shows it")
    say(bob, "In the back.")
    wait_until(lambda: "In the back." in ann.text("#remarks"), "the answer arrives")
    ann.open(shop.url)
    assert ann.text("#remarks").split("\n") == [question, "Bob In the back."]


def test_a_page_catches_up_when_the_shop_opens_again(
    ann: Browser, bob: Browser, tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, str(DEMO), f"--port={port}", "--cookie_secret=known to the shop"]
    with running(command, port, tmp_path) as first:
        sign_in(ann, first, "Ann")
        open_and_listen(ann, first.url)
        say(ann, "Good night")
        wait_until(lambda: ann.text("#remarks") == "Ann Good night", "the page shows it")
    wait_until(lambda: not is_listening(ann), "the page knows that the shop is closed")
    ann.type("#say [name=text]", "Hello?")
    ann.click("#say button")
    wait_until(lambda: "does not answer" in ann.text("#say"), "the page says so")
    assert unsaid(ann) == "Hello?"

    with running(command, port, tmp_path) as second:
        sign_in(bob, second, "Bob")
        put_into_cart(bob, second, MAPS)
        open_and_listen(bob, second.url)
        say(bob, "Good morning")

        wait_until(lambda: ann.text("#remarks").endswith("\nBob Good morning"), "it arrives")
        wait_until(lambda: stock(ann, MAPS) == "3", "the count is what it is by now")


def test_a_book_is_added_and_edited(ann: Browser, bob: Browser, shop: Served) -> None:
    sign_in(ann, shop, "Burt")
    ann.open(f"{shop.url}/add")
    for name, text in (("isbn", "123-X"), ("title", "<Snow> & Ice"), ("author", "A. Frost")):
        ann.type(f"main [name={name}]", text)
    ann.run("document.querySelector('[name=stock]').value = 5")

    ann.submit("main button")

    assert ann.url == f"{shop.url}/book/123-X"
    assert ann.text("h1") == "<Snow> & Ice"
    open_and_listen(bob, ann.url)
    ann.submit("main p a[href^='/edit/']")
    ann.run("document.querySelector('[name=stock]').value = 3")
    ann.submit("main button")
    wait_until(lambda: stock(bob, "123-X") == "3", "the other browser shows the change")


def test_a_form_that_is_wrong_comes_back_with_what_was_in_it(ann: Browser, shop: Served) -> None:
    sign_in(ann, shop, "Burt")
    ann.open(f"{shop.url}/add")
    for name, text in (("isbn", MAPS), ("title", "Another"), ("author", "Somebody")):
        ann.type(f"main [name={name}]", text)

    ann.submit("main button")

    assert ann.text("[role=alert]") == f"There is a book with the ISBN {MAPS} already."
    assert ann.run("return document.querySelector('[name=title]').value") == "Another"


def test_a_page_that_is_not_there_says_so(ann: Browser, shop: Served) -> None:
    ann.open(f"{shop.url}/nowhere")

    assert ann.text("h1") == "Sorry"
    assert "There is no such page" in ann.text("main")


# The smaller examples


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """An example."""
    port = free_port()
    program = ROOT / "examples" / request.param
    command = [sys.executable, "-W", "error", str(program), f"--port={port}"]
    with running(command, port, tmp_path) as served:
        yield served
    assert served.complaints() == ""


@pytest.mark.parametrize("site", ["cart/cart_polling.py", "cart/cart_websocket.py"], indirect=True)
def test_the_cart_tells_all_browsers_how_many_are_left(pair: list[Browser], site: Served) -> None:
    first, second = (visit(browser, site) for browser in pair)
    assert second.text("#left") == "10"

    first.click("[value=add]")

    wait_until(lambda: second.text("#left") == "9", "the count falls in the other browser")
    wait_until(lambda: first.text("#said") == "One copy is in your cart.", "the first says so")
    second.click("[value=add]")
    wait_until(lambda: first.text("#left") == "8", "it falls again")
    first.click("[value=remove]")
    wait_until(lambda: second.text("#left") == "9", "it rises")


@pytest.mark.parametrize("site", ["chat/chat_polling.py", "chat/chat_websocket.py"], indirect=True)
def test_the_chat_reaches_all_browsers(pair: list[Browser], site: Served) -> None:
    first, second = (visit(browser, site) for browser in pair)

    first.type("[name=name]", "Ann")
    say(first, "<b>Hello</b> there")

    wait_until(lambda: second.text("#messages") == "Ann <b>Hello</b> there", "it arrives")
    say(second, "Hello yourself")
    wait_until(
        lambda: first.text("#messages").split("\n")[1:] == ["Somebody Hello yourself"],
        "so does the answer",
    )


def is_connected(browser: Browser) -> bool:
    """Tell whether the page of the chat has a WebSocket that is open, as far as it knows."""
    state = "typeof socket === 'undefined' ? WebSocket.CLOSED : socket.readyState"
    return bool(browser.run(f"return ({state}) === WebSocket.OPEN"))


@pytest.mark.parametrize("program", ["chat_polling.py", "chat_websocket.py"])
def test_a_chat_goes_on_when_its_server_comes_back(
    pair: list[Browser], program: str, tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, str(ROOT / "examples" / "chat" / program), f"--port={port}"]
    first, second = pair

    with running(command, port, tmp_path) as site:
        visit(first, site)
        say(first, "Good night")
        wait_until(lambda: first.text("#messages") == "Somebody Good night", "it arrives")
    wait_until(lambda: not is_connected(first), "the page knows that the chat is closed")
    first.type("#say [name=text]", "Hello?")
    first.click("#say button")
    wait_until(lambda: "does not answer" in first.text("#say"), "the page says so")
    assert unsaid(first) == "Hello?"
    with running(command, port, tmp_path) as site:
        visit(second, site)
        say(second, "Good morning")

        arrived = "Somebody Good night\nSomebody Good morning"
        wait_until(lambda: first.text("#messages") == arrived, "the page is connected again")


SMALL = [
    ("poems/poem_maker.py", "/"),
    ("munger/alpha_munger.py", "/"),
    ("welcome/welcome.py", "/login"),
    ("cookies/cookie_counter.py", "/"),
    ("cart/cart_polling.py", "/"),
    ("chat/chat_polling.py", "/"),
]


@pytest.mark.parametrize(("site", "path"), SMALL, indirect=["site"])
def test_small_examples_fit_small_windows(pair: list[Browser], site: Served, path: str) -> None:
    browser = pair[0]
    size = {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": True}

    browser.command(
        "POST", "/goog/cdp/execute", cmd="Emulation.setDeviceMetricsOverride", params=size
    )
    browser.open(site.url + path)

    widths = browser.run("const r = document.documentElement; return [r.scrollWidth, innerWidth]")
    browser.command(
        "POST", "/goog/cdp/execute", cmd="Emulation.clearDeviceMetricsOverride", params={}
    )
    assert widths == [360, 360]


# The error page for developers

FAILING = """
import sys
from ostro.web import Application, RequestHandler

class Failing(RequestHandler):
    def get(self):
        raise ValueError("<script>document.title = 'run'</script>" + 5000 * "long ")

Application([("/", Failing)], debug=True, cookie_secret="KNOWN-TO-NOBODY").run(int(sys.argv[1]))
"""


def test_the_page_of_an_error_shows_its_place_at_once_and_no_secret(
    pair: list[Browser], tmp_path: Path
) -> None:
    (tmp_path / "failing.py").write_text(FAILING)
    browser, port = pair[0], free_port()

    with running([sys.executable, str(tmp_path / "failing.py"), str(port)], port, tmp_path) as site:
        browser.open(site.url)
        browser.run("document.cookie = 'session=MINE-ALONE'")
        browser.open(site.url)

        assert browser.text("h1") == "ValueError"
        assert browser.run("return document.title") == "ValueError at GET /"
        page = browser.run("return document.documentElement.outerHTML")
        assert "raise ValueError(" in page
        assert "MINE-ALONE" not in page
        assert page.count("KNOWN-TO-NOBODY") == 0
        place = browser.run("return document.querySelector('details').getBoundingClientRect().top")
        assert 0 < place < 700
        root = "document.documentElement"
        assert browser.run(f"return {root}.scrollWidth - {root}.clientWidth") == 0
