"""Apache Thrift's binary protocol, strict and old. Spec: thrift/doc/specs/thrift-binary-protocol.md"""

from typing import Final

from mypy_extensions import i64

from inspector.protocols.thrift_struct import MAX_STRING, NO_ID, TYPES, Encoding, Header, check_mtype, read_method
from inspector.schema.thrift import I32, I64, LIST, MAP, SET, STOP, STRING, STRUCT
from inspector.wire.reader import MAX_DEPTH, Reader

_SIZES: Final = bytes((0, 0, 1, 1, 8, 0, 2, 0, 4, 0, 8, 0, 0, 0, 0, 0, 16))
"""Bytes of a value by its type, 0 where that differs from value to value or there is no such type."""


class BinaryEncoding(Encoding):
    """Big-endian numbers of fixed size; a type byte and a number before every field."""

    def __init__(self) -> None:
        super().__init__("binary")

    def read_header(self, r: Reader) -> Header:
        strict = r.peek_u8() >= 0x80
        mtype = 0
        if strict:
            # thrift-binary-protocol.md, "Message": 1vvvvvvv vvvvvvvv unused 00000mmm
            protocol_id = r.u8("thrift.protocol_id")
            r.bits("thrift.strict", 1, 7, 1)
            version = r.u8("thrift.version")
            if protocol_id != 0x80 or version != 1:
                raise r.malformed(
                    f"{protocol_id:02x} {version:02x} is not the version word 80 01 of the binary protocol"
                )
            r.u8("thrift.unused")
            mtype = _read_mtype(r)
        method = read_method(r, r.i32("thrift.str_len"))
        if not strict:
            mtype = _read_mtype(r)
        return Header(mtype, method, r.i32("thrift.seq_id"), not strict)

    def next_field(self, r: Reader, last: int, first: bool) -> bool:
        self.wire = r.peek_u8()
        if self.wire == STOP:
            r.u8("thrift.stop")
            return False
        p = r.pos
        if p + 3 > r.limit:
            self.id = NO_ID
            return True
        number = (r.data[p + 1] << 8) | r.data[p + 2]
        self.id = number - 65536 if number >= 32768 else number
        return True

    def open_field(self, r: Reader) -> None:
        r.u8("thrift.type")
        if self.wire not in TYPES:
            raise r.malformed(f"field type {self.wire} is none of Thrift's types")
        self.id = r.i16("thrift.fid")

    def open_list(self, r: Reader, name: str) -> None:
        self.wire = r.u8("thrift.type")
        self.count = r.i32(name)

    def open_map(self, r: Reader) -> None:
        self.key_wire = r.u8("thrift.type")
        self.wire = r.u8("thrift.type")
        self.count = r.i32("thrift.num_map_item")

    def pass_field(self, r: Reader) -> bool:
        end = value_end(r.data, r.pos + 3, r.limit, self.wire, MAX_DEPTH - r.depth)
        if end < 0:
            return False
        r.pos = end
        return True

    def pass_values(self, r: Reader, wire: int, count: i64) -> i64:
        size: i64 = _SIZES[wire] if wire < len(_SIZES) else 0
        if size:
            count = min(count, (r.limit - r.pos) // size)
            r.pos += count * size
            return count
        depth: i64 = MAX_DEPTH - r.depth
        for passed in range(count):
            end = value_end(r.data, r.pos, r.limit, wire, depth)
            if end < 0:
                return passed
            r.pos = end
        return count

    def pass_pairs(self, r: Reader, key_wire: int, wire: int, count: i64) -> i64:
        depth: i64 = MAX_DEPTH - r.depth
        for passed in range(count):
            end = value_end(r.data, r.pos, r.limit, key_wire, depth)
            if end >= 0:
                end = value_end(r.data, end, r.limit, wire, depth)
            if end < 0:
                return passed
            r.pos = end
        return count

    def boolean(self, r: Reader, in_field: bool) -> bool:
        return r.u8("thrift.bool") != 0

    def i8(self, r: Reader) -> int:
        return r.i8("thrift.i8")

    def integer(self, r: Reader, wire: int, name: str) -> int:
        if wire == I32:
            return r.i32(name)
        return r.i64(name) if wire == I64 else r.i16(name)

    def peek_i32(self, r: Reader) -> int:
        return int.from_bytes(r.peek(4), "big", signed=True)

    def double(self, r: Reader) -> float:
        return r.f64("thrift.double")

    def length(self, r: Reader) -> int:
        return r.i32("thrift.str_len")


def _read_mtype(r: Reader) -> int:
    mtype = r.u8("thrift.mtype")
    r.bits("thrift.mtype", mtype & 7, 0, 3)
    return check_mtype(r, mtype)


def value_end(data: bytes, at: i64, limit: i64, wire: i64, depth: i64) -> i64:
    """Where the value of type `wire` at index `at` ends; -1 when that is not before `limit`, or needs a closer look.

    `depth`: so many levels it may nest.
    """
    size: i64 = _SIZES[wire] if wire < len(_SIZES) else 0
    if size:
        return at + size if at + size <= limit else -1
    if wire == STRING:
        end = at + 4 + _u32(data, at) if at + 4 <= limit else limit + 1
        return end if end <= limit else -1
    if depth <= 1:
        return -1
    if wire == STRUCT:
        while at < limit:
            kind: i64 = data[at]
            if kind == STOP:
                return at + 1
            at = value_end(data, at + 3, limit, kind, depth - 1)
            if at < 0:
                return -1
        return -1
    if wire in (LIST, SET) and at + 5 <= limit:
        return values_end(data, at + 5, limit, data[at], _u32(data, at + 1), depth - 1)
    if wire == MAP and at + 6 <= limit:
        return _pairs_end(data, at, limit, depth - 1)
    return -1


def values_end(data: bytes, at: i64, limit: i64, wire: i64, count: i64, depth: i64) -> i64:
    """Where `count` values of type `wire` end that begin at index `at`; -1 as for `value_end`."""
    if count > MAX_STRING or count > limit - at:
        return -1
    size: i64 = _SIZES[wire] if wire < len(_SIZES) else 0
    if size:
        return at + size * count if at + size * count <= limit else -1
    for _ in range(count):
        at = value_end(data, at, limit, wire, depth)
        if at < 0:
            return -1
    return at


def _pairs_end(data: bytes, at: i64, limit: i64, depth: i64) -> i64:
    """Where the map ends whose types stand at index `at`."""
    key: i64 = data[at]
    wire: i64 = data[at + 1]
    count = _u32(data, at + 2)
    at += 6
    if count > MAX_STRING or count > limit - at:
        return -1
    for _ in range(count):
        at = value_end(data, at, limit, key, depth)
        if at >= 0:
            at = value_end(data, at, limit, wire, depth)
        if at < 0:
            return -1
    return at


def _u32(data: bytes, at: i64) -> i64:
    a: i64 = data[at]
    b: i64 = data[at + 1]
    c: i64 = data[at + 2]
    d: i64 = data[at + 3]
    return (a << 24) | (b << 16) | (c << 8) | d
