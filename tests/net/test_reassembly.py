from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.model.buffer import HOLE, Pieces
from inspector.net.reassembly import HOLE_BASE, MAX_NOTES, Reassembler, SegmentReader

ACK, FIN, SYN, RST = 16, 1, 2, 4


@dataclass
class Segment:
    """`payload` at `start` of the stream; the first `captured` bytes of it were captured."""

    start: int
    payload: bytes
    captured: int = -1
    flags: int = ACK
    ident: int = 0


class Wire(SegmentReader):
    """Numbered packets, their payload at packet byte 7."""

    def __init__(self) -> None:
        self.packets: list[Segment] = []

    def bytes(self, packet: int, start: int, end: int) -> bytes:
        return self.packets[packet - 1].payload[start - 7 : end - 7]

    def same_packet(self, first: int, second: int) -> bool:
        a, b = self.packets[first - 1], self.packets[second - 1]
        return a.ident == b.ident != 0 and a.start == b.start

    def feed(self, one: Reassembler, segments: list[Segment], isn: int) -> None:
        for segment in segments:
            self.packets.append(segment)
            captured = len(segment.payload) if segment.captured < 0 else segment.captured
            seq = (isn + 1 + segment.start - bool(segment.flags & SYN)) & 0xFFFFFFFF
            one.add(seq, len(segment.payload), captured, segment.flags, len(self.packets), 7)


def assemble(segments: list[Segment], isn: int = 0, syn: bool = True, ack: int = -1) -> tuple[Reassembler, Wire]:
    wire = Wire()
    one = Reassembler(0, wire)
    if syn:
        one.start(isn + 1)
    wire.feed(one, segments, isn)
    if ack >= 0:
        one.acknowledged(isn + 1 + ack)
    one.finish()
    return one, wire


def read(pieces: Pieces, wire: Wire) -> bytes:
    """The captured bytes, `?` in holes, made from the origins alone."""
    found = b""
    for i in range(len(pieces.starts)):
        end = pieces.starts[i + 1] if i + 1 < len(pieces.starts) else pieces.size
        size = end - pieces.starts[i]
        assert size > 0
        assert pieces.starts[i] == len(found)
        if pieces.sources[i] == HOLE:
            found += b"?" * size
        else:
            found += wire.bytes(pieces.sources[i], pieces.offsets[i], pieces.offsets[i] + size)
    assert len(found) == pieces.size
    return found


def kinds(one: Reassembler) -> list[tuple[str, int]]:
    return [(note.kind, note.packet) for note in one.notes]


STREAM = bytes(range(65, 91))
ISNS = st.one_of(st.integers(0, 0xFFFFFFFF), st.integers(0xFFFFFF00, 0xFFFFFFFF))


def cut(data: bytes, cuts: list[int]) -> list[Segment]:
    edges = sorted({0, len(data), *(c % (len(data) + 1) for c in cuts)})
    return [Segment(a, data[a:b]) for a, b in pairwise(edges)]


@st.composite
def shuffled_segments(draw: st.DrawFn) -> tuple[bytes, list[Segment]]:
    """A stream, and segments that cover it: cut, overlapping, repeated, in any order."""
    data = draw(st.binary(min_size=1, max_size=300))
    segments = cut(data, draw(st.lists(st.integers(0, 300), max_size=12)))
    for start, size in draw(st.lists(st.tuples(st.integers(0, 299), st.integers(1, 60)), max_size=8)):
        at = start % len(data)
        segments.append(Segment(at, data[at : at + size]))
    return data, draw(st.permutations(segments))


@settings(max_examples=200, deadline=None)
@given(shuffled_segments(), ISNS)
def test_any_order_overlap_and_repetition_gives_the_same_bytes(case: tuple[bytes, list[Segment]], isn: int) -> None:
    data, segments = case
    one, wire = assemble(segments, isn)
    assert read(one.pieces, wire) == data
    assert not [note for note in one.notes if note.kind in {"conflict", "hole"}]


@settings(max_examples=200, deadline=None)
@given(shuffled_segments(), ISNS, st.data())
def test_what_no_segment_holds_is_a_hole(case: tuple[bytes, list[Segment]], isn: int, data: st.DataObject) -> None:
    stream, segments = case
    kept = [s for s in segments if data.draw(st.booleans())]
    for segment in kept:
        segment.captured = data.draw(st.integers(0, len(segment.payload)))
    one, wire = assemble(kept, isn, ack=len(stream) if len(stream) > 1 else -1)
    expected = bytearray(b"?" * len(stream))
    for s in kept:
        expected[s.start : s.start + s.captured] = stream[s.start : s.start + s.captured]
    sent = max((s.start + len(s.payload) for s in kept), default=0)
    # one byte more than was seen may be a FIN
    size = len(stream) if len(stream) > sent + 1 else sent
    found = read(one.pieces, wire)
    assert found == bytes(expected[:size])


