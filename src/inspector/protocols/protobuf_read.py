"""Reads a protobuf message field by field, with or without a schema. Spec: protobuf.dev/programming-guides/encoding"""

from typing import Final

from inspector.protocols.protobuf_guess import (
    EMPTY,
    NESTED,
    PACKED_DOUBLES,
    PACKED_FLOATS,
    PACKED_VARINTS,
    TEXT,
    choose_length_delimited,
    fixed_readings,
    length_readings,
    nested_reading,
    plausible,
    varint_readings,
)
from inspector.protocols.protobuf_known import ANY, any_type, known_text
from inspector.protocols.protobuf_summary import number_text, summarise
from inspector.protocols.protobuf_wire import (
    EGROUP,
    I32,
    I64,
    LEAF_OF,
    LEN,
    MAX_NUMBER,
    SGROUP,
    VARINT,
    WIRE_NAMES,
    WIRE_OF,
    Wire,
    as_double,
    as_float,
    from_fixed,
    from_varint,
    peek_varint,
    signed,
    varint_bits,
    varint_length,
)
from inspector.schema.proto import (
    BOOL,
    BYTES,
    DOUBLE,
    FIXED32,
    FIXED64,
    FLOAT,
    GROUP,
    MESSAGE,
    STRING,
    UINT64,
    ProtoField,
    ProtoMessage,
    ProtoSchema,
)
from inspector.wire.reader import Reader

MAX_LEVELS: Final = 58
"""Messages inside messages that are read; protobuf's own libraries stop at 100, our readers at 64 nodes."""
MAX_DELIMITED: Final = 10_000
"""Messages of a list that are read one by one; a metrics page has some hundred."""
MAX_ABSENT: Final = 24
"""Absent fields that are listed."""

MIN_HELD: Final = 4
"""Bytes of a declared `bytes` value that are tried as a message; fewer split into fields by chance."""


def read_message(r: Reader, message: ProtoMessage | None, schema: ProtoSchema) -> str | None:
    """All bytes up to the reader's end as one message; never Malformed. Returns a well-known type's readable form."""
    start, end = r.pos, r.end
    r.begin("protobuf.message", message.name if message is not None else "")
    if message is not None:
        r.known("protobuf.message.name", 0, message.name)
    inside = _Inside(message, schema)
    if message is not None and message.name == ANY:
        inside.held = schema.message(any_type(r.data, start, end))
    good, reason = sound_end(r.data, start, end)
    while r.pos < good:
        _field(r, inside)
    if r.pos < end:
        r.skip("protobuf.rest", end - r.pos)
        r.note(reason)
    if message is not None:
        _absent(r, message, inside)
    text = known_text(message.name, r.data, start, end) if message is not None else None
    r.close(text)
    return text


def read_messages(r: Reader, message: ProtoMessage | None, schema: ProtoSchema) -> None:
    """All bytes up to the reader's end: one message, or several of one type, each behind its length."""
    ranges = delimited(r.data, r.pos, r.end) if r.limit == r.end else []
    if not ranges:
        read_message(r, message, schema)
        return
    for start, end in ranges:
        r.begin("protobuf.delimited")
        count = varint_length(r)
        r.known("protobuf.delimited.length", count, end - start)
        varint_bits(r, count)
        before = r.narrow(end - start)
        text = read_message(r, message, schema)
        r.widen(before)
        r.close(text or summarise(r.data, start, end, message))


