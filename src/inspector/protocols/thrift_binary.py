"""Apache Thrift's binary protocol: message headers and values. Spec: thrift/doc/specs/thrift-binary-protocol.md"""

from codecs import utf_8_decode
from typing import Final

from mypy_extensions import i64

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
    STOP,
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

_SHAPE: Final = 64
"""Fields of a message remembered to tell functions of the same name apart."""

_SHOWN: Final = 40
"""Characters of one string in a summary."""

_FACT: Final = 4096
"""Bytes of an exception's message that are kept as a fact."""

_MIN_SIZE: Final[dict[int, int]] = {
    BOOL: 1, BYTE: 1, I16: 2, I32: 4, I64: 8, DOUBLE: 8, UUID: 16, STRING: 4, STRUCT: 1, MAP: 6, SET: 5, LIST: 5
}  # fmt: skip
"""The fewest bytes that a value of a type takes."""

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
    """What stands before a message's fields. `mtype` is CALL to ONEWAY."""

    __slots__ = ("method", "mtype", "seq_id", "strict")

    def __init__(self, mtype: int, method: str, seq_id: int, strict: bool) -> None:
        self.mtype = mtype
        self.method = method
        self.seq_id = seq_id
        self.strict = strict


class Body:
    """What a message's outermost fields say: ids and wire types, values of scalars, and text for a summary."""

    __slots__ = ("shape", "texts", "values")

    def __init__(self) -> None:
        self.shape: list[tuple[int, int]] = []
        self.values: list[object] = []
        self.texts: list[str] = []


def read_header(r: Reader) -> Header:
    """The header of a strict or an old message, as its first byte says."""
    strict = r.peek(1)[0] >= 0x80
    mtype = 0
    if strict:
        # thrift-binary-protocol.md, "Message": 1vvvvvvv vvvvvvvv unused 00000mmm
        protocol_id = r.u8("thrift.protocol_id")
        r.bits("thrift.strict", 1, 7, 1)
        version = r.u8("thrift.version")
        if protocol_id != 0x80 or version != 1:
            raise r.malformed(f"{protocol_id:02x} {version:02x} is not the version word 80 01 of the binary protocol")
        r.u8("thrift.unused")
        mtype = _read_mtype(r)
    length = r.i32("thrift.str_len")
    if not 0 <= length <= MAX_NAME:
        raise r.malformed(f"a method name of {length} bytes is longer than {MAX_NAME}")
    method = r.text("thrift.method", length)
    if not method.isprintable():
        raise r.malformed("the method name holds bytes that are no text")
    if not strict:
        mtype = _read_mtype(r)
    return Header(mtype, method, r.i32("thrift.seq_id"), strict)


def _read_mtype(r: Reader) -> int:
    mtype = r.u8("thrift.mtype")
    r.bits("thrift.mtype", mtype & 7, 0, 3)
    if not CALL <= mtype <= ONEWAY:
        raise r.malformed(f"message type {mtype} is none of call (1), reply (2), exception (3) and oneway (4)")
    return mtype


def read_body(r: Reader, struct: StructType | None, room: int, body: Body) -> None:
    """The fields of a message, with what they say in about `room` characters added to `body` as they are read."""
    r.begin("thrift.exception" if struct is APPLICATION_EXCEPTION else "thrift.struct", struct.name if struct else "")
    _fields(r, struct, room, body)
    r.close()


def _fields(r: Reader, struct: StructType | None, room: int, body: Body) -> None:
    """Fields up to and with the stop byte."""
    while True:
        wire = r.peek(1)[0]
        if wire == STOP:
            r.u8("thrift.stop")
            return
        spec: FieldSpec | None = None
        if struct is not None:
            spec = struct.fields.get(int.from_bytes(r.peek(3)[1:], "big", signed=True))
        text = _field(r, wire, spec, room, body)
        if room > 0:
            body.texts.append(text)
            room -= len(text) + 2
        elif body.texts and body.texts[-1] != "…":
            body.texts.append("…")


