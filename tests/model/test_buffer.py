"""Bytes with origins: packets, holes, slices of slices."""

from inspector.model.buffer import HOLE, Buffer, BufferSource, Origin, Pieces, Plain, Slices
from inspector.model.sides import CLIENT
from streams import Spoken


def captured() -> Buffer:
    """Packet 1 "abc", a hole of 4, packet 3 "defg"; packet numbers are places in the list."""
    return Buffer("client", Spoken([(CLIENT, b"abc"), (CLIENT, 4), (CLIENT, b"defg")], CLIENT))


class Shifted(BufferSource):
    """Packets whose payload starts behind headers of 54 bytes."""

    def load(self, buffer: Buffer) -> None:
        pieces = Pieces()
        pieces.add(5, 54, 3)
        pieces.add(9, 54, 2)
        buffer.fill(pieces)

    def read(self, buffer: Buffer, start: int, end: int) -> bytes:
        return b"abcde"[start:end]


class Inflated(BufferSource):
    """Six bytes made from bytes 1 to 3 of the parent, two from byte 4."""

    def load(self, buffer: Buffer) -> None:
        pieces = Pieces()
        pieces.add_range(1, 3, 6)
        pieces.add_range(4, 5, 2)
        buffer.fill(pieces)

    def read(self, buffer: Buffer, start: int, end: int) -> bytes:
        return b"inflated"[start:end]


def test_origins_name_packet_bytes_and_leave_holes_out() -> None:
    buffer = captured()
    assert buffer.size == 11
    assert buffer.data == b"abc" + bytes(4) + b"defg"
    assert buffer.origins(0, 11) == [Origin(1, 0, 3, True), Origin(3, 0, 4, True)]
    assert buffer.origins(1, 8) == [Origin(1, 1, 3, True), Origin(3, 0, 1, True)]
    assert buffer.origins(3, 7) == buffer.origins(5, 5) == buffer.origins(11, 11) == []
    assert Buffer("b", Shifted()).origins(2, 4) == [Origin(5, 56, 57, True), Origin(9, 54, 55, True)]


def test_parts_name_packets_and_holes() -> None:
    pieces = captured().pieces
    assert pieces.parts(1, 9) == [(1, 1, 2), (HOLE, 0, 4), (3, 0, 2)]
    assert pieces.parts(0, 99) == [(1, 0, 3), (HOLE, 0, 4), (3, 0, 4)]
    assert pieces.parts(5, 5) == pieces.parts(11, 20) == Pieces().parts(0, 5) == []
    assert Buffer("b", Shifted()).pieces.parts(2, 4) == [(5, 56, 1), (9, 54, 1)]


def test_holes_are_ranges_of_the_buffer() -> None:
    assert captured().holes == [(3, 7)]
    assert Buffer("given", Plain(b"abc")).holes == []


def test_holes_in_a_range_are_cut_to_it() -> None:
    parent = captured()
    part = Buffer("part", Slices([(1, 6), (6, 9)]), parent=parent)
    for buffer in (parent, part):
        every = [offset for start, end in buffer.holes for offset in range(start, end)]
        for start in range(buffer.size + 1):
            for end in range(start, buffer.size + 1):
                inside = [offset for low, high in buffer.holes_in(start, end) for offset in range(low, high)]
                assert inside == [offset for offset in every if start <= offset < end]


def test_given_bytes_have_no_origins() -> None:
    buffer = Buffer("given", Plain(b"abc"))
    assert (buffer.size, buffer.data, buffer.origins(0, 3), buffer.packet_at(1)) == (3, b"abc", [], 0)
    empty = Buffer("empty", Plain(b""))
    assert (empty.size, empty.data, empty.origins(0, 0), empty.packet_at(0)) == (0, b"", [], 0)


def test_slices_join_parts_of_their_parent_and_keep_origins_and_holes() -> None:
    parent = captured()
    part = Buffer("part", Slices([(1, 3), (5, 9), (10, 11)]), parent=parent)
    assert part.data == b"bc" + bytes(2) + b"de" + b"g"
    assert part.read(1, 6) == part.data[1:6]
    assert part.holes == [(2, 4)]
    assert part.origins(0, 7) == [Origin(1, 1, 3, True), Origin(3, 0, 2, True), Origin(3, 3, 4, True)]
    nested = Buffer("nested", Slices([(1, 5)]), parent=part)
    assert nested.data == b"c" + bytes(2) + b"d"
    assert nested.holes == [(1, 3)]
    assert nested.origins(0, 4) == [Origin(1, 2, 3, True), Origin(3, 0, 1, True)]
    assert nested.packet_at(3) == 3


def test_a_growing_buffer_is_the_same_as_one_made_whole() -> None:
    parent = captured()
    growing = Buffer("growing", Slices([]), parent=parent)
    ranges = [(0, 1), (1, 3), (5, 9), (10, 11)]
    for start, end in ranges:
        assert growing.size == sum(high - low for low, high in ranges if high <= start)
        growing.extend(start, end)
    whole = Buffer("whole", Slices(ranges), parent=parent)
    for start in range(8):
        for end in range(start, 9):
            assert growing.origins(start, end) == _joined(whole.origins(start, end))
            assert growing.read(start, end) == whole.read(start, end)
    growing.release()
    assert growing.data == whole.data


def _joined(origins: list[Origin]) -> list[Origin]:
    found: list[Origin] = []
    for origin in origins:
        if found and found[-1].packet == origin.packet and found[-1].end == origin.start:
            found[-1] = found[-1]._replace(end=origin.end)
        else:
            found.append(origin)
    return found


def test_bytes_that_were_made_name_the_whole_range_they_were_made_from() -> None:
    parent = Buffer("b", Shifted())
    inflated = Buffer("inflated", Inflated(), parent=parent)
    inflated.exact = False
    assert inflated.origins(2, 3) == [Origin(5, 55, 57, False)]
    assert inflated.origins(5, 7) == [Origin(5, 55, 57, False), Origin(9, 55, 56, False)]
    part = Buffer("part", Slices([(6, 8)]), parent=inflated)
    assert part.origins(0, 1) == [Origin(9, 55, 56, False)]
    assert inflated.holes == []
    assert inflated.packet_at(7) == 9


def test_the_packet_of_a_byte_in_a_hole_is_the_last_before_it_or_the_first_behind() -> None:
    assert [captured().packet_at(offset) for offset in (0, 2, 3, 6, 7, 10, 99)] == [1, 1, 1, 1, 3, 3, 3]
    late = Buffer("late", Spoken([(CLIENT, 2), (CLIENT, b"a")], CLIENT))
    assert late.packet_at(0) == late.packet_at(2) > 0


def test_contents_are_loaded_again_after_release() -> None:
    buffer = captured()
    first = buffer.data
    buffer.release()
    assert buffer.data == first
    assert buffer.pieces.sources[1] == HOLE


def test_where_the_first_pieces_were_can_be_forgotten() -> None:
    pieces = Pieces()
    for packet in range(1, 7):
        pieces.add(packet, 54, 10)
    pieces.forget(4)
    assert pieces.parts(0, 60) == [(HOLE, 0, 40), (5, 54, 10), (6, 54, 10)]
    assert pieces.parts(45, 55) == [(5, 59, 5), (6, 54, 5)]
    assert pieces.at(0) == pieces.at(39) == 0
    pieces.add(7, 54, 10)
    assert pieces.parts(58, 62) == [(6, 62, 2), (7, 54, 2)]
