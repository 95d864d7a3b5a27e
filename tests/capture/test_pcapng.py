"""pcapng: sections, interfaces, all packet blocks, options, secrets, unknown blocks, damage."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.blocks import PACKET, block, enhanced, interface, obsolete, option, secrets, section, simple
from inspector.capture.limits import NO_PACKET
from inspector.capture.pcapng import is_pcapng, read_pcapng
from inspector.capture.table import Secrets
from inspector.model.errors import CaptureError

T = 1_700_000_000_123_456
NS = T * 1000


@pytest.mark.parametrize("order", ["<", ">"])
def test_enhanced_packets_in_both_byte_orders(order: str) -> None:
    data = section(order) + interface(113, 96, order=order) + enhanced(PACKET[:7], T, order=order, length=90)
    capture = read_pcapng("x", data)
    packet = capture.packet(1)
    assert (packet.time, packet.data, packet.length, packet.link_type) == (NS, PACKET[:7], 90, 113)
    assert (capture.interfaces[0].snap_length, capture.issue) == (96, None)
    assert is_pcapng(data[:4])


def test_sections_of_either_byte_order_count_interfaces_anew() -> None:
    data = b""
    for order, link_type in (("<", 1), (">", 101), ("<", 113)):
        data += section(order) + interface(0, order=order) + interface(link_type, order=order)
        data += enhanced(PACKET, T, 1, order) + enhanced(PACKET, T + 1, 0, order)
    capture = read_pcapng("x", data)
    assert capture.table.links.tolist() == [1, 0, 101, 0, 113, 0]
    assert capture.table.interfaces.tolist() == [1, 0, 3, 2, 5, 4]
    assert capture.table.times.tolist() == [NS, NS + 1000] * 3


@pytest.mark.parametrize(
    ("resolution", "ticks", "want"),
    [(6, T, NS), (9, NS, NS), (3, 1500, 1_500_000_000), (0x8A, 1536, 1_500_000_000), (0xA0, 3 << 31, 1_500_000_000)],
)
def test_resolution_and_offset_of_an_interface(resolution: int, ticks: int, want: int) -> None:
    options = option(9, bytes([resolution])) + option(14, struct.pack("<q", -2)) + option(0, b"")
    capture = read_pcapng("x", section() + interface(options=options) + enhanced(PACKET, ticks))
    assert capture.packet(1).time == want - 2_000_000_000


def test_names_of_interfaces() -> None:
    options = option(2, b"eth0") + option(3, "reunião".encode()) + option(0, b"") + option(2, b"after the end")
    capture = read_pcapng("x", section() + interface(options=options))
    assert (capture.interfaces[0].name, capture.interfaces[0].description) == ("eth0", "reunião")


def test_simple_packets_are_cut_at_the_snap_length_of_the_first_interface_and_have_no_time() -> None:
    data = section() + interface(snap_length=20, options=option(14, struct.pack("<q", 99)))
    capture = read_pcapng("x", data + interface(113) + simple(PACKET[:20], 60) + simple(PACKET[:9], 9))
    table = capture.table
    assert table.captured.tolist() == [20, 9]
    assert table.lengths.tolist() == [60, 9]
    assert table.times.tolist() == [0, 0]
    assert table.links.tolist() == [1, 1]


def test_obsolete_packet_blocks_between_enhanced_ones() -> None:
    comment = option(1, b"old") + option(0, b"")
    data = section() + interface() + interface(101) + enhanced() + obsolete(PACKET, T, 1, options=comment) + enhanced()
    capture = read_pcapng("x", data)
    assert capture.table.links.tolist() == [1, 101, 1]
    assert capture.table.times.tolist() == [NS, NS, NS]
    assert capture.comments == {2: ["old"]}


@pytest.mark.parametrize("order", ["<", ">"])
def test_comments_of_the_file_and_of_packets(order: str) -> None:
    end = option(0, b"", order)
    two = option(2, b"\0\0\0\0", order) + option(1, b"first", order) + option(1, b"s\xffcond", order) + end
    data = section(order, option(1, b"whole file", order) + end) + interface(order=order)
    data += (
        enhanced(order=order)
        + enhanced(order=order, options=two)
        + enhanced(order=order, options=option(1, b"no end", order))
    )
    capture = read_pcapng("x", data)
    assert capture.comments == {0: ["whole file"], 2: ["first", "s\ufffdcond"], 3: ["no end"]}
    assert capture.packet(2).comments == ["first", "s\ufffdcond"]


def test_options_that_run_over_their_block_are_left_out() -> None:
    broken = struct.pack("<HH", 1, 400) + b"abcd"
    capture = read_pcapng("x", section() + interface(options=broken) + enhanced(options=broken) + enhanced())
    assert (len(capture.table), capture.comments) == (2, {})


def test_secrets_are_kept_as_they_are() -> None:
    log = b"CLIENT_RANDOM 00 11\n"
    capture = read_pcapng("x", section() + secrets(log) + interface() + enhanced() + secrets(b"w", 0x57474B4C))
    assert capture.secrets == [Secrets(0x544C534B, log), Secrets(0x57474B4C, b"w")]


def test_unknown_blocks_are_skipped() -> None:
    unknown = block(0x80000001, b"whatever") + block(4, bytes(8)) + block(5, bytes(12)) + block(0x77, b"")
    capture = read_pcapng("x", section() + unknown + interface() + unknown + enhanced() + unknown + enhanced())
    assert (len(capture.table), capture.issue) == (2, None)


@pytest.mark.parametrize("kind", [0x0BAD, 0x40000BAD])
def test_custom_blocks_are_numbered_but_hold_no_packet(kind: int) -> None:
    custom = block(kind, struct.pack("<I", 32473) + b"own data")
    capture = read_pcapng("x", section() + custom + interface() + enhanced() + custom + enhanced())
    assert capture.table.links.tolist() == [NO_PACKET, 1, NO_PACKET, 1]
    assert capture.table.interfaces.tolist() == [-1, 0, -1, 0]
    assert capture.packet(3).data == b"own data"
    assert capture.table.times.tolist() == [0, NS, 0, NS]


def test_unknown_interface_takes_the_link_type_of_the_first() -> None:
    capture = read_pcapng("x", section() + interface(101) + enhanced() + enhanced(index=3) + enhanced())
    assert capture.table.links.tolist() == [101] * 3
    assert capture.issue == (
        "the packet block at offset 140 names interface 3 of 1: its link type is taken from the first"
    )


def test_packet_in_a_section_without_interfaces_is_left_out() -> None:
    capture = read_pcapng("x", section() + enhanced() + interface() + enhanced())
    assert len(capture.table) == 1
    assert "interface 0 of 0" in (capture.issue or "")


def test_block_length_that_is_no_multiple_of_four_counts_as_padded() -> None:
    odd = struct.pack("<II", 0x77, 17) + b"12345\0\0\0" + struct.pack("<I", 17)
    capture = read_pcapng("x", section() + interface() + enhanced() + odd + enhanced())
    assert (len(capture.table), capture.issue) == (2, None)


@pytest.mark.parametrize(
    ("damaged", "issue"),
    [
        (block(6, b"", total=0), "the packet at offset 140 has a block of 0 bytes, too few: reading stopped"),
        (block(6, bytes(8)), "the packet at offset 140 has a block of 20 bytes, too few: reading stopped"),
        (block(0x77, b"1234", trailer=20), "the block at offset 140 claims 16 bytes before and 20 after its body"),
        (enhanced(captured=61), "packet 2 at offset 140 claims 61 captured bytes of at most 60: reading stopped"),
        (
            enhanced(bytes(300_000)),
            "packet 2 at offset 140 claims 300000 captured bytes of at most 262144: reading stopped",
        ),
        (
            b"\6\0\0\0\0\1",
            "file ends inside the block header after packet 1 at offset 140: 12 bytes are needed, 6 are there",
        ),
        (section(version=(9, 9)), "the section at offset 140 is of pcapng version 9.9, which is not known"),
    ],
)
def test_damage_stops_reading_and_is_named(damaged: bytes, issue: str) -> None:
    after = b"" if len(damaged) < 12 else enhanced()
    capture = read_pcapng("x", section() + interface() + enhanced() + damaged + after)
    assert len(capture.table) == 1
    assert capture.issue == issue


def test_file_cut_inside_a_packet_names_it() -> None:
    capture = read_pcapng("x", (section() + interface() + 3 * enhanced())[:-1])
    assert len(capture.table) == 2
    assert capture.issue == "file ends inside packet 3 at offset 232: 92 bytes are needed, 91 are there"


def test_wrong_byte_order_magic_is_refused() -> None:
    data = bytearray(section())
    data[8] = 0
    with pytest.raises(CaptureError, match="no byte-order magic but 00 3c 2b 1a"):
        read_pcapng("x", bytes(data))


MIXED = (
    section(options=option(1, b"file") + option(0, b""))
    + interface(options=option(2, b"lo") + option(9, b"\x09") + option(0, b""))
    + secrets(b"key log")
    + enhanced(PACKET[:5], NS, options=option(1, b"packet") + option(0, b""))
    + simple(PACKET[:6], 6)
    + block(0x0BAD, b"\0\0\0\0own")
    + section(">")
    + interface(101, order=">")
    + obsolete(PACKET[:9], T, order=">")
    + enhanced(PACKET[:5], T, order=">")
)


def test_cut_at_every_offset() -> None:
    counts = set()
    for size in range(len(MIXED)):
        try:
            capture = read_pcapng("x", MIXED[:size])
        except CaptureError:
            assert size < 40
            continue
        counts.add(len(capture.table))
        for number in range(1, len(capture.table) + 1):
            assert capture.packet(number).captured == capture.table.captured[number - 1]
    assert counts == {0, 1, 2, 3, 4}
    assert len(read_pcapng("x", MIXED).table) == 5


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_any_damage_gives_an_issue_or_an_error_and_packets_inside_the_file(data: st.DataObject) -> None:
    image = bytearray(MIXED)
    for _ in range(data.draw(st.integers(1, 8))):
        image[data.draw(st.integers(4, len(image) - 1))] = data.draw(
            st.sampled_from([0, 1, 4, 8, 12, 16, 127, 128, 255])
        )
    try:
        capture = read_pcapng("x", bytes(image))
    except CaptureError:
        return
    for number in range(1, len(capture.table) + 1):
        packet = capture.packet(number)
        assert packet.captured == capture.table.captured[number - 1]
        assert packet.interface < len(capture.interfaces)
