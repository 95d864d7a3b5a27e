import random
import struct

import numpy as np
import pytest

from inspector.model.field import Field
from inspector.model.packet import Packet
from inspector.net.columns import Headers
from inspector.net.headers import explain_packet
from net.frames import ACK, CLIENT, PSH, SERVER, ethernet, ipv4, ipv6, table, tcp, udp

DATA = b"GET / HTTP/1.1\r\n\r\n"
V4 = ipv4(tcp(7, DATA, PSH | ACK, 9))
V6 = ipv6(tcp(7, DATA, PSH | ACK, 9, hosts=("fe80::1", "fe80::2")))
SLL = struct.pack(">HHH", 0, 1, 6) + b"\x02\0\0\0\0\x01\0\0"
TAG = struct.pack(">H", 0x2005)

LINKS = {
    "ethernet": (1, ethernet(V4)),
    "vlan": (1, ethernet(TAG + b"\x08\0" + V4, 0x8100)),
    "qinq": (1, ethernet(TAG + b"\x81\0" + TAG + b"\x08\0" + V4, 0x88A8)),
    "stacked": (1, ethernet(TAG + b"\x91\0" + TAG + b"\x81\0" + TAG + b"\x08\0" + V4, 0x9100)),
    "snap": (1, ethernet(b"\xaa\xaa\x03\0\0\0\x08\0" + V4, 8 + len(V4))),
    "null little-endian": (0, b"\x02\0\0\0" + V4),
    "null big-endian": (0, b"\0\0\0\x02" + V4),
    "null macOS IPv6": (0, b"\x1e\0\0\0" + V6),
    "loop": (108, b"\0\0\0\x02" + V4),
    "loop OpenBSD IPv6": (108, b"\0\0\0\x18" + V6),
    "raw": (101, V4),
    "raw BSD": (12, V6),
    "raw OpenBSD": (14, V4),
    "ipv4": (228, V4),
    "ipv6": (229, V6),
    "sll": (113, SLL + b"\x08\0" + V4),
    "sll vlan": (113, SLL + b"\x81\0" + TAG + b"\x08\0" + V4),
    "sll2": (276, b"\x86\xdd\0\0\0\0\0\x01\0\x01\0\x06" + bytes(8) + V6),
}


def headers(frame: bytes, link: int = 1, length: int | None = None) -> Headers:
    return Headers(table([frame], link, None if length is None else [length]))


def payload(h: Headers, row: int = 0) -> bytes:
    start = int(h.start[row])
    return h.table.data(row + 1)[start : start + int(h.captured[row])]


@pytest.mark.parametrize("name", LINKS)
def test_every_link_type_leads_to_the_same_segment(name: str) -> None:
    link, frame = LINKS[name]
    h = headers(frame, link)
    assert (h.transport[0], h.sport[0], h.dport[0], h.seq[0], h.ack[0]) == (6, 40000, 80, 7, 9)
    assert (h.flags[0], h.window[0], h.length[0]) == (PSH | ACK, 1000, len(DATA))
    assert payload(h) == DATA


def test_mixed_link_types_in_one_table() -> None:
    frames = list(LINKS.values())
    t = table([frame for _, frame in frames])
    t.links = np.array([link for link, _ in frames], np.int32)
    h = Headers(t)
    assert [payload(h, i) for i in range(len(frames))] == [DATA] * len(frames)
    assert len(h.addresses) == 2


@pytest.mark.parametrize("link", [1, 0, 101, 113, 276, 999])
def test_empty_and_short_packets_are_no_segments(link: int) -> None:
    frame = LINKS["ethernet"][1]
    packets = [frame[:size] for size in range(54)]
    h = Headers(table(packets, link))
    assert not h.transport.any()


def test_an_empty_table() -> None:
    assert len(Headers(table([]))) == 0


def test_ipv4_options_are_stepped_over() -> None:
    h = headers(ethernet(ipv4(tcp(7, DATA), options=b"\x94\x04\0\0\x01\x01\x01\0")))
    assert payload(h) == DATA


