"""Both directions of a conversation in the order they were sent, as text or hex."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspector.model.sides import SIDE_NAMES
from inspector.tui.text import ARROWS, Line, clock, printable, size

if TYPE_CHECKING:
    from inspector.model.message import Message
    from inspector.session import Session

MOST_LINES: Final = 20_000
"""Lines drawn; a longer conversation is read message by message."""
MOST_OF_ONE: Final = 65_536
"""Bytes drawn of one message."""
HEX_ROW: Final = 16


def stream_lines(session: Session, flow: int, sides: tuple[int, ...], as_hex: bool) -> list[Line]:
    """The messages of a conversation, each with its head and its bytes; a gutter says who sent them."""
    lines: list[Line] = []
    origin = int(session.capture.table.times[0])
    for message in session.messages:
        if message.flow != flow or message.parent is not None or message.side not in sides:
            continue
        if len(lines) >= MOST_LINES:
            lines.append([("warning", f"  the first {MOST_LINES:,} lines; the rest is in the list of messages")])
            break
        lines += _message(message, origin, as_hex)
    return lines


def _message(message: Message, origin: int, as_hex: bool) -> list[Line]:
    side = SIDE_NAMES[message.side]
    head: Line = [
        (side, f"{ARROWS[message.side]} {side} "),
        ("strong", f"{message.protocol} {message.kind}"),
        ("dim", f"  message {message.number} · packet {message.packet} · {clock(message.time - origin)} s"),
        ("dim", f" · {size(message.length)}"),
    ]
    raw = message.buffer.read(message.start, min(message.end, message.start + MOST_OF_ONE))
    body = hex_lines(raw, message.start) if as_hex else text_lines(raw, side)
    lines: list[Line] = [head, *([(side, f"{ARROWS[message.side]}  "), *line] for line in body)]
    if message.length > MOST_OF_ONE:
        lines.append([("dim", f"  … {size(message.length - MOST_OF_ONE)} more")])
    return [*lines, []]


def text_lines(raw: bytes, role: str) -> list[Line]:
    """Bytes as text, broken at line feeds; what is neither printable ASCII nor UTF-8 becomes dots."""
    text = raw.decode("utf-8", "replace").replace("\ufffd", "·")
    return [[(role, printable(part.rstrip("\r")))] for part in text.split("\n")]


def hex_lines(raw: bytes, start: int) -> list[Line]:
    """Bytes as offset, digits and characters."""
    lines: list[Line] = []
    for at in range(0, len(raw), HEX_ROW):
        chunk = raw[at : at + HEX_ROW]
        digits = f"{chunk[:8].hex(' ')}  {chunk[8:].hex(' ')}".ljust(HEX_ROW * 3 + 1)
        text = "".join(chr(b) if 0x20 <= b < 0x7F else "·" for b in chunk)
        lines.append([("dim", f"{start + at:06x}  "), ("", digits), ("", f" {text}")])
    return lines
