import struct

import pytest

from inspector.model.field import Field
from inspector.model.packet import Packet
from inspector.net.headers import explain_packet, understands
from net.frames import ACK, SYN, ethernet, ipv4, ipv6, tcp, udp

OPTIONS = (
    b"\x02\x04\x05\xb4" + b"\x04\x02" + b"\x08\x0a\0\0\0\x07\0\0\0\x08" + b"\x01" + b"\x03\x03\x07"
    b"\x05\x0a\0\0\0\x01\0\0\0\x05" + b"\xfd\x04\xab\xcd" + b"\0\0"
)


def explain(data: bytes, link: int = 1, length: int | None = None) -> Field:
    return explain_packet(Packet(1, 0, data, len(data) if length is None else length, link))


def values(tree: Field) -> dict[str, object]:
    found: dict[str, object] = {}
    for f in tree.walk():
        found.setdefault(f.name, f.value)
        for bits in f.bits:
            found.setdefault(bits.name, bits.value)
    return found


def leaf(tree: Field, name: str) -> Field:
    return next(f for f in tree.walk() if f.name == name)


def tiles(tree: Field, size: int) -> bool:
    ends = [0, *(f.end for f in tree.leaves())]
    return [f.start for f in tree.leaves()] == ends[:-1] and ends[-1] == size


def test_ethernet_ipv4_tcp() -> None:
    data = ethernet(ipv4(tcp(1, b"hello", SYN | ACK, 2, options=OPTIONS)))
    tree = explain(data)
    assert [child.name for child in tree.children] == ["eth", "ip", "tcp", "tcp.payload"]
    expected: dict[str, object] = {
        "eth.dst": "02:00:00:00:00:01",
        "eth.src": "02:00:00:00:00:02",
        "eth.type": 0x0800,
        "ip.version": 4,
        "ip.hdr_len": 20,
        "ip.dsfield.dscp": 0,
        "ip.dsfield.ecn": 0,
        "ip.len": len(data) - 14,
        "ip.id": 1,
        "ip.flags": 2,
        "ip.flags.df": 1,
        "ip.flags.mf": 0,
        "ip.frag_offset": 0,
        "ip.ttl": 64,
        "ip.proto": 6,
        "ip.src": "10.0.0.1",
        "ip.dst": "10.0.0.2",
        "tcp.srcport": 40000,
        "tcp.dstport": 80,
        "tcp.seq_raw": 1,
        "tcp.ack_raw": 2,
        "tcp.flags": 0x12,
        "tcp.hdr_len": 20 + len(OPTIONS),
        "tcp.flags.syn": 1,
        "tcp.flags.ack": 1,
        "tcp.flags.fin": 0,
        "tcp.window_size_value": 1000,
        "tcp.urgent_pointer": 0,
        "tcp.options.mss_val": 1460,
        "tcp.options.wscale.shift": 7,
        "tcp.options.timestamp.tsval": 7,
        "tcp.options.timestamp.tsecr": 8,
        "tcp.options.sack_le": 1,
        "tcp.options.sack_re": 5,
    }
    found = values(tree)
    assert {name: found[name] for name in expected} == expected
    options = leaf(tree, "tcp.options")
    assert [child.name.removeprefix("tcp.options.") for child in options.children] == [
        "mss", "sack_perm", "timestamp", "nop", "wscale", "sack", "unknown", "eol", "padding",
    ]  # fmt: skip
    assert tiles(tree, len(data))
    assert not [f.issue for f in tree.walk() if f.issue]


def test_ipv6_with_extension_headers_and_udp() -> None:
    hop = b"\x2c\0" + b"\x05\x02\0\0" + b"\x01\0"
    fragment = b"\x3c\0\0\0\0\0\0\x07"
    destination = b"\x11\0" + b"\x00" + b"\xc2\x03abc"
    hosts = ("fe80::1", "fe80::2")
    data = ethernet(ipv6(hop + fragment + destination + udp(b"question", hosts=hosts), nxt=0), 0x86DD)
    tree = explain(data)
    assert [child.name for child in tree.children] == ["eth", "ipv6", "udp", "udp.payload"]
    found = values(tree)
    assert (found["ipv6.tclass"], found["ipv6.flow"], found["ipv6.hlim"]) == (0xAB, 0x12345, 63)
    assert (found["ipv6.tclass.dscp"], found["ipv6.tclass.ecn"]) == (0x2A, 3)
    assert (found["ipv6.src"], found["ipv6.dst"]) == hosts
    assert (found["ipv6.opt.router_alert"], found["ipv6.fraghdr.ident"], found["ipv6.fraghdr.offset"]) == (0, 7, 0)
    assert found["udp.length"] == 16
    assert leaf(tree, "udp.checksum").issue is None
    assert tiles(tree, len(data))


