"""Apache Thrift's compact protocol. Spec: thrift/doc/specs/thrift-compact-protocol.md"""

import struct
from typing import Final

from mypy_extensions import i64

from inspector.protocols.thrift_struct import NO_ID, Encoding, Header, check_mtype, read_method
from inspector.schema.thrift import BOOL, BYTE, DOUBLE, I16, I32, I64, LIST, MAP, SET, STOP, STRING, STRUCT, UUID
from inspector.wire.reader import Reader

PROTOCOL_ID: Final = 0x82
VERSION: Final = 1

MAX_VARINT: Final = 10
"""Bytes of the longest varint: ten times seven bits hold 64."""

_TRUE: Final = 1
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

    def fixed(self, wire: int) -> int:
        if wire in (BOOL, BYTE):
            return 1
        return 8 if wire == DOUBLE else 16 if wire == UUID else 0

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
