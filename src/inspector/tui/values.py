"""The value inspector: what the bytes at one place would be as numbers and text."""

from __future__ import annotations

import struct

from inspector.tui.text import Line, ascii_text

INSPECTED = 16
"""Bytes looked at from the cursor on."""
MAX_VARINT = 10
"""Bytes of the longest base-128 number that fits 64 bits."""


def varint(raw: bytes) -> tuple[int, int] | None:
    """A base-128 number, least significant group first, and its length in bytes; None when it does not end."""
    value = 0
    for at, byte in enumerate(raw[:MAX_VARINT]):
        value |= (byte & 0x7F) << (7 * at)
        if byte < 0x80:
            return value, at + 1
    return None


def readings(raw: bytes) -> list[tuple[str, str]]:
    """Names and values of the bytes from the cursor on; what needs more bytes than there are is left out."""
    found: list[tuple[str, str]] = []
    if not raw:
        return found
    found.append(("u8", str(raw[0])))
    found.append(("bits", f"{raw[0]:08b}"))
    for count in (2, 4, 8):
        if len(raw) >= count:
            found.append((f"be{count * 8}", str(int.from_bytes(raw[:count], "big"))))
            found.append((f"le{count * 8}", str(int.from_bytes(raw[:count], "little"))))
    if len(raw) >= 4 and raw[0] & 0x80:
        found.append(("be32 signed", str(int.from_bytes(raw[:4], "big", signed=True))))
    number = varint(raw)
    if number is not None:
        found.append(("varint", f"{number[0]} ({number[1]} B)"))
    if len(raw) >= 8:
        found.append(("double", f"{struct.unpack('>d', raw[:8])[0]:.6g}"))
    found.append(("ascii", f'"{ascii_text(raw[:8])}"'))
    return found


def value_lines(raw: bytes, width: int) -> list[Line]:
    """The readings, as many to a line as fit."""
    lines: list[Line] = [[]]
    room = width
    for name, value in readings(raw):
        needed = len(name) + len(value) + 4
        if needed > room and lines[-1]:
            lines.append([])
            room = width
        lines[-1] += [("dim", f" {name} "), ("value", f"{value}  ")]
        room -= needed
    return lines
