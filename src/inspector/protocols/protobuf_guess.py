"""What protobuf bytes may mean when no schema names them. Spec: protobuf.dev/programming-guides/encoding

A length-delimited value may be text, a message, a packed list or plain bytes; a varint may be any kind of integer.
What fits is ranked; the choice and the reason for it are shown.
"""

from typing import Final

from inspector.protocols.protobuf_wire import LEN, Wire, as_double, as_float, signed, zigzag

EMPTY: Final = 0
TEXT: Final = 1
NESTED: Final = 2
PACKED_VARINTS: Final = 3
PACKED_DOUBLES: Final = 4
PACKED_FLOATS: Final = 5
OPAQUE: Final = 6

MAX_GUESSED_NUMBER: Final = 1 << 17
"""Field numbers above this are hardly ever chosen by people; in a guess they speak for chance."""
MAX_LOWEST_NUMBER: Final = 255
"""Nearly every message begins counting at 1."""
MAX_PACKED: Final = 1 << 21
"""Numbers of up to three bytes speak for a packed list; chance makes longer ones."""
MAX_FLOATS: Final = 100
"""Numbers of a list looked at."""
MAX_FIELDS: Final = 100_000
"""Fields counted before bytes are believed to be a message."""
SHOWN: Final = 40
"""Characters or numbers of a reading that was not chosen."""

_LAYOUT: Final = {9: " ", 10: " ", 13: " "}


def as_text(raw: bytes) -> str | None:
    """UTF-8 text without control characters other than tab and line ends, None when the bytes are none."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() or text.translate(_LAYOUT).isprintable() else None


def count_fields(data: bytes, start: int, end: int) -> int:
    """How many fields the bytes split into exactly, 0 when they are no message."""
    wire = Wire(data, start, end)
    count = 0
    lowest = MAX_GUESSED_NUMBER
    while True:
        at = wire.pos
        if not wire.tag():
            break
        if wire.pos - at > 1 and data[wire.pos - 1] == 0:
            # no encoder makes a tag longer than it must be
            return 0
        count += 1
        lowest = min(lowest, wire.number)
        if wire.number > MAX_GUESSED_NUMBER or count > MAX_FIELDS:
            return 0
        wire.skip()
        if wire.broken:
            return 0
    return 0 if wire.broken or lowest > MAX_LOWEST_NUMBER else count


def _length_covered(data: bytes, start: int, end: int) -> int:
    """Bytes of the message's length-delimited values: their lengths must agree with the end, which is no chance."""
    wire = Wire(data, start, end)
    covered = 0
    while wire.tag():
        before = wire.pos
        wire.skip()
        if wire.broken:
            return 0
        if wire.wire == LEN:
            covered += wire.pos - before
    return covered


def choose_length_delimited(data: bytes, start: int, end: int) -> int:
    """EMPTY to OPAQUE: what a length-delimited value most likely is."""
    size = end - start
    if not size:
        return EMPTY
    raw = data[start:end]
    text = as_text(raw)
    count = count_fields(data, start, end)
    if text is not None and count:
        plain = text.isprintable()
        if not plain or 4 * _length_covered(data, start, end) >= 3 * size:
            return NESTED
    if text is not None:
        return TEXT
    if count:
        return NESTED
    floating = _packed_floats(raw)
    if floating != OPAQUE:
        return floating
    return PACKED_VARINTS if _packed_varints(raw) else OPAQUE


def plausible(value: float) -> bool:
    """Whether people or sensors would write such a number: most integers read as floats are far too small."""
    return value == 0 or 1e-9 <= abs(value) <= 1e15


def _packed_floats(raw: bytes) -> int:
    """PACKED_DOUBLES or PACKED_FLOATS where all numbers are plausible; of both the one that is written shorter."""
    size = len(raw)
    if size % 4 or size < 8 or not any(raw):
        return OPAQUE
    floats = [as_float(raw[at : at + 4]) for at in range(0, min(size, MAX_FLOATS * 4), 4)]
    doubles = [as_double(raw[at : at + 8]) for at in range(0, min(size, MAX_FLOATS * 4), 8)] if size % 8 == 0 else []
    if not doubles or not all(plausible(number) for number in doubles):
        return PACKED_FLOATS if all(plausible(number) for number in floats) else OPAQUE
    if not all(plausible(number) for number in floats):
        return PACKED_DOUBLES
    return PACKED_DOUBLES if len(repr(doubles)) <= len(repr(floats)) else PACKED_FLOATS