def test_routing_authentication_and_other_extension_headers() -> None:
    routing = b"\x33\0\x02\x01\0\0\0\0"
    authentication = b"\x8b\x04\0\0" + struct.pack(">II", 5, 6) + bytes(12)
    hip = b"\x06\0" + bytes(6)
    data = ipv6(routing + authentication + hip + tcp(1, b"x", hosts=("fe80::1", "fe80::2")), nxt=43)
    tree = explain(data, 101)
    found = values(tree)
    assert (found["ipv6.routing.type"], found["ipv6.routing.segleft"]) == (2, 1)
    assert (found["ah.spi"], found["ah.sequence"]) == (5, 6)
    assert leaf(tree, "ah.icv").length == 12
    assert tiles(tree, len(data))


def test_link_headers() -> None:
    segment = ipv4(tcp(1, b"x"))
    tag = b"\xa0\x05"
    found = values(explain(ethernet(tag + b"\x81\0" + b"\x30\x06" + b"\x08\0" + segment, 0x88A8)))
    assert (found["vlan.id"], found["vlan.priority"], found["vlan.dei"]) == (5, 5, 0)
    cooked = struct.pack(">HHH", 4, 772, 6) + b"\x02\0\0\0\0\x09\0\0" + b"\x08\0" + segment
    found = values(explain(cooked, 113))
    assert (found["sll.pkttype"], found["sll.src.eth"], found["sll.etype"]) == (4, "02:00:00:00:00:09", 0x0800)
    cooked = struct.pack(">HHIHBB", 0x0800, 0, 3, 1, 0, 4) + b"\x0a\0\0\x01" + bytes(4) + segment
    found = values(explain(cooked, 276))
    assert (found["sll.ifindex"], found["sll.src.other"]) == (3, "0a:00:00:01")
    assert values(explain(b"\x02\0\0\0" + segment, 0))["null.family"] == 2
    assert values(explain(b"\0\0\0\x02" + segment, 108))["null.family"] == 2
    found = values(explain(ethernet(b"\xaa\xaa\x03\0\0\0\x08\0" + segment, 60)))
    assert (found["llc.type"], found["eth.len"], found["tcp.srcport"]) == (0x0800, 60, 40000)


def test_bad_checksums_are_remarks() -> None:
    good = ethernet(ipv4(tcp(1, b"odd")))
    tree = explain(good)
    assert leaf(tree, "tcp.checksum").issue is None
    assert leaf(tree, "ip.checksum").issue is None
    bad = bytearray(good)
    bad[24] ^= 1
    bad[50] ^= 1
    tree = explain(bytes(bad))
    right = int.from_bytes(good[50:52], "big")
    assert f"computed 0x{right:04x}" in str(leaf(tree, "tcp.checksum").issue)
    assert "bad checksum" in str(leaf(tree, "ip.checksum").issue)
    assert values(tree)["tcp.checksum"] != right
    assert tree.issue is None


def test_checksums_are_not_judged_when_bytes_are_missing() -> None:
    data = ethernet(ipv4(tcp(1, bytes(100))))
    tree = explain(data[:100], length=len(data))
    assert leaf(tree, "tcp.checksum").issue is None
    assert leaf(tree, "tcp.payload").issue == "46 of 100 bytes were captured"


def test_padding_and_trailers() -> None:
    small = ethernet(ipv4(tcp(1, b"x")))
    tree = explain(small + bytes(5))
    assert (tree.children[-1].name, tree.children[-1].length) == ("eth.padding", 5)
    tree = explain(small + b"\x01\x02\x03\x04")
    assert tree.children[-1].name == "eth.trailer"
    tree = explain(ipv4(tcp(1, b"x")) + b"\0", 101)
    assert tree.children[-1].name == "frame.trailer"


@pytest.mark.parametrize("place", [0x2000, 0x0001, 0x2003])
def test_fragments(place: int) -> None:
    tree = explain(ethernet(ipv4(tcp(1, bytes(12)), place=place)))
    names = [child.name for child in tree.children]
    assert names == (["eth", "ip", "tcp", "tcp.payload"] if place == 0x2000 else ["eth", "ip", "data"])
    assert values(tree)["ip.frag_offset"] == place & 0x1FFF


