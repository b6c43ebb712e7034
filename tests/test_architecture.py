"""ARCHITECTURE.md says what is: its picture and paragraphs agree with the table and the folders."""

import re

from .layout import LAYERS, PACKAGES, ROOT

TEXT = (ROOT / "ARCHITECTURE.md").read_text()
PLANNED = "°"
PARAGRAPHS = re.findall(r"^\*\*(\w+)\*\* \(([^)]+)\)\.\s(\*Planned\.\* )?", TEXT, re.MULTILINE)


def rows_of_the_picture() -> list[list[str]]:
    """Return the rows, the highest first, without their captions, which end in two blanks."""
    picture = re.search(r"^```text\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert picture
    return [re.split(r"\s{2,}", line)[1:] for line in picture[1].splitlines()]


def test_the_picture_shows_every_package_once_and_marks_those_to_come() -> None:
    shown = sorted(name for row in rows_of_the_picture() for name in row)
    folders = {package.name for package in PACKAGES}

    assert shown == sorted(name if name in folders else name + PLANNED for name in LAYERS)


def test_a_package_stands_above_all_that_it_may_import() -> None:
    heights = {
        name.removesuffix(PLANNED): height
        for height, row in enumerate(reversed(rows_of_the_picture()))
        for name in row
    }
    misplaced = [
        f"{name} stands no higher than {below}"
        for name, allowed in LAYERS.items()
        for below in allowed - {"*"}
        if heights[name] <= heights[below]
    ]

    assert misplaced == []


def test_each_package_has_a_paragraph_that_says_what_it_may_import() -> None:
    words = {"nothing": [], "everything": ["*"]}
    found = {
        name: frozenset(words.get(imports, re.split(r",\s+", imports)))
        for name, imports, _ in PARAGRAPHS
    }

    assert found == LAYERS


def test_a_paragraph_tells_whether_its_package_is_still_to_come() -> None:
    planned = {name for name, _, mark in PARAGRAPHS if mark}

    assert planned == LAYERS.keys() - {package.name for package in PACKAGES}
