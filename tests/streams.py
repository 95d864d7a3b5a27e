"""Shared by tests: conversations as turns, fed to the engine in any cuts, and the rules every message must keep."""

from collections.abc import Callable, Sequence
from pathlib import Path

from inspector.capture.open import open_capture
from inspector.capture.table import PacketTable
from inspector.engine.detect import sender
from inspector.engine.explain import explain
from inspector.engine.index import forced_protocol, hints_for
from inspector.engine.stream import Clock, Context, Stream
from inspector.model.buffer import HOLE, Buffer, BufferSource, Pieces
from inspector.model.field import Field
from inspector.model.flow import Flow
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.net.flows import FlowTable
from inspector.protocols.base import Hints
from inspector.protocols.websocket_frames import Unmasked
from inspector.session import Options, bundled_captures, load_schemas

SCHEMAS = load_schemas(Options())

Turn = tuple[Side, bytes | int]
"""Who sent what; a number instead of bytes is a hole of that many bytes."""
Cutter = Callable[[bytes], list[bytes]]
"""Splits what one side said in one turn into the chunks it is fed in."""


class Spoken(BufferSource):
    """One side of a list of turns; each turn counts as one packet, numbered by its place from 1."""

    def __init__(self, turns: Sequence[Turn], side: Side) -> None:
        self.turns = turns
        self.side = side
        self.content = b"".join(said if isinstance(said, bytes) else bytes(said) for who, said in turns if who == side)

    def load(self, buffer: Buffer) -> None:
        pieces = Pieces()
        for number, (who, said) in enumerate(self.turns, 1):
            if who == self.side:
                whole = isinstance(said, bytes)
                pieces.add(number if whole else HOLE, 0, len(said) if isinstance(said, bytes) else said)
        buffer.fill(pieces)

    def read(self, buffer: Buffer, start: int, end: int) -> bytes:
        return self.content[start:end]


def whole(said: bytes) -> list[bytes]:
    """A turn in one piece."""
    return [said]


def every(size: int) -> Cutter:
    """Pieces of `size` bytes."""
    return lambda said: [said[at : at + size] for at in range(0, len(said), size)]


def cut(
    turns: Sequence[Turn],
    cutter: Cutter = whole,
    ends: tuple[str, str] = ("fin", "fin"),
    hints: Hints | None = None,
    forced: str = "",
    buffers: list[Buffer] | None = None,
    first: Side = CLIENT,
) -> list[Message]:
    """The messages of a conversation, numbered in the order they were cut; side `first` ended first."""
    buffers = buffers or [Buffer(name, Spoken(turns, side)) for side, name in enumerate(("client", "server"))]
    context = Context(SCHEMAS, Clock())
    stream = Stream(context, 1, buffers, hints or Hints(), forced)
    for side, said in turns:
        if isinstance(said, int):
            stream.feed_hole(side, said)
            continue
        for chunk in cutter(said):
            if chunk:
                stream.feed(side, chunk)
    for side in (first, 1 - first):
        stream.finish(side, ends[side])
    for number, message in enumerate(context.messages, 1):
        message.number = number
    return context.messages


def key(message: Message) -> tuple[object, ...]:
    """What must not depend on the cuts."""
    answers, parent = message.answers, message.parent
    return (
        message.side,
        message.buffer.name,
        message.start,
        message.end,
        message.protocol,
        message.kind,
        message.summary,
        sorted((name, repr(value)) for name, value in message.facts.items()),
        message.issue or "",
        message.complete,
        (answers.side, answers.buffer.name, answers.start) if answers is not None else (),
        (parent.side, parent.buffer.name, parent.start) if parent is not None else (),
    )


def keys(messages: list[Message]) -> list[tuple[object, ...]]:
    """The keys of all messages, in an order that does not depend on the cuts either."""
    return sorted((key(m) for m in messages), key=repr)


def check_cover(messages: list[Message], sizes: Sequence[int]) -> None:
    """Every byte of each side lies in exactly one of the messages that no other message carried."""
    for side in (CLIENT, SERVER):
        at = 0
        for m in sorted((m for m in messages if m.parent is None and m.side == side), key=lambda m: (m.start, m.end)):
            assert m.start == at, f"bytes {at} to {m.start} of side {side} at {m.protocol} {m.kind} {m.summary!r}"
            assert m.end >= m.start
            at = m.end
        assert at == sizes[side], f"bytes {at} to {sizes[side]} of side {side} are in no message"
    derived: dict[int, list[Message]] = {}
    for m in messages:
        if m.parent is not None:
            derived.setdefault(id(m.buffer), []).append(m)
    for group in derived.values():
        at = 0
        for m in sorted(group, key=lambda m: m.start):
            assert m.start <= at, f"bytes {at} to {m.start} of {m.buffer.name} are in no message"
            at = max(at, m.end)
        assert at == group[0].buffer.size


def check_message(message: Message) -> Field:
    """The field tree of a message, held to the rules for trees."""
    tree = explain(message, SCHEMAS)
    assert tree.buffer is message.buffer
    assert (tree.start, tree.end) == (message.start, message.end)
    check_tree(tree, message.buffer)
    return tree


