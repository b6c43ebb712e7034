"""Plain text to HTML with links."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostro.escape import linkify, xhtml_escape, xhtml_unescape


class Links(HTMLParser):
    """What a browser would make of the result: attributes of the links, tags, and the text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.attributes: list[dict[str, str | None]] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def hrefs(self) -> list[str | None]:
        return [attributes["href"] for attributes in self.attributes]


def test_the_documented_example() -> None:
    assert linkify("Hello http://tornadoweb.org!") == (
        'Hello <a href="http://tornadoweb.org">http://tornadoweb.org</a>!'
    )


def test_bytes_are_decoded() -> None:
    assert linkify("é http://x.org".encode()) == 'é <a href="http://x.org">http://x.org</a>'


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("(http://x.org)", "http://x.org"),
        ("(http://x.org/a_(b))", "http://x.org/a_(b)"),
        ("http://x.org/a_(b)_(c).", "http://x.org/a_(b)_(c)"),
        ("http://x.org/a_(b(c))d)e", "http://x.org/a_(b(c))d"),
        ("http://x.org/(see below)", "http://x.org/"),
        ("http://x.org/a(b", "http://x.org/a"),
        ("(http://x.org),next", "http://x.org"),
        ("[see http://x.org/a].", "http://x.org/a"),
        ("{http://x.org/{id}}", "http://x.org/{id}"),
        ("http://x.org/a(b]c", "http://x.org/a"),
        ("http://[::1]:8888/a", "http://[::1]:8888/a"),
        ("<http://x.org/>", "http://x.org/"),
        ('say "http://x.org/"', "http://x.org/"),
        ("it is 'http://x.org/a'", "http://x.org/a"),
        ("http://x.org/it's", "http://x.org/it's"),
        ("http://x.org/?!...", "http://x.org/"),
        ("http://x.org/a, then", "http://x.org/a"),
        ("http://x.org/?a=1&b=2=", "http://x.org/?a=1&b=2="),
        ("http://x.org/a-", "http://x.org/a-"),
        ("http://x.org/a#b;", "http://x.org/a#b"),
        ("http://u:p@x.org:80/", "http://u:p@x.org:80/"),
        ("http:/x.org", "http:/x.org"),
        ("http:///x.org", "http:///x.org"),
        ("HTTPS://X.org", "HTTPS://X.org"),
        ("日本http://x.org。", "http://x.org"),
        ("see:http://x.org", "http://x.org"),
        ("-http://x.org", "http://x.org"),
        ("http://x.org\\@y.org", "http://x.org"),
        ("http://x.org/\u202egro", "http://x.org/"),
        ("http://é.org/ü", "http://é.org/ü"),
    ],
)
def test_an_address_ends_where_a_reader_would_end_it(text: str, address: str) -> None:
    links = Links(linkify(text))

    assert links.hrefs == [address]
    assert links.text == text


@pytest.mark.parametrize(
    "text",
    [
        "http://",
        "http:",
        "http:///",
        "http://...",
        "http://)x",
        "http: //x.org",
        "http:x.org",
        "xhttp://y.org",
        "9http://y.org",
        "git+https://y.org",
        "javascript://www.x.org",
        "javascript:alert(1)",
        "ftp://x.org",
        "http\u017f://x.org",
        "www.",
        "www..",
        "awww.x.org",
        "me@www.x.org",
        "",
        "no links here",
    ],
)
def test_what_is_no_address_stays_text(text: str) -> None:
    assert linkify(text) == xhtml_escape(text)


def test_addresses_without_protocol_are_linked_unless_it_is_required() -> None:
    text = "at www.facebook.com/a, now"

    assert linkify(text) == ('at <a href="http://www.facebook.com/a">www.facebook.com/a</a>, now')
    assert linkify(text, require_protocol=True) == text


@pytest.mark.parametrize(
    ("protocols", "href"),
    [
        (["http"], ["http://www.x.org"]),
        (["https", "ftp"], ["https://www.x.org"]),
        (["ftp"], []),
        ([], []),
    ],
)
def test_addresses_without_protocol_get_a_permitted_one(
    protocols: list[str], href: list[str]
) -> None:
    assert Links(linkify("www.x.org", permitted_protocols=protocols)).hrefs == href


def test_permitted_protocols_are_linked_and_no_others() -> None:
    links = Links(
        linkify(
            "http://a.org ftp://b.org mailto:c@d.org mailto: https://e.org Mailto:f@g.org.",
            permitted_protocols={"http", "FTP", "mailto"},
        )
    )

    assert links.hrefs == ["http://a.org", "ftp://b.org", "mailto:c@d.org", "Mailto:f@g.org"]


def test_no_protocol_at_all_links_nothing() -> None:
    assert linkify("http://x.org www.x.org", permitted_protocols=()) == "http://x.org www.x.org"


