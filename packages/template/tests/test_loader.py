"""Loaders: names, paths, the border of the root, the cache, threads."""

import os
import threading
from pathlib import Path

import pytest

from ostro.template import (
    BaseLoader,
    DictLoader,
    Loader,
    ParseError,
    Template,
    TemplateNotFoundError,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root with templates; a secret lies beside it."""
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "base.html").write_text("base({% block x %}{% end %})")
    (root / "a" / "page.html").write_text('{% extends "../base.html" %}{% block x %}p{% end %}')
    (root / "a" / "b" / "deep.html").write_text("{% include ../page.html %}{% include ./x %}")
    (root / "a" / "b" / "x").write_text("é", encoding="utf-8")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "root2").mkdir()
    (tmp_path / "root2" / "secret").write_text("secret")
    return root


def test_names_are_relative_to_the_file_they_stand_in(root: Path) -> None:
    loader = Loader(str(root))

    assert loader.load("a/page.html").generate() == b"base(p)"
    assert loader.load("a/b/deep.html").generate().decode() == "pé"
    assert loader.load("page.html", parent_path="a/other.html").generate() == b"base(p)"
    assert loader.load("base.html", parent_path="<string>").generate() == b"base()"


def test_spellings_of_a_name_are_one_template(root: Path) -> None:
    loader = Loader(root)

    assert loader.load("a/../base.html") is loader.load("base.html")
    assert loader.load("./base.html") is loader.load(str(root / "base.html"))
    assert loader.resolve_path("../base.html", "a/page.html") == "base.html"


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "a/../../secret",
        "..",
        "../root2/secret",
        "/etc/passwd",
        "{tmp}/secret",
        "{tmp}/root2/secret",
        "{tmp}/root/../secret",
        "{tmp}/root",
        "link",
        "folder/secret",
        "loop",
        "missing",
        "a",
        "fifo",
        ".",
        "",
        "nul\0",
        "base.html/x",
    ],
)
def test_nothing_outside_of_the_root_is_read(root: Path, name: str) -> None:
    (root / "link").symlink_to(root.parent / "secret")
    (root / "folder").symlink_to(root.parent / "root2")
    (root / "loop").symlink_to(root / "loop")
    os.mkfifo(root / "fifo")
    loader = Loader(root)

    with pytest.raises(TemplateNotFoundError):
        loader.load(name.replace("{tmp}", str(root.parent)))
    with pytest.raises(TemplateNotFoundError):
        loader.read(name.replace("{tmp}", str(root.parent)))


def test_a_template_can_not_lead_outside_either(root: Path) -> None:
    (root / "bad.html").write_text('\n{% include "../secret" %}')

    with pytest.raises(TemplateNotFoundError, match=r"leads above the root.*; named at bad.html:2"):
        Loader(root).load("bad.html")


def test_links_inside_the_root_and_to_the_root_are_followed(root: Path) -> None:
    (root / "link").symlink_to(root / "base.html")
    (root.parent / "current").symlink_to(root)

    assert Loader(root.parent / "current").load("link").generate() == b"base()"


def test_a_relative_root_is_fixed_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    loader = Loader("root")
    monkeypatch.chdir("/")

    assert loader.load("base.html").generate() == b"base()"


def test_the_root_of_the_file_system_is_a_root(root: Path) -> None:
    assert Loader("/").load(str(root / "base.html")).generate() == b"base()"


def test_a_template_is_loaded_once_until_reset(root: Path) -> None:
    loader = Loader(root)
    first = loader.load("a/page.html")
    (root / "base.html").write_text("new({% block x %}{% end %})")

    assert loader.load("a/page.html") is first
    loader.reset()
    assert loader.load("a/page.html").generate() == b"new(p)"


@pytest.mark.parametrize("wrong", ["a", "part"])
def test_a_template_that_is_wrong_is_read_again(wrong: str) -> None:
    pages = {"a": "{% include part %}", "part": "p"}
    right = dict(pages)
    pages[wrong] = "{% break %}"
    loader = DictLoader(pages)
    with pytest.raises(ParseError, match=f"at {wrong}:1"):
        loader.load("a")

    pages.update(right)

    assert loader.load("a").generate() == b"p"


def test_a_dict_loader_knows_folders_too() -> None:
    loader = DictLoader({"a/page": "{% include ../b %}{% include /c %}", "b": "B", "/c": b"C"})

    assert loader.load("a/page").generate() == b"BC"
    with pytest.raises(TemplateNotFoundError):
        loader.load("../b", parent_path="x")


def test_a_loader_of_ones_own_overrides_read() -> None:
    class Upper(BaseLoader):
        def read(self, name: str) -> tuple[str, str]:
            return name.upper(), f"generated/{name}"

    assert Upper().load("abc").generate() == b"ABC"
    with pytest.raises(NotImplementedError, match="BaseLoader"):
        BaseLoader().load("x")


def test_a_loader_of_ones_own_may_make_the_templates() -> None:
    class Own(BaseLoader):
        def _create_template(self, name: str) -> Template:
            text = "<{% block a %}{% end %}>" if name == "base" else "{% extends base %}"
            return Template(text, name=name, loader=self)

    loader = Own()

    assert loader.load("page").generate() == b"<>"
    assert set(loader.templates) == {"base", "page"}


def test_threads_get_the_same_template(root: Path) -> None:
    loader = Loader(root)
    barrier = threading.Barrier(8)
    found: list[Template] = []

    def load() -> None:
        barrier.wait()
        found.append(loader.load("a/b/deep.html"))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len({id(template) for template in found}) == 1


def test_a_template_loaded_meanwhile_by_another_thread_is_taken() -> None:
    loader = DictLoader({"a": "x"})
    other: list[Template] = []
    waiting = threading.Event()

    def load() -> None:
        waiting.set()
        other.append(loader.load("a"))

    with loader._lock:
        thread = threading.Thread(target=load)
        thread.start()
        waiting.wait()
        template = loader.load("a")
    thread.join()

    assert other == [template]
