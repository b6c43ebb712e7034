"""The programs that the tests of all packages run: nothing of them outlives its test."""

import os
from pathlib import Path

from packages import programs


def test_the_children_of_a_program_end_with_it(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text("import os, signal\nos.fork()\nos.write(1, b'up\\n')\nsignal.pause()\n")
    reading, writing = os.pipe()
    with programs.running(tmp_path, script, fds=(writing,)) as process:
        os.close(writing)
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["up\n", "up\n"]

    # The end is there as soon as nobody is left who could write.
    assert os.read(reading, 1) == b""
    os.close(reading)