@settings(max_examples=150, deadline=None)
@given(shuffled_segments(), st.data())
def test_bytes_captured_first_are_kept(case: tuple[bytes, list[Segment]], data: st.DataObject) -> None:
    stream, segments = case
    expected: dict[int, int] = {}
    conflict = False
    for segment in segments:
        payload = bytearray(segment.payload)
        if data.draw(st.booleans()):
            payload[data.draw(st.integers(0, len(payload) - 1))] ^= 1
        segment.payload = bytes(payload)
        # one byte that repeats the last one is a keep-alive probe, whose byte means nothing (RFC 1122 4.2.3.6)
        probe = len(payload) == 1 and bool(expected) and segment.start == max(expected)
        for i, byte in enumerate(payload, segment.start):
            conflict |= expected.setdefault(i, byte) != byte and not probe
    one, wire = assemble(segments)
    assert read(one.pieces, wire) == bytes(expected[i] for i in range(len(stream)))
    assert conflict == any(note.kind == "conflict" for note in one.notes)


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=200), st.lists(st.integers(0, 200), max_size=10), ISNS, st.integers(1, 4))
def test_segments_in_order_leave_no_notes(data: bytes, cuts: list[int], isn: int, burst: int) -> None:
    one, wire = assemble(cut(data, cuts), isn, syn=burst > 1)
    assert read(one.pieces, wire) == data
    assert one.notes == []


def test_out_of_order() -> None:
    one, wire = assemble([Segment(0, b"ab"), Segment(4, b"ef"), Segment(2, b"cd"), Segment(6, b"g")])
    assert read(one.pieces, wire) == b"abcdefg"
    assert kinds(one) == [("out-of-order", 3)]
    assert list(one.pieces.sources) == [1, 3, 2, 4]


def test_retransmission() -> None:
    one, wire = assemble([Segment(0, b"abcd"), Segment(0, b"abcd"), Segment(2, b"cd")])
    assert read(one.pieces, wire) == b"abcd"
    assert kinds(one) == [("retransmission", 2), ("retransmission", 3)]
    assert one.notes[0].text == "4 bytes sent before, first in packet 1"


def test_retransmission_of_what_waits_behind_a_gap() -> None:
    one, _ = assemble([Segment(0, b"ab"), Segment(4, b"ef"), Segment(4, b"ef"), Segment(2, b"cd")])
    assert kinds(one) == [("retransmission", 3), ("out-of-order", 4)]


def test_overlap() -> None:
    one, wire = assemble([Segment(0, b"abcd"), Segment(2, b"cdef")])
    assert read(one.pieces, wire) == b"abcdef"
    assert kinds(one) == [("overlap", 2)]
    assert "2 of 4 bytes" in one.notes[0].text


def test_conflict() -> None:
    one, wire = assemble([Segment(0, b"abcd"), Segment(2, b"XYef")])
    assert read(one.pieces, wire) == b"abcdef"
    assert kinds(one) == [("overlap", 2), ("conflict", 2)]
    assert "packet 1" in one.notes[1].text


def test_conflict_behind_a_gap() -> None:
    one, wire = assemble([Segment(2, b"cd"), Segment(0, b"abXX")])
    assert read(one.pieces, wire) == b"abcd"
    assert ("conflict", 2) in kinds(one)


def test_duplicate_capture() -> None:
    one, wire = assemble([Segment(0, b"abcd", ident=5), Segment(0, b"abcd", ident=5)])
    assert read(one.pieces, wire) == b"abcd"
    assert kinds(one) == [("duplicate", 2)]


@pytest.mark.parametrize("probe", [b"", b"d", b"\0"])
def test_keep_alive(probe: bytes) -> None:
    segments = [Segment(0, b"abcd"), Segment(3, probe), Segment(4, b"ef")]
    one, wire = assemble(segments)
    assert read(one.pieces, wire) == b"abcdef"
    assert kinds(one) == [("keep-alive", 2)]


def test_keep_alive_as_the_first_packet_seen() -> None:
    one, wire = assemble([Segment(0, b""), Segment(1, b"abc")], syn=False)
    assert read(one.pieces, wire) == b"abc"
    assert one.notes == []


def test_hole() -> None:
    one, wire = assemble([Segment(0, b"ab"), Segment(5, b"fg")])
    assert read(one.pieces, wire) == b"ab???fg"
    assert kinds(one) == [("hole", 1)]


def test_hole_at_the_start_and_at_the_end() -> None:
    one, wire = assemble([Segment(3, b"de")], ack=9)
    assert read(one.pieces, wire) == b"???de????"
    assert kinds(one) == [("hole", 1), ("hole", 1)]


def test_bytes_lost_before_the_fin() -> None:
    one, wire = assemble([Segment(0, b"ab"), Segment(6, b"", flags=ACK | FIN)])
    assert read(one.pieces, wire) == b"ab????"


