"""Versions of static files, and the URLs that have them."""

import logging
import os
import time
from pathlib import Path

import pytest

from ostro.web import StaticFileHandler
from ostro.web._static_versions import (
    MAX_HASHED_BYTES,
    VersionStore,
    content_version,
    open_regular,
    read_all,
)

from .files import LARGE, LONG_AGO, SMALL, put, site
from .support import ask


def version_of(root: Path, name: str = "a.css", **settings: object) -> str | None:
    return StaticFileHandler.get_version({"static_path": str(root), **settings}, name)


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    StaticFileHandler.reset()


def test_a_url_has_the_version_of_its_file(tmp_path: Path) -> None:
    put(tmp_path, "d/a.css")
    settings = {"static_path": tmp_path}

    version = StaticFileHandler.get_version(settings, "d/a.css")

    assert version is not None
    assert len(version) == 32
    url = StaticFileHandler.make_static_url(settings, "d/a.css")
    assert url == f"/static/d/a.css?v={version}"
    without = StaticFileHandler.make_static_url(settings, "d/a.css", include_version=False)
    assert without == "/static/d/a.css"


def test_a_url_is_escaped_and_leads_to_its_file(tmp_path: Path) -> None:
    put(tmp_path, "a b?c#d%20ä&.css")
    application = site(tmp_path, static_url_prefix="/s/")

    url = StaticFileHandler.make_static_url(application.settings, "a b?c#d%20ä&.css")

    assert url.startswith("/s/a%20b%3Fc%23d%2520%C3%A4&.css?v=")
    assert ask(application, url).body == SMALL


def test_the_etag_of_a_file_is_made_of_its_version(tmp_path: Path) -> None:
    for name, content in (("a.css", SMALL), ("b.css", LARGE)):
        put(tmp_path, name, content)

        answer = ask(site(tmp_path), f"/static/{name}")

        assert answer.headers["Etag"] == f'"{version_of(tmp_path, name)}"'


def test_equal_files_have_equal_versions_whatever_their_times(tmp_path: Path) -> None:
    put(tmp_path, "a.css")
    put(tmp_path, "b.css", changed=LONG_AGO + 5)
    put(tmp_path, "c.css", SMALL + b"x")

    versions = [version_of(tmp_path, name) for name in ("a.css", "b.css", "c.css")]

    assert versions[0] == versions[1] != versions[2]


def test_a_file_that_is_too_long_to_hash_is_told_apart_by_size_and_time(tmp_path: Path) -> None:
    put(tmp_path, "a.css", b"x" * MAX_HASHED_BYTES)
    put(tmp_path, "b.css", b"x" * (MAX_HASHED_BYTES + 1))
    before = version_of(tmp_path, "b.css", static_hash_cache=False)

    put(tmp_path, "b.css", b"y" * (MAX_HASHED_BYTES + 1), changed=LONG_AGO + 1)

    assert len(version_of(tmp_path) or "") == 32
    assert before == f"{MAX_HASHED_BYTES + 1:x}-{LONG_AGO * 10**9:x}"
    assert version_of(tmp_path, "b.css", static_hash_cache=False) != before


def test_the_etag_of_a_long_file_that_has_just_changed_is_weak(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: LONG_AGO + 1.0)
    content = b"x" * (MAX_HASHED_BYTES + 1)
    put(tmp_path, "old.bin", content, changed=LONG_AGO - 10)
    put(tmp_path, "new.bin", content)
    application = site(tmp_path)

    assert ask(application, "/static/old.bin").headers["Etag"].startswith('"')
    etag = ask(application, "/static/new.bin").headers["Etag"]
    assert etag.startswith('W/"')
    headers = {"Range": "bytes=0-1", "If-Range": etag}
    assert ask(application, "/static/new.bin", headers=headers).status == 200


def test_a_version_is_computed_once(tmp_path: Path) -> None:
    path = put(tmp_path, "a.css")
    version = version_of(tmp_path)

    path.unlink()

    assert version_of(tmp_path) == version
    StaticFileHandler.reset()
    assert version_of(tmp_path) is None


def test_in_debug_mode_a_version_changes_with_the_file(tmp_path: Path) -> None:
    put(tmp_path, "a.css")
    settings = site(tmp_path, debug=True).settings
    before = StaticFileHandler.get_version(settings, "a.css")

    put(tmp_path, "a.css", SMALL + b"x", changed=LONG_AGO + 1)

    assert before is not None
    assert StaticFileHandler.get_version(settings, "a.css") not in (None, before)


