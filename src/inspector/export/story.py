"""Explanations as prose: a field, its bytes, where they came from, what they mean and where that is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

from inspector.export.origins import Window
from inspector.export.records import OriginRecord
from inspector.export.tree import HOLE_NAME, field_words, has_own_children
from inspector.export.words import Paint, plural, printable
from inspector.guide import Guide
from inspector.model.errors import UsageError
from inspector.model.field import Field

TEXT_WIDTH = 78
"""Columns of prose: what a terminal of 80 shows without breaking lines itself."""
SHOWN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Place:
    """A field in its tree: the fields around it, outermost first, and the bytes that its offsets are in."""

    field: Field
    window: Window
    around: tuple[Field, ...] = ()

    @property
    def parent(self) -> Field | None:
        """The field around it."""
        return self.around[-1] if self.around else None

    @property
    def raw(self) -> bytes:
        """Its bytes."""
        return self.window.read(self.field.start, self.field.end)


def places(root: Place) -> Iterator[Place]:
    """A field and all below it, parents before children."""
    yield root
    for child in root.field.children:
        own = child.buffer
        window = root.window
        if own is not None and own is not window.buffer:
            window = Window(own, child.start, child.end)
        yield from places(Place(child, window, (*root.around, root.field)))


def find_by_name(root: Place, wanted: str) -> list[Place]:
    """All fields named `wanted`, or whose path of titles or names ends in `wanted` (parts joined by "/").

    Raises UsageError when there is none.
    """
    parts = wanted.split("/")
    found = [place for place in places(root) if _ends_in(place, parts)]
    if not found:
        from inspector.query.names import nearest

        similar = nearest(wanted, {place.field.name for place in places(root)})
        hint = f"; did you mean {similar}?" if similar else ""
        raise UsageError(f"the message has no field {wanted}{hint}")
    return found


def _ends_in(place: Place, parts: list[str]) -> bool:
    path = [*place.around, place.field][-len(parts) :]
    return len(path) == len(parts) and all(
        part in {each.name, each.label} for each, part in zip(path, parts, strict=True)
    )


def find_by_offset(root: Place, offset: int) -> Place:
    """The deepest field of the message's own bytes that covers byte `offset` of the message (from 0).

    Raises UsageError when the message is shorter.
    """
    at = root.field.start + offset
    if not 0 <= offset < root.field.length:
        raise UsageError(f"the message has {root.field.length} bytes: there is no byte {offset}")
    deepest = root
    for place in places(root):
        if place.window is root.window and place.field.start <= at < place.field.end:
            deepest = place
    return deepest


def story_lines(root: Place, guide: Guide, paint: Paint) -> Iterator[str]:
    """The whole message field by field; a field that came before is named again, not explained again."""
    told: set[str] = set()
    for place in places(root):
        indent = "  " * len(place.around)
        title = paint("title", field_words(place.field, place.window, guide, paint))
        yield f"{indent}{title}{_bytes_words(place, paint) if place.field.value is not None else ''}"
        if place.field.issue is not None:
            yield from _prose(f"? {printable(place.field.issue)}", indent + "  ")
        if place.field.name in told:
            continue
        told.add(place.field.name)
        explained = guide.explain(place.field, place.raw, place.parent)
        if explained.text:
            yield from _prose(printable_prose(explained.text), indent + "  ")
            if explained.spec:
                yield from _prose(explained.spec, indent + "  ", paint)
        yield ""


def field_lines(place: Place, guide: Guide, paint: Paint) -> Iterator[str]:
    """One field: bytes, origins, prose, spec."""
    field = place.field
    path = " > ".join(printable(each.label or guide.title(each.name)) for each in (*place.around, field))
    yield paint("title", path)
    yield f"  {field_words(field, place.window, guide, paint)}{paint('dim', f'  {field.name}')}"
    yield f"  {range_words(field.start, field.end)} of {place.window.name}{_bytes_words(place, paint)}"
    for origin in place.window.origins(field.start, field.end):
        yield f"  {origin_words(origin)}"
    if field.issue is not None:
        yield paint("warning", f"  ? {printable(field.issue)}")
    explained = guide.explain(field, place.raw, place.parent)
    if explained.text:
        yield ""
        yield from _prose(printable_prose(explained.text), "  ")
    for bits in field.bits:
        yield ""
        yield f"  {guide.bits_title(bits, place.raw)}{paint('dim', f'  {bits.name}')}"
        yield from _prose(printable_prose(guide.explain_bits(bits, place.raw).text), "    ")
    if explained.spec:
        yield ""
        yield from _prose(explained.spec, "  ", paint)


def origin_words(origin: OriginRecord) -> str:
    """Where bytes were captured."""
    place = f"{range_words(origin.start, origin.end)} of packet {origin.packet}"
    return f"captured as {place}" if origin.exact else f"made from {place}"


def range_words(start: int, end: int) -> str:
    """`3 bytes at offset 9`."""
    return f"{plural(end - start, 'byte')} at offset {start}"


def _bytes_words(place: Place, paint: Paint) -> str:
    field = place.field
    if has_own_children(field, place.window.buffer) or not field.length or field.name == HOLE_NAME:
        return ""
    raw = place.raw
    shown = raw[:SHOWN_BYTES].hex(" ") + (f" … ({len(raw)} bytes)" if len(raw) > SHOWN_BYTES else "")
    return "  " + paint("bytes", shown)


def printable_prose(text: str) -> str:
    """Prose with captured values in it, safe to print; line ends stay."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _prose(text: str, indent: str, paint: Paint | None = None) -> Iterator[str]:
    width = max(TEXT_WIDTH - len(indent), 30)
    for paragraph in text.strip().split("\n"):
        # What is indented is a command or a log line to copy: it stays whole.
        verbatim = paragraph.startswith(" ")
        lines = [paragraph] if verbatim else wrap(paragraph, width, break_long_words=False, break_on_hyphens=False)
        for line in lines or [""]:
            yield indent + (paint("dim", line) if paint is not None else line) if line else ""


def paragraphs(text: str, indent: str) -> Iterator[str]:
    """Prose wrapped to TEXT_WIDTH columns behind `indent`."""
    yield from _prose(printable_prose(text), indent)