def test_tcp_options_are_stepped_over() -> None:
    h = headers(ethernet(ipv4(tcp(7, DATA, options=b"\x01" * 40))))
    assert payload(h) == DATA


def test_padding_is_no_payload() -> None:
    h = headers(ethernet(ipv4(tcp(7, b"ab"))) + bytes(4))
    assert payload(h) == b"ab"


@pytest.mark.parametrize("frame", [ethernet(ipv4(tcp(7, DATA), total=0)), ethernet(ipv6(tcp(7, DATA), plen=0), 0x86DD)])
def test_length_zero_means_all_that_was_on_the_wire(frame: bytes) -> None:
    h = headers(frame)
    assert payload(h) == DATA


def test_offloaded_segment_above_64_kilobytes() -> None:
    data = bytes(range(256)) * 400
    h = headers(ethernet(ipv4(tcp(7, data), total=0)))
    assert payload(h) == data


def test_snap_length_leaves_the_promised_length() -> None:
    frame = ethernet(ipv4(tcp(7, DATA)))
    h = headers(frame[:60], length=len(frame))
    assert (h.length[0], h.captured[0]) == (len(DATA), 6)
    assert payload(h) == DATA[:6]


def test_snap_length_inside_tcp_options() -> None:
    frame = ethernet(ipv4(tcp(7, DATA, options=b"\x01" * 12)))
    h = headers(frame[:56], length=len(frame))
    assert (h.transport[0], h.length[0], h.captured[0]) == (6, len(DATA), 0)


@pytest.mark.parametrize(
    "frame",
    [
        ethernet(b"\x44" + V4[1:]),
        ethernet(b"\x65" + V4[1:]),
        ethernet(ipv4(tcp(7, DATA), total=19)),
        ethernet(ipv4(tcp(7, DATA)[:12] + b"\x40" + tcp(7, DATA)[13:])),
        ethernet(ipv4(tcp(7, DATA), proto=1)),
        ethernet(V4, 0x0806),
        ethernet(ipv4(b"\x03\x03" + bytes(6) + V4, proto=1)),
    ],
    ids=["header length 16", "version 6", "total 19", "TCP header 16", "protocol 1", "ARP", "inside ICMP"],
)
def test_what_is_no_segment(frame: bytes) -> None:
    assert not headers(frame).transport[0]


def extension(kind: int, following: int) -> bytes:
    if kind == 51:
        return struct.pack(">BBHIII", following, 4, 0, 1, 2, 3) + bytes(8)
    if kind == 44:
        return struct.pack(">BBHI", following, 0, 0, 9)
    return bytes([following, 1, 1, 12]) + bytes(12)


def test_ipv6_extension_headers_are_stepped_over() -> None:
    chain = [0, 60, 43, 44, 51, 60]
    body = tcp(7, DATA)
    following = 6
    for kind in reversed(chain):
        body = extension(kind, following) + body
        following = kind
    h = headers(ethernet(ipv6(body, nxt=0), 0x86DD))
    assert (h.proto[0], h.transport[0]) == (6, 6)
    assert payload(h) == DATA


def test_udp_length_bounds_the_payload() -> None:
    datagram = udp(b"question")
    h = headers(ethernet(ipv4(datagram + b"junk", proto=17)))
    assert (h.transport[0], payload(h)) == (17, b"question")
    short = datagram[:4] + b"\0\x03" + datagram[6:]
    assert headers(ethernet(ipv4(short, proto=17))).length[0] == 0
    zero = datagram[:4] + b"\0\0" + datagram[6:]
    assert payload(headers(ethernet(ipv4(zero, proto=17)))) == b"question"


def test_ipv6_addresses_are_shared_between_blocks() -> None:
    hosts = [(f"fe80::{i % 4 + 1}", "fe80::99") for i in range(10)]
    h = Headers(table([ethernet(ipv6(tcp(hosts=pair), hosts=pair), 0x86DD) for pair in hosts]), 3)
    assert len(h.addresses) == 5
    assert [h.addresses[i][-1] for i in h.src.tolist()] == [i % 4 + 1 for i in range(10)]


