"""The help text."""

import io
import sys

import pytest

from ostro.options import OptionParser


def help_of(options: OptionParser) -> str:
    file = io.StringIO()
    options.print_help(file)
    return file.getvalue()


def test_the_help_text_shows_options_by_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["prog.py"])
    options = OptionParser()
    options.define("port", default=8888, help="run on the given port", group="server")
    options.define("debug", default=False, help="reload when files change", group="server")
    options.define("hosts", default=["a", "b"], multiple=True, metavar="HOST", group="data")
    options.define("cache_size", type=int, multiple=True, group="data")
    options.define("plain", group="")
    options.define("key", type=lambda text: text, help="a secret " + "word " * 20, group="data")

    assert help_of(options) == (
        "Usage: prog.py [OPTIONS]\n"
        "\n"
        "Options:\n"
        "\n"
        "  -h, --help                       show this help and exit\n"
        "\n"
        "options:\n"
        "\n"
        "  --plain=STRING\n"
        "\n"
        "data options:\n"
        "\n"
        "  --cache_size=INT,...\n"
        "  --hosts=HOST                     (default a,b)\n"
        "  --key=VALUE                      a secret word word word word word word word\n"
        "                                   word word word word word word word word word\n"
        "                                   word word word word\n"
        "\n"
        "server options:\n"
        "\n"
        "  --debug                          reload when files change (default False)\n"
        "  --port=INT                       run on the given port (default 8888)\n"
        "\n"
    )


def test_a_long_name_stands_on_a_line_of_its_own() -> None:
    options = OptionParser()
    options.define("a_name_that_is_rather_long_indeed", help="what it does")

    assert (
        "  --a_name_that_is_rather_long_indeed=STRING\n" + " " * 35 + "what it does\n"
    ) in help_of(options)


def test_help_goes_to_the_present_stdout(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [])

    OptionParser().print_help()

    assert capsys.readouterr().out.startswith("Usage:  [OPTIONS]\n")


def test_options_are_grouped_by_the_file_that_defines_them() -> None:
    options = OptionParser()
    options.define("a")

    assert f"{__file__} options:" in help_of(options)
