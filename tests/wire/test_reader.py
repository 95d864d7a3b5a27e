"""The silent reader: values, ends, holes and narrowed ranges."""

import struct
from collections.abc import Callable

import pytest

from inspector.model.errors import DecodeError, HoleError, Malformed, Truncated
from inspector.wire.reader import MAX_DEPTH, Reader
from inspector.wire.recorder import Recorder

READERS = pytest.mark.parametrize("kind", [Reader, Recorder])
Kind = Callable[..., Reader]


@READERS
@pytest.mark.parametrize(
    ("read", "layout", "values"),
    [
        ("u8", ">B", [0, 255]),
        ("i8", ">b", [-128, -1, 0, 127]),
        ("u16", ">H", [0, 0x0102, 65535]),
        ("i16", ">h", [-32768, -2, 32767]),
        ("u32", ">I", [0, 0x01020304, 0xFFFFFFFF]),
        ("i32", ">i", [-(2**31), -3, 2**31 - 1]),
        ("u64", ">Q", [0, 0x0102030405060708, 2**64 - 1]),
        ("i64", ">q", [-(2**63), -4, 2**63 - 1]),
        ("f64", ">d", [0.0, -1.5, 1e300]),
        ("u16le", "<H", [0, 0x0102, 65535]),
        ("u32le", "<I", [0, 0x01020304, 0xFFFFFFFF]),
        ("u64le", "<Q", [0, 0x0102030405060708, 2**64 - 1]),
    ],
)
def test_numbers_read_as_struct_packs_them(kind: Kind, read: str, layout: str, values: list[float]) -> None:
    for value in values:
        packed = struct.pack(layout, value)
        r = kind(b"x" + packed + b"y", 10)
        r.skip("before", 1)
        assert getattr(r, read)("n") == value
        assert (r.offset, r.left) == (11 + len(packed), 1)
        short = kind(packed[:-1])
        with pytest.raises(Truncated) as caught:
            getattr(short, read)("n")
        assert (caught.value.offset, caught.value.wanted) == (0, len(packed))
        assert short.pos == 0


@READERS
def test_three_bytes_and_text_and_bytes(kind: Kind) -> None:
    r = kind(b"\x01\x02\x03ol\xc3\xa1\xe9rest")
    assert r.u24("n") == 0x010203
    assert r.text("t", 4) == "olá"
    assert r.latin("l", 1) == "é"
    assert r.peek(2) == b"re"
    assert r.peek_u8() == ord("r")
    assert r.take("b", 4) == b"rest"
    assert r.left == 0


@READERS
def test_text_that_is_not_utf8_is_read_with_replacement_characters(kind: Kind) -> None:
    assert kind(b"a\xffb").text("t", 3) == "a\ufffdb"


@READERS
@pytest.mark.parametrize(
    ("digits", "base", "value"), [(b"0", 10, 0), (b"0123", 10, 123), (b"1aF", 16, 0x1AF), (b"00", 16, 0)]
)
def test_digits_become_a_number(kind: Kind, digits: bytes, base: int, value: int) -> None:
    assert kind(digits).number("n", len(digits), base) == value


@READERS
@pytest.mark.parametrize(
    ("digits", "base"), [(b"", 10), (b"1a", 10), (b"-1", 10), (b" 1", 10), (b"1_0", 10), (b"0x1", 16), (b"g", 16)]
)
def test_what_is_no_number_is_malformed_where_it_starts(kind: Kind, digits: bytes, base: int) -> None:
    r = kind(b"::" + digits, 100)
    r.skip("before", 2)
    with pytest.raises(Malformed) as caught:
        r.number("n", len(digits), base)
    assert (caught.value.offset, r.offset) == (102, 102)


@READERS
@pytest.mark.parametrize("read", ["take", "skip", "text", "latin", "narrow"])
def test_negative_lengths_are_malformed(kind: Kind, read: str) -> None:
    r = kind(b"abc")
    with pytest.raises(Malformed):
        r.narrow(-1) if read == "narrow" else getattr(r, read)("n", -1)
    assert r.pos == 0


@READERS
@pytest.mark.parametrize("read", ["take", "skip", "text", "latin"])
def test_lengths_beyond_the_end_are_truncated_and_say_how_far(kind: Kind, read: str) -> None:
    r = kind(b"abc", 7)
    with pytest.raises(Truncated) as caught:
        getattr(r, read)("n", 10**18)
    assert caught.value.wanted == 7 + 10**18


