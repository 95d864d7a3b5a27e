"""Which bytes the Bytes pane can show for a field: its packet, its stream, and what was derived from that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from inspector.engine.cursor import Node, origins_of
from inspector.model.buffer import Buffer, Plain
from inspector.model.sides import SIDE_NAMES
from inspector.tui.text import ARROWS

if TYPE_CHECKING:
    from inspector.session import Session
    from inspector.tui.study import Study

FRAME: Final = "frame"
STREAM: Final = "stream"
DERIVED: Final = "derived"

Span = tuple[int, int]


@dataclass(slots=True)
class View:
    """A buffer to draw and what is marked in it; ranges are offsets in `buffer`.

    `packet` is the packet number of a frame view, else 0. `whole` is the message (or layer) around the field;
    `side` is who sent the bytes; a `soft` selection is a whole layer, marked less loudly.
    """

    kind: str
    title: str
    side: str
    buffer: Buffer
    packet: int
    size: int
    selected: list[Span] = field(default_factory=list)
    parent: list[Span] = field(default_factory=list)
    whole: list[Span] = field(default_factory=list)
    holes: list[Span] = field(default_factory=list)
    gaps: list[Span] = field(default_factory=list)
    exact: bool = True
    soft: bool = False


def kinds(study: Study, index: int) -> list[str]:
    """The views a field has, from the wire up."""
    buffer = study.outline.nodes[index].buffer
    if is_packet(study, buffer):
        return [FRAME]
    frame = [FRAME] if study.stop.packet else []
    return [*frame, STREAM] if buffer.parent is None else [*frame, STREAM, DERIVED]


def sender(session: Session, study: Study) -> str:
    """Who sent what is studied."""
    side = study.message.side if study.message is not None else session.packet_row(study.stop.packet).side
    return SIDE_NAMES[side]


def is_packet(study: Study, buffer: Buffer) -> bool:
    """Whether a buffer is the captured packet itself."""
    return study.message is None or (study.root > 0 and study.outline.nodes[0].buffer is buffer)


def view(session: Session, study: Study, index: int, wanted: str) -> View:
    """The view of kind `wanted` (or the nearest that the field has) with the field marked in it."""
    has = kinds(study, index)
    kind = wanted if wanted in has else has[-1]
    node = study.outline.nodes[index]
    if kind == FRAME:
        return _frame(session, study, node)
    buffer, steps = node.buffer, 0
    while kind == STREAM and buffer.parent is not None:
        buffer, steps = buffer.parent, steps + 1
    made = View(kind, "", sender(session, study), buffer, 0, buffer.size, holes=buffer.holes)
    made.selected, made.exact = _mapped(node, steps)
    made.soft = node.depth == 0
    if node.parent >= 0:
        made.parent = _mapped(study.outline.nodes[node.parent], steps)[0] if not _new_buffer(study, node) else []
    message = study.message
    if message is not None and message.buffer is buffer:
        made.whole = [(message.start, message.end)]
    else:
        made.whole = [(0, made.size)]
    made.gaps = [
        (n.field.start, n.field.end) for n in study.outline.nodes if n.buffer is buffer and n.field.name == "gap"
    ]
    side = message.side if message is not None else 0
    arrow = f"{ARROWS[side]} {('client to server', 'server to client')[side]}"
    made.title = f"{'stream' if kind == STREAM else 'derived: ' + buffer.name} {arrow}"
    return made


def _new_buffer(study: Study, node: Node) -> bool:
    return node.parent >= 0 and study.outline.nodes[node.parent].buffer is not node.buffer


def _mapped(node: Node, steps: int) -> tuple[list[Span], bool]:
    """A field's range, `steps` buffers towards the wire."""
    buffer, ranges, exact = node.buffer, [(node.field.start, node.field.end)], True
    for _ in range(steps):
        parent = buffer.parent
        if parent is None:
            break
        ranges = [span for low, high in ranges for span in _up(buffer, low, high)]
        exact = exact and buffer.exact
        buffer = parent
    return joined(ranges), exact


def _up(buffer: Buffer, start: int, end: int) -> list[Span]:
    pieces = buffer.pieces
    found: list[Span] = []
    at = max(pieces.at(start), 0)
    while at < len(pieces.starts) and pieces.starts[at] < end:
        low = pieces.starts[at]
        high = pieces.starts[at + 1] if at + 1 < len(pieces.starts) else pieces.size
        if buffer.exact:
            shift = pieces.offsets[at] - low
            found.append((max(start, low) + shift, min(end, high) + shift))
        else:
            found.append((pieces.offsets[at], pieces.ends[at]))
        at += 1
    return found


def joined(spans: list[Span]) -> list[Span]:
    """Touching and overlapping ranges made one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _frame(session: Session, study: Study, node: Node) -> View:
    number = study.stop.packet
    if not is_packet(study, node.buffer):
        number = node.buffer.packet_at(min(node.field.start, max(node.buffer.size - 1, 0))) or number
    packet = session.packet(number)
    buffer = Buffer(f"packet {number}", Plain(packet.data))
    buffer.key = number
    made = View(FRAME, f"frame {number}", sender(session, study), buffer, number, len(packet.data))
    if packet.captured < packet.length:
        made.title += f" ({packet.captured} of {packet.length} bytes captured)"
    made.selected, made.exact = _in_packet(node, number)
    made.soft = node.depth == 0
    if node.parent >= 0:
        made.parent = _in_packet(study.outline.nodes[node.parent], number)[0]
    made.whole = _in_packet(study.outline.nodes[node.layer], number)[0]
    return made


def _in_packet(node: Node, number: int) -> tuple[list[Span], bool]:
    found = [o for o in origins_of(node) if o.packet == number]
    return joined([(o.start, o.end) for o in found]), all(o.exact for o in found)
