"""A protobuf message in a few words for a list. Spec: protobuf.dev/programming-guides/encoding"""

from typing import Final

from inspector.protocols.protobuf_guess import (
    EMPTY,
    NESTED,
    PACKED_VARINTS,
    SHOWN,
    TEXT,
    choose_length_delimited,
    packed_numbers,
    plausible,
)
from inspector.protocols.protobuf_known import known_text, quote, shown_bytes
from inspector.protocols.protobuf_wire import (
    I32,
    I64,
    LEN,
    SGROUP,
    VARINT,
    WIRE_OF,
    Wire,
    as_double,
    as_float,
    from_fixed,
    from_varint,
    signed,
)
from inspector.schema.proto import BYTES, STRING, ProtoField, ProtoMessage

ROOM: Final = 100
"""Characters of fields in a summary, about."""
MAX_NESTED: Final = 3
"""Levels of messages written out in a summary."""
MAX_KEPT: Final = 512
"""Bytes of a message whose summary is remembered: the same small messages come again and again."""
MAX_SUMMARIES: Final = 8192
"""Summaries remembered for each type."""
MAX_LOOKED_AT: Final = 4096
"""Bytes of a value without a schema that are looked at before it is named."""

_UNTYPED: Final = ProtoMessage("")
"""Remembers the summaries of messages whose type nobody knows."""


def summarise(data: bytes, start: int, end: int, message: ProtoMessage | None) -> str:
    """The first fields of a message on one line: `sensor_id="sensor-1", limite=5`."""
    if end - start > MAX_KEPT:
        return _fields(Wire(data, start, end), message, ROOM, 0)
    summaries = (message if message is not None else _UNTYPED).summaries
    raw = data[start:end]
    found = summaries.get(raw)
    if found is None:
        found = _fields(Wire(raw, 0, len(raw)), message, ROOM, 0)
        if len(summaries) >= MAX_SUMMARIES:
            summaries.clear()
        summaries[raw] = found
    return found


def _fields(wire: Wire, message: ProtoMessage | None, room: int, depth: int) -> str:
    names: list[str] = []
    texts: list[list[str]] = []
    last = 0
    while wire.tag():
        number = wire.number
        if room <= 0:
            names.append("…")
            texts.append([])
            break
        spec = message.fields.get(number) if message is not None else None
        text = _value(wire, spec, room, depth)
        if wire.broken:
            break
        if number == last:
            texts[-1].append(text)
        else:
            name = f"{spec.name}=" if spec is not None else f"{number}: "
            names.append(name)
            texts.append([text])
            room -= len(name)
        room -= len(text) + 2
        last = number
    if wire.broken:
        names.append("…")
        texts.append([])
    parts: list[str] = []
    for name, values in zip(names, texts, strict=True):
        if len(values) < 2:
            parts.append(name + "".join(values))
        else:
            parts.append(f"{name}[{', '.join(values)}]")
    return ", ".join(parts)


def _value(wire: Wire, spec: ProtoField | None, room: int, depth: int) -> str:
    kind = wire.wire
    if spec is not None and WIRE_OF[spec.kind] != kind and not (kind == LEN and spec.repeated):
        spec = None
    if kind == VARINT:
        number = wire.varint()
        if spec is None:
            return str(signed(number))
        return number_text(from_varint(spec.kind, number), spec)
    if kind in (I64, I32):
        raw = wire.fixed(8 if kind == I64 else 4)
        if wire.broken:
            return ""
        if spec is not None:
            return number_text(from_fixed(spec.kind, raw), spec)
        value = as_double(raw) if kind == I64 else as_float(raw)
        return repr(value) if plausible(value) else str(int.from_bytes(raw, "little"))
    if kind == LEN:
        start = wire.block()
        if wire.broken:
            return ""
        return _block(wire.data, start, wire.pos, spec, room, depth)
    if kind == SGROUP:
        wire.skip()
        return "{…}"
    wire.broken = True
    return ""


def _block(data: bytes, start: int, end: int, spec: ProtoField | None, room: int, depth: int) -> str:
    if spec is None:
        return _guessed(data, start, end, room, depth)
    if spec.kind == STRING:
        return short_text(data[start : min(end, start + 4 * SHOWN)].decode("utf-8", "replace"))
    if spec.kind == BYTES:
        return shown_bytes(data[start : min(end, start + 9)])
    if spec.message is not None:
        known = known_text(spec.message.name, data, start, end)
        if known is not None:
            return known
        if depth >= MAX_NESTED:
            return "{…}"
        inside = _fields(Wire(data, start, end), spec.message, room, depth + 1)
        return f"{{{inside}}}" if spec.is_map else f"{spec.message.short}({inside})"
    return f"[{packed_text(data, start, end, spec)}]"


def packed_text(data: bytes, start: int, end: int, spec: ProtoField) -> str:
    """The first numbers of a packed list."""
    wire = Wire(data, start, end)
    kind = WIRE_OF[spec.kind]
    found: list[str] = []
    while wire.pos < wire.end:
        if len(found) == 8:
            found.append("…")
            break
        if kind == VARINT:
            value: object = from_varint(spec.kind, wire.varint())
        else:
            raw = wire.fixed(8 if kind == I64 else 4)
            if wire.broken:
                break
            value = from_fixed(spec.kind, raw)
        if wire.broken:
            break
        found.append(number_text(value, spec))
    return ", ".join(found)


def _guessed(data: bytes, start: int, end: int, room: int, depth: int) -> str:
    if end - start > MAX_LOOKED_AT:
        return f"{end - start} bytes"
    choice = choose_length_delimited(data, start, end)
    if choice == EMPTY:
        return '""'
    if choice == TEXT:
        return short_text(data[start:end].decode("utf-8", "replace"))
    if choice == NESTED:
        return f"{{{_fields(Wire(data, start, end), None, room, depth + 1)}}}" if depth < MAX_NESTED else "{…}"
    if choice == PACKED_VARINTS:
        numbers = packed_numbers(data[start : min(end, start + 40)])
        return f"[{', '.join([str(number) for number in numbers[:8]])}{', …' if len(numbers) > 8 else ''}]"
    return shown_bytes(data[start : min(end, start + 9)])


def number_text(value: object, spec: ProtoField) -> str:
    """A number as people write it: enums by name, truth in words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int) and spec.enum is not None:
        return spec.enum.names.get(value, str(value))
    return str(value)


def short_text(text: str) -> str:
    """Text in quotes, cut."""
    return quote(text) if len(text) <= SHOWN else f'{quote(text[:SHOWN])[:-1]}…"'
