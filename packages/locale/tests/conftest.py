"""Each test starts with nothing loaded, and leaves nothing loaded behind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostro.locale import load_translations, set_default_locale
from ostro.locale._cldr import cldr_formats


@pytest.fixture(autouse=True)
def _nothing_loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    yield
    load_translations(tmp_path_factory.mktemp("nothing"))
    set_default_locale("en_US")


@pytest.fixture
def without_babel(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Python answers `import babel` as where it is not installed."""
    cldr_formats.cache_clear()
    monkeypatch.setitem(sys.modules, "babel", None)
    yield
    cldr_formats.cache_clear()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path