def test_protocols_given_as_one_string_are_refused() -> None:
    with pytest.raises(TypeError, match="expected a list or set of protocols, got 'http'"):
        linkify("", permitted_protocols="http")


@pytest.mark.parametrize("protocol", ["http://", "", ".*", "ht tp"])
def test_a_protocol_that_is_no_scheme_is_refused(protocol: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(protocol))):
        linkify("", permitted_protocols=[protocol])


def test_other_types_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match="expected str or bytes, got NoneType"):
        linkify(None)  # type: ignore[arg-type]  # wrong on purpose


def test_everything_is_escaped() -> None:
    assert linkify("<b> http://x.org/?a=1&b='2'c <i>") == (
        '&lt;b&gt; <a href="http://x.org/?a=1&amp;b=&#x27;2&#x27;c">'
        "http://x.org/?a=1&amp;b=&#x27;2&#x27;c</a> &lt;i&gt;"
    )


def test_extra_params_stand_in_the_tag() -> None:
    assert linkify("http://x.org", extra_params=' rel="nofollow" ') == (
        '<a href="http://x.org" rel="nofollow">http://x.org</a>'
    )


def test_extra_params_may_be_chosen_for_each_link() -> None:
    def choose(url: str) -> str:
        return 'class="internal"' if url.startswith("http://x.org") else ""

    assert linkify("http://x.org http://y.org", extra_params=choose) == (
        '<a href="http://x.org" class="internal">http://x.org</a> '
        '<a href="http://y.org">http://y.org</a>'
    )


def test_a_callable_gets_the_address_escaped() -> None:
    markup = linkify("www.x.org/?a='b&c", extra_params=lambda url: f"data-url='{url}'")

    assert "data-url='http://www.x.org/?a=&#x27;b&amp;c'>" in markup


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://x.org/short", "http://x.org/short"),
        ("http://x.org/" + "a" * 17, "http://x.org/" + "a" * 17),
        ("http://x.org/" + "a" * 18, "http://x.org/aaaaaaaa..."),
        ("http://reallylong.com/link/that/goes/on.html", "http://reallylong.com/link..."),
        ("http://x.org/file.html?a=1&b=2&c=3", "http://x.org/file..."),
        ("http://" + "h" * 60 + "/a", "http://" + "h" * 23 + "..."),
        ("http://" + "h" * 26 + "/a", "http://" + "h" * 26 + "/a"),
        ("www.example.com/aaaaaaaaaaaaaaaaaaaaaaaaaa", "www.example.com/aaaaaaaa..."),
    ],
)
def test_long_addresses_are_shortened_with_the_whole_in_the_title(url: str, shown: str) -> None:
    links = Links(linkify(url, shorten=True, extra_params="rel=x"))

    assert links.text == shown
    assert links.attributes[0]["rel"] == "x"
    assert ("title" in links.attributes[0]) is (shown != url)
    assert links.attributes[0].get("title") in (None, links.hrefs[0])


PIECES = st.sampled_from(
    [
        " ",
        "\n",
        "\x00",
        "http://",
        "HTTPS:/",
        "www.",
        "javascript:",
        "mailto:",
        "x.org",
        "/",
        "a",
        "(",
        ")",
        "[",
        "]",
        "<",
        ">",
        '"',
        "'",
        "&",
        "&amp;",
        "...",
        "?q=",
        "#",
        "\\",
        "é",
        "。",
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join), st.booleans())
@settings(max_examples=300)
def test_the_text_survives_and_only_permitted_links_appear(text: str, require: bool) -> None:
    markup = linkify(text, require_protocol=require)

    assert xhtml_unescape(re.sub("<[^>]*>", "", markup)) == text
    for tag in re.findall("<[^>]*>", markup):
        assert re.fullmatch('<a href="[^"<>\'\\s]+">|</a>', tag)
    for href in Links(markup).hrefs:
        assert href is not None
        assert re.match("(?i)https?:/", href)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_shortening_changes_only_what_is_displayed(text: str) -> None:
    plain, shortened = Links(linkify(text)), Links(linkify(text, shorten=True))

    assert plain.hrefs == shortened.hrefs
    assert len(shortened.text) <= len(plain.text)


@pytest.mark.parametrize(
    "piece",
    [
        "http://x(",
        "http://",
        "www.a",
        "(",
        "http:",
        "http://[",
        "[http://x]",
        "http://x)",
        "a.",
        "http://.",
        "mailto:",
        "[(])",
    ],
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))

    start = time.process_time()
    linkify(text, shorten=True, permitted_protocols=["http", "mailto"])

    # It takes 0.1 s on a slow machine, and minutes where any step is quadratic.
    assert time.process_time() - start < 5
