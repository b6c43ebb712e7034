"""Templates: the scenario `templates` of `run.py`, and the process that measures one engine.

Renders and loads one page (two levels of inheritance, an include, a table of 1,000 rows with five
values each, some of which need escaping) with Ostro, Jinja2, Mako and Tornado, all of them with
autoescaping on. The engines take turns, each in a process of its own: `python templates.py ENGINE`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from report import Report

ENGINES = ["ostro", "tornado", "jinja2", "mako"]
ROWS = [
    {
        "id": number,
        "name": f"Item {number}",
        "price": f"{number * 1.25:.2f}",
        "note": "R&D <b>" if number % 10 == 0 else "in stock",
        "url": f"/items/{number}",
    }
    for number in range(1000)
]
VALUES: dict[str, object] = {
    "heading": "Items & more",
    "user": "Ann <ann@example.com>",
    "rows": ROWS,
}

# As Ostro and Tornado read it; the others' spelling is made from it.
PAGES = {
    "base.html": """<!DOCTYPE html>
<html><head><title>{% block title %}Shop{% end %}</title></head>
<body>
<header>{% include "user.html" %}</header>
{% block content %}{% end %}
<footer>{% block footer %}The shop, {{ heading }}{% end %}</footer>
</body></html>
""",
    "user.html": """<p>Hello, {{ user }}</p>{% if user %}<a href="/logout">Leave</a>{% end %}""",
    "section.html": """{% extends "base.html" %}
{% block content %}<h1>{{ heading }}</h1>
{% block list %}{% end %}
<p>{{ len(rows) }} items</p>{% end %}
""",
    "page.html": """{% extends "section.html" %}
{% block title %}{{ heading }}{% end %}
{% block list %}<table>
{% for row in rows %}<tr class="{% if row["id"] % 2 %}odd{% else %}even{% end %}">
<td>{{ row["id"] }}</td><td><a href="{{ row["url"] }}">{{ row["name"] }}</a></td>
<td>{{ row["price"] }}</td><td>{{ row["note"] }}</td></tr>
{% end %}</table>{% end %}
""",
}


def jinja2_pages() -> dict[str, str]:
    """Return the pages with each `end` naming what it ends."""
    pages = {}
    for name, text in PAGES.items():
        opened: list[str] = []

        def spelled(found: re.Match[str], opened: list[str] = opened) -> str:
            word = found[1]
            if word in ("block", "for", "if"):
                opened.append(word)
            return f"{{% end{opened.pop()} %}}" if word == "end" else found[0]

        pages[name] = re.sub(r"\{% (\w+).*?%\}", spelled, text).replace("len(rows)", "rows|length")
    return pages


def mako_pages() -> dict[str, str]:
    """Return the pages with Mako's tags and control lines."""
    replacements = [
        (r"\{% extends (\S+) %\}", r"<%inherit file=\1/>"),
        (r"\{% include (\S+) %\}", r"<%include file=\1/>"),
        (r"\{% block (\w+) %\}", r'<%block name="\1">'),
        (r"\{% (for|if) (.*?) %\}", "\\\\\n% \\1 \\2:\n"),
        (r"\{% else %\}", "\\\\\n% else:\n"),
        (r"\{\{ (.*?) \}\}", r"${\1}"),
    ]
    pages = {}
    for name, text in PAGES.items():
        opened: list[str] = []

        def ended(found: re.Match[str], opened: list[str] = opened) -> str:
            if found[1] != "end":
                opened.append(found[1])
                return found[0]
            word = opened.pop()
            return "</%block>" if word == "block" else f"\\\n% end{word}\n"

        spelled = re.sub(r"\{% (block|for|if|end)\b.*?%\}", ended, text)
        for pattern, replacement in replacements:
            spelled = re.sub(pattern, replacement, spelled)
        pages[name] = spelled
    return pages


def loading(engine: str) -> Callable[[], Callable[[], bytes]]:
    """Return what loads the page anew, and returns what renders it."""
    if engine == "jinja2":
        jinja2 = importlib.import_module("jinja2")
        texts = jinja2_pages()

        def load_jinja2() -> Callable[[], bytes]:
            env = jinja2.Environment(loader=jinja2.DictLoader(texts), autoescape=True)
            page = env.get_template("page.html")
            for name in texts:  # they are compiled when the page is first rendered
                env.get_template(name)
            return lambda: bytes(page.render(VALUES).encode())

        return load_jinja2
    if engine == "mako":
        lookup_module = importlib.import_module("mako.lookup")
        texts = mako_pages()

        def load_mako() -> Callable[[], bytes]:
            lookup = lookup_module.TemplateLookup(default_filters=["h"])
            for name, text in texts.items():
                lookup.put_string(name, text)
            page = lookup.get_template("page.html")
            return lambda: bytes(page.render(**VALUES).encode())

        return load_mako
    template = importlib.import_module(f"{engine}.template")

    def load() -> Callable[[], bytes]:
        page = template.DictLoader(PAGES).load("page.html")
        return lambda: bytes(page.generate(**VALUES))

    return load


def least_time(work: Callable[[], object], seconds: float) -> float:
    """Return the CPU time, in microseconds, of the fastest run in so many seconds."""
    deadline, best = time.perf_counter() + seconds, float("inf")
    while time.perf_counter() < deadline:
        start = time.process_time_ns()
        work()
        best = min(best, time.process_time_ns() - start)
    return best / 1000


def measure(engine: str) -> None:
    """Print the render time, the load time and what makes the output comparable."""
    load = loading(engine)
    render = load()
    output = "".join(render().decode().split())
    same = output.replace("&#39;", "&#x27;").replace("&#34;", "&quot;")
    print(least_time(render, 1.0), least_time(load, 1.0), len(same))


def templates(options: argparse.Namespace, report: Report) -> None:
    """Compare templates: a page with inheritance and a table of 1,000 rows, autoescaped."""
    peers = os.environ.get("PEERS_PY", sys.executable)
    figures: dict[str, list[tuple[float, float]]] = {engine: [] for engine in ENGINES}
    lengths = set()
    for _ in range(options.rounds):
        for engine in ENGINES:
            python = sys.executable if engine == "ostro" else peers
            command = [python, str(Path(__file__)), engine]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            render, load, length = done.stdout.split()
            figures[engine].append((float(render), float(load)))
            lengths.add(length)
    report.promise(f"the pages are of {len(lengths)} lengths (promised: 1)", len(lengths) == 1)
    best = {name: tuple(map(min, zip(*runs, strict=True))) for name, runs in figures.items()}
    for name, (render, load) in best.items():
        report.line(f"    {name:12} {render:9.0f} us CPU to render   {load:9.0f} us to load")
    for number, what in enumerate(("render", "load")):
        ostro, next_best = best["ostro"][number], min(best[peer][number] for peer in ENGINES[1:])
        ratio = ostro / next_best
        report.promise(
            f"to {what}: {ratio:.2f} times the CPU of the fastest other (promised: less than 1)",
            ratio < 1,
        )


if __name__ == "__main__":
    measure(sys.argv[1])
