"""curl, and what came of it."""

import json
import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

from .programs import find

TIME_LIMIT = "90"


@dataclass(frozen=True, slots=True)
class Answer:
    """What curl got in answer to one request, and how."""

    status: int
    headers: dict[str, str]
    """The names in lower case."""
    body: bytes
    sent: int
    """Bytes of body that went to the server."""
    new_connections: int

    @property
    def json(self) -> Any:  # Any: whatever the application reported
        """The body read as JSON."""
        return json.loads(self.body)


def run_curl(*arguments: str, stdin: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run curl to its end; it uses no proxy and no settings of the user's."""
    options = ["--silent", "--show-error", "--noproxy", "*", "--max-time", TIME_LIMIT]
    repeated = [[word, *options] if word == "--next" else [word] for word in arguments]
    command = [find("curl"), "--disable", *options, *chain.from_iterable(repeated)]
    with (stdin or Path(os.devnull)).open("rb") as file:
        return subprocess.run(command, stdin=file, capture_output=True, check=False)


def curl(*arguments: str, stdin: Path | None = None) -> Answer:
    """Make one request, and return the final answer."""
    (answer,) = curl_all(arguments, stdin=stdin)
    return answer


def curl_all(*requests: Iterable[str], stdin: Path | None = None) -> list[Answer]:
    """Make requests one after the other, on one connection if that is possible."""
    mark = "@%{response_code} %{size_upload} %{num_connects} %{size_header} %{size_download}@"
    options = ["--include", "--write-out", "%{stderr}" + mark + "\\n"]
    arguments = list(chain.from_iterable(["--next", *options, *words] for words in requests))[1:]
    done = run_curl(*arguments, stdin=stdin)
    complaint = done.stderr.decode(errors="replace")
    assert done.returncode == 0, f"curl {arguments}: exit code {done.returncode}: {complaint}"
    answers, printed = [], BytesIO(done.stdout)
    for found in re.findall(r"^@(\d+) (\d+) (\d+) (\d+) (\d+)@$", complaint, re.MULTILINE):
        status, sent, connects, head_size, body_size = map(int, found)
        headers = _last_headers(printed.read(head_size))
        answers.append(Answer(status, headers, printed.read(body_size), sent, connects))
    assert printed.read() == b"", "curl printed more than it says to have got"
    return answers


def _last_headers(heads: bytes) -> dict[str, str]:
    """Return the headers of the last of several heads: interim answers come before it."""
    last = heads.decode("latin-1").rstrip("\r\n").split("\r\n\r\n")[-1]
    fields = (line.partition(":") for line in last.split("\r\n")[1:])
    return {name.lower(): value.strip() for name, _, value in fields}
