"""Protobuf's encoding: tags, varints and fixed-size numbers. Spec: protobuf.dev/programming-guides/encoding"""

import struct
from math import isfinite
from typing import Final

from inspector.schema.proto import (
    BOOL,
    BYTES,
    DOUBLE,
    ENUM,
    FIXED32,
    FIXED64,
    FLOAT,
    GROUP,
    INT32,
    INT64,
    MESSAGE,
    SFIXED32,
    SFIXED64,
    SINT32,
    SINT64,
    STRING,
    UINT32,
    UINT64,
)
from inspector.wire.reader import Reader

# Wire types (encoding, "Message Structure").
VARINT: Final = 0
I64: Final = 1
LEN: Final = 2
SGROUP: Final = 3
EGROUP: Final = 4
I32: Final = 5
WIRE_NAMES: Final = ("varint", "64-bit", "length-delimited", "group start", "group end", "32-bit", "type 6", "type 7")

MAX_VARINT: Final = 10
"""Bytes of a varint: ten groups of seven bits hold 64."""
MAX_NUMBER: Final = (1 << 29) - 1
"""The largest field number (language specification, "Assigning Field Numbers")."""

WIRE_OF: Final = (
    -1, I64, I32, VARINT, VARINT, VARINT, I64, I32, VARINT, LEN, SGROUP, LEN, LEN, VARINT, VARINT, I32, I64, VARINT,
    VARINT,
)  # fmt: skip
"""The wire type of each declared type, by its number in descriptors."""

LEAF_OF: Final = {
    DOUBLE: "protobuf.field.value.double",
    FLOAT: "protobuf.field.value.float",
    INT64: "protobuf.field.value.int64",
    UINT64: "protobuf.field.value.uint64",
    INT32: "protobuf.field.value.int32",
    FIXED64: "protobuf.field.value.uint64",
    FIXED32: "protobuf.field.value.uint32",
    BOOL: "protobuf.field.value.bool",
    STRING: "protobuf.field.value.string",
    GROUP: "protobuf.field.value",
    MESSAGE: "protobuf.field.value",
    BYTES: "protobuf.field.value",
    UINT32: "protobuf.field.value.uint32",
    ENUM: "protobuf.field.value.int32",
    SFIXED32: "protobuf.field.value.int32",
    SFIXED64: "protobuf.field.value.int64",
    SINT32: "protobuf.field.value.int32",
    SINT64: "protobuf.field.value.int64",
}
"""Wireshark's names of values by declared type."""

_DOUBLE: Final = struct.Struct("<d")
_FLOAT: Final = struct.Struct("<f")


class Wire:
    """Reads bytes `pos:end` of `data` without a reader. Where they make no sense `broken` is set and reads give 0."""

    __slots__ = ("broken", "data", "end", "number", "pos", "wire")

    def __init__(self, data: bytes, pos: int, end: int) -> None:
        self.data = data
        self.pos = pos
        self.end = end
        self.broken = False
        self.number = 0
        self.wire = 0

    def varint(self) -> int:
        """Seven bits a byte, the lowest first; the top bit says that more follow."""
        pos = self.pos
        data = self.data
        if pos < self.end:
            byte = data[pos]
            if byte < 0x80:
                self.pos = pos + 1
                return byte
        value = 0
        shift = 0
        stop = min(self.end, pos + MAX_VARINT)
        while pos < stop:
            byte = data[pos]
            pos += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                self.pos = pos
                return value & 0xFFFFFFFFFFFFFFFF
            shift += 7
        self.broken = True
        return 0

    def tag(self) -> bool:
        """The next field's `number` and `wire` type; False at the end or where no field can start."""
        if self.pos >= self.end:
            return False
        value = self.varint()
        self.number = value >> 3
        self.wire = value & 7
        if self.broken or not 0 < self.number <= MAX_NUMBER or self.wire > I32:
            self.broken = True
            return False
        return True

    def fixed(self, count: int) -> bytes:
        """`count` bytes."""
        pos = self.pos
        if count > self.end - pos:
            self.broken = True
            return b""
        self.pos = pos + count
        return self.data[pos : pos + count]

    def block(self) -> int:
        """The start of a length-delimited value, past which the place is moved."""
        length = self.varint()
        start = self.pos
        if length > self.end - start:
            self.broken = True
            return start
        self.pos = start + length
        return start

    def skip(self) -> None:
        """Pass over the value of the field whose tag was read; a group with all that is in it."""
        wire = self.wire
        if wire == VARINT:
            self.varint()
        elif wire == LEN:
            self.block()
        elif wire == I64:
            self.fixed(8)
        elif wire == I32:
            self.fixed(4)
        elif wire == SGROUP:
            self._skip_group()
        else:
            self.broken = True

    def _skip_group(self) -> None:
        open_groups = [self.number]
        while open_groups and self.tag():
            if self.wire == SGROUP:
                open_groups.append(self.number)
            elif self.wire == EGROUP:
                if open_groups.pop() != self.number:
                    self.broken = True
            else:
                self.skip()
            if self.broken:
                return
        if open_groups:
            self.broken = True


