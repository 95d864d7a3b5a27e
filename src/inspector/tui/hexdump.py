"""Rows of a hex view as spans: offset, sixteen pairs of digits, sixteen characters."""

from __future__ import annotations

from inspector.tui.text import Line
from inspector.tui.views import Span, View

ROW = 16
"""Bytes in a row."""
WIDTH = 76
"""Cells that a row takes."""
_TEXT = "".join(chr(b) if 0x20 <= b < 0x7F else "·" for b in range(256))


def roles_of(view: View, start: int, end: int, cursor: int) -> list[str]:
    """How each byte of `start:end` is drawn; later marks win over earlier ones."""
    roles = ["outside"] * (end - start)
    _mark(roles, start, view.whole, "print")
    _mark(roles, start, view.parent, "parent")
    _mark(roles, start, view.gaps, "gap")
    _mark(roles, start, view.holes, "hole")
    _mark(roles, start, view.selected, "parent" if view.soft else f"{view.side} selected")
    if start <= cursor < end:
        roles[cursor - start] = "byte"
    return roles


def _mark(roles: list[str], start: int, spans: list[Span], role: str) -> None:
    for low, high in spans:
        for at in range(max(low - start, 0), min(high - start, len(roles))):
            roles[at] = role


def row_line(view: View, row: int, cursor: int = -1) -> Line:
    """One row of the view."""
    start = row * ROW
    chunk = view.buffer.read(start, min(start + ROW, view.size))
    end = start + len(chunk)
    roles = roles_of(view, start, end, cursor)
    holes = [role == "hole" for role in roles]
    line: Line = [("dim", f"{start:06x}  ")]
    for at, byte in enumerate(chunk):
        if at == ROW // 2:
            line.append((_between(roles, at), " "))
        line.append((roles[at], "??" if holes[at] else f"{byte:02x}"))
        line.append((_between(roles, at + 1), " "))
    missing = ROW - len(chunk)
    line.append(("", "   " * missing + (" " if len(chunk) <= ROW // 2 else "") + " "))
    line += [(roles[at], "?" if holes[at] else _TEXT[byte]) for at, byte in enumerate(chunk)]
    return merged(line)


def _between(roles: list[str], at: int) -> str:
    """The space between two bytes belongs to a mark that covers both."""
    if 0 < at < len(roles):
        before, after = roles[at - 1], roles[at]
        if before == after and after.endswith(("selected", "parent")):
            return after
        if all(role.endswith(("selected", "parent", "byte")) for role in (before, after)):
            return "parent" if "parent" in {before, after} else before if after == "byte" else after
    return ""


def merged(line: Line) -> Line:
    """Neighbours of the same role made one span."""
    found: Line = []
    for role, text in line:
        if found and found[-1][0] == role:
            found[-1] = (role, found[-1][1] + text)
        else:
            found.append((role, text))
    return found


def byte_at(column: int) -> int | None:
    """Which byte of its row is drawn at a column, in the digits or in the characters."""
    digits = column - 8
    if 0 <= digits < ROW // 2 * 3:
        return digits // 3
    if ROW // 2 * 3 < digits <= ROW * 3:
        return (digits - 1) // 3
    text = column - 8 - ROW * 3 - 2
    return text if 0 <= text < ROW else None
