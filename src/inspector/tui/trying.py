"""Bytes read as protocols that may not be theirs, and what first bytes are to every kind of reader, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspector.diagnosis.first_bytes import MAGICS, magic_of, taken
from inspector.diagnosis.readings import number
from inspector.tui.text import Line, fit, hexes, plural, printable, quoted, width_of

if TYPE_CHECKING:
    from inspector.engine.attempt import Attempt

SHOWN: Final = 10
"""First bytes drawn."""
NAME: Final = 25
"""Cells for the name of a reader."""
PATTERN: Final = 28
"""Cells for the longest beginning that is known."""
TEXT: Final = 9
"""Cells for four bytes as text."""
NUMBERS: Final = 28
"""Cells for the longest range of numbers."""
WIDE: Final = 106
"""Cells from which numbers have a column of their own."""


def reached(done: Attempt) -> Line:
    """How far an attempt gets, in one line."""
    if not done.stop:
        return [("value", f"All of {plural(done.size, 'byte')} can be read so.")]
    far = f"{done.explained:,} of {plural(done.size, 'byte')} can be read so, then: "
    return [("warning", far), ("", printable(done.stop))]


def opening_lines(opening: bytes, role: str) -> list[Line]:
    """First bytes, as digits, text and the number that a reader of lengths takes them for, and what they begin."""
    magic = magic_of(opening)
    line: Line = [(role, hexes(opening, SHOWN)), ("", f"  {quoted(opening, SHOWN)}")]
    if len(opening) >= 4:
        line.append(("value", f"  0x{opening[:4].hex()} = {number(opening):,}"))
    known = f"the start of {magic.what} ({magic.spec})" if magic else "no beginning that is known here"
    return [line, [("dim", known)]]


def reader_lines(opening: bytes, protocol: str = "") -> list[Line]:
    """What every kind of reader (of a protocol) takes first bytes for; those they fit come first."""
    return [
        [
            ("title" if each.fits else "dim", f"{'*' if each.fits else ' '} {fit(each.reader, NAME)}  "),
            ("" if each.fits or protocol else "dim", printable(each.text)),
        ]
        for each in taken(opening, protocol)
    ]


def magic_lines(openings: list[bytes], width: int) -> list[Line]:
    """The table of known beginnings, those that are at hand marked; where it is narrow, in two columns."""
    wide = width >= WIDE
    here = {magic for opening in openings if (magic := magic_of(opening)) is not None}
    head = f"  {fit('first bytes', PATTERN)}{fit('as text', TEXT)}"
    between = fit("as a length", NUMBERS) if wide else "as a length: "
    lines: list[Line] = [[("dim", head), ("dim", f"{between}what they begin")]]
    for magic in MAGICS:
        mark, role = ("*", "title") if magic in here else (" ", "")
        text = f'"{magic.text}"' if magic.text else ""
        numbers = fit(magic.numbers, NUMBERS) if wide else f"{magic.numbers}: " if magic.numbers else ""
        line = [
            (role, f"{mark} {fit(magic.pattern, PATTERN)}{fit(text, TEXT)}"),
            ("value", numbers),
            (role, magic.what),
        ]
        room = width - width_of(line)
        lines.append([*line, ("dim", f"  {magic.spec}")] if len(magic.spec) + 2 <= room else line)
    return lines
