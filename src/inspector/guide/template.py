"""Templates of the guide: one sentence a line; a line that has nothing to say about a field is left out.

Placeholders: {value} {meaning} (short name of the value) {note} (a sentence about that value) {text} (the bytes as
text) {hex} {length} {bytes} ("1 byte", "12 bytes") {start} {end} {label} (a schema's name) {parent} (name of the
field around it) {children} (their number) {issue} (what is wrong) {arithmetic}
{derived} (what the value counts for) {bits} {rival}.
"""

import re
from codecs import utf_8_decode

from inspector.guide.arithmetic import arithmetic, bits_arithmetic, derived, number, own_bits
from inspector.model.field import Field

MOST_TEXT = 60
MOST_HEX = 16
"""Bytes shown in a sentence; the bytes pane beside it shows them all."""

_LAYOUT = {9: " ", 10: " ", 13: " "}
"""Tab, line feed and carriage return belong to text."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def words(text: object) -> str:
    """The lines of a data file's text, without the space around them."""
    return "\n".join(line.strip() for line in str(text).strip().splitlines())


def fill(text: str, said: dict[str, str]) -> str:
    """The sentences of `text` with their placeholders replaced; one with an empty placeholder is left out."""
    lines = [line for line in text.splitlines() if all(said.get(name) for name in _PLACEHOLDER.findall(line))]
    return " ".join(_PLACEHOLDER.sub(lambda match: said[match[1]], line) for line in lines)


def placeholders(field: Field, raw: bytes, parent: Field | None) -> dict[str, str]:
    """What a template may say about `field` alone; never raises, whatever the value."""
    return {
        "value": show(field.value, raw),
        "text": _as_text(raw[: MOST_TEXT * 4]),
        "hex": show_hex(raw),
        "length": number(field.length),
        "bytes": "1 byte" if field.length == 1 else f"{number(field.length)} bytes",
        "start": str(field.start),
        "end": str(field.end),
        "label": _shorten(_printable(field.label)),
        "parent": _name_of(parent),
        "issue": _printable(field.issue or ""),
        "children": str(len(field.children)) if field.children else "",
        "arithmetic": _sum(field, raw),
        "derived": derived(field.name, field.value),
    }


def _sum(field: Field, raw: bytes) -> str:
    whole = arithmetic(field.name, field.value, raw)
    bits = None if whole else own_bits(field, raw)
    return whole if bits is None else bits_arithmetic(bits, raw)


def show(value: object, raw: bytes) -> str:
    """A value for people, short; None is shown by its bytes."""
    if value is None:
        return show_hex(raw)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return number(value)
    if isinstance(value, bytes | bytearray):
        return show_hex(bytes(value))
    return _shorten(_printable(str(value)))


def show_hex(raw: bytes) -> str:
    """Bytes in hex with spaces between, only the first ones of many."""
    if len(raw) > MOST_HEX:
        return f"{raw[:MOST_HEX].hex(' ')} …"
    return raw.hex(" ")


def _name_of(parent: Field | None) -> str:
    """What the schema calls the field of a struct around a value, or the name of the header line around it."""
    if parent is None:
        return ""
    if parent.name.endswith(".field"):
        return _shorten(_printable(parent.label))
    if isinstance(parent.value, str) and ": " in parent.value:
        return _shorten(_printable(parent.value.partition(": ")[0]))
    return ""


def _as_text(raw: bytes) -> str:
    """Bytes as the text they are, "" when they are none; a character cut at the end is left out."""
    try:
        text, _ = utf_8_decode(raw, "strict", False)
    except UnicodeDecodeError:
        return ""
    return _shorten(_printable(text)) if text.translate(_LAYOUT).isprintable() else ""


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _shorten(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"