@READERS
def test_a_narrowed_range_ends_where_the_frame_ends(kind: Kind) -> None:
    r = kind(b"abcdef")
    before = r.narrow(3)
    assert r.left == 3
    inner = r.narrow(2)
    assert r.take("ab", 2) == b"ab"
    with pytest.raises(Malformed):
        r.u8("beyond")
    r.widen(inner)
    assert r.take("c", 1) == b"c"
    with pytest.raises(Malformed):
        r.find(b"f", 10)
    r.widen(before)
    assert r.take("rest", 3) == b"def"


@READERS
def test_narrowing_to_more_than_there_is_asks_for_more(kind: Kind) -> None:
    r = kind(b"abc")
    with pytest.raises(Truncated):
        r.narrow(4)
    before = r.narrow(2)
    with pytest.raises(Malformed):
        r.narrow(3)
    r.widen(before)
    assert r.left == 3


@READERS
def test_find_counts_the_bytes_before_a_delimiter(kind: Kind) -> None:
    r = kind(b"xab\r\nrest")
    r.skip("x", 1)
    assert r.find(b"\r\n", 100) == 2
    assert r.find(b"\r\n", 4) == 2
    with pytest.raises(Malformed):
        r.find(b"\r\n", 3)
    with pytest.raises(Truncated):
        r.find(b"!", 100)
    assert r.pos == 1


@READERS
def test_values_inside_a_hole_are_not_read_but_it_can_be_skipped(kind: Kind) -> None:
    r = kind(b"ab" + bytes(4) + b"cd", 100, [(102, 106)])
    assert r.peek(2) == b"ab"
    with pytest.raises(HoleError) as caught:
        r.take("n", 3)
    assert caught.value.offset == 102
    with pytest.raises(HoleError):
        r.find(b"c", 50)
    assert r.take("n", 2) == b"ab"
    for read in (r.peek_u8, lambda: r.peek(1), lambda: r.u8("n"), lambda: r.u32("n")):
        with pytest.raises(HoleError):
            read()
    r.skip("body", 5)
    assert r.take("n", 1) == b"d"


@READERS
def test_holes_and_narrowed_ranges_together(kind: Kind) -> None:
    r = kind(b"ab" + bytes(2) + b"cd" + bytes(2) + b"ef", 0, [(2, 4), (6, 8)])
    before = r.narrow(6)
    r.skip("over", 5)
    assert r.take("d", 1) == b"d"
    r.widen(before)
    with pytest.raises(HoleError):
        r.u8("n")
    r.skip("over", 2)
    assert r.take("ef", 2) == b"ef"


@READERS
def test_bytes_past_the_end_are_truncated_even_behind_a_hole(kind: Kind) -> None:
    r = kind(b"ab" + bytes(2), 0, [(2, 4)])
    with pytest.raises(Truncated):
        r.skip("n", 5)
    with pytest.raises(Truncated):
        r.take("n", 5)


@READERS
def test_nesting_is_bounded(kind: Kind) -> None:
    r = kind(b"")
    for _ in range(MAX_DEPTH):
        r.begin("level")
    with pytest.raises(Malformed):
        r.begin("one too many")


def test_growing_keeps_the_offset_and_rewinding_sees_everything() -> None:
    r = Reader(b"abc", 10)
    r.skip("a", 1)
    r.begin("open")
    r.narrow(1)
    r.rewind(1)
    assert (r.offset, r.left, r.depth, r.narrowed) == (11, 2, 0, 0)
    r.grow(b"bcdef", 11)
    assert (r.offset, r.left) == (11, 5)
    assert r.take("rest", 5) == b"bcdef"
    r.seek(2)
    assert r.take("n", 1) == b"d"


def test_an_error_raised_by_a_decoder_names_the_place() -> None:
    r = Reader(b"abc", 10)
    r.skip("a", 2)
    error = r.malformed("no good")
    assert isinstance(error, DecodeError)
    assert (error.offset, error.reason) == (12, "no good")


def test_only_the_recorder_records() -> None:
    assert not Reader(b"").recording
    assert Recorder(b"").recording