def _field(r: Reader, wire: int, spec: FieldSpec | None, room: int, body: Body) -> str:
    """One field; its text when there is room."""
    r.begin("thrift.field", spec.name if spec is not None else "")
    # Thrift counts structs and containers as levels, not fields.
    r.depth -= 1
    r.u8("thrift.type")
    if wire not in _MIN_SIZE:
        raise r.malformed(f"field type {wire} is none of Thrift's types")
    declared = spec.type if spec is not None else None
    if declared is not None and declared.kind != wire:
        r.note(f"the IDL declares {declared.name}")
        declared = None
    id_ = r.i16("thrift.fid")
    if len(body.shape) < _SHAPE:
        body.shape.append((id_, wire))
    value: object = None
    text = ""
    if wire in (STRUCT, MAP, LIST, SET):
        text = _container(r, wire, declared, room)
    else:
        value = _scalar(r, wire, declared, room > 0)
        if room > 0:
            text = _show(value, declared)
            body.values.append(value)
    if isinstance(value, int) and declared is not None and declared.enum is not None:
        value = declared.enum.names.get(value, value)
    r.depth += 1
    r.close(value)
    return f"{spec.name}={text}" if spec is not None else f"{id_}: {text}"


def _value(r: Reader, wire: int, declared: ThriftType | None, room: int) -> str:
    """A list's element or a map's key or value; its text when there is room."""
    if wire in (STRUCT, MAP, LIST, SET):
        return _container(r, wire, declared, room)
    value = _scalar(r, wire, declared, room > 0)
    return _show(value, declared) if room > 0 else ""


def _container(r: Reader, wire: int, declared: ThriftType | None, room: int) -> str:
    if wire == STRUCT:
        struct = declared.struct if declared is not None else None
        r.begin("thrift.struct", struct.name if struct is not None else "")
        body = Body()
        _fields(r, struct, room, body)
        r.close()
        return f"{struct.name if struct is not None else ''}({', '.join(body.texts)})" if room > 0 else ""
    name = declared.name if declared is not None else ""
    if wire == MAP:
        r.begin("thrift.map", name)
        text = _map(r, declared, room)
    else:
        r.begin("thrift.list" if wire == LIST else "thrift.set", name)
        text = _list(r, "thrift.num_list_item" if wire == LIST else "thrift.num_set_item", declared, room)
    r.close()
    return text


def _list(r: Reader, count_name: str, declared: ThriftType | None, room: int) -> str:
    wire = r.u8("thrift.type")
    count = _count(r, count_name, wire, 0)
    element = declared.element if declared is not None else None
    if element is not None and element.kind != wire:
        element = None
    texts: list[str] = []
    for i in range(count):
        if room <= 0 and _skip_fixed(r, wire, count - i):
            break
        text = _value(r, wire, element, room)
        if room > 0:
            texts.append(text)
            room -= len(text) + 2
    if len(texts) < count:
        texts.append("…")
    return f"[{', '.join(texts)}]"


def _map(r: Reader, declared: ThriftType | None, room: int) -> str:
    key_wire = r.u8("thrift.type")
    wire = r.u8("thrift.type")
    count = _count(r, "thrift.num_map_item", wire, key_wire)
    key = declared.key if declared is not None else None
    if key is not None and key.kind != key_wire:
        key = None
    element = declared.element if declared is not None else None
    if element is not None and element.kind != wire:
        element = None
    texts: list[str] = []
    for _ in range(count):
        r.begin("thrift.entry")
        r.depth -= 1
        key_text = _value(r, key_wire, key, room)
        text = _value(r, wire, element, room)
        r.depth += 1
        r.close()
        if room > 0:
            texts.append(f"{key_text}: {text}")
            room -= len(texts[-1]) + 2
    if len(texts) < count:
        texts.append("…")
    return f"{{{', '.join(texts)}}}"


