"""What Thrift messages hold in any encoding: fields, containers, and a line about them. Spec: thrift/doc/specs"""

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

_SHAPE: Final = 64
"""Fields of a message remembered to tell functions of the same name apart."""

_SHOWN: Final = 40
"""Characters of one string in a summary."""

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
    """What stands before a message's fields. `mtype` is CALL to ONEWAY."""

    __slots__ = ("method", "mtype", "seq_id")

    def __init__(self, mtype: int, method: str, seq_id: int) -> None:
        self.mtype = mtype
        self.method = method
        self.seq_id = seq_id


class Body:
    """What a message's outermost fields say: ids and wire types, values of scalars, and text for a summary."""

    __slots__ = ("shape", "texts", "values")

    def __init__(self) -> None:
        self.shape: list[tuple[int, int]] = []
        self.values: list[object] = []
        self.texts: list[str] = []


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

    def fixed(self, wire: int) -> int:
        """Bytes that every value of the type takes, 0 where that differs."""
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
        shown = length if r.recording else min(length, _FACT if leaf else 4 * _SHOWN)
        raw = r.peek(shown)
        known = declared is not None
        text = None if declared is not None and declared.binary else _as_text(raw, shown == length, known)
        if text is None:
            r.take("thrift.binary", length) if r.recording else r.skip("", length)
            return raw
        if r.recording:
            return r.text(leaf or "thrift.string", length)
        r.skip("", length)
        return text


def read_body(enc: Encoding, r: Reader, struct: StructType | None, room: int, body: Body) -> None:
    """The fields of a message, with what they say in about `room` characters added to `body` as they are read."""
    r.begin("thrift.exception" if struct is APPLICATION_EXCEPTION else "thrift.struct", struct.name if struct else "")
    _fields(enc, r, struct, room, body)
    r.close()
    enc.end_message(r)


def _fields(enc: Encoding, r: Reader, struct: StructType | None, room: int, body: Body) -> None:
    """Fields up to and with the end of the struct."""
    enc.open_struct(r)
    last = 0
    first = True
    while enc.next_field(r, last, first):
        first = False
        spec: FieldSpec | None = struct.fields.get(enc.id) if struct is not None else None
        last = enc.id
        text = _field(enc, r, spec, room, body)
        if room > 0:
            body.texts.append(text)
            room -= len(text) + 2
        elif body.texts and body.texts[-1] != "…":
            body.texts.append("…")


def _field(enc: Encoding, r: Reader, spec: FieldSpec | None, room: int, body: Body) -> str:
    """One field; its text when there is room."""
    r.begin("thrift.field", spec.name if spec is not None else "")
    # Thrift counts structs and containers as levels, not fields.
    r.depth -= 1
    enc.open_field(r)
    wire, id_ = enc.wire, enc.id
    declared = spec.type if spec is not None else None
    if declared is not None and declared.kind != wire:
        r.note(f"the IDL declares {declared.name}")
        declared = None
    if len(body.shape) < _SHAPE:
        body.shape.append((id_, wire))
    value: object = None
    text = ""
    if wire in (STRUCT, MAP, LIST, SET):
        text = _container(enc, r, wire, declared, room)
    else:
        value = _scalar(enc, r, wire, declared, room > 0, True)
        if room > 0:
            text = _show(value, declared)
            body.values.append(value)
    if isinstance(value, int) and declared is not None and declared.enum is not None:
        value = declared.enum.names.get(value, value)
    enc.close_field(r)
    r.depth += 1
    r.close(value)
    return f"{spec.name}={text}" if spec is not None else f"{id_}: {text}"


def _value(enc: Encoding, r: Reader, wire: int, declared: ThriftType | None, room: int) -> str:
    """A list's element or a map's key or value; its text when there is room."""
    if wire in (STRUCT, MAP, LIST, SET):
        return _container(enc, r, wire, declared, room)
    value = _scalar(enc, r, wire, declared, room > 0, False)
    return _show(value, declared) if room > 0 else ""


