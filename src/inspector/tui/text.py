"""Words and numbers as lines of (role, text) spans; widgets decide what a role looks like.

Nothing here knows Textual, so every line can be tested as plain data.
"""

from typing import Final

from rich.cells import cell_len, chop_cells, set_cell_size

Span = tuple[str, str]
"""A role of ROLES ("" is plain text) and its text."""
Line = list[Span]

ROLES: Final = (
    "title",
    "strong",
    "dim",
    "label",
    "value",
    "client",
    "server",
    "error",
    "warning",
    "note",
    "reference",
    "key",
    "cursor",
    "cursor-idle",
    "selected",
    "byte",
    "parent",
    "gap",
    "hole",
    "outside",
    "print",
    "rule",
    "rule-focus",
    "pane",
    "shown",
)
GLYPHS: Final = {"error": "!", "warning": "?", "note": "i"}
"""Severity is never told by colour alone."""
ARROWS: Final = ("►", "◄")
SHORT_VALUE: Final = 16
"""Bytes shown in full beside a field; more are cut with an ellipsis."""

_CONTROL: Final = dict.fromkeys((*range(32), *range(127, 160), 8232, 8233, *range(8234, 8239), *range(8294, 8298)), "·")


def printable(text: str) -> str:
    """Captured text made safe to draw: control and direction characters become middle dots."""
    return text.translate(_CONTROL)


def ascii_text(raw: bytes) -> str:
    """One character a byte: printable ASCII as it is, a middle dot for the rest."""
    return "".join(chr(b) if 0x20 <= b < 0x7F else "·" for b in raw)


def clip(text: str, width: int) -> str:
    """At most `width` cells; what is cut ends in an ellipsis."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def fit(text: str, width: int, right: bool = False) -> str:
    """Exactly `width` cells, cut or padded (on the left when `right`)."""
    text = clip(text, width)
    padding = " " * (width - cell_len(text))
    return padding + text if right else text + padding


def width_of(line: Line) -> int:
    """Cells that a line takes."""
    return sum(cell_len(text) for _, text in line)


def plural(count: int, word: str) -> str:
    """`1 packet`, `2 packets`."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def size(count: int) -> str:
    """A number of bytes in at most eight cells."""
    if count < 10_000:
        return f"{count} B"
    if count < 10_000_000:
        return f"{count / 1000:.1f} kB"
    return f"{count / 1_000_000:.1f} MB"


def duration(seconds: float) -> str:
    """A length of time with a unit that keeps three digits."""
    if seconds < 0.000_999_5:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.999_5:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s"


def clock(nanoseconds: int) -> str:
    """Seconds since the first packet, with microseconds."""
    sign = "-" if nanoseconds < 0 else ""
    whole, rest = divmod(abs(nanoseconds), 1_000_000_000)
    return f"{sign}{whole}.{rest // 1000:06d}"


def hexes(raw: bytes, most: int = SHORT_VALUE) -> str:
    """Bytes as pairs of hex digits, cut after `most`."""
    return raw[:most].hex(" ") + (" …" if len(raw) > most else "")


def value_text(value: object, raw: bytes) -> str:
    """What a field means, in one line; the bytes themselves when it means nothing else."""
    if value is None:
        return quoted(raw) if raw and all(0x20 <= b < 0x7F for b in raw[:SHORT_VALUE]) else hexes(raw)
    if isinstance(value, bytes):
        return hexes(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return printable(value)
    return str(value)


def quoted(raw: bytes, most: int = 40) -> str:
    """Bytes as text in quotation marks, cut after `most`."""
    return '"' + ascii_text(raw[:most]) + ("…" if len(raw) > most else "") + '"'


def wrap(line: Line, width: int) -> list[Line]:
    """Break a line at spaces so that no part is wider than `width` cells.

    What follows the first part is indented like it, or to the end of its label: a first span that ends in two spaces.
    """
    if width < 4 or width_of(line) <= width:
        return [line]
    whole = "".join(text for _, text in line)
    label = line[0][1]
    indent = len(label) if label.endswith("  ") and label.strip() else len(whole) - len(whole.lstrip(" "))
    indent = min(indent, width // 2)
    out: list[Line] = [[]]
    room = width
    for role, text in line:
        for word in _words(text):
            for piece in chop_cells(word, width - indent) if cell_len(word) > width - indent else [word]:
                cells = cell_len(piece.rstrip(" "))
                if cells > room and out[-1]:
                    out.append([("", " " * indent)] if indent else [])
                    room = width - indent
                    if not piece.strip():
                        continue
                out[-1].append((role, piece))
                room -= cell_len(piece)
    return out


def _words(text: str) -> list[str]:
    """Words with the spaces behind them."""
    words: list[str] = []
    start = 0
    for at in range(1, len(text)):
        if text[at - 1] == " " and text[at] != " ":
            words.append(text[start:at])
            start = at
    words.append(text[start:])
    return words


def paragraphs(role: str, text: str) -> list[Line]:
    """A text of several paragraphs, one line each, not yet wrapped."""
    return [[(role, printable(part))] for part in text.strip().split("\n")]
