"""Apache Thrift's binary protocol, strict and old. Spec: thrift/doc/specs/thrift-binary-protocol.md"""

from typing import Final

from inspector.protocols.thrift_struct import NO_ID, TYPES, Encoding, Header, check_mtype, read_method
from inspector.schema.thrift import BOOL, BYTE, DOUBLE, I16, I32, I64, STOP, UUID
from inspector.wire.reader import Reader

_FIXED: Final[dict[int, int]] = {BOOL: 1, BYTE: 1, I16: 2, I32: 4, I64: 8, DOUBLE: 8, UUID: 16}


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
        return Header(mtype, method, r.i32("thrift.seq_id"))

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

    def fixed(self, wire: int) -> int:
        return _FIXED.get(wire, 0)

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
