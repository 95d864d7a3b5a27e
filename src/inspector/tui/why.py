"""A finding as text: what the client believes, the bytes, what the server believes, and the reasoning around them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from inspector.diagnosis.first_bytes import LOOKED_AT
from inspector.model.sides import CLIENT, SIDE_NAMES, Side
from inspector.tui.text import GLYPHS, Line, hexes, paragraphs, printable, quoted, width_of, wrap
from inspector.tui.trying import magic_lines, opening_lines, reader_lines

if TYPE_CHECKING:
    from inspector.model.finding import Evidence, Finding
    from inspector.session import Session

SHOWN_BYTES: Final = 24
"""Bytes of evidence drawn; the rest is a key away."""
ROW: Final = 8
"""Bytes drawn side by side."""
COLUMNS_FROM: Final = 90
"""Cells below which three columns become three blocks."""
MIDDLE: Final = 34
"""Cells of the middle column: an arrow, eight bytes, and where they are."""
MARK: Final = ("key", "▸ ")
"""Stands before the bytes that Enter goes to."""
HEADS: Final = ("the client believes", "bytes on the wire", "the server believes")


def finding_lines(session: Session, finding: Finding, width: int, proof: int) -> list[Line]:
    """One finding, the place `proof` of its beliefs marked; only its table is cut to `width`, the rest is wrapped."""
    where = f"conversation c{finding.flow}" if finding.flow else "the whole capture"
    lines: list[Line] = [
        [(finding.severity, f"{GLYPHS[finding.severity]} {printable(finding.title)}")],
        [("dim", f"{finding.severity} · {finding.rule} · {where}")],
        [],
    ]
    lines += _section("What you see", finding.see)
    if finding.evidence:
        lines += [
            [("title", "The bytes, and what each side takes them for")],
            *evidence_lines(beliefs(session, finding.evidence), width, proof),
            [],
        ]
    lines += _section("Why it happens", finding.why)
    if finding.witness is not None:
        witness = finding.witness
        says = f"What {witness.library} {witness.version}".rstrip()
        lines += _section(f"{says} says, run on these bytes", witness.says, "strong")
    lines += _section("What to do", finding.do, "strong")
    return lines + _section("References", "\n".join(finding.references), "reference")


def _section(title: str, text: str, role: str = "") -> list[Line]:
    if not text.strip():
        return []
    body: list[Line] = [[(role, f"  {part}")] for line in paragraphs("", text) for _, part in line]
    return [[("title", title)], *body, []]


@dataclass(slots=True)
class Belief:
    """The same bytes of one packet: what their sender means by them, and what the other side may read.

    `proof` is the evidence that says where they are.
    """

    side: Side
    bytes: bytes
    place: str
    proof: Evidence
    sent: list[str]
    read: list[str]

    def columns(self) -> list[list[Line]]:
        """Client, bytes, server."""
        role = SIDE_NAMES[self.side]
        sent: list[Line] = [[(role, quoted(self.bytes, SHOWN_BYTES))]] if readable(self.bytes) else []
        sent += [[("", text)] for text in self.sent]
        read: list[Line] = [[("dim", "·  "), ("", text)] for text in self.read]
        arrow = "───► " if self.side == CLIENT else "◄─── "
        rows = [self.bytes[at : at + ROW] for at in range(0, min(len(self.bytes), SHOWN_BYTES), ROW)]
        middle: list[Line] = [
            [(role, arrow if not at else "     "), (role, hexes(row, ROW))] for at, row in enumerate(rows)
        ]
        middle.append([("dim", f"     {self.place}")])
        return [sent, middle, read] if self.side == CLIENT else [read, middle, sent]


def readable(raw: bytes) -> bool:
    """Whether bytes are mostly text."""
    return sum(0x20 <= byte < 0x7F for byte in raw) * 2 > len(raw)


def beliefs(session: Session, evidence: list[Evidence]) -> list[Belief]:
    """Evidence put together by the bytes it is about, in the order given."""
    found: list[Belief] = []
    for (packet, start, end), group in groupby(evidence, lambda each: (each.packet, each.start, each.end)):
        same = list(group)
        place = f"packet {packet}, bytes {start}..{max(start, end - 1)}" if packet else ""
        belief = Belief(_sender(session, same[0]), same[0].bytes, place, same[0], [], [])
        for each in same:
            belief_of = belief.sent if _is_senders(session, each) else belief.read
            belief_of.append(printable(each.reads_as))
        found.append(belief)
    return found


def _sender(session: Session, evidence: Evidence) -> Side:
    if evidence.message is not None:
        return session.messages[evidence.message - 1].side
    return session.packet_row(evidence.packet).side if evidence.packet else CLIENT


def _is_senders(session: Session, evidence: Evidence) -> bool:
    """Whether a reading is the sender's own: that of the protocol it speaks, or of its TCP."""
    if evidence.message is None:
        return True
    return evidence.reads_as.lower().startswith(session.messages[evidence.message - 1].protocol.lower())