def _packed_varints(raw: bytes) -> bool:
    """Whether the bytes are two or more small varints without waste."""
    wire = Wire(raw, 0, len(raw))
    count = 0
    while wire.pos < wire.end:
        before = wire.pos
        value = wire.varint()
        if wire.broken or value >= MAX_PACKED or (wire.pos - before > 1 and raw[wire.pos - 1] == 0):
            return False
        count += 1
    return count > 1


def packed_numbers(raw: bytes) -> list[int]:
    """The first varints of a packed list."""
    wire = Wire(raw, 0, len(raw))
    found: list[int] = []
    while wire.pos < wire.end and len(found) < SHOWN:
        value = wire.varint()
        if wire.broken:
            break
        found.append(value)
    return found


def length_readings(choice: int, data: bytes, start: int, end: int) -> list[str]:
    """The choice with its reason, then the other readings that fit, best first."""
    raw = data[start:end]
    size = f"{len(raw)} byte{'' if len(raw) == 1 else 's'}"
    if choice == EMPTY:
        return ["string: with no bytes, text, a message, a list and plain bytes all look the same", "message", "bytes"]
    count = count_fields(data, start, end)
    text = as_text(raw)
    others: list[tuple[int, str]] = []
    if text is not None:
        others.append((TEXT, f'string "{_short(text)}"'))
    if count:
        others.append((NESTED, nested_reading(data, start, end)))
    if _packed_varints(raw):
        others.append((PACKED_VARINTS, f"packed integers {_list(packed_numbers(raw[: 10 * SHOWN]))}"))
    if len(raw) % 8 == 0:
        others.append((PACKED_DOUBLES, f"packed doubles or 64-bit integers, {len(raw) // 8} of them"))
    if len(raw) % 4 == 0:
        others.append((PACKED_FLOATS, f"packed floats or 32-bit integers, {len(raw) // 4} of them"))
    others.append((OPAQUE, f"bytes {raw[:16].hex(' ')}{' …' if len(raw) > 16 else ''}"))
    fields = f"{count} field{'' if count == 1 else 's'}"
    reasons = {
        TEXT: f"string: all {size} are printable text" if text is None or len(raw) > 1 else "string: a printable byte",
        NESTED: f"message: the {size} split exactly into {fields}"
        + (", whose lengths fit to the end; as text this would be a rare chance" if text is not None else ""),
        PACKED_VARINTS: f"packed integers: the {size} are small varints, the last one whole, and no message",
        PACKED_DOUBLES: f"packed doubles: every 8 of the {size} make a number of ordinary size",
        PACKED_FLOATS: f"packed floats: every 4 of the {size} make a number of ordinary size",
        OPAQUE: f"bytes: the {size} are neither text nor a message nor a list of small numbers",
    }
    return [reasons[choice], *[line for kind, line in others if kind != choice]]


def nested_reading(data: bytes, start: int, end: int) -> str:
    """The reading as a message, by its fields."""
    wire = Wire(data, start, end)
    numbers: list[int] = []
    while wire.tag() and len(numbers) < SHOWN:
        if wire.number not in numbers:
            numbers.append(wire.number)
        wire.skip()
    return f"message with field{'' if len(numbers) == 1 else 's'} {_list(numbers)}"


def _list(numbers: list[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:8])
    return f"{shown}, …" if len(numbers) > 8 else shown


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def varint_readings(value: int) -> list[str]:
    """The choice with its reason, then what else the varint may be."""
    if value >= 1 << 63:
        return [
            f"int64 {signed(value)}: ten bytes with the top bit of 64 set are how negative int32 and int64 are sent",
            f"sint64 (zigzag) {zigzag(value)}",
            f"uint64 {value}",
        ]
    found = [f"uint64 {value}: the plain reading, the same for int32, int64 and uint32"]
    if value < 2:
        found.append(f"bool {'true' if value else 'false'}")
    if value < 1 << 12:
        found.append(f"enum, its value number {value}")
    if value:
        found.append(f"sint64 (zigzag) {zigzag(value)}")
    return found


def fixed_readings(raw: bytes) -> list[str]:
    """The choice with its reason, then what else 4 or 8 bytes may be."""
    size = len(raw) * 8
    number = as_double(raw) if size == 64 else as_float(raw)
    name = "double" if size == 64 else "float"
    whole = int.from_bytes(raw, "little")
    integers = [f"fixed{size} {whole}"]
    if whole >> (size - 1):
        integers.append(f"sfixed{size} {whole - (1 << size)}")
    if plausible(number):
        return [f"{name} {number!r}: a number of ordinary size", *integers]
    return [f"{integers[0]}: as a {name} it would be {number!r}", *integers[1:], f"{name} {number!r}"]
