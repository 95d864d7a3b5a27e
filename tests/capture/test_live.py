"""Parts of live capture that need no rights: ring blocks, filters, settings, growing files, interfaces."""

import struct
import sys
from pathlib import Path

import pytest

from inspector.capture.blocks import interface_block, packet_block, section_block, statistics_block
from inspector.capture.live.bpf import compile_filter
from inspector.capture.live.interfaces import interface_names, loopback_name, network_interfaces
from inspector.capture.live.records import Records
from inspector.capture.live.ring import without_outgoing
from inspector.capture.live.settings import Settings, read_settings
from inspector.capture.live.tail import Tail
from inspector.capture.pcapng import read_pcapng
from inspector.model.errors import CaptureError, UsageError

linux = pytest.mark.skipif(sys.platform != "linux", reason="AF_PACKET is Linux's")
FRAME = bytes(range(64)) * 2


def ring_block(frames: list[bytes], vlan: int | None = None) -> memoryview:
    """A block as the kernel lays it out (linux/if_packet.h), its packets a microsecond apart."""
    packets = b""
    for number, frame in enumerate(frames):
        mac = 82
        size = -(-(mac + len(frame)) // 16) * 16
        status = 1 | (0x10 if vlan is not None else 0)
        following = 0 if number == len(frames) - 1 else size
        head = struct.pack(
            "<IIIIIIHHIIHH",
            following,
            1700000000,
            1000 * number,
            len(frame),
            len(frame),
            status,
            mac,
            96,
            0,
            vlan or 0,
            0,
            0,
        )
        packets += (head.ljust(mac, b"\0") + frame).ljust(size, b"\0")
    start = struct.pack("<IIIIII", 3, 48, 1, len(frames), 48, 48 + len(packets)).ljust(48, b"\0")
    return memoryview(start + packets)


def taken(block: memoryview, most: int = 1 << 62) -> tuple[Records, list[int], bytes]:
    records = Records()
    opened = records.take(block, most)
    return records, opened, section_block([]) + interface_block(1, 262_144, "lo") + records.joined()


def test_ring_blocks_become_packets() -> None:
    frames = [FRAME[:61], FRAME[:62], FRAME[:63], FRAME]
    records, opened, image = taken(ring_block(frames))
    table = read_pcapng("x", image).table
    assert [table.data(n) for n in range(1, 5)] == frames
    assert table.times.tolist() == [1700000000_000000000 + 1000 * n for n in range(4)]
    assert records.count == 4
    assert opened == []


def test_no_more_packets_than_wanted() -> None:
    records, _, image = taken(ring_block([FRAME] * 5), 3)
    assert len(read_pcapng("x", image).table) == 3 == records.count


def test_a_vlan_tag_that_the_card_took_out_is_put_back() -> None:
    _, _, image = taken(ring_block([FRAME], vlan=7))
    table = read_pcapng("x", image).table
    assert table.data(1) == FRAME[:12] + b"\x81\x00\x00\x07" + FRAME[12:]
    assert table.lengths[0] == len(FRAME) + 4


@pytest.mark.parametrize(("version", "syn"), [(4, True), (6, True), (4, False)])
def test_segments_that_open_a_connection_are_found_and_commented(version: int, syn: bool) -> None:
    flags = 2 if syn else 16
    tcp = struct.pack(">HHIIBBHHH", 1, 2, 3, 4, 5 << 4, flags, 6, 7, 0)
    if version == 4:
        ip = bytes([0x45]) + bytes(8) + bytes([6]) + bytes(10)
        frame = bytes(12) + b"\x08\x00" + ip + tcp
    else:
        frame = bytes(12) + b"\x86\xdd" + b"\x60" + bytes(5) + bytes([6, 64]) + bytes(32) + tcp
    records = Records()
    opened = records.take(ring_block([FRAME, frame]), 10)
    assert opened == ([3] if syn else [])
    for index in opened:
        records.comment(index, "client curl (pid 5)")
    capture = read_pcapng("x", section_block([]) + interface_block(1, 0) + records.joined())
    assert capture.issue is None
    assert capture.comments == ({2: ["client curl (pid 5)"]} if syn else {})
    assert capture.table.data(2) == frame


@linux
def test_filters_are_compiled_for_the_kernel() -> None:
    assert compile_filter("", 1, 100) == [(6, 0, 0, 100)]
    program = compile_filter("tcp port 9083", 1, 262_144)
    assert program[-1] == (6, 0, 0, 0)
    assert any(code == 0x15 and k == 9083 for code, _, _, k in program)
    assert without_outgoing(program)[3:] == program


@linux
def test_filters_that_make_no_sense_are_named() -> None:
    with pytest.raises(UsageError, match=r"tcp prot 80: .*syntax error"):
        compile_filter("tcp prot 80", 1, 262_144)


def test_limits_are_those_of_dumpcap() -> None:
    settings = Settings()
    for text in ("duration:1.5", "packets:7", "filesize:12"):
        settings.limit(text)
    assert (settings.duration, settings.packets, settings.file_size) == (1.5, 7, 12_000)
    assert read_settings(settings.written()) == settings


@pytest.mark.parametrize("text", ["", "packets", "packets:0", "hours:1", "duration:-1", "duration:1s"])
def test_other_limits_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="duration:SECONDS"):
        Settings().limit(text)


def test_a_growing_file_gives_each_packet_once(tmp_path: Path) -> None:
    path = tmp_path / "grows.pcapng"
    blocks = [packet_block(0, n, 60, bytes([n]) * 60, ["note"] if n == 3 else []) for n in range(1, 9)]
    image = section_block([]) + interface_block(1, 0, "lo") + b"".join(blocks) + statistics_block(0, 9, 8, 0)
    path.write_bytes(b"")
    tail = Tail(str(path))
    seen: list[bytes] = []
    comments: list[int] = []
    with path.open("ab") as file:
        for at in range(0, len(image), 37):
            file.write(image[at : at + 37])
            file.flush()
            before = tail.count
            table = tail.more()
            if table is not None:
                seen += [table.data(n) for n in range(1, len(table) + 1)]
                comments += [before + number for number in tail.comments]
                first = int(table.starts[0]) + tail.shift
                assert tail.read(first, 60) == table.data(1)
    assert seen == [bytes([n]) * 60 for n in range(1, 9)]
    assert comments == [3]
    tail.close()


def test_what_is_no_capture_is_said(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_bytes(b"garbage and more garbage")
    with pytest.raises(CaptureError, match="67 61 72 62"):
        Tail(str(path)).more()


@linux
def test_the_loopback_comes_first() -> None:
    assert interface_names()[0] == loopback_name() == "lo"
    lo = network_interfaces()[0]
    assert lo.loopback
    assert lo.state == "up"
    assert "127.0.0.1" in lo.addresses
