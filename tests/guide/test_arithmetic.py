"""Every sum that the guide shows is true: it is evaluated here by other means."""

import re
import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.guide.arithmetic import arithmetic, bits_arithmetic, derived, number, own_bits
from inspector.model.field import Bits, Field

DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def evaluate(expression: str) -> Fraction:
    """The value of an expression as printed: superscripts, middle dots, separators."""
    plain = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: f"**({m[0].translate(DIGITS)})", expression)
    plain = plain.replace("·", "*").replace(",", "")
    numbers = re.sub(r"0x[0-9a-f]+|\d+", lambda m: f"Fraction({int(m[0], 0 if m[0].startswith('0x') else 10)})", plain)
    assert re.fullmatch(r"[-+*/() ]*(Fraction\(\d+\)[-+*/() ]*)+", numbers), expression
    result = eval(numbers, {"Fraction": Fraction})
    return Fraction(result)


def all_equal(chain: str, value: float | Fraction) -> None:
    """Every step of "a = b = c" comes to `value`."""
    steps = chain.split(" = ")
    assert len(steps) > 1
    assert {evaluate(step) for step in steps} == {Fraction(value)}


@given(st.binary(min_size=1, max_size=8))
def test_unsigned_sum_is_true(raw: bytes) -> None:
    value = int.from_bytes(raw, "big")
    all_equal(arithmetic("thrift.version", value, raw), value)


@given(st.binary(min_size=1, max_size=8))
def test_signed_sum_is_true(raw: bytes) -> None:
    value = int.from_bytes(raw, "big", signed=True)
    shown = arithmetic("thrift.i32", value, raw)
    if value < 0:
        start, _, rest = shown.partition(" has its top bit set, so it is negative: ")
        assert int(start, 16) == int.from_bytes(raw, "big")
        all_equal(rest, value)
    else:
        all_equal(shown, value)


@given(st.integers(256, 2**64 - 1))
def test_little_endian_sum_is_true(value: int) -> None:
    raw = value.to_bytes(8, "little")
    if raw == raw[::-1]:
        return
    shown = arithmetic("null.family", value, raw)
    if value < 2**63 and int.from_bytes(raw, "big", signed=True) == value:
        return
    order, _, rest = shown.partition(" has its lowest byte first: ")
    assert bytes.fromhex(order) == raw
    all_equal(rest, value)


@given(st.integers(0, 10**15))
def test_decimal_digits_sum_is_true(value: int) -> None:
    raw = str(value).encode()
    quoted, _, rest = arithmetic("http.response.code", value, raw).partition(" = ")
    assert quoted.replace("'", "").replace(" ", "").encode() == raw
    all_equal(f"{rest} = {number(value)}", value)


