"""Config files."""

from datetime import timedelta
from pathlib import Path

import pytest

from ostro.options import (
    ConfigFileError,
    ConfigFileUnreadableError,
    Error,
    InvalidValueError,
    OptionParser,
    UnknownOptionError,
)

from .support import ConfigWriter


@pytest.fixture
def write(tmp_path: Path) -> ConfigWriter:
    def write_config(source: str) -> Path:
        path = tmp_path / "server.conf"
        path.write_text(source, "utf-8")
        return path

    return write_config


@pytest.fixture
def options() -> OptionParser:
    options = OptionParser()
    options.define("port", default=80)
    options.define("mysql_host", default="a")
    options.define("hosts", multiple=True)
    options.define("ports", type=int, multiple=True)
    options.define("timeout", type=timedelta)
    options.define("logging", default="info")
    options.define("join", default="")
    return options


def test_globals_become_options(options: OptionParser, write: ConfigWriter) -> None:
    options.parse_config_file(
        write(
            "port = 81\nmysql_host = 'é'\nhosts = ['a', 'b']\nports = range(3)\n"
            "from datetime import timedelta\ntimeout = timedelta(hours=1)\n"
        )
    )

    assert options.as_dict() == {
        "port": 81,
        "mysql_host": "é",
        "hosts": ["a", "b"],
        "ports": [0, 1, 2],
        "timeout": timedelta(hours=1),
        "logging": "info",
        "join": "",
    }


def test_text_is_parsed_as_on_the_command_line(options: OptionParser, write: ConfigWriter) -> None:
    options.parse_config_file(
        write("port = '81'\nhosts = 'a,b'\nports = '1:3,9'\ntimeout = '1h 30m'\n")
    )

    assert options.port == 81
    assert options.hosts == ["a", "b"]
    assert options.ports == [1, 2, 9]
    assert options.timeout == timedelta(minutes=90)


def test_none_is_a_value(options: OptionParser, write: ConfigWriter) -> None:
    options.parse_config_file(write("port = None\nhosts = None\n"))

    assert options.port is None
    assert options.hosts == []


def test_a_path_may_be_a_str(options: OptionParser, write: ConfigWriter) -> None:
    options.parse_config_file(str(write("port = 81\n")))

    assert options.port == 81


def test_a_coding_cookie_and_a_byte_order_mark_are_honoured(
    options: OptionParser, tmp_path: Path
) -> None:
    path = tmp_path / "server.conf"

    path.write_bytes("# coding: latin-1\nmysql_host = 'é'\n".encode("latin-1"))
    options.parse_config_file(path)
    assert options.mysql_host == "é"

    path.write_bytes("\ufeffmysql_host = 'ü'\n".encode())
    options.parse_config_file(path)
    assert options.mysql_host == "ü"


def test_what_a_file_does_not_assign_is_no_option(
    options: OptionParser, write: ConfigWriter
) -> None:
    options.parse_config_file(
        write(
            "from __future__ import annotations\n"
            "import os, logging\n"  # logging is an option, but not this one
            "from os import environ\n"
            "from os.path import *\n"  # so is join
            "from datetime import timedelta\n"
            "_base = 8000\n"
            "def double(n):\n    result = n * 2\n    return result\n"
            "class Settings:\n    depth = 3\n"
            "half = lambda n: n // 2\n"
            "tools = os\n"
            "for i in range(2):\n    pass\n"
            "port = double(_base)\n"
        )
    )

    assert options.port == 16000
    assert options.logging == "info"
    assert options.join == ""


def test_the_file_knows_its_path_and_its_name(options: OptionParser, write: ConfigWriter) -> None:
    path = write("mysql_host = __file__ + __name__\n")

    options.parse_config_file(path)

    assert options.mysql_host == f"{path}__config__"


def test_a_later_source_overrides(options: OptionParser, write: ConfigWriter) -> None:
    options.parse_config_file(write("hosts = ['a', 'b']\n"), final=False)
    options.parse_command_line(["prog", "--hosts=c"])

    assert options.hosts == ["c"]


