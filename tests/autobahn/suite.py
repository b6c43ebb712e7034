"""Running cases against a subject, and reading what the suite reports about it.

A subject is a program: a server, started with its port, that echoes every message; or a client,
started with a URL and a name, that runs every case which the suite's server offers, echoing too.
"""

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packages.ports import free_port
from tests.served import accepts_connections, wait_until

from . import install

GOOD = {"OK", "INFORMATIONAL"}
"""NON-STRICT is not among them."""

_PATIENT_WSTEST = """
import sys
from autobahn.websocket import protocol
from autobahntestsuite import fuzzing, wstest

kill_after = fuzzing.FuzzingProtocol.killAfter
fuzzing.FuzzingProtocol.killAfter = lambda self, delay: kill_after(self, 30 * delay)

def patient(factory):
    reset = factory.resetProtocolOptions
    def reset_and_wait(self):
        reset(self)
        self.openHandshakeTimeout = self.closeHandshakeTimeout = 30
        self.serverConnectionDropTimeout = 30
    factory.resetProtocolOptions = reset_and_wait

patient(protocol.WebSocketServerFactory)
patient(protocol.WebSocketClientFactory)
sys.exit(wstest.run())
"""
"""The suite, with more than the second that it gives a subject for an answer, or for closing."""

AGENT = "subject"
MAX_SECONDS = 900.0
"""For one group of cases. A case that waits in vain gives up after at most 100 seconds."""

_END_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the suite thinks of one case: of the messages, and of how the connection ended."""

    case: str
    behavior: str
    close_behavior: str
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether both are good."""
        return self.behavior in GOOD and self.close_behavior in GOOD


def judge_server(
    command: list[str], cases: list[str], folder: Path, *, patient: bool = False
) -> list[Verdict]:
    """Let the suite's client talk to the server that `[*command, port]` starts.

    With `patient`, an answer that comes late is good, too: for machines with much to do.
    """
    port = free_port()
    with _running([*command, str(port)], folder / "subject.log") as server:
        _wait_for(server, port)
        spec = {
            "outdir": str(folder / "reports"),
            "servers": [{"agent": AGENT, "url": f"ws://127.0.0.1:{port}"}],
            "cases": cases,
            "exclude-cases": [],
            "exclude-agent-cases": {},
        }
        with _running(
            _wstest("fuzzingclient", spec, folder, patient), folder / "wstest.log"
        ) as suite:
            suite.wait(MAX_SECONDS)
    return _verdicts(cases, folder)


def judge_client(
    command: list[str], cases: list[str], folder: Path, *, patient: bool = False
) -> list[Verdict]:
    """Let the client that `[*command, url, AGENT]` starts talk to the suite's server.

    `patient` as for `judge_server`.
    """
    port = free_port()
    spec = {
        "url": f"ws://127.0.0.1:{port}",
        "outdir": str(folder / "reports"),
        "cases": cases,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    }
    wstest = [*_wstest("fuzzingserver", spec, folder, patient), "--webport", "0"]
    with _running(wstest, folder / "wstest.log") as suite:
        _wait_for(suite, port)
        words = [*command, f"ws://127.0.0.1:{port}", AGENT]
        with _running(words, folder / "subject.log") as client:
            client.wait(MAX_SECONDS)
    return _verdicts(cases, folder)


def _wstest(mode: str, spec: Mapping[str, object], folder: Path, patient: bool) -> list[str]:
    path = folder / f"{mode}.json"
    path.write_text(json.dumps(spec))
    wstest = install.command()
    command = [wstest[0], "-c", _PATIENT_WSTEST] if patient else wstest
    return [*command, "--mode", mode, "--spec", str(path)]


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program whose output goes to a file, and end it with the block."""
    with (
        log.open("wb") as file,
        subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=log.parent) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    wait_until(
        lambda: process.poll() is not None or accepts_connections(port), f"{process.args!r} listens"
    )
    if process.poll() is not None:
        raise RuntimeError(f"{process.args!r} ended at once with status {process.returncode}")


def _verdicts(cases: list[str], folder: Path) -> list[Verdict]:
    """Read the reports; a case without one, because the subject gave up, counts as MISSING."""
    index = folder / "reports" / "index.json"
    reports = json.loads(index.read_text())[AGENT] if index.exists() else {}
    return [_verdict(case, reports.get(case, {})) for case in cases]


def _verdict(case: str, report: dict[str, object]) -> Verdict:
    return Verdict(
        case,
        str(report.get("behavior", "MISSING")),
        str(report.get("behaviorClose", "MISSING")),
        float(str(report.get("duration", 0))) / 1000,
    )
