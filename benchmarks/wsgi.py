"""WSGI servers: `[PEERS_PY=/path/to/python] python benchmarks/wsgi.py [--rounds N] [--seconds S]`.

Serves one Flask application, "Hello, world", with WSGIContainer (in four threads, and on the loop),
Tornado's container (the same two ways, on uvloop), gunicorn (sync, and gthread with four threads)
and waitress (four threads). Prints the CPU time for each request, of the whole server, and what of
it is the server's own: the rest is Flask's, which `flask` shows, the application called without a
server. PEERS_PY is a Python that has the others and Flask installed. The exit status is 1 unless
each of our two ways costs less than all others of its kind.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from measure import wrk
from report import Report, best_of

KINDS = {
    "in the loop's or the only thread": ("ostro-inline", ["tornado", "gunicorn-sync"]),
    "in threads": ("ostro", ["tornado-threads", "gunicorn-gthread", "waitress"]),
}
CALLS = 20_000
ALONE = f"""
import sys, time
sys.path.insert(0, "servers")
from wsgi_app import app
from wsgiref.util import setup_testing_defaults
given = {{}}
setup_testing_defaults(given)
def once():
    result = app(given.copy(), lambda status, headers, exc_info=None: None)
    b"".join(result)
    result.close()
for _ in range(1000): once()
started = time.process_time()
for _ in range({CALLS}): once()
print((time.process_time() - started) / {CALLS} * 1e6)
"""


def commands() -> dict[str, list[str]]:
    peers = os.environ.get("PEERS_PY", sys.executable)
    gunicorn = [peers, "-m", "gunicorn", "--bind=127.0.0.1:{port}", "--no-control-socket"]
    found = {
        name: [
            peers if name.startswith("tornado") else sys.executable,
            "wsgi_app.py",
            name,
            "{port}",
        ]
        for name in ("ostro", "ostro-inline", "tornado", "tornado-threads")
    }
    return found | {
        "gunicorn-sync": [*gunicorn, "--worker-class=sync", "wsgi_app:app"],
        "gunicorn-gthread": [*gunicorn, "--worker-class=gthread", "--threads=4", "wsgi_app:app"],
        "waitress": [
            peers, "-m", "waitress", "--listen=127.0.0.1:{port}", "--threads=4", "wsgi_app:app",
        ],
    }  # fmt: skip


def flask_alone() -> float:
    """Return the CPU time of one call of the application, in microseconds."""
    ran = subprocess.run(
        [sys.executable, "-c", ALONE],
        cwd=os.path.dirname(__file__) or ".",
        capture_output=True,
        text=True,
        check=True,
    )
    return float(ran.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    report = Report()
    alone = flask_alone()
    report.line(f"    {'flask':16} {alone:9.1f} us CPU a call, without a server")
    cost = best_of(commands(), options, lambda s, _: wrk(s, seconds=options.seconds), report)
    for kind, (ours, others) in KINDS.items():
        for other in others:
            whole = cost[other] / cost[ours]
            own = (cost[other] - alone) / (cost[ours] - alone)
            report.promise(
                f"{kind}: {whole:.2f} times less than {other} ({own:.1f} without Flask itself)",
                whole > 1,
            )
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
