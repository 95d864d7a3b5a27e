"""Windows over buffers: the same answers as the buffer's own, for any order of questions."""

import random

from inspector.export.origins import Window, packets
from inspector.export.records import OriginRecord
from inspector.model.buffer import HOLE, Buffer, Pieces, Plain, Slices


def captured(*parts: tuple[int, int, int]) -> Buffer:
    """A buffer of (packet, packet offset, length) parts."""
    pieces = Pieces()
    for packet, offset, length in parts:
        pieces.add(packet, offset, length)
    buffer = Buffer("flow 1 client", Plain(bytes(index % 251 for index in range(pieces.size))))
    buffer.fill(pieces)
    return buffer


def derived(parent: Buffer, ranges: list[tuple[int, int]]) -> Buffer:
    buffer = Buffer("body", Slices(ranges), parent=parent)
    assert buffer.size == sum(end - start for start, end in ranges)
    return buffer


def inflated(parent: Buffer, parts: list[tuple[int, int, int]]) -> Buffer:
    """A buffer whose parts of some length were made from a range of the parent."""
    pieces = Pieces()
    for start, end, length in parts:
        pieces.add_range(start, end, length)
    buffer = Buffer("inflated", Plain(bytes(pieces.size)), parent=parent)
    buffer.exact = False
    buffer.fill(pieces)
    return buffer


def flat(window: Window, start: int, end: int) -> list[tuple[int, int, int, bool]]:
    return [(o.packet, o.start, o.end, o.exact) for o in window.origins(start, end)]


SEGMENTS = captured((4, 66, 10), (5, 66, 20), (HOLE, 0, 7), (7, 54, 30), (6, 66, 5))


def test_exact_ranges_agree_with_the_buffer_in_any_order() -> None:
    rng = random.Random(7)
    chunks = derived(SEGMENTS, [(2, 8), (9, 33), (36, 70)])
    for buffer in (SEGMENTS, chunks, derived(chunks, [(0, 3), (5, 40)])):
        window = Window(buffer, 0, buffer.size)
        for _ in range(500):
            start = rng.randrange(buffer.size + 1)
            end = rng.randrange(start, buffer.size + 1)
            assert flat(window, start, end) == [tuple(o) for o in buffer.origins(start, end)]
            assert window.read(start, end) == buffer.data[start:end]


def test_a_window_over_the_middle_answers_with_buffer_offsets() -> None:
    window = Window(SEGMENTS, 8, 20)
    assert window.read(8, 12) == SEGMENTS.data[8:12]
    assert flat(window, 8, 12) == [(4, 74, 76, True), (5, 66, 68, True)]


def test_inexact_ranges_name_all_their_source_once() -> None:
    buffer = inflated(SEGMENTS, [(0, 12, 100), (0, 12, 50), (12, 20, 30)])
    window = Window(buffer, 0, buffer.size)
    assert flat(window, 90, 120) == [(4, 66, 76, False), (5, 66, 68, False)]
    assert flat(window, 149, 151) == [(4, 66, 76, False), (5, 66, 76, False)]


def test_exact_parts_of_inexact_buffers_stay_inexact() -> None:
    buffer = derived(inflated(SEGMENTS, [(0, 10, 40)]), [(5, 10)])
    assert flat(Window(buffer, 0, 5), 0, 5) == [(4, 66, 76, False)]


def test_holes_and_empty_ranges_have_no_origins() -> None:
    window = Window(SEGMENTS, 0, SEGMENTS.size)
    assert window.origins(30, 37) == []
    assert window.origins(5, 5) == []
    assert Window(captured(), 0, 0).origins(0, 0) == []


def test_packets_are_ascending_without_holes() -> None:
    assert packets(SEGMENTS, 0, SEGMENTS.size) == [4, 5, 6, 7]
    assert packets(SEGMENTS, 30, 38) == [7]
    assert packets(derived(SEGMENTS, [(0, 5), (68, 72)]), 0, 9) == [4, 6]
    assert packets(inflated(SEGMENTS, [(0, 12, 100)]), 50, 51) == [4, 5]


def test_records_compare_by_value() -> None:
    assert OriginRecord(1, 2, 3, True) == OriginRecord(1, 2, 3, True)
