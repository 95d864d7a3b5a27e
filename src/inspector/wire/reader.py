"""The silent reader: every read is named, returns its value and records nothing.

Decoders call the same named reads in both passes, so what cuts messages and what explains them cannot disagree.
"""

import struct
from typing import Final

from mypy_extensions import i64 as Int64

from inspector.model.errors import HoleError, Malformed, Truncated

MAX_DEPTH: Final = 64
"""Nesting allowed; the depth at which Apache Thrift and protobuf stop by default is 64 and 100."""

_F64: Final = struct.Struct(">d")


class Reader:
    """Reads forward over `data`, whose first byte is byte `base` of the buffer.

    Positions (`pos`, `end`) are indices into `data`; offsets in errors are relative to the buffer.
    Reads raise Truncated when bytes are still to come, Malformed when a narrowed range (a frame whose
    length is known) ends first, HoleError when the bytes were never captured.
    """

    def __init__(self, data: bytes, base: int = 0, holes: list[tuple[int, int]] | None = None) -> None:
        self.data: bytes = data
        self.base: Int64 = base
        self.pos: Int64 = 0
        self.end: Int64 = len(data)
        self.holes: list[tuple[int, int]] = holes if holes is not None else []
        self.limit: Int64 = self.end
        self.depth: Int64 = 0
        self.narrowed: Int64 = 0
        if self.holes:
            self._find_limit()

    @property
    def recording(self) -> bool:
        """Whether this reader builds a tree; only to skip work whose result nobody would see."""
        return False

    @property
    def offset(self) -> int:
        """The buffer offset of the next byte."""
        return self.base + self.pos

    @property
    def left(self) -> int:
        """Bytes from here to the end of the range that may be read now."""
        return self.end - self.pos

    def seek(self, pos: Int64) -> None:
        """Move to index `pos` of `data`."""
        self.pos = pos
        self.depth = 0
        if self.holes:
            self._find_limit()

    def rewind(self, pos: Int64) -> None:
        """Move to index `pos` and see all of `data` again, whatever a decoder that stopped half way had narrowed."""
        self.end = len(self.data)
        self.limit = self.end
        self.narrowed = 0
        self.seek(pos)

    def grow(self, data: bytes, base: Int64) -> None:
        """Replace the bytes by more of them, the first being buffer byte `base`; the offset stays."""
        offset = self.base + self.pos
        self.data = data
        self.base = base
        self.end = len(data)
        self.limit = self.end
        self.seek(offset - base)

    # errors

    def malformed(self, reason: str) -> Malformed:
        """An error at this place, for the decoder to raise."""
        return Malformed(self.base + self.pos, reason)

    def _find_limit(self) -> None:
        self.limit = self.end
        offset = self.base + self.pos
        for start, end in self.holes:
            if end > offset:
                self.limit = max(self.pos, min(self.end, start - self.base))
                return

    def _short(self, wanted: Int64) -> None:
        """Raise what fits when data index `wanted` lies past what may be read."""
        here = self.base + self.pos
        if wanted <= self.end:
            raise HoleError(self.base + self.limit, "these bytes were never captured")
        missing = wanted - self.end
        if self.narrowed:
            raise Malformed(here, f"{wanted - self.pos} bytes are needed, the frame ends {missing} too early")
        raise Truncated(
            here, f"{wanted - self.pos} bytes are needed, {self.end - self.pos} are there", self.base + wanted
        )

    def need(self, count: Int64) -> None:
        """Make sure that `count` more bytes are there, holes counting as there."""
        if count < 0:
            raise self.malformed(f"length {count} is negative")
        if self.pos + count > self.end:
            self._short(self.pos + count)

    def missing(self, start: Int64, end: Int64) -> int:
        """How many of the bytes at buffer offsets `start:end` were never captured."""
        count = 0
        for low, high in self.holes:
            if low < end and high > start:
                count += min(high, end) - max(low, start)
        return count

    # ranges

    def narrow(self, count: Int64) -> Int64:
        """Let reads see only the next `count` bytes; returns what `widen` needs to undo it."""
        self.need(count)
        before = self.end
        self.end = self.pos + count
        self.limit = min(self.limit, self.end)
        self.narrowed += 1
        return before

    def widen(self, before: Int64) -> None:
        """Undo `narrow`."""
        self.end = before
        self.narrowed -= 1
        self.limit = self.end
        if self.holes:
            self._find_limit()

    def begin(self, name: str, label: str = "") -> None:
        """Open a node; the fields read until `close` are its children. `label` is a schema's name for it."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.malformed(f"nested deeper than {MAX_DEPTH} levels")

    def close(self, value: object = None) -> None:
        """Close the node opened last, with what it means as a whole."""
        self.depth -= 1

    def note(self, issue: str) -> None:
        """Remark on the field read last: allowed, but worth knowing."""

    def bits(self, name: str, value: int, shift: int, width: int) -> None:
        """Name some bits of the field read last."""

    # looking ahead

    def peek(self, count: Int64) -> bytes:
        """The next `count` bytes without moving."""
        if self.pos + count > self.limit:
            self._short(self.pos + count)
        return self.data[self.pos : self.pos + count]

    def peek_u8(self) -> int:
        """The next byte without moving."""
        p = self.pos
        if p >= self.limit:
            self._short(p + 1)
        return self.data[p]

    def find(self, delimiter: bytes, most: Int64) -> Int64:
        """How many bytes lie before the next `delimiter`.

        Raises Malformed when it is not within `most` bytes, Truncated when it is still to come.
        """
        stop = min(self.limit, self.pos + most)
        at = self.data.find(delimiter, self.pos, stop)
        if at >= 0:
            return at - self.pos
        if stop == self.pos + most:
            raise self.malformed(f"{delimiter!r} was not found within {most} bytes")
        if self.limit < self.end:
            raise HoleError(self.base + self.limit, "these bytes were never captured")
        if self.narrowed:
            raise self.malformed(f"{delimiter!r} was not found before the end")
        raise Truncated(self.base + self.pos, f"{delimiter!r} is still to come")

    # reads

    def u8(self, name: str) -> int:
        """An unsigned byte."""
        p = self.pos
        if p >= self.limit:
            self._short(p + 1)
        self.pos = p + 1
        return self.data[p]

    def i8(self, name: str) -> int:
        """A signed byte."""
        value = self._big(1)
        return value - 256 if value >= 128 else value

    def u16(self, name: str) -> int:
        """Unsigned, 2 bytes, big-endian."""
        return self._big(2)

    def i16(self, name: str) -> int:
        """Signed, 2 bytes, big-endian."""
        value = self._big(2)
        return value - 65536 if value >= 32768 else value

    def u24(self, name: str) -> int:
        """Unsigned, 3 bytes, big-endian."""
        return self._big(3)

    def u32(self, name: str) -> int:
        """Unsigned, 4 bytes, big-endian."""
        return self._big(4)

    def i32(self, name: str) -> int:
        """Signed, 4 bytes, big-endian."""
        value = self._big(4)
        return value - 4294967296 if value >= 2147483648 else value

    def u64(self, name: str) -> int:
        """Unsigned, 8 bytes, big-endian."""
        return self._wide() & 0xFFFFFFFFFFFFFFFF

    def i64(self, name: str) -> int:
        """Signed, 8 bytes, big-endian."""
        value = self._wide()
        return value - 0x10000000000000000 if value >= 0x8000000000000000 else value

    def f64(self, name: str) -> float:
        """An IEEE 754 double, big-endian."""
        raw = self._raw(8)
        value: float = _F64.unpack(raw)[0]
        return value

    def u16le(self, name: str) -> int:
        """Unsigned, 2 bytes, little-endian."""
        return int.from_bytes(self._raw(2), "little")

    def u32le(self, name: str) -> int:
        """Unsigned, 4 bytes, little-endian."""
        return int.from_bytes(self._raw(4), "little")

    def u64le(self, name: str) -> int:
        """Unsigned, 8 bytes, little-endian."""
        return int.from_bytes(self._raw(8), "little")

    def take(self, name: str, count: Int64) -> bytes:
        """`count` bytes, returned."""
        return self._raw(count)

    def skip(self, name: str, count: Int64) -> None:
        """`count` bytes whose value is not needed; may lie across a hole."""
        p = self.pos + count
        if count >= 0 and p <= self.limit:
            self.pos = p
            return
        self.need(count)
        self.pos = p
        self._find_limit()

    def known(self, name: str, count: Int64, value: object) -> None:
        """`count` bytes whose `value` the decoder has worked out already."""
        p = self.pos + count
        if p > self.limit:
            self._short(p)
        self.pos = p

    def text(self, name: str, count: Int64) -> str:
        """`count` bytes of UTF-8."""
        return self._raw(count).decode("utf-8", "replace")

    def latin(self, name: str, count: Int64) -> str:
        """`count` bytes of ISO 8859-1, where every byte is a character."""
        return self._raw(count).decode("latin-1")

    def number(self, name: str, count: Int64, base: int = 10) -> int:
        """`count` ASCII digits in `base` 10 or 16."""
        raw = self._raw(count)
        digits = b"0123456789" if base == 10 else b"0123456789abcdefABCDEF"
        if not raw or raw.strip(digits):
            self.pos -= count
            raise self.malformed(f"{raw[:24]!r} is not a number in base {base}")
        return int(raw, base)

    def _big(self, count: Int64) -> int:
        p = self.pos
        if p + count > self.limit:
            self._short(p + count)
        data = self.data
        value: Int64 = 0
        for i in range(count):
            value = (value << 8) | Int64(data[p + i])
        self.pos = p + count
        return value

    def _wide(self) -> int:
        return int.from_bytes(self._raw(8), "big")

    def _raw(self, count: Int64) -> bytes:
        p = self.pos
        if count < 0:
            raise self.malformed(f"length {count} is negative")
        if p + count > self.limit:
            self._short(p + count)
        self.pos = p + count
        return self.data[p : p + count]
