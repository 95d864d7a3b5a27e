"""Parts of live capture that need no rights: ring blocks, filters, settings, growing files, interfaces."""

import struct
import sys
from mmap import mmap
from pathlib import Path

import pytest

from inspector.capture.blocks import interface_block, packet_block, section_block, statistics_block
from inspector.capture.live import native, records
from inspector.capture.live.bpf import compile_filter
from inspector.capture.live.interfaces import interface_names, loopback_name, network_interfaces
from inspector.capture.live.orders import read_orders
from inspector.capture.live.records import Records, commented
from inspector.capture.live.ring import without_outgoing
from inspector.capture.live.settings import Settings
from inspector.capture.live.tail import Tail
from inspector.capture.pcapng import read_pcapng
from inspector.model.errors import CaptureError, UsageError

linux = pytest.mark.skipif(sys.platform != "linux", reason="AF_PACKET is Linux's")
FRAME = bytes(range(64)) * 2


def ring_block(frames: list[bytes], vlan: int | None = None, mac: int = 82, start: int = 1700000000) -> mmap:
    """A block as the kernel lays it out (linux/if_packet.h), its packets a microsecond apart."""
    packets = b""
    for number, frame in enumerate(frames):
        size = -(-(mac + len(frame)) // 16) * 16
        status = 1 | (0x10 if vlan is not None else 0)
        following = 0 if number == len(frames) - 1 else size
        head = struct.pack(
            "<IIIIIIHHIIHH",
            following,
            start,
            999_990_000 + 1000 * number,
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
        # sockaddr_ll: AF_PACKET, IPv4, interface 3, Ethernet, to us, six bytes of address
        link = struct.pack("<H2sIHBB8s", 17, b"\x08\x00", 3, 1, 0, 6, bytes(range(1, 7)))
        packets += ((head.ljust(48, b"\0") + link).ljust(mac, b"\0") + frame).ljust(size, b"\0")
    first = struct.pack("<IIIIII", 3, 48, 1, len(frames), 48, 48 + len(packets)).ljust(48, b"\0")
    image = mmap(-1, 1 << 20)
    image[: len(first + packets)] = first + packets
    return image


@pytest.fixture(params=["loop", "native"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both loops over packets, whichever is compiled here."""
    monkeypatch.setattr(records, "convert", native.convert if request.param == "native" else None)
    return str(request.param)


def taken(block: mmap, most: int = 1 << 62, made: Records | None = None) -> tuple[Records, bytes]:
    made = made or Records(14)
    data = made.take(block, 0, most)
    return made, section_block([]) + interface_block(276 if made.cooked else 1, 262_144, "lo") + data


@pytest.mark.parametrize("start", [1700000000, 4_000_000_000, 1700000004])
def test_ring_blocks_become_packets(way: str, start: int) -> None:
    frames = [FRAME[:61], FRAME[:62], FRAME[:63], FRAME]
    made, image = taken(ring_block(frames, start=start))
    table = read_pcapng("x", image).table
    assert [table.data(n) for n in range(1, 5)] == frames
    times = [start * 1_000_000_000 + 999_990_000 + 1000 * n for n in range(4)]
    assert table.times.tolist() == times
    assert made.last_time == times[-1]
    assert made.count == 4
    assert made.opened == []


def test_no_more_packets_than_wanted(way: str) -> None:
    made, image = taken(ring_block([FRAME] * 5), 3)
    assert len(read_pcapng("x", image).table) == 3 == made.count


def test_a_block_without_packets_gives_none(way: str) -> None:
    assert taken(ring_block([]))[0].count == 0


def test_a_vlan_tag_that_the_card_took_out_is_put_back(way: str) -> None:
    _, image = taken(ring_block([FRAME], vlan=7))
    table = read_pcapng("x", image).table
    assert table.data(1) == FRAME[:12] + b"\x81\x00\x00\x07" + FRAME[12:]
    assert table.lengths[0] == len(FRAME) + 4


def syn_packet(version: int, flags: int) -> bytes:
    tcp = struct.pack(">HHIIBBHHH", 1, 2, 3, 4, 5 << 4, flags, 6, 7, 0)
    if version == 4:
        return bytes([0x45]) + bytes(8) + bytes([6]) + bytes(10) + tcp
    return b"\x60" + bytes(5) + bytes([6, 64]) + bytes(32) + tcp


@pytest.mark.parametrize(("version", "flags"), [(4, 2), (6, 2), (4, 16), (4, 18), (6, 18)])
def test_segments_that_open_a_connection_are_found_and_commented(way: str, version: int, flags: int) -> None:
    frame = bytes(12) + (b"\x08\x00" if version == 4 else b"\x86\xdd") + syn_packet(version, flags)
    made = Records(14)
    data = made.take(ring_block([FRAME, frame, frame, FRAME[:61]]), 0, 10)
    assert len(made.opened) == (2 if flags == 2 else 0)
    for number, at in reversed(list(enumerate(made.opened))):
        assert made.frame(data, at) == frame
        data = commented(data, at, f"client curl (pid {number})")
    capture = read_pcapng("x", section_block([]) + interface_block(1, 0) + data)
    assert capture.issue is None
    wanted = {2: ["client curl (pid 0)"], 3: ["client curl (pid 1)"]}
    assert capture.comments == (wanted if flags == 2 else {})
    assert [capture.table.data(n) for n in range(1, 5)] == [FRAME, frame, frame, FRAME[:61]]


def test_packets_without_a_link_header_get_one(way: str) -> None:
    made, image = taken(ring_block([syn_packet(4, 2)], mac=96), made=Records(0, cooked=True))
    table = read_pcapng("x", image).table
    # LINKTYPE_LINUX_SLL2: protocol, reserved, interface, ARPHRD, direction, length of address, address
    header = b"\x08\x00" + bytes(2) + b"\0\0\0\3" + b"\0\1" + b"\0" + b"\6" + bytes(range(1, 7)) + bytes(2)
    assert table.data(1) == header + syn_packet(4, 2)
    assert made.frame(image[len(image) - made_length(image) :], 0)[14:] == syn_packet(4, 2)


def made_length(image: bytes) -> int:
    """Bytes of the last block."""
    return int.from_bytes(image[-4:], "little")


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
    settings.interface = "lo"
    orders = settings.orders()
    assert read_orders(orders.written()).written() == orders.written()
    assert (orders.duration, orders.packets, orders.file_size) == (1.5, 7, 12_000)


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
