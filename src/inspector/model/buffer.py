"""Bytes with origins: one direction of a flow, or bytes derived from another buffer."""

from array import array
from bisect import bisect_right
from typing import Final, NamedTuple

from mypy_extensions import mypyc_attr


class Origin(NamedTuple):
    """Bytes `start:end` of captured packet `packet` (from 1); `exact` when they are the very bytes, one for one."""

    packet: int
    start: int
    end: int
    exact: bool


HOLE = 0
"""The source of a piece that was never captured; packet numbers start at 1."""


class Pieces:
    """Where a buffer's bytes come from: parallel columns, one entry a piece, in ascending order.

    Piece i covers buffer bytes `starts[i]:starts[i + 1]` (the last ends at the buffer's size).
    Without a parent buffer it lies in packet `sources[i]` (HOLE: never captured) from packet byte `offsets[i]`;
    with one it comes from parent bytes `offsets[i]:ends[i]`.
    """

    __slots__ = ("ends", "offsets", "size", "sources", "starts")

    def __init__(self) -> None:
        self.starts: array[int] = array("q")
        self.sources: array[int] = array("q")
        self.offsets: array[int] = array("q")
        self.ends: array[int] = array("q")
        self.size = 0

    def add(self, source: int, offset: int, length: int) -> None:
        """Append `length` bytes of packet `source` from packet byte `offset` (or a hole)."""
        self.starts.append(self.size)
        self.sources.append(source)
        self.offsets.append(offset)
        self.size += length

    def add_range(self, start: int, end: int, length: int) -> None:
        """Append `length` bytes made from parent bytes `start:end`."""
        self.starts.append(self.size)
        self.offsets.append(start)
        self.ends.append(end)
        self.size += length

    def forget(self, count: int) -> None:
        """Let go of where the first `count` pieces are: they become one of which nothing is known any more."""
        del self.starts[1:count]
        del self.sources[1:count]
        del self.offsets[1:count]
        self.sources[0] = HOLE
        self.offsets[0] = 0

    def at(self, offset: int) -> int:
        """The index of the piece that holds buffer byte `offset`, -1 before the first."""
        return bisect_right(self.starts, offset) - 1

    def end_of(self, index: int) -> int:
        """The buffer byte behind piece `index`."""
        return self.starts[index + 1] if index + 1 < len(self.starts) else self.size

    def parts(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """What buffer bytes `start:end` consist of: packet (or HOLE), byte of the packet, and length of each part."""
        found: list[tuple[int, int, int]] = []
        index = max(self.at(start), 0)
        count = len(self.starts)
        while index < count and self.starts[index] < end:
            first = self.starts[index]
            low, high = max(start, first), min(end, self.end_of(index))
            if low < high:
                found.append((self.sources[index], self.offsets[index] + low - first, high - low))
            index += 1
        return found


FEW_RANGES: Final = 8
"""Parts that are looked through one by one; a buffer of more gets its table of pieces."""


@mypyc_attr(allow_interpreted_subclasses=True)
class BufferSource:
    """Knows how to make a buffer's contents again; nothing is kept that can be rebuilt."""

    def load(self, buffer: "Buffer") -> None:
        """Call `buffer.fill` with the pieces."""
        raise NotImplementedError

    def read(self, buffer: "Buffer", start: int, end: int) -> bytes:
        """Bytes `start:end` of the buffer, zero bytes standing in for holes; only those bytes are made."""
        raise NotImplementedError

    def lacking(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of `start:end` of derived bytes that cannot be worked out, in order."""
        return []


class Buffer:
    """Bytes with origins.

    `name` is stable and appears in JSON. `data` holds zero bytes where a hole is, so that offsets
    keep their meaning; `holes` says where, and nothing may show those zeros as if they were captured.
    Contents are loaded on first use and may be released.
    """

    def __init__(self, name: str, source: BufferSource, key: int = 0, parent: "Buffer | None" = None) -> None:
        self.name = name
        self.source = source
        self.key = key
        self.parent = parent
        self.exact = True
        self._pieces: Pieces | None = None
        self._data: bytes | None = None

    @property
    def pieces(self) -> Pieces:
        """The origins, loaded when first asked for."""
        pieces = self._pieces
        while pieces is None:
            # another thread may release what this one has just loaded
            self.source.load(self)
            pieces = self._pieces
        return pieces

    @property
    def data(self) -> bytes:
        """All bytes, made when first asked for; zero bytes stand in for holes."""
        if self._data is None:
            self._data = self.source.read(self, 0, self.pieces.size)
        return self._data

    def read(self, start: int, end: int) -> bytes:
        """Bytes `start:end`, zero bytes standing in for holes."""
        if self._data is not None:
            return self._data[start:end]
        return self.source.read(self, start, end)

    def fill(self, pieces: Pieces) -> None:
        """Set the pieces; called by the source."""
        self._pieces = pieces

    def extend(self, start: int, end: int) -> None:
        """Append parent bytes `start:end` to a buffer made of slices."""
        source = self.source
        assert isinstance(source, Slices)
        ranges = source.ranges
        if ranges and ranges[-1][1] == start:
            ranges[-1] = (ranges[-1][0], end)
            if self._pieces is not None:
                self._pieces.ends[-1] = end
                self._pieces.size += end - start
        else:
            ranges.append((start, end))
            if self._pieces is not None:
                self._pieces.add_range(start, end, end - start)
        self._data = None

    def grow(self, start: int, end: int, length: int) -> None:
        """Append `length` bytes worked out from parent bytes `start:end`."""
        self.pieces.add_range(start, end, length)
        self._data = None

    def release(self) -> None:
        """Forget the contents; they are loaded again when needed."""
        self._pieces = None
        self._data = None

    @property
    def size(self) -> int:
        """Length in bytes, holes included."""
        return self.pieces.size

    @property
    def holes(self) -> list[tuple[int, int]]:
        """Ranges `(start, end)` of this buffer that were never captured, in order."""
        return self.holes_in(0, self.size)

    def holes_in(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of `start:end` that were never captured, in order."""
        parent = self.parent
        if isinstance(self.source, Plain) or (parent is not None and not self.exact):
            return self.source.lacking(start, end)
        pieces = self.pieces
        found: list[tuple[int, int]] = []
        index = max(pieces.at(start), 0)
        while index < len(pieces.starts) and pieces.starts[index] < end:
            low, high = max(start, pieces.starts[index]), min(end, pieces.end_of(index))
            if parent is not None:
                shift = pieces.offsets[index] - pieces.starts[index]
                found.extend((s - shift, e - shift) for s, e in parent.holes_in(low + shift, high + shift))
            elif pieces.sources[index] == HOLE and low < high:
                found.append((low, high))
            index += 1
        return found

    def origins(self, start: int, end: int) -> list[Origin]:
        """The packet bytes that `start:end` of this buffer came from, in order; holes have none.

        An empty range has no origins.
        """
        found: list[Origin] = []
        self.collect(start, end, True, found)
        return found

    def collect(self, start: int, end: int, exact: bool, found: list[Origin]) -> None:
        """Append the origins of `start:end` to `found`."""
        pieces = self.pieces
        index = max(pieces.at(start), 0)
        count = len(pieces.starts)
        parent = self.parent
        while index < count and pieces.starts[index] < end:
            low = max(start, pieces.starts[index])
            high = min(end, pieces.end_of(index))
            if low < high:
                shift = pieces.offsets[index] - pieces.starts[index]
                if parent is not None:
                    if self.exact:
                        parent.collect(low + shift, high + shift, exact, found)
                    else:
                        parent.collect(pieces.offsets[index], pieces.ends[index], False, found)
                elif pieces.sources[index] != HOLE:
                    found.append(Origin(pieces.sources[index], low + shift, high + shift, exact))
            index += 1

    def packet_at(self, offset: int) -> int:
        """The number of the packet that carried byte `offset`; for a hole, the one before or else behind it (or 0)."""
        buffer = self
        parent = buffer.parent
        while parent is not None:
            source = buffer.source
            if buffer._pieces is None and isinstance(source, Slices) and len(source.ranges) <= FEW_RANGES:
                if not source.ranges:
                    return 0
                offset = source.place(offset)
            else:
                pieces = buffer.pieces
                if not len(pieces.starts):
                    return 0
                index = max(pieces.at(offset), 0)
                offset = pieces.offsets[index] + (offset - pieces.starts[index] if buffer.exact else 0)
            buffer = parent
            parent = buffer.parent
        pieces = buffer.pieces
        first = pieces.at(min(offset, pieces.size - 1))
        index = first
        while index >= 0 and pieces.sources[index] == HOLE:
            index -= 1
        if index < 0:
            index = first + 1
            while index < len(pieces.sources) and pieces.sources[index] == HOLE:
                index += 1
        return pieces.sources[index] if index < len(pieces.sources) else 0


class Slices(BufferSource):
    """A buffer made of parts of its parent, joined."""

    def __init__(self, ranges: list[tuple[int, int]]) -> None:
        self.ranges = ranges

    def place(self, offset: int) -> int:
        """The parent's byte that byte `offset` is; of an offset at the end, the one behind the last."""
        for start, end in self.ranges:
            if offset < end - start:
                return start + offset
            offset -= end - start
        return self.ranges[-1][1] + offset

    def load(self, buffer: Buffer) -> None:
        pieces = Pieces()
        for start, end in self.ranges:
            pieces.add_range(start, end, end - start)
        buffer.fill(pieces)

    def read(self, buffer: Buffer, start: int, end: int) -> bytes:
        parent = buffer.parent
        assert parent is not None
        pieces = buffer.pieces
        parts: list[bytes] = []
        index = max(pieces.at(start), 0)
        while index < len(pieces.starts) and pieces.starts[index] < end:
            shift = pieces.offsets[index] - pieces.starts[index]
            low = max(start, pieces.starts[index]) + shift
            high = min(end + shift, pieces.ends[index])
            parts.append(parent.read(low, high))
            index += 1
        return b"".join(parts)


class Plain(BufferSource):
    """Bytes that were given rather than captured; they have no origins."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def load(self, buffer: Buffer) -> None:
        pieces = Pieces()
        if self.content:
            pieces.add(HOLE, 0, len(self.content))
        buffer.fill(pieces)

    def read(self, buffer: Buffer, start: int, end: int) -> bytes:
        return self.content[start:end]


class Made(BufferSource):
    """Bytes worked out from bytes `start:end` of the parent, such as inflated ones; none comes from any one byte."""

    def __init__(self, content: bytes, start: int, end: int) -> None:
        self.content = content
        self.start = start
        self.end = end

    def load(self, buffer: Buffer) -> None:
        pieces = Pieces()
        if self.content:
            pieces.add_range(self.start, self.end, len(self.content))
        buffer.fill(pieces)

    def read(self, buffer: Buffer, start: int, end: int) -> bytes:
        return self.content[start:end]


def made_from(parent: Buffer, start: int, end: int, content: bytes, name: str) -> Buffer:
    """A buffer of `content`, worked out from bytes `start:end` of `parent`."""
    buffer = Buffer(name, Made(content, start, end), parent=parent)
    buffer.exact = False
    return buffer
