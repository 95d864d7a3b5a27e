"""The captures that come with the project, and what each one teaches."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from inspector.model.errors import InspectorError

LESSONS = "lessons.toml"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A bundled capture; `title` and `text` are "" where nobody has written them."""

    path: Path
    title: str
    text: str


def lessons(paths: list[Path]) -> list[Lesson]:
    """What there is to open; captures with a lesson first, in the order of the lessons."""
    if not paths:
        return []
    told = _read(paths[0].parent / LESSONS)
    order = {name: place for place, name in enumerate(told)}
    found = []
    for path in sorted(paths, key=lambda path: (order.get(path.stem, len(order)), path.name)):
        title, text = told.get(path.stem, ("", ""))
        found.append(Lesson(path, title or path.stem.replace("-", " "), text))
    return found


def _read(path: Path) -> dict[str, tuple[str, str]]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InspectorError(f"{path.name}: {error}") from None
    return {name: (str(table.get("title", "")), str(table.get("text", ""))) for name, table in tables.items()}