def test_fin_with_data_after_a_gap() -> None:
    one, wire = assemble([Segment(0, b"ab"), Segment(4, b"ef", flags=ACK | FIN), Segment(2, b"cd")], ack=7)
    assert read(one.pieces, wire) == b"abcdef"
    assert kinds(one) == [("out-of-order", 3)]


def test_fin_is_no_byte() -> None:
    one, wire = assemble([Segment(0, b"ab", flags=ACK | FIN), Segment(3, b"")], ack=3)
    assert read(one.pieces, wire) == b"ab"
    assert one.notes == []


def test_fin_that_was_not_captured_is_no_byte() -> None:
    one, wire = assemble([Segment(0, b"ab"), Segment(3, b"")], ack=3)
    assert read(one.pieces, wire) == b"ab"


def test_snapped_bytes_are_holes_until_sent_again() -> None:
    one, wire = assemble([Segment(0, b"abcd", 2), Segment(4, b"efgh", 0), Segment(8, b"ij")])
    assert read(one.pieces, wire) == b"ab??????ij"
    one, wire = assemble([Segment(0, b"abcd", 2), Segment(4, b"efgh"), Segment(2, b"cd")])
    assert read(one.pieces, wire) == b"abcdefgh"


def test_data_in_the_syn() -> None:
    one, wire = assemble([Segment(0, b"ab", flags=SYN), Segment(2, b"cd")])
    assert read(one.pieces, wire) == b"abcd"


def test_a_reset_brings_no_bytes_but_data_after_it_does() -> None:
    one, wire = assemble([Segment(0, b"ab"), Segment(2, b"why", flags=RST), Segment(2, b"cd")])
    assert read(one.pieces, wire) == b"abcd"


def test_joined_in_the_middle() -> None:
    one, wire = assemble([Segment(500, b"ab"), Segment(502, b"cd"), Segment(400, b"old")], syn=False)
    assert read(one.pieces, wire) == b"abcd"
    assert kinds(one) == [("retransmission", 3)]
    assert "before the capture began" in one.notes[0].text


def test_sequence_numbers_wrap() -> None:
    data = bytes(range(200))
    one, wire = assemble(cut(data, [50, 99, 100, 101, 150]), 0xFFFFFFFF - 100)
    assert read(one.pieces, wire) == data
    assert one.notes == []


def test_more_than_four_gigabytes_behind_a_gap() -> None:
    one = Reassembler(0)
    one.start(1)
    big = 1 << 30
    one.add(2, 1, 1, ACK, 1, 0)
    for i in range(6):
        one.add(3 + i * big & 0xFFFFFFFF, big, big, ACK, 2 + i, 0)
    one.finish()
    assert one.pieces.size == 2 + 6 * big
    assert list(one.pieces.sources) == [HOLE, 1, 2, 3, 4, 5, 6, 7]


def test_a_forged_sequence_number_costs_one_byte() -> None:
    one, _ = assemble([Segment(0, b"ab"), Segment(2_000_000_000, b"zz"), Segment(2, b"cd")])
    assert list(one.pieces.sources) == [1, 3, HOLE, 2]
    assert one.pieces.size == 7
    assert "drawn as one byte" in one.notes[-1].text


def test_a_number_far_ahead_without_bytes_is_not_believed() -> None:
    one, wire = assemble([Segment(0, b"ab"), Segment(HOLE_BASE + 10, b"")], ack=2 * HOLE_BASE)
    assert read(one.pieces, wire) == b"ab"


def test_notes_are_bounded() -> None:
    one, _ = assemble([Segment(0, b"abcd")] * (MAX_NOTES + 50))
    assert len(one.notes) == MAX_NOTES + 1
    assert "not listed" in one.notes[-1].text


def test_patience_gives_up_a_gap() -> None:
    wire = Wire()
    one = Reassembler(0, wire, patience=4)
    one.start(1)
    wire.feed(one, [Segment(0, b"ab"), Segment(4, b"ef"), Segment(6, b"gh")], 0)
    assert one.pieces.size == 2
    wire.feed(one, [Segment(8, b"i")], 0)
    assert read(one.pieces, wire) == b"ab??efghi"
    wire.feed(one, [Segment(2, b"cd"), Segment(9, b"jkl", 1)], 0)
    assert read(one.pieces, wire) == b"ab??efghij??"
    assert [kind for kind, _ in kinds(one)] == ["hole", "retransmission", "hole"]


@settings(max_examples=200, deadline=None)
@given(shuffled_segments(), st.integers(1, 50))
def test_with_patience_what_is_settled_never_changes(case: tuple[bytes, list[Segment]], patience: int) -> None:
    data, segments = case
    wire = Wire()
    one = Reassembler(0, wire, patience=patience)
    one.start(1)
    settled = b""
    for segment in segments:
        wire.feed(one, [segment], 0)
        now = read(one.pieces, wire)
        assert now.startswith(settled)
        settled = now
    one.finish()
    found = read(one.pieces, wire)
    assert len(found) == len(data)
    assert all(a == b or chr(a) == "?" for a, b in zip(found, data, strict=True))