def test_parse_callbacks_run_unless_more_is_to_come(
    options: OptionParser, write: ConfigWriter
) -> None:
    ports: list[int] = []
    options.add_parse_callback(lambda: ports.append(options.port))

    options.parse_config_file(write("port = 1\n"), final=False)
    assert ports == []

    options.parse_config_file(write("port = 2\n"))
    assert ports == [2]


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ("x = 1\nport =\n", 2, "syntax error: invalid syntax"),
        ("port = 1\nif True:\nport = 2\n", 3, "syntax error: expected an indented block"),
        ("import os\n\nport = 1 / 0\n", 3, "ZeroDivisionError: division by zero"),
        ("def f():\n    raise LookupError('x')\n\nport = f()\n", 2, "LookupError: 'x'|: x"),
        ("port = nosuch\n", 1, "NameError: name 'nosuch' is not defined"),
        ("\n\nprot = 1\n", 3, "unknown option 'prot': did you mean 'port'?.*underscore"),
        ("prot: int = 1\n", 1, "unknown option 'prot'"),
        ("if True:\n    zz = 1\n    zz += 1\n", 3, "unknown option 'zz'"),
        ("(port, (zz, *yy)) = 1, (2, 3)\n", 1, "unknown option 'zz'"),
        ("port = 'x'\n", 1, "invalid value for option 'port': expected an integer, got 'x'"),
        ("port = 1.5\n", 1, "invalid value for option 'port': expected int, got 1.5"),
        ("\nhosts = 5\n", 2, "invalid value for option 'hosts': expected a list of str"),
        ("timeout = 30\n", 1, "invalid value for option 'timeout': expected timedelta"),
        ("port = int\n", 1, "invalid value for option 'port': expected int, got <class 'int'>"),
        ("port = 1\nport = len\n", 2, "invalid value for option 'port'"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(
    options: OptionParser, write: ConfigWriter, source: str, line: int, reason: str
) -> None:
    path = write(source)

    with pytest.raises(ConfigFileError, match=reason) as caught:
        options.parse_config_file(path)

    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert (caught.value.path, caught.value.line) == (str(path), line)


def test_a_value_from_elsewhere_is_named_with_the_file(
    options: OptionParser, write: ConfigWriter
) -> None:
    path = write("globals()['port'] = 'x'\n")

    with pytest.raises(ConfigFileError) as caught:
        options.parse_config_file(path)

    assert caught.value.line is None
    assert str(caught.value).startswith(f"{path}: invalid value for option 'port'")
    assert isinstance(caught.value.__cause__, InvalidValueError)


@pytest.mark.parametrize(
    "content", [b"port = 1\x00\n", b"mysql_host = '\xff'\n"], ids=["NUL", "not UTF-8"]
)
def test_bytes_that_are_no_source_are_a_syntax_error(
    options: OptionParser, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "server.conf"
    path.write_bytes(content)

    with pytest.raises(ConfigFileError, match=f"^{path}.*syntax error"):
        options.parse_config_file(path)


def test_an_error_in_a_module_that_the_file_uses_is_named_at_the_line_of_the_file(
    options: OptionParser, write: ConfigWriter
) -> None:
    path = write("import json\n\nport = json.loads('{')\n")

    with pytest.raises(ConfigFileError, match=":3: JSONDecodeError"):
        options.parse_config_file(path)


def test_a_file_that_cannot_be_read_is_an_os_error_too(
    options: OptionParser, tmp_path: Path
) -> None:
    path = tmp_path / "missing.conf"

    with pytest.raises(ConfigFileUnreadableError) as caught:
        options.parse_config_file(path)

    assert str(caught.value) == f"{path}: cannot read the config file: No such file or directory"
    assert isinstance(caught.value, OSError)
    assert isinstance(caught.value, Error)


def test_exiting_in_a_config_file_exits(options: OptionParser, write: ConfigWriter) -> None:
    with pytest.raises(SystemExit):
        options.parse_config_file(write("raise SystemExit(3)\n"))


def test_the_future_imports_of_the_library_do_not_reach_the_file(write: ConfigWriter) -> None:
    options = OptionParser()
    options.define("kind", default="")

    options.parse_config_file(write("def f(a: int): pass\nkind = str(f.__annotations__)\n"))

    assert options.kind == "{'a': <class 'int'>}"


def test_an_unknown_name_leads_to_the_unknown_option(
    options: OptionParser, write: ConfigWriter
) -> None:
    with pytest.raises(ConfigFileError, match="unknown option") as caught:
        options.parse_config_file(write("prot = 1\n"))

    assert isinstance(caught.value.__cause__, UnknownOptionError)
