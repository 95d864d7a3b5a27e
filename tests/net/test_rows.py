import struct

import pytest

from inspector.net.columns import Headers
from inspector.net.rows import PacketRow, describe_packet
from net.frames import ethernet, ipv4, ipv6, table, tcp

TAG = b"\x20\x05"


def row(frame: bytes, link: int = 1) -> PacketRow:
    return describe_packet(Headers(table([frame], link)), 1)


@pytest.mark.parametrize(
    ("link", "frame", "protocol", "layers"),
    [
        (1, ethernet(bytes(28), 0x0806), "arp", ["eth", "arp"]),
        (1, ethernet(bytes(28), 0x88CC), "lldp", ["eth", "lldp"]),
        (1, ethernet(bytes(28), 0x4242), "eth", ["eth"]),
        (
            1,
            ethernet(TAG + b"\x81\0" + TAG + b"\x08\0" + ipv4(tcp()), 0x88A8),
            "tcp",
            ["eth", "vlan", "vlan", "ip", "tcp"],
        ),
        (1, ethernet(ipv4(bytes(8), 1)), "icmp", ["eth", "ip", "icmp"]),
        (1, ethernet(ipv4(bytes(8), 200)), "ip", ["eth", "ip"]),
        (1, ethernet(ipv6(bytes(8), 58), 0x86DD), "icmpv6", ["eth", "ipv6", "icmpv6"]),
        (101, ipv4(tcp()), "tcp", ["raw", "ip", "tcp"]),
        (0, b"\x1e\0\0\0" + ipv6(tcp()), "tcp", ["null", "ipv6", "tcp"]),
        (113, struct.pack(">HHH8sH", 0, 1, 6, b"", 0x0800) + ipv4(tcp()), "tcp", ["sll", "ip", "tcp"]),
        (147, bytes(20), "link type 147", ["link type 147"]),
        (1, b"", "eth", ["eth"]),
    ],
)
def test_protocol_and_layers(link: int, frame: bytes, protocol: str, layers: list[str]) -> None:
    found = row(frame, link)
    assert (found.protocol, found.layers) == (protocol, layers)


def test_addresses() -> None:
    found = row(ethernet(bytes(28), 0x0806))
    assert (found.source, found.destination) == ("02:00:00:00:00:02", "02:00:00:00:00:01")
    found = row(ethernet(ipv6(tcp()), 0x86DD))
    assert (found.source, found.destination) == ("[fe80::1]:40000", "[fe80::2]:80")
    found = row(ethernet(ipv4(bytes(8), 1)))
    assert (found.source, found.destination, found.summary) == ("10.0.0.1", "10.0.0.2", "IP protocol 1")


def test_headers_cut_short() -> None:
    found = row(ethernet(ipv4(tcp()))[:44])
    assert (found.protocol, found.summary) == ("tcp", "TCP header cut short or malformed")


def test_numbers_outside_the_table() -> None:
    headers = Headers(table([b""]))
    for number in (0, 2):
        with pytest.raises(IndexError):
            describe_packet(headers, number)
