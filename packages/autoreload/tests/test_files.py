"""What is watched, what counts as a change, and when changed files can be run."""

import importlib
import logging
import os
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from ostro.autoreload._modules import is_library, places_of
from ostro.autoreload._snapshot import SLICE, Snapshot
from ostro.autoreload._sources import Changes, forget_bytecode

from .support import write


def module(path: object, **names: object) -> ModuleType:
    made = ModuleType("made")
    made.__dict__.update(__file__=path, **names)
    return made


class Lazy(ModuleType):
    """A module that must not be looked into: that would load it."""

    def __getattribute__(self, name: str) -> object:
        raise AssertionError(f"{name} was asked for")


def test_modules_are_watched_as_they_come(tmp_path: Path) -> None:
    modules: dict[str, object] = {"one": module(str(tmp_path / "one.py"))}
    snapshot = Snapshot(modules)

    assert snapshot.add_modules() == [str(tmp_path / "one.py")]
    assert snapshot.add_modules() == []
    modules["two"] = module("two.py")
    modules["one"] = module(str(tmp_path / "other.py"))
    assert set(snapshot.add_modules()) == {str(tmp_path / "other.py"), os.path.abspath("two.py")}


def test_what_is_no_file_is_not_watched() -> None:
    lazy = Lazy("lazy")
    modules = {"built in": sys, "none": None, "namespace": module(None), "object": object()}
    snapshot = Snapshot({**modules, "lazy": lazy})

    assert snapshot.add_modules() == []


