"""How the debug page looks, light and dark, without a script and without anything to fetch."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

__all__ = ["POLICY", "STYLE"]

STYLE: Final = """
:root { color-scheme: light dark; --bg: #f6f5f2; --card: #fff; --text: #23211e; --dim: #6d6860;
  --line: #e2dfd8; --red: #b3261e; --red-bg: #fdeceb; --hit: #fff3c4; --mark: #ffd75e;
  --code: #fbfaf8; --link: #8a4b08; }
@media (prefers-color-scheme: dark) { :root { --bg: #1a1917; --card: #24221f; --text: #ece8e1;
  --dim: #a39d92; --line: #3a3733; --red: #ff8a80; --red-bg: #3b1f1d; --hit: #443a14;
  --mark: #7a6410; --code: #1f1d1b; --link: #f0b46a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
header { background: var(--card); border-bottom: 1px solid var(--line);
  border-top: 4px solid var(--red); }
header > div, main { max-width: 76rem; margin: 0 auto; padding: 1.25rem 1.5rem; }
h1 { margin: .1rem 0 .3rem; font-size: 1.7rem; line-height: 1.25; color: var(--red);
  overflow-wrap: anywhere; }
p.card { padding: .45rem .9rem; font-size: .9rem; }
main > h2:first-child { margin-top: 0; }
h2 { margin: 2rem 0 .6rem; font-size: 1.1rem; }
h3 { margin: 0 0 .2rem; font-size: 1.05rem; color: var(--red); overflow-wrap: anywhere; }
p { margin: .2rem 0; }
.message, .note { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 1.05rem; }
.message { max-height: 12rem; overflow-y: auto; }
.note { color: var(--dim); }
.dim, .status { color: var(--dim); overflow-wrap: anywhere; }
.relation { margin: 0; color: var(--dim); font-size: .85rem; text-transform: uppercase;
  letter-spacing: .05em; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  margin: .5rem 0; overflow: hidden; }
.cause { border-left: 4px solid var(--red); padding: .8rem 1rem; margin: 1.5rem 0 .5rem;
  background: var(--red-bg); border-radius: 4px; }
.members { margin-left: 1rem; border-left: 2px solid var(--line); padding-left: 1rem; }
summary { cursor: pointer; padding: .45rem .9rem; overflow-wrap: anywhere; }
summary:hover { background: var(--code); }
summary:focus-visible { outline: 2px solid var(--link); outline-offset: -2px; }
.frame > summary { font-size: .9rem; }
.frame > summary > .dim { word-break: break-all; }
.frame b { font-weight: 600; }
.library > summary { color: var(--dim); font-size: .9rem; }
.library > .frame { margin: 0; border-width: 1px 0 0; border-radius: 0; }
.library > .frame > summary { padding-left: 1.8rem; }
.tag { font-size: .75rem; border: 1px solid currentColor; border-radius: 9px; padding: 0 .45rem;
  margin-left: .4rem; color: var(--link); }
code, pre, td, th { font: 13px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.source { margin: 0; padding: .4rem 0; background: var(--code); border-top: 1px solid var(--line);
  overflow-x: auto; }
.source ol { margin: 0; padding: 0; list-style: none; width: max-content; min-width: 100%; }
.source li { padding: 0 .9rem; white-space: pre;
  font: 13px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.source i { display: inline-block; width: 3.2rem; padding-right: 1rem; text-align: right;
  font-style: normal; color: var(--dim); user-select: none; }
.source .hit { background: var(--hit); }
mark { background: var(--mark); color: inherit; border-radius: 2px; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem;
  border-top: 1px solid var(--line); overflow-wrap: anywhere; white-space: pre-wrap; }
th { width: 15rem; font-weight: 600; }
.inner { border-top: 1px solid var(--line); }
.inner > summary { font-size: .85rem; color: var(--link); }
.text { margin: 0; padding: .9rem; overflow-x: auto; border-top: 1px solid var(--line);
  background: var(--code); white-space: pre-wrap; overflow-wrap: anywhere; }
footer { color: var(--dim); font-size: .85rem; margin: 2rem 0 1rem; }
@media (max-width: 40rem) { header > div, main { padding: 1rem .8rem; } th { width: 8.5rem; }
  h1 { font-size: 1.35rem; } }
"""

_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""The Content-Security-Policy of the page: it runs nothing and fetches nothing, whatever it shows.

Spec: Content Security Policy Level 3.
"""
