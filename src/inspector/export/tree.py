"""A field tree as indented lines: where in the buffer, how long, what it is and what it says."""

from collections.abc import Iterator

from inspector.export.origins import Window
from inspector.export.words import Paint, printable, value_words
from inspector.guide import Guide
from inspector.model.buffer import Buffer
from inspector.model.field import Field

HOLE_NAME = "hole"
"""Fields of this name have no bytes to show."""
INDENT = "  "
GUTTER = 16
"""Columns left of the tree, for offset and length."""
HEX_ROW = 16


def tree_lines(field: Field, window: Window, guide: Guide, paint: Paint, depth: int = -1) -> Iterator[str]:
    """The lines of `field` and what is below it, `depth` levels deep (-1: all)."""
    yield paint("dim", f"{'offset':>7} {'bytes':>6}")
    yield from _node(field, window, guide, paint, depth, "")


def _node(field: Field, window: Window, guide: Guide, paint: Paint, depth: int, indent: str) -> Iterator[str]:
    place = paint("dim", f"{field.start:>7} {field.length:>6}  ")
    name = paint("dim", f"  {field.name}")
    yield f"{place}{indent}{field_words(field, window, guide, paint)}{name}"
    margin = " " * GUTTER + indent + INDENT
    for bits in field.bits:
        yield f"{margin}{guide.bits_title(bits, window.read(field.start, field.end))}{paint('dim', f'  {bits.name}')}"
    if field.issue is not None:
        yield f"{margin}{paint('warning', f'? {printable(field.issue)}')}"
    if not depth:
        return
    for child in field.children:
        if child.buffer is None or child.buffer is window.buffer:
            yield from _node(child, window, guide, paint, depth - 1, indent + INDENT)
        else:
            yield margin + paint("dim", f"made from these bytes: {child.buffer.name}")
            inner = Window(child.buffer, child.start, child.end)
            yield from _node(child, inner, guide, paint, depth - 1, indent + INDENT)


def field_words(field: Field, window: Window, guide: Guide, paint: Paint) -> str:
    """Title and value of a field: `Message type: 1 (call)`."""
    title = printable(field.label or guide.title(field.name))
    if field.value is None and has_own_children(field, window.buffer):
        return paint("title", title)
    if field.name == HOLE_NAME:
        return title
    if field.length == 0 and field.value is None:
        return f"{title}: (empty)"
    value = value_words(field.value, window.read(field.start, field.end))
    meaning = guide.meaning(field.name, field.value)
    return f"{title}: {paint('value', value)}" + (f" ({meaning})" if meaning and meaning != value else "")


def has_own_children(field: Field, buffer: Buffer) -> bool:
    """Whether some child lies in the field's own bytes."""
    return any(child.buffer is None or child.buffer is buffer for child in field.children)


def hex_lines(window: Window, paint: Paint) -> Iterator[str]:
    """A hex dump of a window; bytes that were never captured are drawn as dots, not as zeros."""
    end = window.start + len(window.data)
    missing = bytearray(len(window.data))
    for hole_start, hole_end in window.buffer.holes:
        low, high = max(hole_start, window.start), min(hole_end, end)
        if low < high:
            missing[low - window.start : high - window.start] = b"\1" * (high - low)
    for at in range(0, len(window.data), HEX_ROW):
        row = window.data[at : at + HEX_ROW]
        pairs = [".." if missing[at + i] else f"{byte:02x}" for i, byte in enumerate(row)]
        left, right = " ".join(pairs[:8]), " ".join(pairs[8:])
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F and not missing[at + i] else "·" for i, byte in enumerate(row))
        yield f"{paint('dim', f'{window.start + at:08x}')}  {left:<23}  {right:<23}  {text}"


def derived(field: Field, buffer: Buffer) -> Iterator[tuple[Buffer, Field]]:
    """All readings of derived bytes below `field`, with their buffers."""
    for child in field.children:
        own = child.buffer or buffer
        if own is not buffer:
            yield own, child
        yield from derived(child, own)
