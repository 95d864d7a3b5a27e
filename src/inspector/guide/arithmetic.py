"""How a value follows from its bytes, as a sum that the reader can check."""

import struct

from inspector.model.field import Bits, Field

MOST_BYTES = 8
"""Longer numbers are not written as sums."""
GROUPED_FROM = 100_000
"""Numbers from here on get separators; ports and sizes stay as people type them."""

MAX_SHIFT = 14
"""The largest window scale (RFC 7323 2.3)."""

_UNITS = {
    "ipv6.hopopts.len": (8, 1),
    "ipv6.routing.len": (8, 1),
    "ipv6.dstopts.len": (8, 1),
    "ipv6.exthdr.len": (8, 1),
    "ah.length": (4, 2),
}
"""Header lengths: bytes a unit, and units that are not counted (RFC 8200 4, RFC 4302 2.2)."""

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_DOUBLE_BIAS = 1023
_DOUBLE_FRACTION_BITS = 52
_FLOAT_BIAS = 127
_FLOAT_FRACTION_BITS = 23
_LARGEST_FLOAT = 3.4028234663852886e38
_VARINT_BYTES = 10
"""Protobuf's longest number: ten times seven bits hold 64."""


def number(value: int) -> str:
    """A whole number for people; a huge one is given by its size."""
    if value.bit_length() > 1024:
        return f"a number of {value.bit_length()} bits"
    return f"{value:,}" if abs(value) >= GROUPED_FROM else str(value)


def power(base: int, exponent: int) -> str:
    """`base` with a raised exponent, without one when it is 1."""
    return str(base) if exponent == 1 else f"{base}{str(exponent).translate(_SUPERSCRIPTS)}"


def arithmetic(name: str, value: object, raw: bytes) -> str:
    """The sum that leads from `raw` to `value`, "" when there is none to show.

    The value decides which of the readings of the bytes it is: big-endian, signed, digits, little-endian.
    """
    if not raw:
        return ""
    if isinstance(value, int):
        return _whole(name, int(value), raw)
    if isinstance(value, float):
        return _double(value, raw)
    if isinstance(value, str):
        return _address(value, raw) or _text(value, raw)
    return ""


def ruler(bits: Bits, raw: bytes) -> str:
    """The bits in their places with dots for the others, ".... 0101"; "" where they do not lie in `raw`."""
    total = 8 * len(raw)
    if bits.width <= 0 or bits.shift < 0 or bits.shift + bits.width > total or len(raw) > MOST_BYTES:
        return ""
    places = f"{int.from_bytes(raw, 'big'):0{total}b}"
    low, high = total - bits.shift - bits.width, total - bits.shift
    drawn = "." * low + places[low:high] + "." * (total - high)
    return " ".join(drawn[i : i + 4] for i in range(0, total, 4))


def bits_sum(bits: Bits, raw: bytes) -> str:
    """What the bits come to: "1", or "5·4 = 20" where they count units of several bytes (RFC 791 3.1)."""
    plain = _plain(bits, raw)
    if _scaled(bits, plain):
        return f"{plain}·{bits.value // plain} = {number(bits.value)}"
    return number(plain if raw else bits.value)


def _plain(bits: Bits, raw: bytes) -> int:
    return int.from_bytes(raw, "big") >> max(bits.shift, 0) & ((1 << max(bits.width, 0)) - 1)


def _scaled(bits: Bits, plain: int) -> bool:
    return 0 < plain < bits.value and bits.value % plain == 0


def bits_arithmetic(bits: Bits, raw: bytes) -> str:
    """The bits in their places and what they come to: ".... 0101 = 5, 5·4 = 20"."""
    drawn = ruler(bits, raw)
    total = bits_sum(bits, raw)
    if not drawn or "·" not in total:
        return f"{drawn} = {total}" if drawn else ""
    return f"{drawn} = {total.partition('·')[0]}, {total}"


def own_bits(field: Field, raw: bytes) -> Bits | None:
    """The bits that a field's own value comes from, where other bits of its bytes mean something else."""
    if not field.bits or not isinstance(field.value, int):
        return None
    below = [each for each in field.bits if each.name.startswith(f"{field.name}.")]
    mask = 0
    for each in below or field.bits:
        mask |= ((1 << each.width) - 1) << each.shift
    if not below:
        mask ^= (1 << 8 * len(raw)) - 1
    if mask <= 0:
        return None
    shift = (mask & -mask).bit_length() - 1
    own = Bits(field.name, int(field.value), shift, mask.bit_length() - shift)
    plain = _plain(own, raw)
    return own if own.value == plain or _scaled(own, plain) else None


