"""What holds for every test here."""

import pytest


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tests that are run here take as long as they may where the machine is slow; those
    that are about the time limit set it.
    """
    monkeypatch.setenv("ASYNC_TEST_TIMEOUT", "50")