def _count(r: Reader, name: str, wire: int, key_wire: int) -> int:
    """The number of elements, held against the bytes that so many need at least; `key_wire` is 0 for lists and sets."""
    count = r.i32(name)
    if count < 0:
        raise r.malformed(f"{count} elements are fewer than none")
    if count > MAX_STRING:
        raise r.malformed(f"{count} elements are more than the {MAX_STRING} that Thrift's libraries allow")
    if count:
        size = _MIN_SIZE.get(wire, 0)
        if not size or (key_wire and key_wire not in _MIN_SIZE):
            raise r.malformed(f"element type {wire if not size else key_wire} is none of Thrift's types")
        r.need(count * (size + _MIN_SIZE.get(key_wire, 0)))
    return count


def _skip_fixed(r: Reader, wire: int, count: i64) -> bool:
    """Pass over `count` numbers at once where nobody looks at them and none lies in a hole."""
    size: i64 = _MIN_SIZE.get(wire, 0)
    if r.recording or wire in (STRING, STRUCT, MAP, SET, LIST) or r.pos + count * size > r.limit:
        return False
    r.skip("", count * size)
    return True


def _scalar(r: Reader, wire: int, declared: ThriftType | None, wanted: bool) -> object:
    leaf = declared.leaf if declared is not None else ""
    if wire == STRING:
        return _string(r, declared is not None, declared is not None and declared.binary, leaf, wanted)
    if wire == I32:
        if declared is None or declared.enum is None or leaf:
            return r.i32(leaf or "thrift.i32")
        number = int.from_bytes(r.peek(4), "big", signed=True)
        r.begin("thrift.enum", declared.enum.names.get(number, ""))
        r.i32("thrift.i32")
        r.close(number)
        return number
    if wire == BOOL:
        return r.u8("thrift.bool") != 0
    if wire == I64:
        return r.i64("thrift.i64")
    if wire == DOUBLE:
        return r.f64("thrift.double")
    if wire == I16:
        return r.i16("thrift.i16")
    if wire == BYTE:
        return r.i8("thrift.i8")
    return r.take("thrift.uuid", 16)


def _string(r: Reader, declared: bool, binary: bool, leaf: str, wanted: bool) -> object:
    """A string or binary; without an IDL what reads as text is text. Its value is cut short in the silent pass."""
    length: i64 = r.i32("thrift.str_len")
    if length < 0:
        raise r.malformed(f"length {length} is negative")
    if length > MAX_STRING:
        raise r.malformed(f"a string of {length} bytes is more than the {MAX_STRING} that Thrift's libraries allow")
    if r.pos + length > r.limit or not (r.recording or wanted):
        # Also where part of it was never captured: what follows can still be read.
        r.skip("thrift.binary", length)
        return None
    shown = length if r.recording else min(length, _FACT if leaf else 4 * _SHOWN)
    raw = r.peek(shown)
    text = None if binary else _as_text(raw, shown == length, declared)
    if text is None:
        r.take("thrift.binary", length) if r.recording else r.skip("", length)
        return raw
    if r.recording:
        return r.text(leaf or "thrift.string", length)
    r.skip("", length)
    return text


def _as_text(raw: bytes, whole: bool, declared: bool) -> str | None:
    """The text that bytes hold, None when they hold none. A declared string is text however odd."""
    try:
        text = utf_8_decode(raw, "strict", whole)[0]
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace") if declared else None
    if declared or text.isprintable() or text.translate(_SPACES).isprintable():
        return text
    return None


_SPACES: Final = {9: " ", 10: " ", 13: " "}


def _show(value: object, declared: ThriftType | None) -> str:
    """A scalar on one line of a summary."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and declared is not None and declared.enum is not None:
        return declared.enum.names.get(value, str(value))
    if isinstance(value, bytes):
        return f"0x{value[:8].hex()}{'…' if len(value) > 8 else ''}"
    return str(value) if value is not None else "?"


def quote(text: str) -> str:
    """Text in quotes, cut to `_SHOWN` characters."""
    short = escape(text[:_SHOWN].replace("\\", "\\\\").replace('"', '\\"'))
    return f'"{short}{"…" if len(text) > _SHOWN else ""}"'


def escape(text: str) -> str:
    """Text on one line: control characters as escapes."""
    if text.isprintable():
        return text
    return "".join([c if c.isprintable() else ascii(c)[1:-1] for c in text])
