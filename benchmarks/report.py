"""What the scenarios share: printing figures and promises, and letting servers take turns."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from measure import Load, Server, running


class Report:
    """Prints figures, and remembers the promises that were not kept."""

    def __init__(self) -> None:
        self.broken: list[str] = []

    def line(self, text: str) -> None:
        """Print a line at once."""
        print(text, flush=True)

    def promise(self, text: str, kept: bool) -> None:
        """Print a promise with its figure."""
        self.line(f"    {'kept  ' if kept else 'BROKEN'} {text}")
        if not kept:
            self.broken.append(text)


def best_of(
    names: dict[str, list[str]],
    options: argparse.Namespace,
    load: Callable[[Server, str], Load],
    report: Report,
    unit: str = "request",
) -> dict[str, float]:
    """Return the least CPU time for each name, over rounds in which all take their turn."""
    results: dict[str, list[Load]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name, argv in names.items():
            with running(argv) as server:
                results[name].append(load(server, name))
    best = {name: min(run.cpu_microseconds for run in runs) for name, runs in results.items()}
    for name in sorted(best, key=best.__getitem__):
        runs = results[name]
        rate = max(run.requests / run.seconds for run in runs)
        faults = "; ".join(sorted({run.faults for run in runs if run.faults}))
        report.line(
            f"    {name:12} {best[name]:9.1f} us CPU a {unit}   {rate:8.0f} {unit}s/s  {faults}"
        )
    return best