def test_a_module_in_a_zip_file_is_watched_through_that(tmp_path: Path) -> None:
    archive = tmp_path / "archive.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("inside.py", "")
    sys.path.insert(0, str(archive))
    try:
        inside = importlib.import_module("inside")
    finally:
        sys.path.remove(str(archive))
        sys.modules.pop("inside", None)
        sys.path_importer_cache.pop(str(archive), None)

    assert Snapshot({"inside": inside}).add_modules() == [str(archive)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file.txt"
    path.write_text("one")
    return path


def test_a_change_is_told_once(file: Path) -> None:
    snapshot = Snapshot({})
    assert snapshot.add(str(file))
    assert not snapshot.add(str(file))

    assert snapshot.check_own() == set()
    file.write_text("three")
    assert snapshot.check_own() == {str(file)}
    assert snapshot.check_own() == set()


def test_time_size_and_identity_each_tell_a_change(file: Path) -> None:
    os.utime(file, ns=(10**18, 10**18))
    snapshot = Snapshot({})
    snapshot.add(str(file))

    os.utime(file, ns=(10**18 + 1, 10**18 + 1))
    assert snapshot.check_all() == {str(file)}
    file.write_text("three")
    os.utime(file, ns=(10**18 + 1, 10**18 + 1))
    assert snapshot.check_all() == {str(file)}
    other = write(file.with_name("other"), "three")
    os.utime(other, ns=(10**18 + 1, 10**18 + 1))
    other.replace(file)
    assert snapshot.check_all() == {str(file)}


def test_a_file_that_is_gone_is_waited_for_and_may_come_back_as_it_was(file: Path) -> None:
    snapshot = Snapshot({})
    snapshot.add(str(file))
    aside = file.with_name("aside")

    file.rename(aside)
    assert snapshot.check_all() == set()
    aside.rename(file)
    assert snapshot.check_all() == set()
    file.unlink()
    assert snapshot.check_all() == set()
    file.write_text("three")
    assert snapshot.check_all() == {str(file)}


def test_a_name_that_no_file_can_have_is_a_file_that_is_missing() -> None:
    snapshot = Snapshot({})
    snapshot.add("a\0b")

    assert snapshot.check_all() == set()


def test_a_file_changed_after_a_time_is_known(file: Path) -> None:
    os.utime(file, ns=(10**18, 10**18))
    snapshot = Snapshot({})
    snapshot.add(str(file))
    snapshot.add(str(file.with_name("missing")))

    assert snapshot.younger_than(10**18 - 1) == {str(file)}
    assert snapshot.younger_than(10**18) == set()


def test_files_may_be_added_while_others_are_checked(tmp_path: Path) -> None:
    snapshot = Snapshot({})
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(1) as executor:
            adding = executor.submit(
                lambda: [snapshot.add(str(tmp_path / f"{number}.py")) for number in range(2000)]
            )
            while not adding.done():
                assert snapshot.check_own() == set()
                assert snapshot.younger_than(0) == set()
    finally:
        sys.setswitchinterval(interval)

    assert all(adding.result())


def test_files_that_go_on_changing_are_waited_for_within_bounds(file: Path) -> None:
    snapshot = Snapshot({})
    snapshot.add(str(file))
    sizes = iter([2, 3, 3])
    assert snapshot.check_until_still(lambda _: file.write_text("x" * next(sizes, 3))) == {
        str(file)
    }
    waits = []

    def go_on(seconds: float) -> None:
        waits.append(seconds)
        file.write_text("x" * len(waits) * 10)

    assert snapshot.check_until_still(go_on) == {str(file)}
    assert sum(waits) == pytest.approx(2.0)


def test_installed_files_are_looked_at_in_turn(tmp_path: Path) -> None:
    folder = os.path.dirname(os.__file__)
    snapshot = Snapshot({})
    for number in range(SLICE):
        snapshot.add(os.path.join(folder, f"no-such-module-{number}.py"))
    last = tmp_path / "last.txt"
    last.write_text("one")
    snapshot.add(str(last))
    last.write_text("three")

    assert is_library(os.__file__)
    assert not is_library(str(last))
    assert snapshot.check_some() == set()  # its turn is next
    assert snapshot.check_some() == {str(last)}
    last.write_text("one")
    assert snapshot.check_own() == {str(last)}  # whose turn it is not


def test_source_is_fit_to_be_run_once_all_of_it_compiles(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "ostro.general")
    good = write(tmp_path / "good.py", "x = 1")
    bad = write(tmp_path / "bad.py", "x = (")
    page = write(tmp_path / "page.html", "{% if")
    changes = Changes()
    assert not changes

    changes.add({str(good), str(page)})
    assert changes
    assert changes.fit() == [str(good), str(page)]
    changes.add({str(bad)})
    assert changes.fit() == []
    assert changes.fit() == []
    assert len(caplog.records) == 1  # said once
    write(bad, "x = ()")
    assert changes.fit() == sorted(map(str, (good, bad, page)))


@pytest.mark.parametrize(
    "content",
    [b"# coding: nonsense", b"x = '\xff'", b"x = \0", b"(" * 10_000, b"x = " + b"-" * 100_000],
    ids=["unknown-encoding", "no-utf-8", "nul", "parentheses", "deep"],
)
def test_what_is_no_python_is_not_fit(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "strange.py"
    path.write_bytes(content)
    changes = Changes()
    changes.add({str(path)})

    assert changes.fit() == []


def test_source_that_cannot_be_read_is_not_fit(tmp_path: Path) -> None:
    folder = tmp_path / "folder.py"
    folder.mkdir()
    changes = Changes()
    changes.add({str(folder)})

    assert changes.fit() == []


def test_a_changed_file_that_is_gone_again_keeps_no_other_waiting(tmp_path: Path) -> None:
    changes = Changes()
    changes.add({str(tmp_path / "gone.py")})
    assert changes.fit() == []

    there = write(tmp_path / "there.py", "")
    changes.add({str(there)})
    assert changes.fit() == [str(there)]


def test_bytecode_of_every_level_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util
    import py_compile

    monkeypatch.setattr(sys, "pycache_prefix", None)  # wherever others have it
    source = write(tmp_path / "module.py", "x = 1")
    for level in (0, 1, 2):
        py_compile.compile(str(source), optimize=level)
    assert len(list((tmp_path / "__pycache__").iterdir())) == 3

    forget_bytecode([str(source), str(tmp_path / "page.html")])

    assert list((tmp_path / "__pycache__").iterdir()) == []
    assert not Path(importlib.util.cache_from_source(str(source))).exists()


def test_the_places_of_an_exception_are_those_that_could_mend_it() -> None:
    try:
        try:
            compile("(", "broken.py", "exec")
        except SyntaxError as error:
            raise ModuleNotFoundError("no module", name="missing_package.part") from error
    except ModuleNotFoundError as error:
        places = set(places_of(error))

    assert {__file__, "broken.py"} <= places
    assert os.path.join(sys.path[-1], "missing_package.py") in places
    assert os.path.join(sys.path[-1], "missing_package", "__init__.py") in places


def test_a_part_that_is_missing_is_looked_for_in_its_package() -> None:
    import ostro.autoreload

    places = set(places_of(ModuleNotFoundError(name="ostro.autoreload.missing")))
    folder = os.path.dirname(ostro.autoreload.__file__)

    assert places == {
        os.path.join(folder, "missing.py"),
        os.path.join(folder, "missing", "__init__.py"),
    }
    assert not set(places_of(ModuleNotFoundError(name="sys.missing")))


def test_places_that_are_no_folder_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [object()])

    assert list(places_of(ModuleNotFoundError(name="missing"))) == []


def test_an_exception_that_is_its_own_context_is_followed_once() -> None:
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first

    assert list(places_of(first)) == []