def check_tree(tree: Field, buffer: Buffer) -> None:
    """Leaves tile `tree` in its buffer, children lie inside, bits fit, and so do readings of derived bytes."""
    assert 0 <= tree.start <= tree.end <= buffer.size
    at = tree.start
    for leaf in tree.leaves():
        assert leaf.start == at, f"{leaf.name} of {tree.name} starts at {leaf.start}, not {at}"
        at = leaf.end
        _check_origins(leaf, buffer)
    assert at == tree.end, f"{tree.name} ends at {tree.end}, its leaves at {at}"
    _check_nodes(tree, buffer)


def _check_nodes(node: Field, buffer: Buffer) -> None:
    for bits in node.bits:
        assert not node.children
        assert bits.shift >= 0
        assert bits.width > 0
        assert bits.shift + bits.width <= 8 * node.length, f"{bits.name} of {node.name}"
        assert 0 <= bits.value < 1 << bits.width
    for child in node.children:
        if child.buffer is not None:
            assert child.buffer.parent is not None
            check_tree(child, child.buffer)
            continue
        assert node.start <= child.start <= child.end <= node.end, f"{child.name} in {node.name}"
        _check_nodes(child, buffer)


def _check_origins(leaf: Field, buffer: Buffer) -> None:
    """Exact origins, together with holes, are as long as the leaf."""
    origins = buffer.origins(leaf.start, leaf.end)
    if origins and all(origin.exact for origin in origins):
        missing = sum(max(0, min(end, leaf.end) - max(start, leaf.start)) for start, end in buffer.holes)
        assert sum(origin.end - origin.start for origin in origins) + missing == leaf.length


class Recorded:
    """A capture file: its flows, and each flow as turns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.table: PacketTable = open_capture(str(path)).table
        self.flow_table = FlowTable(self.table, judge=sender)
        self.flows = self.flow_table.flows

    def turns(self, flow: Flow) -> list[Turn]:
        """What the two sides said, in the order of the packets; a side's packets in a row are one turn over TCP."""
        pieces = [buffer.pieces for buffer in flow.buffers]
        said = [buffer.data for buffer in flow.buffers]
        parts: list[tuple[int, Side, int, int, bool]] = []
        for side in (CLIENT, SERVER):
            starts = [*pieces[side].starts, pieces[side].size]
            rank = 1 << 60
            for i in range(len(starts) - 2, -1, -1):
                source = pieces[side].sources[i]
                rank = rank if source == HOLE else source
                parts.append((rank, side, starts[i], starts[i + 1], source == HOLE))
        parts.sort()
        turns: list[Turn] = []
        for _, side, start, end, hole in parts:
            last = turns[-1] if turns else None
            if hole:
                turns.append((side, end - start))
            elif last is not None and last[0] == side and isinstance(last[1], bytes) and flow.transport == "tcp":
                turns[-1] = (side, last[1] + said[side][start:end])
            else:
                turns.append((side, said[side][start:end]))
        return turns

    def cut(self, flow: Flow, turns: Sequence[Turn], cutter: Cutter = whole) -> list[Message]:
        """The messages of a flow whose turns are fed in the chunks that `cutter` makes."""
        return cut(turns, cutter, flow.ends, hints_for(flow), forced_protocol(flow, {}), flow.buffers)

    def packet_bytes(self, packet: int, start: int, end: int) -> bytes:
        """Captured bytes of a packet."""
        return self.table.data(packet)[start:end]


def captures() -> list[Path]:
    """The captures that come with the project."""
    return bundled_captures()


def sent(buffer: Buffer, start: int, end: int) -> bytes:
    """Bytes `start:end` of a buffer as they travelled, that is masked again."""
    source = buffer.source
    if not isinstance(source, Unmasked):
        return buffer.read(start, end)
    keys = b"".join(
        bytes(part.key[i % 4] if part.key else 0 for i in range(part.end - part.start)) for part in source.parts
    )
    return bytes(a ^ b for a, b in zip(buffer.read(start, end), keys[start:end], strict=True))


def check_true_origins(recorded: Recorded, tree: Field, buffer: Buffer) -> None:
    """The packet bytes that leaves came from are the bytes of the leaves."""
    for leaf in tree.leaves():
        origins = buffer.origins(leaf.start, leaf.end)
        if leaf.name == "hole" or not all(origin.exact for origin in origins):
            continue
        found = b"".join(recorded.packet_bytes(o.packet, o.start, o.end) for o in origins)
        kept = bytearray(sent(buffer, leaf.start, leaf.end))
        for start, end in reversed(buffer.holes):
            if start < leaf.end and end > leaf.start:
                del kept[max(start, leaf.start) - leaf.start : min(end, leaf.end) - leaf.start]
        assert found == bytes(kept), f"{leaf.name} at {leaf.start}"
    for node in tree.walk():
        for child in node.children:
            if child.buffer is not None:
                check_true_origins(recorded, child, child.buffer)
