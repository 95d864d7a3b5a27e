"""Words, numbers and lines as plain data."""

import pytest

from inspector.model.buffer import Buffer, Plain
from inspector.tui.hexdump import byte_at, row_line
from inspector.tui.text import (
    ascii_text,
    clip,
    clock,
    duration,
    fit,
    printable,
    size,
    value_text,
    width_of,
    wrap,
)
from inspector.tui.values import readings, value_lines, varint
from inspector.tui.views import View, joined
from inspector.tui.widgets.text_pane import spread


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 B"), (9999, "9999 B"), (10_000, "10.0 kB"), (9_999_999, "10000.0 kB"), (10_000_000, "10.0 MB")],
)
def test_size(count: int, expected: str) -> None:
    assert size(count) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.0, "0 µs"), (0.000030, "30 µs"), (0.0047, "4.7 ms"), (0.9999, "1 s"), (12.3456, "12.3 s")],
)
def test_duration(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_clock_counts_from_the_first_packet_and_may_be_before_it() -> None:
    assert clock(354_425_999) == "0.354425"
    assert clock(-1_500_000_000) == "-1.500000"


@pytest.mark.parametrize(
    ("value", "raw", "expected"),
    [
        (None, b"GET", '"GET"'),
        (None, b"\r\n", "0d 0a"),
        (None, b"", ""),
        (None, bytes(20), "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 …"),
        (True, b"\x01", "true"),
        (71, b"G", "71"),
        ("a\x1b[31mb", b"", "a·[31mb"),
        (b"\x80\x01", b"", "80 01"),
    ],
)
def test_value_text(value: object, raw: bytes, expected: str) -> None:
    assert value_text(value, raw) == expected


def test_captured_text_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b]0;x\x07\x9b\u202eb\x7f") == "a·]0;x···b·"
    assert ascii_text(b"\x1b[2J\xc3\xa1") == "·[2J··"


def test_clip_and_fit_count_cells_not_letters() -> None:
    assert clip("日本語", 6) == "日本語"
    assert clip("日本語", 5) == "日本…"
    assert fit("7", 3, right=True) == "  7"
    assert fit("日本", 5) == "日本 "
    assert clip("abc", 0) == ""


def test_wrap_breaks_at_spaces_and_hangs_behind_a_label() -> None:
    assert wrap([("", "one two three")], 7) == [[("", "one "), ("", "two ")], [("", "three")]]
    lines = wrap([("dim", "from  "), ("", "packet one and packet two")], 16)
    assert ["".join(text for _, text in line).rstrip() for line in lines] == [
        "from  packet one",
        "      and packet",
        "      two",
    ]
    assert all(width_of(line) <= 16 + 1 for line in lines)


def test_wrap_cuts_words_that_are_too_long() -> None:
    lines = wrap([("", "a" * 25)], 10)
    assert ["".join(text for _, text in line) for line in lines] == ["a" * 10, "a" * 10, "a" * 5]


def test_spread_cuts_the_left_part_and_keeps_the_right() -> None:
    assert spread([("", "abcdefghijklmnop")], [("", "END")], 14) == [("", "abcdefghi…"), ("", " "), ("", "END")]


def a_view(data: bytes) -> View:
    return View("stream", "stream", "client", Buffer("b", Plain(data)), 0, len(data), whole=[(0, len(data))])


def test_a_row_of_bytes_marks_field_parent_and_hole() -> None:
    view = a_view(bytes(range(0x41, 0x41 + 20)))
    view.selected, view.parent, view.holes = [(1, 3)], [(0, 5)], [(6, 7)]
    line = row_line(view, 0)
    assert (
        "".join(text for _, text in line)
        == "000000  41 42 43 44 45 46 ?? 48  49 4a 4b 4c 4d 4e 4f 50  ABCDEF?HIJKLMNOP"
    )
    assert ("client selected", "42 43") in line
    assert ("hole", "??") in line
    assert ("hole", "?") in line
    assert sum(len(text) for role, text in line if role == "parent") == len("41 ") + len(" 44 45") + len("ADE")


def test_a_short_row_keeps_the_characters_in_their_column() -> None:
    short = "".join(text for _, text in row_line(a_view(b"A" * 18), 1))
    assert short == "000010  41 41" + " " * (8 + 16 * 3 + 2 - 13) + "AA"


def test_columns_lead_back_to_bytes() -> None:
    line = "".join(text for _, text in row_line(a_view(bytes(range(0x41, 0x51))), 0))
    for byte in range(16):
        assert byte_at(line.index(f"{0x41 + byte:02x}", 8)) == byte
        assert byte_at(line.index(chr(0x41 + byte), 58)) == byte
    assert byte_at(3) is None
    assert byte_at(200) is None


def test_readings_of_bytes() -> None:
    found = dict(readings(bytes.fromhex("4745542000000001")))
    assert found["be32"] == "1195725856"
    assert found["le16"] == "17735"
    assert found["bits"] == "01000111"
    assert dict(readings(b"\x96\x01"))["varint"] == "150 (2 B)"
    assert "be16" not in dict(readings(b"\x01"))
    assert readings(b"") == []
    assert varint(b"\xff" * 10) is None


def test_value_lines_keep_to_the_width() -> None:
    assert all(width_of(line) <= 40 for line in value_lines(bytes(range(16)), 40))


def test_joined_ranges() -> None:
    assert joined([(5, 6), (0, 2), (2, 4), (3, 5)]) == [(0, 6)]
    assert joined([(0, 1), (2, 3)]) == [(0, 1), (2, 3)]
