"""The decoded form of a coded body, as a buffer made from the coded bytes that are in its parent."""

from typing import Final

from inspector.model.buffer import Buffer, BufferSource, Pieces, Slices
from inspector.wire.coding import Codings


class Decoded(BufferSource):
    """Makes the contents again, from the parent's bytes; keeps nothing, as one body in a thousand is looked at."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def load(self, buffer: Buffer) -> None:
        raw = buffer.parent
        assert raw is not None
        pieces = Pieces()
        codings = Codings(self.names)
        at = 0
        for length in steps(raw, 0, whole_size(raw)):
            out = codings.feed(raw.read(at, at + length))
            if out:
                pieces.add_range(at, at + length, len(out))
            at += length
        out = codings.finish()
        if out:
            pieces.add_range(0, at, len(out))
        buffer.fill(pieces)

    def read(self, buffer: Buffer, start: int, end: int) -> bytes:
        raw = buffer.parent
        assert raw is not None
        for known, content in _recent:
            if known is self and len(content) >= end:
                return content[start:end]
        codings = Codings(self.names)
        content = codings.feed(raw.read(0, whole_size(raw))) + codings.finish()
        _recent.append((self, content))
        if len(_recent) > RECENT:
            _recent.pop(0)
        return content[start:end]


NOT_CAPTURED: Final = "a part of the coded body was never captured: what follows it cannot be decoded"
RECENT: Final = 2
"""Decoded bodies kept for whoever steps through the messages inside one."""
_recent: Final[list[tuple[Decoded, bytes]]] = []


def whole_size(raw: Buffer) -> int:
    """Bytes before the first hole: nothing can be undone behind it."""
    holes = raw.holes
    return holes[0][0] if holes else raw.size


def steps(buffer: Buffer, start: int, end: int) -> list[int]:
    """How many of the bytes `start:end` came with each packet, in order: what they make came with it too."""
    lengths: list[int] = []
    total = 0
    for origin in buffer.origins(start, end):
        lengths.append(origin.end - origin.start)
        total += origin.end - origin.start
    return lengths if total == end - start else [end - start]


class CodedBody:
    """A coded body as it arrives: `raw` are its bytes in the parent's buffer, `decoded` what they make."""

    def __init__(self, parent: Buffer, names: list[str]) -> None:
        self.codings = Codings(names)
        self.raw = Buffer("", Slices([]), parent=parent)
        self.decoded = Buffer("", Decoded(names), parent=self.raw)
        self.decoded.exact = False
        self.decoded.fill(Pieces())
        self.size = 0

    def rename(self, name: str) -> None:
        """Set the names of both buffers: that of the decoded one, and one that tells the codings."""
        self.decoded.name = name
        self.raw.name = f"{name}, coded"

    def add(self, data: bytes, start: int) -> list[bytes]:
        """The next bytes, which lie at `start` in the parent: what they make, one part for each packet."""
        parent = self.raw.parent
        assert parent is not None
        self.raw.extend(start, start + len(data))
        found: list[bytes] = []
        at = 0
        for length in steps(parent, start, start + len(data)):
            out = self.codings.feed(data[at : at + length])
            if out:
                self.decoded.grow(self.size, self.size + length, len(out))
                found.append(out)
            self.size += length
            at += length
        return found

    def finish(self) -> bytes:
        """What still comes out at the end."""
        out = self.codings.finish()
        if out:
            self.decoded.grow(0, self.size, len(out))
        return out


def decoded_body(raw: Buffer, names: list[str], name: str) -> tuple[Buffer, str]:
    """A buffer of what a complete coded body makes, and why that is not all of it ("" when it is)."""
    codings = Codings(names)
    size = whole_size(raw)
    content = codings.feed(raw.read(0, size))
    if size < raw.size:
        codings.give_up(NOT_CAPTURED)
    content += codings.finish()
    source = Decoded(names)
    _recent.append((source, content))
    if len(_recent) > RECENT:
        _recent.pop(0)
    buffer = Buffer(name, source, parent=raw)
    buffer.exact = False
    return buffer, codings.problem
