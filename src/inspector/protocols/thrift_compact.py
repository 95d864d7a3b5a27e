"""Apache Thrift's compact protocol. Spec: thrift/doc/specs/thrift-compact-protocol.md"""

import struct
from typing import Final

from mypy_extensions import i64

from inspector.protocols.thrift_struct import MAX_STRING, NO_ID, Encoding, Header, check_mtype, read_method
from inspector.schema.thrift import BOOL, BYTE, DOUBLE, I16, I32, I64, LIST, MAP, SET, STOP, STRING, STRUCT, UUID
from inspector.wire.reader import MAX_DEPTH, Reader

PROTOCOL_ID: Final = 0x82
VERSION: Final = 1

MAX_VARINT: Final = 10
"""Bytes of the longest varint: ten times seven bits hold 64."""

_TRUE: Final = 1
_FALSE: Final = 2
_I16: Final = 4
_I64: Final = 6
_BINARY: Final = 8
_LIST: Final = 9
_SET: Final = 10
_MAP: Final = 11
_STRUCT: Final = 12
"""Types of the compact protocol (thrift-compact-protocol.md, "Struct")."""

_SIZES: Final = bytes((0, 1, 1, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 16, 0, 0))
"""Bytes of an element by its compact type, 0 where that differs from value to value or there is no such type."""

_MAX_COUNT: Final = 5
"""Bytes of the longest count: 32 bits."""

_LONG: Final = 15
"""A list's short count that says: the count follows."""

_WIRE: Final = (STOP, BOOL, BOOL, BYTE, I16, I32, I64, DOUBLE, STRING, LIST, SET, MAP, STRUCT, UUID, -1, -1)
"""The binary protocol's type numbers by those of the compact one, where true and false are types of their own."""

_F64: Final = struct.Struct("<d")


