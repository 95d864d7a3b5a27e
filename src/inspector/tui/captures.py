"""The captures that come with the project, and what each one teaches."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Lesson:
    """A bundled capture; `title` and `text` are "" where nobody has written them."""

    path: Path
    title: str
    text: str


def lessons(paths: list[Path]) -> list[Lesson]:
    """What there is to open; captures with a lesson first, in the order of the lessons."""
    told = told_lessons()
    order = {name: place for place, name in enumerate(told)}
    found: list[Lesson] = []
    for path in sorted(paths, key=lambda path: (order.get(path.stem, len(order)), path.name)):
        title, text = told.get(path.stem, ("", ""))
        found.append(Lesson(path, title or path.stem.replace("-", " "), text))
    return found


def told_lessons() -> dict[str, tuple[str, str]]:
    """Title and text by file name without its ending, in the order of the start screen."""
    tables = tomllib.loads((files("inspector.tui") / "lessons.toml").read_text(encoding="utf-8"))
    return {name: (str(table["title"]), str(table["text"])) for name, table in tables.items()}
