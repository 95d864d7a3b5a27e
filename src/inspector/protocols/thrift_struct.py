"""What Thrift's encodings have in common: limits, names, and how the parts of a message are written."""

from typing import Final

from mypy_extensions import i64

from inspector.protocols.thrift_text import as_text
from inspector.schema.thrift import (
    BOOL,
    BYTE,
    DOUBLE,
    I16,
    I32,
    I64,
    LIST,
    MAP,
    SET,
    STRING,
    STRUCT,
    UUID,
    EnumType,
    FieldSpec,
    StructType,
    ThriftType,
)
from inspector.wire.reader import Reader

CALL: Final = 1
REPLY: Final = 2
EXCEPTION: Final = 3
ONEWAY: Final = 4
KINDS: Final = ("", "call", "reply", "exception", "oneway")

MAX_STRING: Final = 104_857_600
"""Bytes of one string, and elements of one container: TConfiguration's DEFAULT_MAX_MESSAGE_SIZE."""

MAX_NAME: Final = 1024
"""Bytes of a method name; none that people write is longer, and a wrong protocol's first bytes are."""

NO_ID: Final = -32769
"""In place of a field number that is still to come; the numbers on the wire have 16 bits."""

TYPES: Final = frozenset((BOOL, BYTE, DOUBLE, I16, I32, I64, STRING, STRUCT, MAP, SET, LIST, UUID))

_READ: Final = 400
"""Bytes of one string that are looked at for a summary."""

_FACT: Final = 4096
"""Bytes of an exception's message that are kept as a fact."""

EXCEPTION_TYPES: Final[dict[int, str]] = {
    0: "UNKNOWN",
    1: "UNKNOWN_METHOD",
    2: "INVALID_MESSAGE_TYPE",
    3: "WRONG_METHOD_NAME",
    4: "BAD_SEQUENCE_ID",
    5: "MISSING_RESULT",
    6: "INTERNAL_ERROR",
    7: "PROTOCOL_ERROR",
    8: "INVALID_TRANSFORM",
    9: "INVALID_PROTOCOL",
    10: "UNSUPPORTED_CLIENT_TYPE",
}
"""TApplicationException's types (thrift-rpc.md, "Response struct")."""


def _application_exception() -> StructType:
    number = ThriftType(I32, "TApplicationExceptionType", "thrift.exception.type")
    number.enum = EnumType(number.name, EXCEPTION_TYPES)
    message = ThriftType(STRING, leaf="thrift.exception.message")
    return StructType("TApplicationException", [FieldSpec(1, "message", message), FieldSpec(2, "type", number)])


APPLICATION_EXCEPTION: Final = _application_exception()
"""What a message of type EXCEPTION holds (thrift-rpc.md, "Response struct")."""


class Header:
    """What stands before a message's fields. `mtype` is CALL to ONEWAY; `old`: in the format without a version."""

    __slots__ = ("method", "mtype", "old", "seq_id")

    def __init__(self, mtype: int, method: str, seq_id: int, old: bool = False) -> None:
        self.mtype = mtype
        self.method = method
        self.seq_id = seq_id
        self.old = old