class CompactEncoding(Encoding):
    """Numbers as varints; a field's type and its distance from the number before share a byte."""

    def __init__(self) -> None:
        super().__init__("compact")
        self.truth = False

    def read_header(self, r: Reader) -> Header:
        protocol_id = r.u8("thrift.protocol_id")
        # thrift-compact-protocol.md, "Message": mmmvvvvv
        byte = r.peek_u8()
        if protocol_id != PROTOCOL_ID or byte & 31 != VERSION:
            raise r.malformed(f"{protocol_id:02x} {byte:02x} is not how a message of the compact protocol begins")
        r.known("thrift.mtype", 1, byte >> 5)
        r.bits("thrift.mtype", byte >> 5, 5, 3)
        r.bits("thrift.version", byte & 31, 0, 5)
        mtype = check_mtype(r, byte >> 5)
        seq_id = read_varint(r, "thrift.seq_id", False)
        if seq_id >= 1 << 31:
            seq_id -= 1 << 32
        return Header(mtype, read_method(r, read_varint(r, "thrift.str_len", False)), seq_id)

    def next_field(self, r: Reader, last: int, first: bool) -> bool:
        byte = r.peek_u8()
        if byte == STOP:
            r.u8("thrift.stop")
            return False
        self.wire = _WIRE[byte & 15]
        self.truth = byte & 15 == _TRUE
        if byte >> 4:
            self.id = last + (byte >> 4)
            return True
        size = varint_size(r.data, r.pos + 1, r.limit)
        self.id = zigzag(varint_value(r.data, r.pos + 1, size)) if size > 0 else NO_ID
        return True

    def open_field(self, r: Reader) -> None:
        byte = r.peek_u8()
        if byte >> 4:
            r.known("thrift.fid", 1, self.id)
        else:
            r.known("thrift.compact_type", 1, byte & 15)
        r.bits("thrift.fid_delta", byte >> 4, 4, 4)
        r.bits("thrift.compact_type", byte & 15, 0, 4)
        if self.wire <= 0:
            raise r.malformed(f"field type {byte & 15} is none of the compact protocol's types")
        if not byte >> 4:
            self.id = read_varint(r, "thrift.fid", True)

    def open_list(self, r: Reader, name: str) -> None:
        byte = r.peek_u8()
        if byte >> 4 == _LONG:
            r.known("thrift.compact_type", 1, byte & 15)
        else:
            r.known(name, 1, byte >> 4)
            r.bits(name, byte >> 4, 4, 4)
        r.bits("thrift.compact_type", byte & 15, 0, 4)
        self.wire = _WIRE[byte & 15]
        self.count = byte >> 4 if byte >> 4 != _LONG else read_varint(r, name, False)

    def open_map(self, r: Reader) -> None:
        self.count = read_varint(r, "thrift.num_map_item", False)
        self.key_wire = self.wire = 0
        if self.count:
            byte = r.u8("thrift.map_types")
            r.bits("thrift.compact_key_type", byte >> 4, 4, 4)
            r.bits("thrift.compact_type", byte & 15, 0, 4)
            self.key_wire = _WIRE[byte >> 4]
            self.wire = _WIRE[byte & 15]

    def pass_field(self, r: Reader) -> bool:
        at = r.pos + 1
        if r.data[r.pos] < 16:
            at = varint_end(r.data, at, r.limit)
        kind: i64 = r.data[r.pos] & 15
        end = _content_end(r.data, at, r.limit, kind, MAX_DEPTH - r.depth) if at >= 0 else -1
        if end < 0:
            return False
        r.pos = end
        return True

    def pass_values(self, r: Reader, wire: int, count: i64) -> i64:
        kind: i64 = _WIRE.index(wire)
        depth: i64 = MAX_DEPTH - r.depth
        for passed in range(count):
            end = value_end(r.data, r.pos, r.limit, kind, depth)
            if end < 0:
                return passed
            r.pos = end
        return count

    def pass_pairs(self, r: Reader, key_wire: int, wire: int, count: i64) -> i64:
        key: i64 = _WIRE.index(key_wire)
        kind: i64 = _WIRE.index(wire)
        depth: i64 = MAX_DEPTH - r.depth
        for passed in range(count):
            end = value_end(r.data, r.pos, r.limit, key, depth)
            if end >= 0:
                end = value_end(r.data, end, r.limit, kind, depth)
            if end < 0:
                return passed
            r.pos = end
        return count

    def boolean(self, r: Reader, in_field: bool) -> bool:
        # A field's value is in its type; an element takes a byte, which is 0 or 2 for false
        return self.truth if in_field else r.u8("thrift.bool") == _TRUE

    def i8(self, r: Reader) -> int:
        return r.i8("thrift.i8")

    def integer(self, r: Reader, wire: int, name: str) -> int:
        return read_varint(r, name, True)

    def peek_i32(self, r: Reader) -> int:
        return zigzag(varint_value(r.data, r.pos, _size_here(r)))

    def double(self, r: Reader) -> float:
        value: float = _F64.unpack(r.peek(8))[0]
        r.known("thrift.double", 8, value)
        return value

    def length(self, r: Reader) -> int:
        return read_varint(r, "thrift.str_len", False)


def varint_end(data: bytes, at: i64, limit: i64) -> i64:
    """Where the varint at index `at` ends; -1 when that is not before `limit`."""
    stop = min(limit, at + MAX_VARINT)
    while at < stop:
        if data[at] < 0x80:
            return at + 1
        at += 1
    return -1


def _content_end(data: bytes, at: i64, limit: i64, kind: i64, depth: i64) -> i64:
    """Where a field's value of the compact type `kind` ends: booleans are in the type."""
    return at if kind in (_TRUE, _FALSE) else value_end(data, at, limit, kind, depth)


