"""The pages of the demo site as text: a frame with style, and what goes into it."""

from ostro.escape import xhtml_escape

STYLE = """
:root {
  color-scheme: light dark;
  --accent: #0b6bcb;
  --card: color-mix(in srgb, CanvasText 5%, Canvas);
}
* { box-sizing: border-box; }
body {
  font: 16px/1.55 system-ui, sans-serif;
  margin: 0 auto;
  max-width: 46rem;
  padding: 2rem 1.25rem;
}
header {
  display: flex;
  align-items: baseline;
  justify-content: space-between;
  gap: 1rem;
  flex-wrap: wrap;
}
h1 { font-size: 1.9rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 0 0 .5rem; }
nav a { margin-left: 1rem; }
a { color: var(--accent); }
section {
  background: var(--card);
  border-radius: .75rem;
  padding: 1.1rem 1.25rem;
  margin: 1.1rem 0;
}
section > :last-child { margin-bottom: 0; }
ul { margin: 0; padding-left: 1.2rem; }
form { display: flex; align-items: flex-start; gap: .5rem; flex-wrap: wrap; }
input, textarea, button {
  font: inherit;
  padding: .45rem .7rem;
  border-radius: .4rem;
  border: 1px solid #8886;
}
input, textarea { flex: 1; min-width: 12rem; background: Canvas; color: CanvasText; }
input[type=number] { flex: none; min-width: 0; width: 6rem; }
button { background: var(--accent); color: white; border-color: transparent; cursor: pointer; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
footer { opacity: .7; font-size: .9rem; }
"""


def page(title: str, body: str, user: str | None) -> str:
    """Return a whole page; `body` is HTML, `title` and `user` are text."""
    account = (
        f'{xhtml_escape(user)} <a href="/logout">Sign out</a>'
        if user
        else '<a href="/login">Sign in</a>'
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{xhtml_escape(title)} · Ostro</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{xhtml_escape(title)}</h1>
<nav><a href="/">Home</a> <span id="account">{account}</span></nav>
</header>
<main>{body}</main>
<footer>Served by Ostro.</footer>
</body>
</html>
"""


def section(heading: str, body: str) -> str:
    """Return one box of a page; `body` is HTML."""
    return f"<section><h2>{xhtml_escape(heading)}</h2>{body}</section>"


HOME = (
    section(
        "A greeting",
        '<form action="/greet"><input name="name" aria-label="Your name" placeholder="Your name" '
        "required><button>Greet me</button></form>",
    )
    + section(
        "Text, wrapped",
        '<form action="/wrap" method="post"><textarea name="text" rows="3" required '
        'aria-label="Text" placeholder="A long line of text"></textarea>'
        '<input name="width" type="number" aria-label="Width" value="40" min="1" max="200">'
        "<button>Wrap it</button></form>",
    )
    + section(
        "Things to look at",
        '<ul><li><a href="/reverse/stressed">A word, reversed</a></li>'
        '<li><a href="/countdown">A page that is sent bit by bit</a></li>'
        '<li><a href="/request">What your browser sent</a></li>'
        '<li><a href="/nowhere">A page that is not there</a></li></ul>',
    )
)
