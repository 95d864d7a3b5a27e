"""Protobuf's well-known types in readable form. Spec: protobuf.dev/reference/protobuf/google.protobuf"""

from datetime import UTC, datetime, timedelta
from typing import Final

from inspector.protocols.protobuf_wire import I32, I64, LEN, VARINT, Wire, as_double, as_float, from_varint, signed
from inspector.schema.proto import BOOL, BYTES, INT32, INT64, STRING, UINT32, UINT64

PACKAGE: Final = "google.protobuf."
ANY: Final = "google.protobuf.Any"

MAX_DEPTH: Final = 8
"""Levels of a Struct written out."""
MAX_ITEMS: Final = 32
"""Entries of a Struct, list or mask written out."""

_INTEGERS: Final = {
    "BoolValue": BOOL, "Int32Value": INT32, "Int64Value": INT64, "UInt32Value": UINT32, "UInt64Value": UINT64,
}  # fmt: skip
_TEXTS: Final = {"StringValue": STRING, "BytesValue": BYTES}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def known_text(name: str, data: bytes, start: int, end: int) -> str | None:
    """What bytes `start:end` say as the well-known type of this full name; None when it is none or they are none."""
    if not name.startswith(PACKAGE):
        return None
    short = name[len(PACKAGE) :]
    wire = Wire(data, start, end)
    text: str | None = None
    if short == "Timestamp":
        text = _timestamp(*_seconds(wire))
    elif short == "Duration":
        text = _duration(*_seconds(wire))
    elif short in _INTEGERS:
        text = _integer(wire, _INTEGERS[short])
    elif short in ("DoubleValue", "FloatValue"):
        text = _float(wire)
    elif short in _TEXTS:
        raw = _last_block(wire, 1)
        text = quote(raw.decode("utf-8", "replace")) if short == "StringValue" else shown_bytes(raw)
    elif short == "FieldMask":
        text = ", ".join(raw.decode("utf-8", "replace") for raw in _blocks(wire, 1))
    elif short in ("Struct", "Value", "ListValue"):
        text = json_text(short, data, start, end, 0)
    elif short == "Any":
        text = _last_block(wire, 1).decode("utf-8", "replace")
    return None if wire.broken else text


def any_type(data: bytes, start: int, end: int) -> str:
    """The full name of the type that an Any holds, "" when it does not say."""
    return _last_block(Wire(data, start, end), 1).decode("utf-8", "replace").rpartition("/")[2]


def quote(text: str) -> str:
    """Text in quotes on one line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if not escaped.isprintable():
        escaped = "".join([c if c.isprintable() else ascii(c)[1:-1] for c in escaped])
    return f'"{escaped}"'


def shown_bytes(raw: bytes) -> str:
    """The first bytes in hex."""
    return f"0x{raw[:8].hex()}{'…' if len(raw) > 8 else ''}"


def _seconds(wire: Wire) -> tuple[int, int]:
    seconds = nanos = 0
    while wire.tag():
        if wire.wire == VARINT:
            value = wire.varint()
            if wire.number == 1:
                seconds = signed(value)
            elif wire.number == 2:
                nanos = int(str(from_varint(INT32, value)))
        else:
            wire.skip()
    return seconds, nanos


def _timestamp(seconds: int, nanos: int) -> str:
    """RFC 3339, as JSON writes it; out of the years 1 to 9999 the numbers themselves."""
    if not -62_135_596_800 <= seconds <= 253_402_300_799 or not 0 <= nanos < 10**9:
        return f"{seconds} s + {nanos} ns since 1970"
    moment = _EPOCH + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}{_fraction(nanos)}Z".rjust(20, "0")


def _duration(seconds: int, nanos: int) -> str:
    sign = "-" if seconds < 0 or nanos < 0 else ""
    return f"{sign}{abs(seconds)}{_fraction(abs(nanos))}s"


def _fraction(nanos: int) -> str:
    return f".{nanos:09d}".rstrip("0") if nanos else ""


def _integer(wire: Wire, kind: int) -> str:
    value = 0
    while wire.tag():
        if wire.number == 1 and wire.wire == VARINT:
            value = wire.varint()
        else:
            wire.skip()
    found = from_varint(kind, value)
    return str(found).lower()


def _float(wire: Wire) -> str:
    value = 0.0
    while wire.tag():
        if wire.number == 1 and wire.wire in (I32, I64):
            raw = wire.fixed(4 if wire.wire == I32 else 8)
            if not wire.broken:
                value = as_float(raw) if len(raw) == 4 else as_double(raw)
        else:
            wire.skip()
    return repr(value)


def _blocks(wire: Wire, number: int) -> list[bytes]:
    found: list[bytes] = []
    while wire.tag():
        if wire.number == number and wire.wire == LEN:
            start = wire.block()
            if len(found) < MAX_ITEMS and not wire.broken:
                found.append(wire.data[start : wire.pos])
        else:
            wire.skip()
    return found


def _last_block(wire: Wire, number: int) -> bytes:
    found = _blocks(wire, number)
    return found[-1] if found else b""


def json_text(short: str, data: bytes, start: int, end: int, depth: int) -> str:
    """A Struct, Value or ListValue as JSON would write it, cut where it is deep or long."""
    if depth >= MAX_DEPTH:
        return "…"
    wire = Wire(data, start, end)
    if short == "Value":
        return _json_value(wire, depth)
    parts: list[str] = []
    while wire.tag():
        if wire.number != 1 or wire.wire != LEN:
            wire.skip()
            continue
        at = wire.block()
        if wire.broken:
            break
        if len(parts) == MAX_ITEMS:
            parts.append("…")
            break
        parts.append(_entry(data, at, wire.pos, depth) if short == "Struct" else _json_item(data, at, wire.pos, depth))
    inside = ", ".join(parts)
    return f"{{{inside}}}" if short == "Struct" else f"[{inside}]"


def _json_item(data: bytes, start: int, end: int, depth: int) -> str:
    return json_text("Value", data, start, end, depth + 1)


def _entry(data: bytes, start: int, end: int, depth: int) -> str:
    key = _last_block(Wire(data, start, end), 1).decode("utf-8", "replace")
    wire = Wire(data, start, end)
    value = "null"
    while wire.tag():
        if wire.number == 2 and wire.wire == LEN:
            at = wire.block()
            if not wire.broken:
                value = _json_item(data, at, wire.pos, depth)
        else:
            wire.skip()
    return f"{quote(key)}: {value}"


def _json_value(wire: Wire, depth: int) -> str:
    found = "null"
    while wire.tag():
        number, kind = wire.number, wire.wire
        if number == 2 and kind == I64:
            raw = wire.fixed(8)
            if not wire.broken:
                value = as_double(raw)
                found = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        elif number == 4 and kind == VARINT:
            found = "true" if wire.varint() else "false"
        elif kind == LEN and number in (3, 5, 6):
            at = wire.block()
            if wire.broken:
                break
            if number == 3:
                found = quote(wire.data[at : wire.pos].decode("utf-8", "replace"))
            else:
                found = json_text("Struct" if number == 5 else "ListValue", wire.data, at, wire.pos, depth + 1)
        else:
            wire.skip()
    return found
