"""Being told of changes by the operating system."""

from pathlib import Path

import pytest

from ostro.autoreload import _watcher
from ostro.autoreload._signs import Best, Notified
from ostro.autoreload._snapshot import Snapshot

pytest.importorskip("watchfiles", reason="pip install watchfiles")


@pytest.fixture
def snapshot() -> Snapshot:
    return Snapshot({})


def test_a_change_ends_the_waiting(tmp_path: Path, snapshot: Snapshot) -> None:
    file = tmp_path / "file.txt"
    file.write_text("one")
    snapshot.add(str(file))
    signs = Notified(snapshot)

    assert signs.wait(0.02) == set()
    file.write_text("three")
    assert signs.wait(30) == {str(file)}
    signs.close()
    signs.close()


def test_the_target_of_a_link_and_another_file_are_told_apart(
    tmp_path: Path, snapshot: Snapshot
) -> None:
    target = tmp_path / "elsewhere" / "target.txt"
    target.parent.mkdir()
    target.write_text("one")
    link = tmp_path / "link.txt"
    link.symlink_to(target)
    snapshot.add(str(link))
    signs = Notified(snapshot)

    signs.wait(0.02)
    (tmp_path / "elsewhere" / "noise.txt").write_text("!")
    assert signs.wait(0.02) == set()
    target.write_text("three")
    while not (changed := signs.wait(0.02)):
        pass
    signs.close()

    assert changed == {str(link)}


def test_a_file_that_is_added_is_watched_from_then_on(tmp_path: Path, snapshot: Snapshot) -> None:
    file = tmp_path / "file.txt"
    signs = Best(snapshot)

    assert signs.wait(0.02) == set()
    snapshot.add(str(file))
    assert signs.wait(0.02) == set()
    file.write_text("here")
    while not (changed := signs.wait(0.02)):
        pass

    assert changed == {str(file)}


def test_a_change_while_the_watching_begins_is_noticed(tmp_path: Path, snapshot: Snapshot) -> None:
    file = tmp_path / "file.txt"
    file.write_text("one")
    snapshot.add(str(file))
    file.write_text("three")
    signs = Notified(snapshot)

    assert signs.wait(0.02) == {str(file)}
    signs.close()


def test_as_long_as_no_file_changes_it_is_looked_again(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_watcher, "_snapshot", snapshot)  # no file of another test
    periods = iter([0.0, 0.0, None])

    assert list(_watcher._changes(lambda: next(periods))) == []

    assert list(periods) == []
