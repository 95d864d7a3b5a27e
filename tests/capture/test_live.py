"""Parts of live capture that need no rights: ring blocks, filters, settings, growing files, interfaces."""

import shutil
import struct
import sys
from mmap import mmap
from pathlib import Path

import pytest

from inspector.capture.blocks import interface_block, packet_block, section_block, statistics_block
from inspector.capture.live import bpf, native, records
from inspector.capture.live import tail as tail_module
from inspector.capture.live.bpf import by_tcpdump, compile_filter
from inspector.capture.live.interfaces import by_scapy, interface_names, loopback_name, network_interfaces
from inspector.capture.live.orders import read_orders
from inspector.capture.live.records import Records, commented
from inspector.capture.live.ring import only_on, without_outgoing
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


@linux
def test_interfaces_are_the_same_whoever_is_asked() -> None:
    ours = {each.name: each for each in network_interfaces()}
    theirs = {each.name: each for each in by_scapy()}
    assert set(theirs) == set(ours) == set(interface_names())
    for name, each in theirs.items():
        assert (each.loopback, sorted(each.addresses)) == (ours[name].loopback, sorted(ours[name].addresses))
    assert ours["lo"].mtu > 1500


@linux
@pytest.mark.parametrize("link_type", [1, 101, 276])
def test_tcpdump_compiles_filters_like_libpcap(link_type: int) -> None:
    path = shutil.which("tcpdump")
    assert path is not None
    kind = 1 if link_type == 1 else 12
    assert by_tcpdump(path, "tcp port 9083", kind, 262_144) == compile_filter("tcp port 9083", link_type, 262_144)
    with pytest.raises(UsageError, match=r"-f tcp prot 80: .*syntax error"):
        by_tcpdump(path, "tcp prot 80", kind, 262_144)
    with pytest.raises(UsageError, match=r"-f -w x: "):
        by_tcpdump(path, "-w x", kind, 262_144)


@linux
def test_without_libpcap_tcpdump_compiles_and_without_both_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = compile_filter("udp", 1, 262_144)
    monkeypatch.setattr(bpf, "_library", lambda: None)
    assert compile_filter("udp", 1, 262_144) == wanted
    monkeypatch.setenv("PATH", "/nowhere")
    assert bpf.filter_compiler() == ""
    with pytest.raises(UsageError, match="needs libpcap or tcpdump"):
        compile_filter("udp", 1, 262_144)


def test_filters_of_several_interfaces_let_only_their_packets_through() -> None:
    program = only_on([(6, 0, 0, 9)], [3, 7])
    # load the interface's index; 3: three on; 7: two on; else drop
    assert program == [(0x28, 0, 0, 0xFFFFF008), (0x15, 2, 0, 3), (0x15, 1, 0, 7), (6, 0, 0, 0), (6, 0, 0, 9)]
    assert without_outgoing([(6, 0, 0, 9)], 1)[:2] == [(0x28, 0, 0, 0xFFFFF008), (0x15, 0, 3, 1)]


@pytest.mark.parametrize(
    ("text", "words"),
    [("files:3", (3, 0, 0.0)), ("filesize:20", (0, 20_000, 0.0)), ("duration:1.5", (0, 0, 1.5))],
)
def test_rings_of_files_are_those_of_dumpcap(text: str, words: tuple[int, int, float]) -> None:
    settings = Settings()
    settings.ring(text)
    assert (settings.files, settings.next_size, settings.next_duration) == words


def test_a_growing_file_may_begin_a_new_section(tmp_path: Path) -> None:
    """With other interfaces, and far behind the first one; its packets are read by them."""
    path = tmp_path / "grows.pcapng"
    path.write_bytes(section_block([]) + interface_block(1, 0, "lo") + packet_block(0, 1, 60, bytes(60), []))
    tail = Tail(str(path))
    first = tail.more()
    assert first is not None
    assert first.links.tolist() == [1]
    with path.open("ab") as file:
        file.write(section_block([]) + interface_block(101, 0) + interface_block(276, 0))
        for number in range(3):
            file.write(packet_block(number % 2, number, 60, bytes([number]) * 60, []))
            file.flush()
            table = tail.more()
            assert table is not None
            assert table.links.tolist() == [(101, 276)[number % 2]]
            assert table.data(1) == bytes([number]) * 60
    tail.close()


def test_a_block_longer_than_what_is_looked_at_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "CHUNK", 256)
    path = tmp_path / "grows.pcapng"
    path.write_bytes(section_block([]) + interface_block(1, 0, "lo") + packet_block(0, 1, 5000, bytes(5000), []))
    tail = Tail(str(path))
    found = [tail.more() for _ in range(10)]
    assert [len(table) for table in found if table is not None] == [1]
