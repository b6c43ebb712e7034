"""Static files asked for by somebody who wants others than those that are offered."""

import contextlib
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostro.web import Application, HTTPError, StaticFileHandler
from ostro.web._static_names import names_a_file

from .files import put, site
from .support import MemoryConnection, ask

SECRET = b"nobody may read this"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory with a file, and secrets all around it."""
    put(tmp_path, "secret.txt", SECRET)
    put(tmp_path, "static_secret/a.txt", SECRET)
    put(tmp_path, "static/a.txt", b"public")
    put(tmp_path, "static/d/index.html", b"public")
    return tmp_path / "static"


def assert_refused(answer: MemoryConnection, root: Path) -> None:
    assert answer.status in (400, 403, 404)
    assert SECRET not in answer.body
    assert str(root.parent).encode() not in answer.body


@pytest.mark.parametrize(
    "path",
    [
        "..", "../secret.txt", "..%2Fsecret.txt", "%2e%2e/secret.txt", "%2e%2e%2fsecret.txt",
        "d/../../secret.txt", "d/..%2f..%2fsecret.txt", "d/../a.txt", "../static/a.txt",
        "..%5Csecret.txt", "..\\secret.txt", "d%5C..%5C..%5Csecret.txt", "../../../../etc/passwd",
        "....//secret.txt", "%252e%252e/secret.txt", "..%00/secret.txt",
    ],
)  # fmt: skip
def test_dot_segments_lead_nowhere(root: Path, path: str) -> None:
    assert_refused(ask(site(root), "/static/" + path), root)


@given(
    st.lists(
        st.sampled_from(
            [
                "..",
                ".",
                "",
                "a.txt",
                "d",
                "index.html",
                "secret.txt",
                "static",
                "static_secret",
                "%2e%2e",
                "..%2f",
                "%2F",
                "%5c",
                "\\",
                "%00",
                "~",
                "link",
                "nul",
                "%c0%ae",
            ]
        ),
        max_size=8,
    ),
    st.sampled_from(["/", "//", "%2f", "%5C"]),
)
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_way_leads_to_a_secret(root: Path, segments: list[str], separator: str) -> None:
    link = root / "link"
    if not link.is_symlink():
        link.symlink_to(root.parent)
    application = site(root, static_handler_args={"default_filename": "index.html"})

    answer = ask(application, "/static/" + separator.join(segments))

    if answer.status == 200:
        assert answer.body == b"public"
    elif answer.status == 301:
        assert re.match(r"/(?![/\\])", answer.headers["Location"])
    else:
        assert_refused(answer, root)


def test_an_absolute_path_is_refused(root: Path) -> None:
    application = site(root)

    for path in (root.parent / "secret.txt", root / "a.txt", Path("/etc/passwd")):
        assert_refused(ask(application, f"/static/{path}"), root)
        assert_refused(ask(application, "/static/" + str(path).replace("/", "%2F")), root)


@pytest.mark.parametrize("path", ["a.txt%00", "%00", "a.txt%00.css", "%0A", "a%7Ftxt", "%1b[2J"])
def test_control_characters_are_refused(root: Path, path: str) -> None:
    assert_refused(ask(site(root), "/static/" + path), root)


def test_a_sibling_directory_with_the_same_prefix_is_outside(root: Path) -> None:
    application = site(root)

    assert_refused(ask(application, "/static/../static_secret/a.txt"), root)
    assert_refused(ask(application, "/static_secret/a.txt"), root)
    assert_refused(ask(application, "/static/_secret/a.txt"), root)


def test_a_path_that_a_subclass_leads_out_of_the_root_is_refused(root: Path) -> None:
    class Astray(StaticFileHandler):
        @classmethod
        def get_absolute_path(cls, root: str, path: str) -> str:
            return root + "_secret/" + path

    answer = ask(site(root, static_handler_class=Astray), "/static/a.txt")

    assert_refused(answer, root)


DEVICES = [
    "con", "PRN", "aux.txt", "nul", "NUL.tar.gz", "com1", "Com9.css", "lpt1", "com\u00b9", "conin$",
    "CONOUT$.txt", "nul ", "nul .txt", "nul:", "com1:x",
]  # fmt: skip


@pytest.mark.parametrize("name", DEVICES)
def test_the_devices_of_windows_are_refused_everywhere(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    put(tmp_path, f"d/{name}/a.txt")
    application = site(tmp_path)

    assert ask(application, f"/static/{name}".replace(" ", "%20")).status in (403, 404)
    assert ask(application, f"/static/d/{name}/a.txt".replace(" ", "%20")).status in (403, 404)


@pytest.mark.parametrize(
    "name", ["console.log", "null.txt", "com10", "auxiliary", "com", "lpt", "a.con", "x/nul-1"]
)
def test_names_that_only_look_like_devices_are_served(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)

    assert ask(site(tmp_path), f"/static/{name}").status == 200


def test_drives_and_streams_of_windows_name_no_file() -> None:
    assert not names_a_file("c:secret.txt", on_windows=False)
    assert not names_a_file("d/c:/secret.txt", on_windows=False)
    assert not names_a_file("a.txt::$DATA", on_windows=True)
    assert names_a_file("data:text", on_windows=False)
    assert names_a_file("a/b.txt", on_windows=True)


# Links and what is no file


def test_links_that_lead_out_of_the_root_are_refused(root: Path) -> None:
    (root / "link.txt").symlink_to(root.parent / "secret.txt")
    (root / "relative.txt").symlink_to("../secret.txt")
    (root / "away").symlink_to(root.parent / "static_secret")
    (root / "a.txt.gz").symlink_to(root.parent / "secret.txt")
    (root / "loop").symlink_to("loop")
    application = site(root)

    for path in ("link.txt", "relative.txt", "away/a.txt", "loop"):
        assert_refused(ask(application, "/static/" + path), root)
    answer = ask(application, "/static/a.txt", headers={"Accept-Encoding": "gzip"})
    assert answer.body == b"public"


def test_links_out_of_the_root_are_followed_where_that_is_asked_for(root: Path) -> None:
    (root / "link.txt").symlink_to(root.parent / "secret.txt")
    (root / "a.txt.gz").symlink_to(root.parent / "secret.txt")
    application = site(root, static_handler_args={"follow_symlinks": True})

    assert ask(application, "/static/link.txt").body == SECRET
    answer = ask(application, "/static/a.txt", headers={"Accept-Encoding": "gzip"})
    assert answer.body == SECRET
    assert ask(application, "/static/../secret.txt").status == 403


def test_links_within_the_root_and_to_the_root_are_followed(root: Path) -> None:
    (root / "link.txt").symlink_to("a.txt")
    (root.parent / "current").symlink_to("static")
    application = site(root.parent / "current")

    assert ask(application, "/static/link.txt").body == b"public"
    assert ask(application, "/static/a.txt").body == b"public"


def test_a_link_that_is_turned_away_is_noticed_at_once(root: Path) -> None:
    link = root / "link.txt"
    link.symlink_to("a.txt")
    application = site(root)
    assert ask(application, "/static/link.txt").body == b"public"

    link.unlink()
    link.symlink_to(root.parent / "secret.txt")

    assert_refused(ask(application, "/static/link.txt"), root)


def test_fifos_sockets_and_devices_are_no_files(root: Path) -> None:
    os.mkfifo(root / "fifo")
    os.mkfifo(root / "a.txt.gz")
    (root / "null").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as listener:
        directory = os.getcwd()
        os.chdir(root)  # the path of a socket must be short
        try:
            listener.bind("socket")
        finally:
            os.chdir(directory)
    application = site(root)

    for name in ("fifo", "socket", "null"):
        assert_refused(ask(application, f"/static/{name}"), root)
    answer = ask(application, "/static/a.txt", headers={"Accept-Encoding": "gzip"})
    assert answer.body == b"public"


@pytest.mark.parametrize("name", ["a" * 5000, "a/" * 3000, "%ED%A0%80", "%F0%9F"])
def test_names_that_the_platform_cannot_have_are_refused(root: Path, name: str) -> None:
    assert ask(site(root), "/static/" + name).status in (400, 404)


# Redirects


@pytest.mark.parametrize(
    "target",
    ["//evil.example/d", "//evil.example/%2e%2e/d", "/\\evil.example/d", "///evil.example/d"],
)
def test_the_redirect_of_a_directory_stays_on_this_host(tmp_path: Path, target: str) -> None:
    put(tmp_path, "d/index.html")
    application = Application(
        [(r".*/(d)", StaticFileHandler, {"path": tmp_path, "default_filename": "index.html"})]
    )

    answer = ask(application, target)

    assert answer.status == 301
    location = answer.headers["Location"]
    assert location.startswith("/")
    assert location[1] not in "/\\"


def test_a_redirect_cannot_be_made_to_hold_a_second_header(root: Path) -> None:
    application = site(root, static_handler_args={"default_filename": "index.html"})

    answer = ask(application, "/static/d%0d%0aSet-Cookie:x=1")

    assert answer.status in (403, 404)


# Nothing is said about the disk


def test_errors_say_nothing_about_the_disk(root: Path) -> None:
    application = site(root)

    for path in ("nowhere", "d", "d/", "..", "a.txt/b", "%00"):
        answer = ask(application, "/static/" + path)

        assert answer.status in (403, 404)
        assert str(root).encode() not in answer.body
        assert all(str(root) not in value for value in answer.headers.values())


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """Run as somebody whom the permissions of files concern: root may read everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if user == 0:
            os.seteuid(0)


def test_what_may_not_be_read_is_forbidden() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        put(root, "a.txt").chmod(0)
        put(root, "d/a.txt").parent.chmod(0)
        application = site(root)

        with unprivileged():
            statuses = [ask(application, f"/static/{path}").status for path in ("a.txt", "d/a.txt")]

        (root / "d").chmod(0o700)
    assert statuses == [403, 403]


def test_validate_absolute_path_is_as_strict_as_the_handler(root: Path) -> None:
    outcomes: list[object] = []

    class Validating(StaticFileHandler):
        def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
            try:
                outcomes.append(super().validate_absolute_path(root, absolute_path))
            except HTTPError as error:
                outcomes.append(error.status_code)
            return None if self._finished else os.path.join(root, "a.txt")

    application = site(
        root,
        static_handler_class=Validating,
        static_handler_args={"default_filename": "index.html"},
    )

    for path in ("a.txt", "../secret.txt", "nowhere", "d/", "d"):
        ask(application, "/static/" + path)

    assert outcomes == [str(root / "a.txt"), 403, 404, str(root / "d/index.html"), None]
