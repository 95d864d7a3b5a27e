"""A finding as text: what the client believes, the bytes, what the server believes, and the reasoning around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspector.model.sides import CLIENT
from inspector.tui.text import GLYPHS, Line, fit, hexes, paragraphs, printable, quoted, wrap

if TYPE_CHECKING:
    from inspector.model.finding import Evidence, Finding
    from inspector.session import Session

SHOWN_BYTES: Final = 16
"""Bytes of evidence drawn; the rest is a key away."""
COLUMNS_FROM: Final = 90
"""Cells below which three columns become three lines."""
HEADS: Final = ("client believes", "bytes on the wire", "server believes")


def finding_lines(session: Session, finding: Finding, number: int, total: int, width: int) -> list[Line]:
    """One finding, its lines not yet wrapped except for the columns."""
    where = f"conversation c{finding.flow}" if finding.flow else "the whole capture"
    lines: list[Line] = [
        [(finding.severity, f"{GLYPHS[finding.severity]} {printable(finding.title)}")],
        [("dim", f"{finding.severity} · {finding.rule} · {where} · finding {number} of {total}")],
        [],
    ]
    lines += _section("What you see", finding.see)
    if finding.evidence:
        lines.append([("title", "The bytes, and what each side takes them for")])
        lines += evidence_lines(session, finding.evidence, width)
        lines.append([])
    lines += _section("Why it happens", finding.why)
    if finding.witness is not None:
        witness = finding.witness
        lines.append([("title", f"What {witness.library} {witness.version} says of these bytes".replace("  ", " "))])
        lines += [[("strong", f"  {text}")] for _, text in (line[0] for line in paragraphs("", witness.says))]
        lines.append([])
    lines += _section("What to do", finding.do)
    if finding.references:
        lines.append([("title", "References")])
        lines += [[("reference", f"  {printable(reference)}")] for reference in finding.references]
        lines.append([])
    return lines


def _section(title: str, text: str) -> list[Line]:
    if not text.strip():
        return []
    return [[("title", title)], *([("", f"  {part}")] for _, part in (line[0] for line in paragraphs("", text))), []]


def evidence_lines(session: Session, evidence: list[Evidence], width: int) -> list[Line]:
    """Evidence as a table of three columns, or as lines where it is narrow."""
    rows = [beliefs(session, each) for each in evidence]
    if width < COLUMNS_FROM:
        return [line for row in rows for line in _stacked(row)]
    middle = 34
    side = (width - middle - 8) // 2
    widths = (side, middle, side)
    lines = [_row([("client", HEADS[0]), ("dim", HEADS[1]), ("server", HEADS[2])], widths)]
    lines.append([("dim", "  " + "─┼─".join("─" * cells for cells in widths))])
    for place, row in enumerate(rows):
        if place:
            lines.append([("dim", "  " + "─┼─".join(" " * cells for cells in widths).replace("─", " "))])
        lines += _cells(row, widths)
    return lines


Beliefs = tuple[Line, Line, Line]
"""What stands in the three columns: lines separated by spans of the role "break"."""


def beliefs(session: Session, evidence: Evidence) -> list[list[Line]]:
    """The three columns of one piece of evidence: the sender's meaning stands on its side, the reader's on the other."""
    side = CLIENT
    sent: list[Line] = [[("", quoted(evidence.bytes, SHOWN_BYTES))]]
    if evidence.message is not None and 1 <= evidence.message <= len(session.messages):
        message = session.messages[evidence.message - 1]
        side = message.side
        sent = [[("", f"sent as {message.protocol}: {printable(message.summary)}")], *sent]
    read: list[Line] = [[("", printable(evidence.reads_as))]]
    arrow = "───►" if side == CLIENT else "◄───"
    place = f"packet {evidence.packet} bytes {evidence.start}..{max(evidence.start, evidence.end - 1)}"
    middle: list[Line] = [
        [("client" if side == CLIENT else "server", f"{arrow} {hexes(evidence.bytes[:8], 8)}")],
        *([[("", f"     {hexes(evidence.bytes[8:], 8)}")]] if len(evidence.bytes) > 8 else []),
        [("dim", f"     {place}")],
    ]
    return [sent, middle, read] if side == CLIENT else [read, middle, sent]


def _stacked(row: list[list[Line]]) -> list[Line]:
    lines: list[Line] = []
    for head, role, cell in zip(HEADS, ("client", "dim", "server"), row, strict=True):
        lines.append([(role, f"  {head}")])
        lines += [[("", "    "), *line] for line in cell]
    return [*lines, []]


def _cells(row: list[list[Line]], widths: tuple[int, int, int]) -> list[Line]:
    wrapped = [[part for line in cell for part in wrap(line, cells)] for cell, cells in zip(row, widths, strict=True)]
    height = max(len(cell) for cell in wrapped)
    lines: list[Line] = []
    for at in range(height):
        parts = [cell[at] if at < len(cell) else [] for cell in wrapped]
        line: Line = [("dim", "  ")]
        for place, (part, cells) in enumerate(zip(parts, widths, strict=True)):
            line += _filled(part, cells)
            if place < 2:
                line.append(("dim", " │ "))
        lines.append(line)
    return lines


def _filled(line: Line, width: int) -> Line:
    text = "".join(text for _, text in line)
    role = line[0][0] if line else ""
    if len({role for role, _ in line}) <= 1:
        return [(role, fit(text, width))]
    return [*line, ("", " " * max(0, width - len(text)))]


def _row(cells: Line, widths: tuple[int, int, int]) -> Line:
    line: Line = [("dim", "  ")]
    for place, ((role, text), width) in enumerate(zip(cells, widths, strict=True)):
        line.append((role, fit(text, width)))
        if place < 2:
            line.append(("dim", " │ "))
    return line


def plain_text(lines: list[Line]) -> str:
    """Lines without roles, for copying."""
    return "\n".join("".join(text for _, text in line).rstrip() for line in lines)
