"""What the start screen offers: captures that come with the project, what each teaches, and those captured before."""

from __future__ import annotations

import time
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from inspector.tui.text import size

MOST_EARLIER = 5
"""Captures of earlier runs that are offered."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A capture to open, and what it teaches."""

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


def earlier(paths: list[Path]) -> list[Lesson]:
    """Captures of earlier runs, with when they were made and how big they are."""
    found: list[Lesson] = []
    for path in paths[:MOST_EARLIER]:
        status = path.stat()
        made = time.strftime("%d %b %H:%M", time.localtime(status.st_mtime))
        text = f"{size(status.st_size)}, in {path.parent}. Open it, or copy it to keep it: temporary files go away."
        found.append(Lesson(path, f"captured live until {made}", text))
    return found


def told_lessons() -> dict[str, tuple[str, str]]:
    """Title and text by file name without its ending, in the order of the start screen."""
    tables = tomllib.loads((files("inspector.tui") / "lessons.toml").read_text(encoding="utf-8"))
    return {name: (str(table["title"]), str(table["text"])) for name, table in tables.items()}
