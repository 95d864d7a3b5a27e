"""Classic capture files: byte orders, precisions, old and modified variants, damage."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.blocks import PACKET, pcap_header, record
from inspector.capture.pcap import is_pcap, read_pcap
from inspector.capture.table import Capture
from inspector.model.errors import CaptureError

MICRO, NANO, MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34


def rows(capture: Capture) -> list[tuple[int, int, int, bytes]]:
    """Time, captured and original length, and bytes of every packet."""
    packets = [capture.packet(number) for number in range(1, len(capture.table) + 1)]
    return [(p.time, p.captured, p.length, p.data) for p in packets]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "factor"), [(MICRO, 1000), (NANO, 1)])
def test_times_lengths_and_bytes_in_both_byte_orders(order: str, magic: int, factor: int) -> None:
    data = pcap_header(order, magic) + record(PACKET, (7, 123), order) + record(PACKET[:9], (8, 999_999), order, 90)
    capture = read_pcap("x", data)
    second = 1_000_000_000
    assert rows(capture) == [
        (7 * second + 123 * factor, 60, 60, PACKET),
        (8 * second + 999_999 * factor, 9, 90, PACKET[:9]),
    ]
    assert capture.issue is None
    assert is_pcap(data[:4])


def test_interface_carries_link_type_and_snap_length() -> None:
    capture = read_pcap("x", pcap_header(snap_length=96, link_type=113) + record(PACKET))
    assert [(i.link_type, i.snap_length) for i in capture.interfaces] == [(113, 96)]
    assert (capture.packet(1).link_type, capture.packet(1).interface) == (113, 0)


def test_frame_check_sequence_bits_are_no_part_of_the_link_type() -> None:
    capture = read_pcap("x", pcap_header(link_type=1 | 4 << 28 | 1 << 26))
    assert capture.interfaces[0].link_type == 1


def test_header_alone_is_a_capture_of_no_packets() -> None:
    capture = read_pcap("x", pcap_header())
    assert (len(capture.table), capture.issue) == (0, None)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("magic", "extra", "count"),
    [
        (MODIFIED, 8, 1),
        (MODIFIED, 8, 5),
        (MODIFIED, 12, 2),
        (MODIFIED, 12, 5),
        (MICRO, 8, 2),
        (MICRO, 4, 2),
        (MICRO, 4, 5),
    ],
)
def test_longer_record_headers_of_modified_files(order: str, magic: int, extra: int, count: int) -> None:
    tail = struct.pack(order + "IHBB", 2, 0x0800, 4, 0) + b"\1\2\3\4" if extra > 4 else b"\0\0\0\7"
    records = [record(PACKET, (100 + i, 5), order, 60 + i, extra=tail[:extra]) for i in range(count)]
    capture = read_pcap("x", pcap_header(order, magic) + b"".join(records))
    want = [(100 + i) * 1_000_000_000 + 5000 for i in range(count)]
    assert rows(capture) == [(want[i], 60, 60 + i, PACKET) for i in range(count)]


@pytest.mark.parametrize("version", [(2, 0), (2, 2), (543, 0)])
def test_old_versions_write_the_original_length_first(version: tuple[int, int]) -> None:
    capture = read_pcap("x", pcap_header(version=version) + 3 * record(PACKET, captured=90, length=60))
    assert [(p[1], p[2]) for p in rows(capture)] == [(60, 90)] * 3


@pytest.mark.parametrize(("captured", "length"), [(60, 90), (90, 60)])
def test_version_2_3_takes_the_smaller_length_as_captured(captured: int, length: int) -> None:
    capture = read_pcap("x", pcap_header(version=(2, 3)) + 3 * record(PACKET, captured=captured, length=length))
    assert [(p[1], p[2]) for p in rows(capture)] == [(60, 90)] * 3


def test_fraction_of_more_than_a_second_is_added() -> None:
    capture = read_pcap("x", pcap_header(magic=NANO) + record(PACKET, (10, 2_000_000_001)))
    assert capture.packet(1).time == 12_000_000_001


def test_seconds_are_unsigned() -> None:
    capture = read_pcap("x", pcap_header() + record(PACKET, (0xFFFFFFFF, 1)))
    assert capture.packet(1).time == 0xFFFFFFFF * 1_000_000_000 + 1000


def test_file_cut_inside_a_packet_keeps_the_whole_ones() -> None:
    data = pcap_header() + 28 * record(PACKET[:24]) + record(PACKET + bytes(6))
    capture = read_pcap("x", data[:-1])
    assert len(capture.table) == 28
    assert capture.issue == "file ends inside packet 29 at offset 1160: 66 bytes are needed, 65 are there"


def test_file_cut_inside_a_record_header() -> None:
    capture = read_pcap("x", pcap_header() + record(PACKET) + bytes(5))
    assert capture.issue == "file ends inside the header of packet 2 at offset 100: 16 bytes are needed, 5 are there"


def test_impossible_length_stops_reading() -> None:
    data = pcap_header() + record(PACKET) + record(b"", captured=0x7FFFFFFF) + bytes(300)
    capture = read_pcap("x", data)
    assert len(capture.table) == 1
    assert capture.issue == "packet 2 at offset 100 claims 2147483647 captured bytes of at most 262144: reading stopped"


def test_versions_before_2_are_refused() -> None:
    with pytest.raises(CaptureError, match=r"^old: pcap version 1\.4 is not known"):
        read_pcap("old", pcap_header(version=(1, 4)))


def test_cut_at_every_offset() -> None:
    data = pcap_header() + record(PACKET[:3]) + record(PACKET[:5]) + record(b"")
    ends = [24, 24 + 19, 24 + 19 + 21, len(data)]
    for size in range(len(data) + 1):
        if size < 24:
            with pytest.raises(CaptureError):
                read_pcap("x", data[:size])
            continue
        capture = read_pcap("x", data[:size])
        assert len(capture.table) == sum(end <= size for end in ends[1:])
        assert (capture.issue is None) == (size in ends)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_damage_gives_an_issue_or_an_error_and_packets_inside_the_file(data: st.DataObject) -> None:
    magic = data.draw(st.sampled_from([MICRO, NANO, MODIFIED]))
    order = data.draw(st.sampled_from("<>"))
    image = bytearray(pcap_header(order, magic) + b"".join(record(PACKET[:n], (n, n), order) for n in (0, 9, 60, 17)))
    for _ in range(data.draw(st.integers(1, 8))):
        image[data.draw(st.integers(4, len(image) - 1))] = data.draw(st.integers(0, 255))
    try:
        capture = read_pcap("x", bytes(image))
    except CaptureError:
        return
    for number in range(1, len(capture.table) + 1):
        packet = capture.packet(number)
        assert packet.captured == capture.table.captured[number - 1]
    assert capture.issue is not None or capture.table.starts[-1] + capture.table.captured[-1] == len(image)