@given(st.integers(0, 2**60), st.booleans())
def test_hex_digits_sum_is_true(value: int, upper: bool) -> None:
    raw = (f"{value:X}" if upper else f"{value:x}").encode()
    quoted, _, rest = arithmetic("http.chunk_size", value, raw).partition(" = ")
    assert quoted.replace("'", "").replace(" ", "").encode() == raw
    all_equal(f"{rest} = {number(value)}", value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_double_sum_is_true(value: float) -> None:
    shown = arithmetic("thrift.double", value, struct.pack(">d", value))
    expression, _, result = shown.partition(": ")[2].rpartition(" = ")
    assert evaluate(expression) == Fraction(value)
    assert float(result) == value


def test_double_that_is_no_number_says_so() -> None:
    infinite = struct.pack(">d", float("-inf"))
    assert arithmetic("thrift.double", float("-inf"), infinite).endswith("stands for -infinity")
    assert arithmetic("thrift.double", float("nan"), struct.pack(">d", float("nan"))).endswith(
        "stands for not a number"
    )


@given(st.integers(1, 4), st.data())
def test_bits_are_drawn_in_their_places(length: int, data: st.DataObject) -> None:
    raw = data.draw(st.binary(min_size=length, max_size=length))
    width = data.draw(st.integers(1, length * 8))
    shift = data.draw(st.integers(0, length * 8 - width))
    value = int.from_bytes(raw, "big") >> shift & ((1 << width) - 1)
    drawn, _, result = bits_arithmetic(Bits("tcp.flags.syn", value, shift, width), raw).partition(" = ")
    places = drawn.replace(" ", "")
    assert len(places) == length * 8
    assert all((c == ".") != (shift <= len(places) - 1 - i < shift + width) for i, c in enumerate(places))
    assert int(places.replace(".", ""), 2) == value == evaluate(result)


@pytest.mark.parametrize(
    ("name", "value", "raw", "shown"),
    [
        ("http.x", 1195725856, b"GET ", "0x47455420 = 71·256³ + 69·256² + 84·256 + 32 = 1,195,725,856"),
        ("thrift.sasl.status", 71, b"G", "0x47 = 4·16 + 7 = 71"),
        ("thrift.sasl.status", 2, b"\x02", "0x02 = 2"),
        ("thrift.str_len", 0, bytes(4), "0x00000000 = 0"),
        ("thrift.str_len", 128, b"\0\0\0\x80", "0x00000080 = 0x80 = 8·16 = 128"),
        ("tcp.srcport", 8080, b"\x1f\x90", "0x1f90 = 31·256 + 144 = 8080"),
        ("thrift.i8", -1, b"\xff", "0xff has its top bit set, so it is negative: 255 - 2⁸ = -1"),
        ("http.content_length_header", 128, b"128", "'1' '2' '8' = 1·100 + 2·10 + 8 = 128"),
        ("http.chunk_size", 31, b"1f", "'1' 'f' = 1·16 + 15 = 31"),
        ("http.chunk_size", 16, b"10", "'1' '0' = 1·16 = 16"),
        ("thrift.bool", True, b"\x01", "0x01 = 1"),
        ("thrift.string", "aé", "aé".encode(), "3 bytes hold 2 characters; UTF-8 takes 1 to 4 bytes for each"),
        ("thrift.string", "ab", b"ab", ""),
        ("thrift.double", 1.5, struct.pack(">d", 1.5), None),
        ("thrift.i32", 5, b"\0\0\0\x06", ""),
        ("thrift.i32", None, b"\0", ""),
        ("thrift.field", -1, b"\x08\0\0\xff\xff\xff\xff", ""),
        ("thrift.i32", 0, b"", ""),
    ],
)
def test_arithmetic_reads_well(name: str, value: object, raw: bytes, shown: str | None) -> None:
    if shown is None:
        shown = "sign bit 0, exponent 1023, fraction 2,251,799,813,685,248: (1 + 2,251,799,813,685,248/2⁵²)·2⁰ = 1.5"
    assert arithmetic(name, value, raw) == shown


def test_scaled_bits_show_the_factor() -> None:
    assert bits_arithmetic(Bits("ip.hdr_len", 20, 0, 4), b"\x45") == ".... 0101 = 5, 5·4 = 20"
    assert (
        bits_arithmetic(Bits("ip.frag_offset", 1480, 0, 13), b"\x20\xb9") == "...0 0000 1011 1001 = 185, 185·8 = 1480"
    )
    assert bits_arithmetic(Bits("ip.flags.df", 1, 6, 1), b"\x40") == ".1.. .... = 1"


def test_bits_outside_the_bytes_are_not_drawn() -> None:
    assert bits_arithmetic(Bits("ip.flags.df", 1, 14, 1), b"\x40") == ""
    assert bits_arithmetic(Bits("ip.flags.df", 1, 0, 1), b"") == ""


def test_bits_show_what_the_bytes_say_when_the_value_is_another() -> None:
    assert bits_arithmetic(Bits("ip.flags.df", 0, 6, 1), b"\x40") == ".1.. .... = 1"
    assert bits_arithmetic(Bits("ip.hdr_len", 21, 0, 4), b"\x45") == ".... 0101 = 5"


def test_no_own_bits_when_the_value_does_not_come_from_them() -> None:
    field = Field("thrift.protocol_id", 128, 0, 1)
    field.bits = [Bits("thrift.strict", 1, 7, 1)]
    assert own_bits(field, b"\x80") is None


@pytest.mark.parametrize(
    ("name", "value", "bits", "raw", "place"),
    [
        ("ip.version", 4, [("ip.hdr_len", 20, 0, 4)], b"\x45", (4, 4)),
        ("ip.flags", 2, [("ip.flags.df", 1, 14, 1), ("ip.flags.mf", 0, 13, 1)], b"\x40\0", (13, 2)),
        ("vlan.id", 5, [("vlan.priority", 1, 13, 3), ("vlan.dei", 0, 12, 1)], b"\x20\x05", (0, 12)),
    ],
)
def test_own_bits_are_those_that_no_other_name_takes(
    name: str, value: int, bits: list[tuple[str, int, int, int]], raw: bytes, place: tuple[int, int]
) -> None:
    field = Field(name, value, 0, len(raw))
    field.bits = [Bits(*each) for each in bits]
    own = own_bits(field, raw)
    assert own is not None
    assert (own.shift, own.width) == place


@given(st.sampled_from(["tcp.options.wscale.shift", "ipv6.hopopts.len", "ah.length"]), st.integers(0, 255))
def test_derived_sum_is_true(name: str, value: int) -> None:
    shown = derived(name, value)
    assert bool(shown) == (name != "tcp.options.wscale.shift" or value <= 14)
    if shown:
        left, _, right = shown.partition(" = ")
        assert evaluate(left) == evaluate(right)


def test_only_counting_fields_have_a_derived_sum() -> None:
    assert derived("tcp.options.wscale.shift", 7) == "2⁷ = 128"
    assert derived("ipv6.hopopts.len", 0) == "(0 + 1)·8 = 8"
    assert derived("tcp.srcport", 7) == ""
    assert derived("ah.length", None) == ""