def evidence_lines(found: list[Belief], width: int, proof: int) -> list[Line]:
    """Beliefs as a table of three columns, or as blocks where it is narrow; the one at `proof` is marked."""
    rows = [belief.columns() for belief in found]
    if width < COLUMNS_FROM:
        return [line for place, row in enumerate(rows) for line in _marked(_stacked(row), place == proof)]
    side = (width - MIDDLE - 8) // 2
    widths = (side, MIDDLE, side)
    heads: list[list[Line]] = [[[(role, head)]] for role, head in zip(("client", "dim", "server"), HEADS, strict=True)]
    lines = _cells(heads, widths)
    for place, row in enumerate(rows):
        lines.append([("dim", "  " + "─┼─".join("─" * cells for cells in widths))])
        lines += _marked(_cells(row, widths), place == proof)
    return lines


def _marked(lines: list[Line], wanted: bool) -> list[Line]:
    """A block whose first line, which begins with two spaces, says that the cursor is there."""
    if not wanted:
        return lines
    role, text = lines[0][0]
    rest: Line = [(role, text[len(MARK[1]) :])] if len(text) > len(MARK[1]) else []
    return [[MARK, *rest, *lines[0][1:]], *lines[1:]]


def _stacked(row: list[list[Line]]) -> list[Line]:
    lines: list[Line] = []
    for head, role, cell in zip(HEADS, ("client", "dim", "server"), row, strict=True):
        if cell:
            lines.append([(role, f"  {head}")])
            lines += [[("", "    "), *line] for line in cell]
    return [*lines, []]


def _cells(row: list[list[Line]], widths: tuple[int, int, int]) -> list[Line]:
    wrapped = [[part for line in cell for part in wrap(line, cells)] for cell, cells in zip(row, widths, strict=True)]
    lines: list[Line] = []
    for at in range(max(len(cell) for cell in wrapped)):
        line: Line = [("dim", "  ")]
        for place, (cell, cells) in enumerate(zip(wrapped, widths, strict=True)):
            line += _filled(cell[at] if at < len(cell) else [], cells)
            if place < 2:
                line.append(("dim", " │ "))
        lines.append(line)
    return lines


def _filled(line: Line, width: int) -> Line:
    """Exactly `width` cells; a wrapped line may have a space too many behind its last word."""
    if line and width_of(line) > width:
        line = [*line[:-1], (line[-1][0], line[-1][1].rstrip(" "))]
    return [*line, ("", " " * (width - width_of(line)))]


def openings_lines(session: Session, flow: int, found: bool, width: int) -> list[Line]:
    """The first bytes of both sides of a conversation, who would read them as what, and the table of known ones."""
    lines: list[Line] = []
    if not found:
        lines += [[("title", "Nothing wrong was found.")], []]
    openings: list[bytes] = []
    for side, name in enumerate(SIDE_NAMES):
        opening = _opening(session, flow, side) if flow else b""
        if opening:
            openings.append(opening)
            lines += [
                [("title", f"The {name} of c{flow} begins with")],
                *opening_lines(opening, name),
                *reader_lines(opening),
                [],
            ]
    return [*lines, [("title", "First bytes that are known (* those above)")], *magic_lines(openings, width)]


def _opening(session: Session, flow: int, side: Side) -> bytes:
    """The first bytes of a side, up to the first hole."""
    buffer = session.flows[flow - 1].buffers[side]
    holes = buffer.holes_in(0, min(LOOKED_AT, buffer.size))
    return buffer.read(0, min(LOOKED_AT, buffer.size, holes[0][0] if holes else LOOKED_AT))


def plain_text(lines: list[Line]) -> str:
    """Lines without roles, for copying."""
    return "\n".join("".join(text for _, text in line).rstrip() for line in lines)
