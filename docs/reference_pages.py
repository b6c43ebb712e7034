"""Make the reference: a page for each package, from its docstrings.

A hook of mkdocs, so that the pages follow the folders below packages/ and are listed nowhere.
"""

import tomllib
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]


def _modules() -> dict[str, Path]:
    """Return the module of each package, and the folder that it is found from."""
    marks = sorted(ROOT.glob("packages/*/src/**/py.typed"))
    sources = {mark: next(path for path in mark.parents if path.name == "src") for mark in marks}
    return {
        ".".join(mark.parent.relative_to(source).parts): source for mark, source in sources.items()
    }


@event_priority(100)  # before mkdocstrings, which reads its own settings in the same event
def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Let mkdocstrings find the sources, and put a page for each module into the navigation."""
    modules = _modules()
    handler = config.plugins["mkdocstrings"].config["handlers"]["python"]
    handler["paths"] = [str(source) for source in modules.values()]
    for entry in config.nav or []:
        if isinstance(entry, dict) and "Reference" in entry:
            entry["Reference"] = [{name: f"reference/{name}.md"} for name in modules]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages themselves."""
    for name, source in _modules().items():
        project = tomllib.loads((source.parent / "pyproject.toml").read_text())["project"]
        text = f"# {name}\n\n    pip install {project['name']}\n\n::: {name}\n"
        options = "    options:\n      show_root_heading: false\n"
        files.append(File.generated(config, f"reference/{name}.md", content=text + options))
    return files
