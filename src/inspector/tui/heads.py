"""The lines and titles around the panes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from inspector.tui.levels import LEVELS, MESSAGES
from inspector.tui.text import GLYPHS, Line, plural, printable

if TYPE_CHECKING:
    from inspector.model.finding import Finding
    from inspector.session import Session
    from inspector.tui.digest import Digest
    from inspector.tui.study import Study
    from inspector.tui.views import View

LEVEL_NAMES = {"flows": "conversations", "messages": "messages", "packets": "packets"}
PANE_NAMES = {"layers": "5 Layers", "bytes": "6 Bytes", "explain": "7 Explain"}


def head_line(session: Session, digest: Digest) -> tuple[Line, Line]:
    """File and counts; severities."""
    counts = " · ".join(
        (
            plural(session.packet_count, "packet"),
            plural(len(session.messages), "message"),
            plural(len(session.flows), "conversation"),
        )
    )
    name = "standard input" if session.path == "-" else Path(session.path).name
    left: Line = [("title", " inspector "), ("strong", f" {printable(name)}  ")]
    if session.issues:
        left.append(("warning", f"! {printable(session.issues[0])}  "))
    left.append(("dim", counts))
    right: Line = []
    if not digest.complete:
        right.append(("dim", "looking for trouble … "))
    for severity, glyph in GLYPHS.items():
        count = digest.counts.get(severity, 0)
        if count:
            right.append((severity, f" {glyph} {count:,} "))
    return left, right


def banner_line(findings: list[Finding]) -> tuple[Line, Line]:
    """The first finding of a conversation, and the way to the rest."""
    if not findings:
        return [], []
    worst = findings[0]
    more = f"  (+{len(findings) - 1} more)" if len(findings) > 1 else ""
    left: Line = [(worst.severity, f" {GLYPHS[worst.severity]} {printable(worst.title)}"), ("dim", more)]
    return left, [("key", "W"), ("", " why ")]


def level_title(level: str, left: str) -> Line:
    """The three lists, the one shown in capitals, and how much a filter has `left` of it."""
    title = _tabs({name: f"{place} {LEVEL_NAMES[name]}" for place, name in enumerate(LEVELS, 1)}, level)
    return [*title, ("", "── "), ("shown", f"{left} ")] if left else title


def pane_titles(study: Study | None, index: int, view: View | None, narrow: bool) -> dict[str, Line]:
    """The title of each lower pane; where it is narrow only one is in view, and it names the others."""
    titles: dict[str, Line] = {}
    for name, title in PANE_NAMES.items():
        titles[name] = _tabs(PANE_NAMES, name) if narrow else [("pane", f"{title} ")]
    if study is None:
        return titles
    number = study.outline.step_number(index)
    titles["layers"] += [("", "── "), ("pane", f"step {number}/{len(study.outline.steps)} ")]
    if view is not None:
        titles["bytes"] += [("", "── "), ("pane", f"{view.title} ")]
    return titles


def _tabs(names: dict[str, str], shown: str) -> Line:
    """Names side by side, the one shown in capitals."""
    return [("shown", f"{text.upper()}  ") if name == shown else ("pane", f"{text}  ") for name, text in names.items()]


def empty_list(session: Session, level: str, filtered: bool, hint: str) -> str:
    """What to say where there is nothing to list; `hint` is what to drop of the filter."""
    if filtered:
        why = f" {hint[:1].upper()}{hint[1:]}." if hint else ""
        return f"Nothing matches.{why} C clears the filter, c shows all conversations again."
    reason = f": {session.issues[0]}" if session.issues else "."
    other = " 3 shows the packets." if level == MESSAGES and session.packet_count else ""
    return f"This capture holds no {LEVEL_NAMES[level]}{reason}{other}"