def from_varint(kind: int, value: int) -> object:
    """What a varint's 64 bits mean as a declared type (encoding, "More Integer Types"): an int, or a bool for BOOL."""
    if kind == BOOL:
        return value != 0
    if kind == UINT32:
        return value & 0xFFFFFFFF
    if kind in (INT32, ENUM):
        low = value & 0xFFFFFFFF
        return low - 0x100000000 if low >= 0x80000000 else low
    if kind == INT64:
        return signed(value)
    if kind == SINT32:
        return zigzag(value & 0xFFFFFFFF)
    if kind == SINT64:
        return zigzag(value)
    return value


def signed(value: int) -> int:
    """64 bits as two's complement."""
    return value - 0x10000000000000000 if value >= 0x8000000000000000 else value


def zigzag(value: int) -> int:
    """0, -1, 1, -2, 2 for 0, 1, 2, 3, 4."""
    return (value >> 1) ^ -(value & 1)


def from_fixed(kind: int, raw: bytes) -> int | float:
    """What 4 or 8 bytes mean as a declared type; the lowest byte comes first."""
    if kind == DOUBLE:
        return as_double(raw)
    if kind == FLOAT:
        return as_float(raw)
    return int.from_bytes(raw, "little", signed=kind in (SFIXED32, SFIXED64))


def as_double(raw: bytes) -> float:
    """IEEE 754, lowest byte first."""
    value: float = _DOUBLE.unpack(raw)[0]
    return value


def as_float(raw: bytes) -> float:
    """IEEE 754, lowest byte first, as the shortest decimal that makes the same four bytes."""
    value: float = _FLOAT.unpack(raw)[0]
    return shortest(value)


def shortest(value: float) -> float:
    """A single-precision number without the digits that only double precision has: 21.5 or 0.1."""
    if not isfinite(value):
        return value
    raw = _FLOAT.pack(value)
    for digits in range(6, 9):
        short = float(f"{value:.{digits}g}")
        if abs(short) <= _LARGEST_FLOAT and _FLOAT.pack(short) == raw:
            return short
    return value


_LARGEST_FLOAT: Final = 3.4028234663852886e38


def varint_length(r: Reader) -> int:
    """Bytes of the varint that starts here. Raises as reads do, and Malformed for one of more than ten."""
    data = r.data
    pos = r.pos
    for count in range(1, MAX_VARINT + 1):
        if pos + count > r.limit:
            r.peek(count)
        if data[pos + count - 1] < 0x80:
            return count
    raise r.malformed(f"a varint of more than {MAX_VARINT} bytes")


def peek_varint(r: Reader, count: int) -> int:
    """The varint of `count` bytes that starts here."""
    wire = Wire(r.data, r.pos, r.pos + count)
    return wire.varint()


def varint_bits(r: Reader, count: int) -> None:
    """Name the bits of the varint of `count` bytes read last: in each byte one that says whether more follow."""
    if not 1 < count <= 8:
        return
    raw = r.data[r.pos - count : r.pos]
    for i in range(count):
        low = 8 * (count - 1 - i)
        r.bits("protobuf.varint.more", raw[i] >> 7, low + 7, 1)
        r.bits("protobuf.varint.septet", raw[i] & 0x7F, low, 7)