def test_in_debug_mode_a_file_that_does_not_change_is_read_once(tmp_path: Path) -> None:
    path = put(tmp_path, "a.css")
    before = version_of(tmp_path, static_hash_cache=False)
    known = StaticFileHandler._versions.version_for(str(path), _signature(path))

    assert known == before == version_of(tmp_path, static_hash_cache=False)


def _signature(path: Path) -> tuple[int, int, int, int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def test_in_debug_mode_a_change_within_the_same_moment_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.css"

    versions = set()
    for content in (b"one", b"two", b"six"):
        path.write_bytes(content)
        versions.add(version_of(tmp_path, static_hash_cache=False))

    assert len(versions) == 3


@pytest.mark.parametrize("name", ["nowhere.css", "a\0.css", "d", "../secret.txt", "/etc/passwd"])
def test_a_file_that_is_not_there_has_a_url_without_version(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "s/d").mkdir(parents=True)
    put(tmp_path, "secret.txt")
    settings = {"static_path": str(tmp_path / "s")}

    with caplog.at_level(logging.WARNING, "ostro.general"):
        url = StaticFileHandler.make_static_url(settings, name)

    assert "?" not in url
    assert len(caplog.records) == 1


def test_versions_may_be_computed_before_they_are_asked_for(tmp_path: Path) -> None:
    paths = [put(tmp_path, name) for name in ("a.css", "d/b.css", "d/e/c.css")]
    application = site(tmp_path, static_hash_at_start=True)

    for path in paths:
        path.unlink()

    for name in ("a.css", "d/b.css", "d/e/c.css"):
        assert StaticFileHandler.get_version(application.settings, name) is not None
    assert StaticFileHandler.hash_files(application.settings) == 0


def test_the_number_of_files_that_were_hashed_is_told(tmp_path: Path) -> None:
    put(tmp_path, "a.css")
    put(tmp_path, "d/b.css")
    os.symlink("nowhere", tmp_path / "broken")

    assert StaticFileHandler.hash_files({"static_path": tmp_path}) == 2


def test_the_versions_that_are_remembered_are_limited(tmp_path: Path) -> None:
    signature = _signature(put(tmp_path, "a.css"))
    store = VersionStore(max_versions=2)

    for key in "abca":
        store.remember(key, signature, key)
        store.remember(key, signature, key)

    assert [store.latest(key) for key in "abc"] == ["a", None, "c"]
    assert store.version_for("c", signature) == "c"
    assert store.version_for("c", (*signature[:4], 0)) is None
    assert store.version_for("b", signature) is None


def test_get_content_version_may_be_overridden(tmp_path: Path) -> None:
    calls: list[str] = []

    class Manifest(StaticFileHandler):
        @classmethod
        def get_content_version(cls, abspath: str) -> str:
            calls.append(abspath)
            return f"release {len(calls)}"

    put(tmp_path, "a.css")
    put(tmp_path, "a.css.gz", b"zipped")
    application = site(tmp_path, static_handler_class=Manifest)

    url = Manifest.make_static_url(application.settings, "a.css")

    assert url == "/static/a.css?v=release%201"
    assert ask(application, url).headers["Etag"] == '"release 1"'
    zipped = ask(application, url, headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["Etag"] == '"release 1-gzip"'
    assert calls == [str(tmp_path / "a.css")]
    assert StaticFileHandler.get_version(application.settings, "a.css") not in calls


def test_a_version_that_cannot_be_had_gives_no_etag(tmp_path: Path) -> None:
    class Broken(StaticFileHandler):
        @classmethod
        def get_content_version(cls, abspath: str) -> str:
            raise OSError("the manifest is gone")

    put(tmp_path, "a.css")

    answer = ask(site(tmp_path, static_handler_class=Broken), "/static/a.css")

    assert answer.status == 200
    assert "Etag" not in answer.headers


def test_get_version_may_be_overridden(tmp_path: Path) -> None:
    class Fixed(StaticFileHandler):
        @classmethod
        def get_version(cls, settings: object, path: str) -> str:
            return "1.0"

    settings = {"static_path": tmp_path}

    assert Fixed.make_static_url(settings, "a.css") == "/static/a.css?v=1.0"


def test_only_regular_files_have_content(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    with pytest.raises(OSError, match="not a regular file"):
        open_regular(str(tmp_path / "fifo"))
    with pytest.raises(OSError, match="not a regular file"):
        content_version(str(tmp_path))


def test_no_more_is_read_than_was_asked_for(tmp_path: Path) -> None:
    path = put(tmp_path, "a.bin", LARGE)

    with open_regular(str(path)) as file:
        assert read_all(file, 150_000) == LARGE[:150_000]
        assert read_all(file, 10**9) == LARGE[150_000:]