def _whole(name: str, value: int, raw: bytes) -> str:
    if len(raw) <= MOST_BYTES:
        unsigned = int.from_bytes(raw, "big")
        if value == unsigned:
            return _big_endian(raw)
        if value == unsigned - (1 << 8 * len(raw)):
            return _negative(unsigned, value, raw)
    base = 16 if name.endswith("chunk_size") else 10
    for tried in (base, 26 - base):
        if _digits_value(raw, tried) == value:
            return _digits(raw, value, tried)
    if len(raw) <= MOST_BYTES and value == int.from_bytes(raw, "little"):
        return f"{raw.hex(' ')} has its lowest byte first: {_big_endian(raw[::-1])}"
    return _varint(name, value, raw) if name.startswith(("protobuf.", "thrift.")) else ""


def _varint(name: str, value: int, raw: bytes) -> str:
    """Seven bits a byte, as protobuf and compact Thrift write numbers: as it is, a tag, zigzag or signed."""
    if len(raw) > _VARINT_BYTES or raw[-1] > 0x7F or any(byte < 0x80 for byte in raw[:-1]):
        return _signed_little(value, raw)
    plain = sum((byte & 0x7F) << 7 * i for i, byte in enumerate(raw))
    whole = _septets(raw, plain)
    if value == plain:
        return whole
    if name.endswith(".number") and value == plain >> 3:
        return f"{whole} = {value}·8 + {plain & 7}, where the {plain & 7} is the wire type"
    if value == plain - (1 << 64):
        return (
            f"{whole} has the top bit of 64 set, so it is negative: {number(plain)} - {power(2, 64)} = {number(value)}"
        )
    if value == (plain >> 1) ^ -(plain & 1):
        if plain & 1:
            return f"{whole} is odd, so in zigzag it is negative: -({number(plain)} + 1)/2 = {number(value)}"
        return f"{whole} is even, so in zigzag it is positive: {number(plain)}/2 = {number(value)}"
    return _signed_little(value, raw)


def _septets(raw: bytes, plain: int) -> str:
    """The sum of a varint's bytes without their top bits."""
    if len(raw) == 1:
        return f"0x{raw.hex()} = {plain}"
    terms = [f"{byte & 0x7F}·{power(128, i)}" if i else str(byte & 0x7F) for i, byte in enumerate(raw) if byte & 0x7F]
    bare = ", ".join(str(byte & 0x7F) for byte in raw)
    return (
        f"{raw.hex(' ')} without the top bits is {bare}, the lowest first: {' + '.join(terms) or '0'} = {number(plain)}"
    )


def _signed_little(value: int, raw: bytes) -> str:
    if len(raw) <= MOST_BYTES and value == int.from_bytes(raw, "little", signed=True):
        return f"{raw.hex(' ')} has its lowest byte first: {_negative(int.from_bytes(raw, 'little'), value, raw[::-1])}"
    return ""


def _big_endian(raw: bytes) -> str:
    value = int.from_bytes(raw, "big")
    steps = [f"0x{raw.hex()}"]
    if value > 255:
        last = len(raw) - 1
        terms = [f"{b}·{power(256, last - i)}" if i < last else str(b) for i, b in enumerate(raw) if b]
        steps.append(" + ".join(terms))
    elif value > 15:
        if len(raw) > 1:
            steps.append(f"0x{value:02x}")
        steps.append(f"{value >> 4}·16 + {value & 15}" if value & 15 else f"{value >> 4}·16")
    return " = ".join([*steps, number(value)])


def _negative(unsigned: int, value: int, raw: bytes) -> str:
    size = power(2, 8 * len(raw))
    return f"0x{raw.hex()} has its top bit set, so it is negative: {number(unsigned)} - {size} = {number(value)}"


def _digits_value(raw: bytes, base: int) -> int | None:
    allowed = b"0123456789" if base == 10 else b"0123456789abcdefABCDEF"
    return int(raw, base) if len(raw) <= 16 and not raw.strip(allowed) else None