def fields_of(tree: Field) -> dict[str, object]:
    found: dict[str, object] = {}
    for f in tree.walk():
        found.setdefault(f.name, f.value)
        for bits in f.bits:
            found.setdefault(bits.name, bits.value)
    return found


def agree(h: Headers, row: int, packet: Packet) -> bool:
    """Hold the columns of one packet against its tree; whether there was a segment to compare."""
    tree = explain_packet(packet)
    layers = {child.name: child for child in tree.children}
    transport = int(h.transport[row])
    if not transport:
        return False
    name = "tcp" if transport == 6 else "udp"
    found = fields_of(tree)
    assert found[f"{name}.srcport"] == h.sport[row]
    assert found[f"{name}.dstport"] == h.dport[row]
    if transport == 6:
        assert found["tcp.seq_raw"] == h.seq[row]
        assert found["tcp.ack_raw"] == h.ack[row]
        assert found["tcp.window_size_value"] == h.window[row]
        assert int(str(found["tcp.flags"])) & 0xFF == h.flags[row]
    body = layers.get(f"{name}.payload")
    if body is not None and body.issue is None:
        assert (body.start, body.length) == (h.start[row], h.captured[row])
    elif body is None and tree.issue is None and layers[name].issue is None:
        assert not h.captured[row] or any(child.issue for child in layers[name].walk())
    return True


def mutated(rng: random.Random, packet: bytes) -> bytes:
    data = bytearray(packet)
    for _ in range(rng.randrange(4)):
        data[rng.randrange(len(data))] = rng.choice([0, 1, 4, 6, 17, 44, 51, 60, 0x45, 0x81, 0xFF, rng.randrange(256)])
    if rng.random() < 0.3:
        del data[rng.randrange(len(data)) :]
    if rng.random() < 0.1:
        data += rng.randbytes(rng.randrange(20))
    return bytes(data)


def test_columns_and_tree_agree_on_20000_mutated_packets() -> None:
    rng = random.Random(1)
    seeds = list(LINKS.values())
    body = tcp(7, DATA, options=b"\x02\x04\x05\xb4\x01\x03\x03\x07\x04\x02\x08\x0a" + bytes(8))
    seeds.append((1, ethernet(ipv4(body, options=b"\x94\x04\0\0"))))
    seeds.append((1, ethernet(ipv6(extension(60, 6) + body, nxt=60), 0x86DD)))
    seeds.append((1, ethernet(ipv4(udp(b"question"), proto=17)) + bytes(10)))
    compared = 0
    for _ in range(40):
        chosen = [rng.choice(seeds) for _ in range(500)]
        packets = [mutated(rng, frame) for _, frame in chosen]
        lengths = [len(p) + (rng.randrange(2000) if rng.random() < 0.2 else 0) for p in packets]
        t = table(packets, 1, lengths)
        t.links = np.array([link for link, _ in chosen], np.int32)
        h = Headers(t)
        for i, data in enumerate(packets):
            packet = Packet(i + 1, 0, data, lengths[i], chosen[i][0])
            tree = explain_packet(packet)
            end = 0
            for leaf in tree.leaves():
                assert leaf.start == end
                end = leaf.end
            assert end == len(data)
            compared += agree(h, i, packet)
    assert compared > 10_000


def test_hosts_of_the_helpers() -> None:
    h = headers(ethernet(V4))
    assert (h.src[0], h.dst[0]) == (0x0A000001, 0x0A000002)
    assert (CLIENT, SERVER) == ("10.0.0.1", "10.0.0.2")


def test_a_wire_length_beyond_belief_is_not_the_datagrams() -> None:
    frame = ethernet(ipv4(tcp(7, DATA), total=0))
    assert headers(frame, length=0xFFFFFFF0).length[0] == len(DATA)
    assert headers(frame, length=len(frame) + 500_000).length[0] == len(DATA) + 500_000
