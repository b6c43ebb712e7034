"""The Autobahn test suite, in an environment of its own: it needs a Python 2.7."""

import os
import shutil
import tempfile
from pathlib import Path
from subprocess import PIPE, STDOUT, run

from tests.layout import ROOT

FOLDER = ROOT / ".venv" / "autobahn"
"""Where it is installed. Git does not look there."""

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
VIRTUALENV = "virtualenv==16.7.12"
"""The last line of virtualenv that runs on 2.7 itself."""

_STAMP = FOLDER / "installed.txt"
_TOOL_SECONDS = 600


class MissingError(Exception):
    """The suite cannot be run here; the message says what to do about it."""


class MissingPythonError(MissingError):
    """There is no Python 2.7."""

    def __init__(self) -> None:
        super().__init__("the Autobahn test suite needs a Python 2.7: pyenv install 2.7.18")


class NotInstalledError(MissingError):
    """There is a Python 2.7, and nobody has prepared the suite."""

    def __init__(self) -> None:
        super().__init__("the Autobahn test suite is missing: hatch run autobahn --install")


def find_python() -> Path:
    """Return a Python 2.7 of the PATH, or of pyenv, or else raise MissingPythonError."""
    found = shutil.which("python2.7")
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for path in [*([Path(found)] if found else []), *root.glob("versions/2.7.*/bin/python2.7")]:
        if run([path, "-c", "import ssl, zlib"], stderr=PIPE, check=False).returncode == 0:
            return path
    raise MissingPythonError


def is_installed() -> bool:
    """Tell whether what `requirements.txt` asks for is there."""
    return _STAMP.exists() and _STAMP.read_text() == REQUIREMENTS.read_text()


def command() -> list[str]:
    """Return how `wstest` is started; raise MissingError where it is not installed."""
    if not is_installed():
        find_python()
        raise NotInstalledError
    return [str(FOLDER / "bin/python"), str(FOLDER / "bin/wstest")]


def install() -> None:
    """Make the environment, unless it is there; raise MissingPythonError without a Python 2.7."""
    if is_installed():
        return
    python = find_python()
    shutil.rmtree(FOLDER, ignore_errors=True)
    with tempfile.TemporaryDirectory() as tool:
        _run(python, "-m", "pip", "install", "--target", tool, VIRTUALENV)
        _run(python, "-m", "virtualenv", FOLDER, search=tool)
    _run(FOLDER / "bin/python", "-m", "pip", "install", "-r", REQUIREMENTS)
    _STAMP.write_text(REQUIREMENTS.read_text())


def _run(*words: str | Path, search: str | None = None) -> None:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment.pop("PYTHONPATH", None)  # what the tests' Python finds there is not for 2.7
    if search is not None:
        environment["PYTHONPATH"] = search
    done = run(
        words, env=environment, stdout=PIPE, stderr=STDOUT, text=True, timeout=_TOOL_SECONDS,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{words}: exit code {done.returncode}: {done.stdout}")