def test_a_first_fragment_too_small_for_its_header() -> None:
    tree = explain(ethernet(ipv4(tcp(1)[:8], place=0x2000)))
    assert [child.name for child in tree.children] == ["eth", "ip", "data"]


def test_every_truncation_gives_a_tree_and_an_issue() -> None:
    body = tcp(1, b"", SYN, options=OPTIONS, hosts=("fe80::1", "fe80::2"))
    for whole in (
        ethernet(
            b"\x20\x05\x08\0" + ipv4(tcp(1, b"", SYN, options=OPTIONS), options=b"\x94\x04\0\0\x44\x04\0\0"), 0x8100
        ),
        ethernet(ipv6(b"\x06\0\x05\x02\0\0\x01\0" + body, nxt=60), 0x86DD),
    ):
        assert explain(whole).issue is None
        for size in range(len(whole)):
            tree = explain(whole[:size], length=len(whole))
            assert tiles(tree, size)
            issues = [f.issue for f in tree.walk() if f.issue]
            assert any(f"{size} of {len(whole)} bytes were captured" in issue for issue in issues)


def test_malformed_headers_give_a_tree_and_an_issue() -> None:
    good = ethernet(ipv4(tcp(1, b"x")))
    for at, value, text in [
        (14, 0x43, "header length 12 is below 20"),
        (14, 0x65, "IP version 6 where 4 is due"),
        (17, 10, "total length 10 is below the header length 20"),
        (46, 0x10, "header length 4 is below 20"),
        (46, 0xF0, "header length 60 reaches past the end"),
    ]:
        data = bytearray(good)
        data[at] = value
        tree = explain(bytes(data))
        assert text in str(next(f.issue for f in tree.walk() if f.name == "gap"))
        assert tiles(tree, len(data))


@pytest.mark.parametrize(
    "options", [b"\x02\x00\x01\x01", b"\x02\x09\x01\x01", b"\x01\x01\x01\x02", b"\x08\x03\x00\x01"]
)
def test_odd_tcp_options_do_not_hide_the_payload(options: bytes) -> None:
    tree = explain(ethernet(ipv4(tcp(1, b"data", options=options))))
    assert tree.children[-1].name == "tcp.payload"
    assert tree.issue is None


def test_what_is_understood() -> None:
    def understood(data: bytes, link: int = 1) -> bool:
        return understands(Packet(1, 0, data, len(data), link))

    assert understood(ethernet(ipv4(tcp(1))))
    assert understood(ethernet(ipv4(udp(), proto=17)))
    assert not understood(ethernet(ipv4(bytes(20), proto=1)))
    assert not understood(ethernet(bytes(28), 0x0806))
    assert not understood(bytes(40), 147)
    assert understood(ethernet(ipv4(tcp(1)))[:30])


def test_an_empty_packet() -> None:
    tree = explain(b"", length=60)
    assert (tree.start, tree.end) == (0, 0)
    assert any("only 0 of 60 bytes were captured" in (f.issue or "") for f in tree.walk())


def test_length_zero_and_too_large_are_remarked() -> None:
    assert "offload" in str(leaf(explain(ethernet(ipv4(tcp(1), total=0))), "ip.len").issue)
    assert "the packet only 40" in str(leaf(explain(ethernet(ipv4(tcp(1), total=400))), "ip.len").issue)
    assert "offload" in str(leaf(explain(ethernet(ipv6(tcp(1), plen=0), 0x86DD)), "ipv6.plen").issue)
    assert "the packet only 20" in str(leaf(explain(ethernet(ipv6(tcp(1), plen=99), 0x86DD)), "ipv6.plen").issue)


def test_udp_lengths() -> None:
    datagram = udp(b"question")
    tree = explain(ethernet(ipv4(datagram + b"rest", proto=17)))
    assert [child.name for child in tree.children[2:]] == ["udp", "udp.payload", "data"]
    long = explain(ethernet(ipv4(datagram[:4] + b"\0\xff" + datagram[6:], proto=17)))
    assert "past the end" in str(leaf(long, "udp.length").issue)
    short = explain(ethernet(ipv4(datagram[:4] + b"\0\x02" + datagram[6:], proto=17)))
    assert "below the 8 bytes" in str(leaf(short, "udp.length").issue)
    none = explain(ethernet(ipv4(datagram[:6] + b"\0\0" + datagram[8:], proto=17)))
    assert leaf(none, "udp.checksum").issue is None