class Encoding:
    """How one of Thrift's protocols writes the parts of a message.

    What a look ahead or a container's head says is left in `wire` (a type number as the binary protocol has them),
    `id`, `count` and `key_wire` until the next read.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.wire = 0
        self.id = 0
        self.count: i64 = 0
        self.key_wire = 0

    def read_header(self, r: Reader) -> Header:
        """Everything before the message's struct."""
        raise NotImplementedError

    def end_message(self, r: Reader) -> None:
        """What follows the message's struct, if anything."""

    def open_struct(self, r: Reader) -> None:
        """What stands before the first field."""

    def next_field(self, r: Reader, last: int, first: bool) -> bool:
        """Look at the field ahead; `last` is the number of the one before. False: the struct's end was read."""
        raise NotImplementedError

    def open_field(self, r: Reader) -> None:
        """A field's type and number."""
        raise NotImplementedError

    def close_field(self, r: Reader) -> None:
        """What follows a field's value."""

    def open_list(self, r: Reader, name: str) -> None:
        """The element type and the count, whose field is `name`, of a list or set."""
        raise NotImplementedError

    def open_map(self, r: Reader) -> None:
        """The types of keys and values, and the number of pairs."""
        raise NotImplementedError

    def before_element(self, r: Reader, first: bool) -> None:
        """What stands before a list's element."""

    def before_key(self, r: Reader, first: bool) -> None:
        """What stands before a map's key."""

    def before_value(self, r: Reader) -> None:
        """What stands between a map's key and its value."""

    def close_list(self, r: Reader) -> None:
        """What follows the last element."""

    def close_map(self, r: Reader) -> None:
        """What follows the last pair."""

    def pass_field(self, r: Reader) -> bool:
        """Pass over the whole field ahead, where that is plain; else stay, and return False."""
        return False

    def pass_values(self, r: Reader, wire: int, count: i64) -> i64:
        """Pass over elements of a list, `count` at most, up to the first that is not plain; how many."""
        return 0

    def pass_pairs(self, r: Reader, key_wire: int, wire: int, count: i64) -> i64:
        """Pass over entries of a map, `count` at most, up to the first that is not plain; how many."""
        return 0

    def boolean(self, r: Reader, in_field: bool) -> bool:
        """A boolean; `in_field`: it is a field's value, and no element."""
        raise NotImplementedError

    def i8(self, r: Reader) -> int:
        """A signed number of 8 bits."""
        raise NotImplementedError

    def integer(self, r: Reader, wire: int, name: str) -> int:
        """A signed number of the type I16, I32 or I64, as field `name`."""
        raise NotImplementedError

    def peek_i32(self, r: Reader) -> int:
        """The I32 ahead."""
        raise NotImplementedError

    def double(self, r: Reader) -> float:
        """A floating point number."""
        raise NotImplementedError

    def uuid(self, r: Reader) -> object:
        """A UUID."""
        return r.take("thrift.uuid", 16)

    def length(self, r: Reader) -> int:
        """The length of a string."""
        raise NotImplementedError

    def string(self, r: Reader, declared: ThriftType | None, leaf: str, wanted: bool) -> object:
        """A string or binary; without an IDL what reads as text is text. Its value is cut short in the silent pass."""
        length: i64 = self.length(r)
        if length < 0:
            raise r.malformed(f"length {length} is negative")
        if length > MAX_STRING:
            raise r.malformed(f"a string of {length} bytes is more than the {MAX_STRING} that Thrift's libraries allow")
        if r.pos + length > r.limit or not (r.recording or wanted):
            # Also where part of it was never captured: what follows can still be read.
            r.skip("thrift.binary", length)
            return None
        shown = length if r.recording else min(length, _FACT if leaf else _READ)
        raw = r.peek(shown)
        known = declared is not None
        text = None if declared is not None and declared.binary else as_text(raw, shown == length, known)
        if text is None:
            r.take("thrift.binary", length) if r.recording else r.skip("", length)
            return raw
        if r.recording:
            return r.text(leaf or "thrift.string", length)
        r.skip("", length)
        return text


def check_mtype(r: Reader, mtype: int) -> int:
    """`mtype` if it is a message type. Raises Malformed otherwise."""
    if not CALL <= mtype <= ONEWAY:
        raise r.malformed(f"message type {mtype} is none of call (1), reply (2), exception (3) and oneway (4)")
    return mtype


def read_method(r: Reader, length: int) -> str:
    """A method name of `length` bytes. Raises Malformed when it can be none."""
    if not 0 <= length <= MAX_NAME:
        raise r.malformed(f"a method name of {length} bytes is longer than {MAX_NAME}")
    method = r.text("thrift.method", length)
    if not method.isprintable():
        raise r.malformed("the method name holds bytes that are no text")
    return method