def _digits(raw: bytes, value: int, base: int) -> str:
    text = raw.decode("ascii")
    last = len(text) - 1
    quoted = " ".join(f"'{c}'" for c in text)
    terms = [f"{int(c, 16)}·{power(base, last - i)}" if i < last else str(int(c, 16)) for i, c in enumerate(text)]
    kept = [term for term, c in zip(terms, text, strict=True) if c != "0"]
    if len(text) == 1 and text.isdigit():
        return f"{quoted} = {value}"
    if base == 10:
        kept = [_decimal_term(c, last - i) for i, c in enumerate(text) if c != "0"]
    return " = ".join([quoted, " + ".join(kept) or "0", number(value)])


def _decimal_term(digit: str, place: int) -> str:
    return f"{digit}·{number(10**place)}" if place else digit


def _double(value: float, raw: bytes) -> str:
    if len(raw) == 4:
        return _float(value, raw)
    if len(raw) == 8 and struct.pack(">d", value) != raw and struct.pack("<d", value) == raw:
        return f"{raw.hex(' ')} has its lowest byte first: {_double(value, raw[::-1])}"
    if len(raw) != 8 or struct.pack(">d", value) != raw:
        return ""
    whole = int.from_bytes(raw, "big")
    sign = "-" if whole >> 63 else ""
    exponent = whole >> _DOUBLE_FRACTION_BITS & 0x7FF
    fraction = whole & ((1 << _DOUBLE_FRACTION_BITS) - 1)
    parts = f"sign bit {whole >> 63}, exponent {exponent}, fraction {number(fraction)}"
    if exponent == 0x7FF:
        special = "not a number" if fraction else f"{sign}infinity"
        return f"{parts}: the exponent is all ones, which stands for {special}"
    lead, scale = (1, exponent - _DOUBLE_BIAS) if exponent else (0, 1 - _DOUBLE_BIAS)
    rest = f"{lead} + {number(fraction)}/{power(2, _DOUBLE_FRACTION_BITS)}" if fraction else str(lead)
    return f"{parts}: {sign}({rest})·2{str(scale).translate(_SUPERSCRIPTS)} = {value!r}"


def _float(value: float, raw: bytes) -> str:
    """IEEE 754 single precision, lowest byte first; the value is the shortest decimal that makes these bytes."""
    whole = int.from_bytes(raw, "little")
    exponent, fraction = whole >> _FLOAT_FRACTION_BITS & 0xFF, whole & ((1 << _FLOAT_FRACTION_BITS) - 1)
    if exponent == 0xFF or abs(value) > _LARGEST_FLOAT or struct.pack("<f", value) != raw:
        return ""
    sign = "-" if whole >> 31 else ""
    lead, scale = (1, exponent - _FLOAT_BIAS) if exponent else (0, 1 - _FLOAT_BIAS)
    rest = f"{lead} + {number(fraction)}/{power(2, _FLOAT_FRACTION_BITS)}" if fraction else str(lead)
    parts = f"sign bit {whole >> 31}, exponent {exponent}, fraction {number(fraction)}"
    return (
        f"{raw.hex(' ')} has its lowest byte first: {parts}: "
        f"{sign}({rest})·2{str(scale).translate(_SUPERSCRIPTS)}, which is {value!r}"
    )


def derived(name: str, value: object) -> str:
    """What a value counts for: "2⁷ = 128" for a window scale, "(1 + 1)·8 = 16" for a header's length in units."""
    if not isinstance(value, int) or not 0 <= value <= 255:
        return ""
    if name == "tcp.options.wscale.shift" and value <= MAX_SHIFT:
        return f"2{str(value).translate(_SUPERSCRIPTS)} = {1 << value}"
    unit, more = _UNITS.get(name, (0, 0))
    return f"({value} + {more})·{unit} = {(value + more) * unit}" if unit else ""


def _address(value: str, raw: bytes) -> str:
    """RFC 4291 2.2 for IPv6; IPv4 is written one number a byte."""
    if len(raw) == 4 and value == ".".join(str(byte) for byte in raw):
        return ", ".join(f"0x{byte:02x} = {byte}" for byte in raw)
    if len(raw) == 16 and "::" in value:
        groups = raw.hex(":", 2)
        return f"{groups}, where one run of zero groups is written as ::, is {value}"
    return ""


def _text(value: str, raw: bytes) -> str:
    if len(value) == len(raw) or value.encode("utf-8", "replace") != raw:
        return ""
    return f"{number(len(raw))} bytes hold {number(len(value))} characters; UTF-8 takes 1 to 4 bytes for each"