def value_end(data: bytes, at: i64, limit: i64, kind: i64, depth: i64) -> i64:
    """Where the value of the compact type `kind` at index `at` ends; -1 when that needs a closer look.

    `depth`: so many levels it may nest.
    """
    size: i64 = _SIZES[kind]
    if size:
        return at + size if at + size <= limit else -1
    if _I16 <= kind <= _I64:
        return varint_end(data, at, limit)
    if kind == _BINARY:
        return _text_end(data, at, limit)
    if depth <= 1 or at >= limit:
        return -1
    if kind == _STRUCT:
        return _struct_end(data, at, limit, depth - 1)
    if kind in (_LIST, _SET):
        inner: i64 = data[at] & 15
        count: i64 = data[at] >> 4
        at += 1
        if count == _LONG:
            count, at = _count(data, at, limit)
        return values_end(data, at, limit, inner, count, depth - 1) if at >= 0 else -1
    return _pairs_end(data, at, limit, depth - 1) if kind == _MAP else -1


def values_end(data: bytes, at: i64, limit: i64, kind: i64, count: i64, depth: i64) -> i64:
    """Where `count` values of the compact type `kind` end that begin at index `at`; -1 as for `value_end`."""
    if count > limit - at:
        return -1
    for _ in range(count):
        at = value_end(data, at, limit, kind, depth)
        if at < 0:
            return -1
    return at


def _struct_end(data: bytes, at: i64, limit: i64, depth: i64) -> i64:
    while at < limit:
        head: i64 = data[at]
        if head == STOP:
            return at + 1
        at = at + 1 if head >= 16 else varint_end(data, at + 1, limit)
        if at >= 0:
            at = _content_end(data, at, limit, head & 15, depth)
        if at < 0:
            return -1
    return -1


def _pairs_end(data: bytes, at: i64, limit: i64, depth: i64) -> i64:
    """Where the map ends whose number of pairs stands at index `at`."""
    count, at = _count(data, at, limit)
    if at < 0 or count == 0:
        return at
    if count > limit - at:
        return -1
    key: i64 = data[at] >> 4
    kind: i64 = data[at] & 15
    at += 1
    for _ in range(count):
        at = value_end(data, at, limit, key, depth)
        if at >= 0:
            at = value_end(data, at, limit, kind, depth)
        if at < 0:
            return -1
    return at


def _text_end(data: bytes, at: i64, limit: i64) -> i64:
    size, at = _count(data, at, limit)
    return at + size if 0 <= at <= limit - size else -1


def _count(data: bytes, at: i64, limit: i64) -> tuple[i64, i64]:
    """A number of bytes or elements and where it ends; (0, -1) when it needs a closer look."""
    end = varint_end(data, at, limit)
    if end < 0 or end - at > _MAX_COUNT:
        return 0, -1
    value: i64 = 0
    for i in range(end - at):
        byte: i64 = data[at + i]
        value |= (byte & 0x7F) << (7 * i)
    return (value, end) if value <= MAX_STRING else (0, -1)


def read_varint(r: Reader, name: str, signed: bool) -> int:
    """Seven bits a byte, lowest first, until a byte's top bit is 0; `signed` ones are zigzag."""
    size = _size_here(r)
    value = varint_value(r.data, r.pos, size)
    if signed:
        value = zigzag(value)
    r.known(name, size, value)
    return value


def zigzag(value: int) -> int:
    """0, 1, 2, 3 stand for 0, -1, 1, -2 (thrift-compact-protocol.md, "Integer encoding")."""
    return (value >> 1) ^ -(value & 1)


def varint_size(data: bytes, at: i64, limit: i64) -> int:
    """Bytes of the varint at index `at`, 0 when it does not end before `limit`, -1 when it is too long to be one."""
    for i in range(MAX_VARINT):
        if at + i >= limit:
            return 0
        if data[at + i] < 0x80:
            return int(i) + 1
    return -1


def varint_value(data: bytes, at: i64, size: int) -> int:
    """The varint of `size` bytes at index `at`."""
    value = 0
    shift = 0
    for i in range(size):
        value |= (data[at + i] & 0x7F) << shift
        shift += 7
    return value


def _size_here(r: Reader) -> int:
    size = varint_size(r.data, r.pos, r.limit)
    if size > 0:
        return size
    if size < 0:
        raise r.malformed(f"a varint of more than {MAX_VARINT} bytes")
    r.peek(r.limit - r.pos + 1)
    raise r.malformed("a varint ends too early")
