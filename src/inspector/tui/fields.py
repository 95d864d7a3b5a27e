"""How a field is named and drawn in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from inspector.engine.cursor import Node, Outline
from inspector.tui.text import Line, clip, fit, plural, printable, size, value_text

if TYPE_CHECKING:
    from inspector.guide import Guide

MOST = 64
"""Bytes looked at to say in one line what a field holds."""


class Naming:
    """Titles and value names out of the guide, looked up once."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self._titles: dict[str, str] = {}

    def title(self, name: str) -> str:
        """The human name of a field."""
        found = self._titles.get(name)
        if found is None:
            found = self._titles[name] = self.guide.title(name) or name
        return found

    def of(self, node: Node) -> str:
        """What to call a line: a schema's name for it first."""
        label = node.field.label
        title = self.title(node.name)
        return title if node.bits is not None or not label else printable(label)

    def value(self, node: Node) -> str:
        """What a line holds, with the value's name where it has one."""
        if node.bits is not None:
            meaning = self.guide.meaning(node.bits.name, node.bits.value)
            return f"{node.bits.value}" + (f" ({meaning})" if meaning else "")
        field = node.field
        if field.children and field.value is None:
            return ""
        if field.name == "hole":
            return "never captured"
        raw = node.buffer.read(field.start, min(field.end, field.start + MOST))
        text = value_text(field.value, raw)
        meaning = self.guide.meaning(field.name, field.value)
        return f"{text} ({meaning})" if meaning and meaning != text else text


def field_line(outline: Outline, index: int, naming: Naming, width: int, unfolded: bool | None) -> Line:
    """One line of the tree; `unfolded` is None for what has nothing below it."""
    node = outline.nodes[index]
    field = node.field
    mark = "  " if unfolded is None else "▾ " if unfolded else "▸ "
    name = "  " * node.depth + mark
    length = "" if node.bits is not None else size(field.length)
    derived = node.parent >= 0 and outline.nodes[node.parent].buffer is not node.buffer
    title = ("= " if derived else "") + naming.of(node)
    value = naming.value(node)
    flag = "! " if field.issue is not None and node.bits is None else ""
    room = width - len(name) - len(flag) - len(length) - 2
    shown = clip(title, max(room - len(value) - 2, room * 9 // 20) if value else room)
    left = room - cell_len(shown) - 2
    role = _role(node)
    return [
        ("dim", name),
        ("error" if flag else "", flag),
        (role, shown),
        ("value", "  " + fit(value, left) if left > 3 else " " * max(0, left + 2)),
        ("dim", f" {length} "),
    ]


def _role(node: Node) -> str:
    if node.depth == 0:
        return "title"
    if node.field.name in {"gap", "hole"}:
        return node.field.name
    return "dim" if node.bits is not None else ""


def summary(outline: Outline, index: int) -> str:
    """How much lies below a field, in words."""
    return plural(outline.nodes[index].after - index - 1, "field")