def _container(enc: Encoding, r: Reader, wire: int, declared: ThriftType | None, room: int) -> str:
    if wire == STRUCT:
        struct = declared.struct if declared is not None else None
        r.begin("thrift.struct", struct.name if struct is not None else "")
        body = Body()
        _fields(enc, r, struct, room, body)
        r.close()
        return f"{struct.name if struct is not None else ''}({', '.join(body.texts)})" if room > 0 else ""
    name = declared.name if declared is not None else ""
    if wire == MAP:
        r.begin("thrift.map", name)
        text = _map(enc, r, declared, room)
    else:
        r.begin("thrift.list" if wire == LIST else "thrift.set", name)
        text = _list(enc, r, "thrift.num_list_item" if wire == LIST else "thrift.num_set_item", declared, room)
    r.close()
    return text


def _list(enc: Encoding, r: Reader, count_name: str, declared: ThriftType | None, room: int) -> str:
    enc.open_list(r, count_name)
    wire = enc.wire
    count: i64 = enc.count
    check_count(r, count, wire)
    element = declared.element if declared is not None else None
    if element is not None and element.kind != wire:
        element = None
    texts: list[str] = []
    for i in range(count):
        if room <= 0 and _skip_fixed(enc, r, wire, count - i):
            break
        enc.before_element(r, i == 0)
        text = _value(enc, r, wire, element, room)
        if room > 0:
            texts.append(text)
            room -= len(text) + 2
    enc.close_list(r)
    if len(texts) < count:
        texts.append("…")
    return f"[{', '.join(texts)}]"


def _map(enc: Encoding, r: Reader, declared: ThriftType | None, room: int) -> str:
    enc.open_map(r)
    key_wire, wire = enc.key_wire, enc.wire
    count: i64 = enc.count
    check_count(r, count, wire)
    if count:
        check_count(r, count, key_wire)
    key = declared.key if declared is not None else None
    if key is not None and key.kind != key_wire:
        key = None
    element = declared.element if declared is not None else None
    if element is not None and element.kind != wire:
        element = None
    texts: list[str] = []
    for i in range(count):
        r.begin("thrift.entry")
        r.depth -= 1
        enc.before_key(r, i == 0)
        key_text = _value(enc, r, key_wire, key, room)
        enc.before_value(r)
        text = _value(enc, r, wire, element, room)
        r.depth += 1
        r.close()
        if room > 0:
            texts.append(f"{key_text}: {text}")
            room -= len(texts[-1]) + 2
    enc.close_map(r)
    if len(texts) < count:
        texts.append("…")
    return f"{{{', '.join(texts)}}}"


def check_count(r: Reader, count: i64, wire: int) -> None:
    """Raise Malformed for a number of elements that cannot be; so many need at least a byte each."""
    if count < 0:
        raise r.malformed(f"{count} elements are fewer than none")
    if count > MAX_STRING:
        raise r.malformed(f"{count} elements are more than the {MAX_STRING} that Thrift's libraries allow")
    if count:
        if wire not in TYPES:
            raise r.malformed(f"element type {wire} is none of Thrift's types")
        r.need(count)


def _skip_fixed(enc: Encoding, r: Reader, wire: int, count: i64) -> bool:
    """Pass over `count` numbers at once where nobody looks at them and none lies in a hole."""
    if r.recording:
        return False
    size: i64 = enc.fixed(wire)
    if not size or r.pos + count * size > r.limit:
        return False
    r.skip("", count * size)
    return True


def _scalar(enc: Encoding, r: Reader, wire: int, declared: ThriftType | None, wanted: bool, in_field: bool) -> object:
    leaf = declared.leaf if declared is not None else ""
    if wire == STRING:
        return enc.string(r, declared, leaf, wanted)
    if wire == I32:
        if declared is None or declared.enum is None or leaf:
            return enc.integer(r, I32, leaf or "thrift.i32")
        number = enc.peek_i32(r)
        r.begin("thrift.enum", declared.enum.names.get(number, ""))
        enc.integer(r, I32, "thrift.i32")
        r.close(number)
        return number
    if wire == BOOL:
        return enc.boolean(r, in_field)
    if wire == I64:
        return enc.integer(r, I64, "thrift.i64")
    if wire == DOUBLE:
        return enc.double(r)
    if wire == I16:
        return enc.integer(r, I16, "thrift.i16")
    if wire == BYTE:
        return enc.i8(r)
    return enc.uuid(r)


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
