"""What one life of the program leaves to the next."""

import json
import os

import pytest

from ostro.autoreload._life import MAX_PAUSE, MAX_SHORT_LIVES, SHORT_NS, VARIABLE, Life
from ostro.autoreload._watcher import pause


def next_life(life: Life, now_ns: int, *, late: bool = False) -> Life:
    return Life.read(life.next_environment(now_ns, late)[VARIABLE], -1)


def test_a_life_knows_of_the_one_before() -> None:
    life = next_life(Life(0), 10 * SHORT_NS, late=True)

    assert life == Life(10 * SHORT_NS, restarted=True, short_lives=0, began_late=True)


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "{", "[]", "7", "{}", '{"pid": 1}'),
        # Named, since each process that runs some of the tests has a number of its own.
        pytest.param(json.dumps({"pid": os.getpid()}), id="this process and no more"),
    ],
)
def test_what_is_no_such_life_makes_this_the_first(text: str | None) -> None:
    assert Life.read(text, 5) == Life(5, restarted=False)


def test_the_life_of_another_process_is_not_continued() -> None:
    state = {"pid": 0, "began_ns": 1, "short_lives": 9, "began_late": True}

    assert Life.read(json.dumps(state), 5) == Life(5)


def test_a_program_that_restarts_again_and_again_has_to_wait_longer_each_time() -> None:
    life = Life(0)
    pauses = []
    for now in range(1, MAX_SHORT_LIVES + 9):
        pauses.append(life.pause(now))
        life = next_life(life, now)

    assert (
        pauses == [0.0] * (MAX_SHORT_LIVES - 1) + [0.0, 1.0, 2.0, 4.0, 8.0, 16.0] + [MAX_PAUSE] * 3
    )


def test_a_restart_that_is_put_off_is_explained(caplog: pytest.LogCaptureFixture) -> None:
    life = Life(0, restarted=True, short_lives=20)

    assert pause(life, ["made.py"], SHORT_NS - 1) == MAX_PAUSE
    assert pause(life, ["made.py"], SHORT_NS) == 0
    assert caplog.messages == ["made.py changed again soon after the start; restarting in 30 s"]


def test_a_life_that_is_long_enough_ends_the_waiting() -> None:
    life = Life(0, restarted=True, short_lives=20)

    assert life.pause(SHORT_NS - 1) == MAX_PAUSE
    assert life.pause(SHORT_NS) == 0
    assert next_life(life, SHORT_NS).short_lives == 0
