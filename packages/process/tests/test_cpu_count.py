import os
import sys
from pathlib import Path

import pytest

from ostro.process import cpu_count

from .support import run


def test_it_is_at_least_one() -> None:
    assert cpu_count() >= 1


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this platform has no CPU affinity"
)
def test_only_the_cpus_that_this_process_may_use_count(tmp_path: Path) -> None:
    source = """
        import os
        from ostro.process import cpu_count
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
        print(cpu_count())
    """

    assert run(source, tmp_path)[1] == ["1"]


@pytest.mark.skipif(sys.version_info < (3, 13), reason="PYTHON_CPU_COUNT came with Python 3.13")
def test_python_cpu_count_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_CPU_COUNT", "5")

    assert run("from ostro.process import cpu_count; print(cpu_count())", tmp_path)[1] == ["5"]


# The three ways of asking, wherever this runs.


def test_the_count_of_python_is_used_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "process_cpu_count", lambda: 7, raising=False)

    assert cpu_count() == 7


def test_the_affinity_is_used_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 4, 5}, raising=False)

    assert cpu_count() == 3


@pytest.mark.parametrize(("known", "expected"), [(6, 6), (None, 1)])
def test_the_number_of_processors_is_used_last(
    monkeypatch: pytest.MonkeyPatch, known: int | None, expected: int
) -> None:
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: known)

    assert cpu_count() == expected
