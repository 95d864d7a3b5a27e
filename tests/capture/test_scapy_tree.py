"""Scapy's reading of a packet, held to the rules of every tree here."""

import random

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether, Loopback
from scapy.packet import Packet as Layers
from scapy.packet import Raw

from inspector.capture.scapy_tree import scapy_tree
from inspector.model.field import Field
from inspector.model.packet import Packet

ETHERNET, NULL, IPV4 = 1, 0, 228

SAMPLES: list[tuple[int, Layers]] = [
    (ETHERNET, Ether(src="02:00:00:00:00:01") / ARP(psrc="10.0.0.1", pdst="10.0.0.2", hwsrc="02:00:00:00:00:01")),
    (ETHERNET, Ether(src="02:00:00:00:00:01") / IP() / ICMP() / Raw(b"ping")),
    (ETHERNET, Ether(src="02:00:00:00:00:01") / Dot1Q(vlan=7) / IP() / TCP(flags="SA", options=[("MSS", 1460)])),
    (ETHERNET, Ether(src="02:00:00:00:00:01") / IPv6() / ICMPv6ND_NS() / ICMPv6NDOptSrcLLAddr()),
    (ETHERNET, Ether(src="02:00:00:00:00:01") / IP() / UDP() / BOOTP() / DHCP(options=["end"])),
    (NULL, Loopback() / IP() / UDP() / DNS(qd=DNSQR(qname="a.example"), an=DNSRR(rrname="a.example", rdata="1.2.3.4"))),
    (IPV4, IP() / IP() / UDP(sport=9, dport=9) / Raw(b"x")),
]


def packet(data: bytes, link_type: int) -> Packet:
    return Packet(number=1, time=0, data=data, length=len(data), link_type=link_type)


def tree(link_type: int, layers: Layers) -> Field:
    return scapy_tree(packet(bytes(layers), link_type))


def find(root: Field, name: str) -> Field:
    return next(field for field in root.walk() if field.name == name)


def assert_tiled(root: Field, size: int) -> None:
    at = 0
    for leaf in root.leaves() if size else []:
        assert leaf.start == at
        at = leaf.end
    assert at == size
    for field in root.walk():
        for child in field.children:
            assert field.start <= child.start <= child.end <= field.end


@pytest.mark.parametrize(("link_type", "layers"), SAMPLES)
def test_leaves_tile_the_packet_without_gaps(link_type: int, layers: Layers) -> None:
    root = tree(link_type, layers)
    assert_tiled(root, len(bytes(layers)))
    assert not [field.issue for field in root.walk() if field.issue]


def test_arp_names_values_and_ranges() -> None:
    root = tree(*SAMPLES[0])
    sender = find(root, "arp.psrc")
    assert (sender.value, sender.start, sender.end) == ("10.0.0.1", 28, 32)
    assert (find(root, "arp.op").value, find(root, "arp.op").label) == (1, "who-has")


def test_icmp_type_and_payload() -> None:
    root = tree(*SAMPLES[1])
    assert (find(root, "icmp.type").value, find(root, "icmp.type").label) == (8, "echo-request")
    load = find(root, "raw.load")
    assert (load.value, load.start, load.end) == (None, 42, 46)


def test_bit_fields_share_one_leaf() -> None:
    leaf = find(tree(*SAMPLES[2]), "tcp.dataofs_reserved_flags")
    assert [(bits.name, bits.value, bits.shift, bits.width) for bits in leaf.bits] == [
        ("tcp.dataofs", 6, 12, 4),
        ("tcp.reserved", 0, 9, 3),
        ("tcp.flags", 0x12, 0, 9),
    ]
    assert leaf.length == 2


def test_records_inside_a_field_are_opened() -> None:
    root = tree(*SAMPLES[5])
    name = find(root, "dnsqr.qname")
    assert (name.value, name.length) == ("a.example.", 11)
    assert find(root, "dnsrr.rdata").value == "1.2.3.4"


def test_padding_of_a_short_frame_is_its_own_layer() -> None:
    data = bytes(SAMPLES[0][1]) + bytes(18)
    root = scapy_tree(packet(data, ETHERNET))
    assert_tiled(root, 60)
    assert find(root, "padding.load").length == 18


def test_unknown_link_type_and_no_packet_are_one_gap_with_the_reason() -> None:
    for link_type, reason in ((9999, "scapy knows no dissector for link type 9999"), (-1, "carries no packet")):
        root = scapy_tree(packet(b"bytes", link_type))
        assert [(leaf.name, leaf.start, leaf.end) for leaf in root.leaves()] == [("gap", 0, 5)]
        assert reason in (root.children[0].issue or "")


def test_empty_packet() -> None:
    assert_tiled(scapy_tree(packet(b"", ETHERNET)), 0)


def test_tunnels_in_tunnels_end() -> None:
    data = bytes(IP(proto=4, len=20)) * 3000
    assert_tiled(scapy_tree(packet(data, IPV4)), len(data))


def test_cut_and_damaged_packets_stay_tiled() -> None:
    chance = random.Random(7)
    for link_type, layers in SAMPLES:
        whole = bytes(layers)
        for size in range(len(whole)):
            assert_tiled(scapy_tree(packet(whole[:size], link_type)), size)
        for _ in range(60):
            damaged = bytearray(whole)
            for _ in range(chance.randint(1, 6)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            assert_tiled(scapy_tree(packet(bytes(damaged), link_type)), len(damaged))