def delimited(data: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """The ranges of messages of which each stands behind its length, as streams of them are written.

    Empty where the bytes make one message as they are, or no such list (techniques, "Streaming Multiple Messages").
    """
    if sound_end(data, start, end)[0] == end:
        return []
    wire = Wire(data, start, end)
    found: list[tuple[int, int]] = []
    while wire.pos < end and len(found) < MAX_DELIMITED:
        at = wire.block()
        if wire.broken or sound_end(data, at, wire.pos)[0] < wire.pos:
            return []
        found.append((at, wire.pos))
    return found if wire.pos == end else []


def sound_end(data: bytes, start: int, end: int) -> tuple[int, str]:
    """Up to where the bytes split into whole fields, and why not further; the insides of fields are not looked at."""
    wire = Wire(data, start, end)
    good = start
    while wire.tag():
        if wire.wire == EGROUP:
            return good, f"a group ends here (field {wire.number}) that never began"
        wire.skip()
        if wire.broken:
            name = WIRE_NAMES[wire.wire]
            return good, f"no whole value: field {wire.number} is {name} and does not fit into {end - good} bytes"
        good = wire.pos
    if not wire.broken:
        return end, ""
    if wire.wire > I32:
        return good, f"no field starts here: wire type {wire.wire} does not exist"
    return good, "no field starts here: a tag is a varint with a field number from 1 to 536,870,911"


class _Inside:
    """A message that is being read: its type, what has been seen of it, and what its Any `held`."""

    def __init__(self, message: ProtoMessage | None, schema: ProtoSchema) -> None:
        self.message = message
        self.schema = schema
        self.held: ProtoMessage | None = None
        self.seen: set[int] = set()
        self.oneofs: dict[str, str] = {}


def _field(r: Reader, inside: _Inside) -> None:
    """One field: its tag, what the schema says of it, and its value."""
    count = varint_length(r)
    tag = peek_varint(r, count)
    number, wire = tag >> 3, tag & 7
    if not 0 < number <= MAX_NUMBER:
        raise r.malformed(f"{number} is no field number")
    message = inside.message
    spec = message.fields.get(number) if message is not None else None
    r.begin("protobuf.field", spec.name if spec is not None else f"field {number}")
    # Fields are no levels: only messages inside messages count.
    r.depth -= 1
    _tag(r, count, number, wire)
    if message is not None and spec is None:
        r.note(
            f"{message.name} has no field {number}" if message.fields else f"the fields of {message.name} are unknown"
        )
    if spec is not None:
        _declaration(r, inside, spec)
        if WIRE_OF[spec.kind] != wire and not (wire == LEN and spec.repeated and WIRE_OF[spec.kind] != SGROUP):
            r.note(f"declared as {spec.declared}, but sent as {WIRE_NAMES[wire]}")
            spec = None
    value: object = None
    if wire == VARINT:
        value = _varint(r, spec)
    elif wire in (I64, I32):
        value = _fixed(r, 8 if wire == I64 else 4, spec)
    elif wire == LEN:
        value = _block(r, inside, spec, number)
    elif wire == SGROUP:
        _group(r, inside, spec, number)
    else:
        raise r.malformed(f"wire type {wire} starts no value")
    r.depth += 1
    r.close(value)


def _tag(r: Reader, count: int, number: int, wire: int) -> None:
    r.known("protobuf.field.number", count, number)
    if not r.recording or count > 8:
        return
    raw = r.data[r.pos - count : r.pos]
    low = 8 * (count - 1)
    r.bits("protobuf.varint.more", raw[0] >> 7, low + 7, 1)
    r.bits("protobuf.field.wiretype", wire, low, 3)
    for i in range(1, count):
        low = 8 * (count - 1 - i)
        r.bits("protobuf.varint.more", raw[i] >> 7, low + 7, 1)
        r.bits("protobuf.varint.septet", raw[i] & 0x7F, low, 7)
    if raw[-1] == 0 and count > 1:
        r.note("a longer tag than needed")


def _declaration(r: Reader, inside: _Inside, spec: ProtoField) -> None:
    """What the schema says, and what is odd about this field after those before it."""
    if spec.oneof:
        before = inside.oneofs.get(spec.oneof)
        if before is not None and before != spec.name:
            r.note(f"{before} of the same oneof came before: the last one counts")
        inside.oneofs[spec.oneof] = spec.name
    if spec.number in inside.seen and not spec.repeated and spec.message is None:
        r.note(f"{spec.name} came before: the last one counts")
    inside.seen.add(spec.number)
    r.known("protobuf.field.name", 0, spec.name)
    r.known("protobuf.field.declared", 0, spec.declared)


def _varint(r: Reader, spec: ProtoField | None) -> object:
    count = varint_length(r)
    number = peek_varint(r, count)
    if spec is None:
        negative = number >= 1 << 63
        value = signed(number)
        r.known("protobuf.field.value.int64" if negative else "protobuf.field.value.uint64", count, value)
        varint_bits(r, count)
        _note_padding(r, count)
        _show_readings(r, varint_readings(number) if r.recording else [])
        return value
    found = from_varint(spec.kind, number)
    r.known(LEAF_OF[spec.kind], count, found)
    varint_bits(r, count)
    _note_padding(r, count)
    if spec.kind == BOOL and number > 1:
        r.note(f"{number} instead of 1 for true")
    if spec.enum is not None and found not in spec.enum.names:
        r.note(f"{spec.enum.name} has no name for {found}")
    return number_text(found, spec) if spec.enum is not None else found


def _note_padding(r: Reader, count: int) -> None:
    if count > 1 and r.data[r.pos - 1] == 0:
        r.note("a longer varint than needed")


def _show_readings(r: Reader, readings: list[str]) -> None:
    for i in range(len(readings)):
        r.known("protobuf.reading.other" if i else "protobuf.reading", 0, readings[i])


def _fixed(r: Reader, size: int, spec: ProtoField | None) -> object:
    raw = r.peek(size)
    if spec is not None:
        value = from_fixed(spec.kind, raw)
        r.known(LEAF_OF[spec.kind], size, value)
        return value
    number = as_double(raw) if size == 8 else as_float(raw)
    if plausible(number):
        r.known(LEAF_OF[DOUBLE if size == 8 else FLOAT], size, number)
        value = number
    else:
        value = int.from_bytes(raw, "little")
        r.known(LEAF_OF[FIXED64 if size == 8 else FIXED32], size, value)
    _show_readings(r, fixed_readings(raw) if r.recording else [])
    return value


def _block(r: Reader, inside: _Inside, spec: ProtoField | None, number: int) -> object:
    """A length and that many bytes."""
    count = varint_length(r)
    length = peek_varint(r, count)
    r.known("protobuf.field.value.length", count, length)
    varint_bits(r, count)
    r.need(length)
    if r.pos + length > r.limit:
        # part of it was never captured: what follows can still be read
        r.skip("protobuf.field.value", length)
        return None
    if spec is None:
        return _guessed(r, inside, length)
    if spec.kind == STRING:
        return r.text("protobuf.field.value.string", length)
    if spec.kind == BYTES:
        if inside.message is not None and inside.message.name == ANY and number == 2:
            return _held(r, inside, length)
        return _bytes(r, inside, length)
    if spec.message is not None and spec.kind == MESSAGE:
        return _nested(r, spec.message, inside.schema, length, spec.is_map)
    return _packed(r, spec, length)


def _bytes(r: Reader, inside: _Inside, length: int) -> object:
    """Bytes by declaration; where they split exactly into fields they are shown as the message that they may hold."""
    start = r.pos
    raw = r.data[start : start + length]
    if length < MIN_HELD or choose_length_delimited(r.data, start, start + length) != NESTED:
        r.take("protobuf.field.value", length)
        return None
    reading = nested_reading(r.data, start, start + length)
    r.begin("protobuf.field.value")
    _nested(r, None, inside.schema, length, False)
    r.close(raw)
    r.known("protobuf.reading.other", 0, f"{reading}: all {length} bytes split exactly into fields")
    return None


def _held(r: Reader, inside: _Inside, length: int) -> object:
    """The value of an Any: a message of the type that its URL names."""
    if inside.held is None:
        r.known("protobuf.reading", 0, "the type that the URL names is in no schema here: read as if without one")
        return _guessed(r, inside, length)
    return _nested(r, inside.held, inside.schema, length, False)


def _nested(r: Reader, message: ProtoMessage | None, schema: ProtoSchema, length: int, is_map: bool) -> object:
    if r.depth >= MAX_LEVELS:
        r.take("protobuf.field.value", length)
        r.note(f"nested deeper than {MAX_LEVELS} levels: not read further")
        return None
    start = r.pos
    before = r.narrow(length)
    text = read_message(r, message, schema)
    r.widen(before)
    if is_map and r.recording:
        return summarise(r.data, start, start + length, message)
    return text


def _guessed(r: Reader, inside: _Inside, length: int) -> object:
    """A value that no schema names: the likeliest reading, then the others that fit."""
    start = r.pos
    choice = choose_length_delimited(r.data, start, start + length)
    readings = length_readings(choice, r.data, start, start + length) if r.recording else []
    value: object = None
    if choice in (TEXT, EMPTY):
        value = r.text("protobuf.field.value.string", length)
    elif choice == NESTED:
        _nested(r, None, inside.schema, length, False)
    elif choice == PACKED_VARINTS:
        value = _packed(r, _NUMBERS, length)
    elif choice == PACKED_DOUBLES:
        value = _packed(r, _DOUBLES, length)
    elif choice == PACKED_FLOATS:
        value = _packed(r, _FLOATS, length)
    else:
        r.take("protobuf.field.value", length)
    _show_readings(r, readings)
    return value


_NUMBERS: Final = ProtoField(1, "", UINT64)
_DOUBLES: Final = ProtoField(1, "", DOUBLE)
_FLOATS: Final = ProtoField(1, "", FLOAT)


def _packed(r: Reader, spec: ProtoField, length: int) -> object:
    """Numbers one after the other without tags (encoding, "Packed Repeated Fields")."""
    wire = WIRE_OF[spec.kind]
    leaf = LEAF_OF[spec.kind]
    stop = r.pos + length
    shown: list[str] = []
    r.begin("protobuf.field.value.repeated")
    r.depth -= 1
    while r.pos < stop:
        size = _varint_inside(r, stop) if wire == VARINT else 8 if wire == I64 else 4
        if not size or r.pos + size > stop:
            r.skip("protobuf.rest", stop - r.pos)
            r.note("no whole number")
            break
        if wire == VARINT:
            value: object = from_varint(spec.kind, peek_varint(r, size))
        else:
            value = from_fixed(spec.kind, r.peek(size))
        r.known(leaf, size, value)
        if spec.enum is not None and value not in spec.enum.names:
            r.note(f"{spec.enum.name} has no name for {value}")
        if len(shown) < _SHOWN:
            shown.append(number_text(value, spec))
        elif len(shown) == _SHOWN:
            shown.append("…")
    text = f"[{', '.join(shown)}]"
    r.depth += 1
    r.close(text)
    return text


_SHOWN: Final = 16
"""Numbers of a packed list shown on its line."""


def _varint_inside(r: Reader, stop: int) -> int:
    """Bytes of the varint here, 0 when it does not end before `stop`."""
    wire = Wire(r.data, r.pos, stop)
    wire.varint()
    return 0 if wire.broken else wire.pos - r.pos


def _group(r: Reader, inside: _Inside, spec: ProtoField | None, number: int) -> None:
    """Fields up to the tag that ends the group (encoding, "Groups"); `sound_end` has seen that there is one."""
    message = spec.message if spec is not None and spec.kind == GROUP else None
    if r.depth >= MAX_LEVELS:
        wire = Wire(r.data, r.pos, r.end)
        wire.number, wire.wire = number, SGROUP
        wire.skip()
        r.skip("protobuf.field.value", wire.pos - r.pos)
        r.note(f"nested deeper than {MAX_LEVELS} levels: not read further")
        return
    r.begin("protobuf.message", message.name if message is not None else "")
    if message is not None:
        r.known("protobuf.message.name", 0, message.name)
    group = _Inside(message, inside.schema)
    while True:
        count = varint_length(r)
        tag = peek_varint(r, count)
        if tag & 7 == EGROUP:
            break
        _field(r, group)
    r.close()
    r.known("protobuf.field.number", count, tag >> 3)
    if count == 1:
        r.bits("protobuf.varint.more", 0, 7, 1)
        r.bits("protobuf.field.wiretype", EGROUP, 0, 3)


def _absent(r: Reader, message: ProtoMessage, inside: _Inside) -> None:
    """Fields that were not sent and so hold their defaults."""
    if not r.recording:
        return
    missing: list[str] = []
    required: list[str] = []
    for spec in message.fields.values():
        if spec.number in inside.seen or spec.oneof:
            continue
        if spec.required:
            required.append(spec.name)
        elif spec.default:
            missing.append(f"{spec.name} = {spec.default}")
    if missing or required:
        more = [f"and {len(missing) - MAX_ABSENT} more"] if len(missing) > MAX_ABSENT else []
        r.known("protobuf.message.absent", 0, ", ".join([*required, *missing[:MAX_ABSENT], *more]))
        if required:
            r.note(f"required, but not sent: {', '.join(required)}")
