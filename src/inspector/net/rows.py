"""One line about a packet, for lists."""

from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Final

import numpy as np

from inspector.capture.table import PacketTable
from inspector.model.flow import Endpoint
from inspector.model.sides import Side
from inspector.net.columns import Headers, View, network_layer
from inspector.net.numbers import (
    ACK,
    ETHERTYPE_TAGS,
    FIN,
    FRAGMENT,
    LINK_ETHERNET,
    LINK_LOOP,
    LINK_NULL,
    LINK_SLL,
    LINK_SLL2,
    PSH,
    RST,
    SYN,
    TCP,
    UDP,
    URG,
)

FLAG_NAMES: Final = ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (PSH, "PSH"), (ACK, "ACK"), (URG, "URG"))
"""In the order in which they say most about a segment."""

FRAGMENTED: Final = "IP fragment"

LINK_NAMES: Final = {LINK_ETHERNET: "eth", LINK_SLL: "sll", LINK_SLL2: "sll", LINK_NULL: "null", LINK_LOOP: "null"}

NETWORK_NAMES: Final = {0x0800: "ip", 0x86DD: "ipv6", 0x0806: "arp", 0x8847: "mpls", 0x8863: "pppoed", 0x8864: "pppoes"}
NETWORK_NAMES_MORE: Final = {0x88CC: "lldp", 0x888E: "eapol", 0x8809: "slow", 0x88F7: "ptp"}

TRANSPORT_NAMES: Final = {
    1: "icmp",
    2: "igmp",
    4: "ip",
    TCP: "tcp",
    UDP: "udp",
    41: "ipv6",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "icmpv6",
    89: "ospf",
    103: "pim",
    112: "vrrp",
    132: "sctp",
}
"""Wireshark's names of IP protocols (IANA protocol numbers)."""


@dataclass(slots=True)
class PacketRow:
    """`time` is nanoseconds since 1970, `length` bytes on the wire; `flow` is 0 for packets outside all flows."""

    number: int
    time: int
    source: str
    destination: str
    protocol: str
    length: int
    summary: str
    flow: int = 0
    side: Side = 0
    layers: list[str] = field(default_factory=list)


def address_text(headers: Headers, version: int, value: int) -> str:
    """The address that a `src` or `dst` column holds."""
    if version == 4:
        return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"
    return str(IPv6Address(headers.addresses[value]))


def describe_packet(headers: Headers, number: int) -> PacketRow:
    """The row of packet `number`, its flow left out. Raises IndexError outside the table."""
    table = headers.table
    if not 1 <= number <= len(table):
        raise IndexError(number)
    i = number - 1
    layers, at = link_layers(table, number)
    version, proto = int(headers.version[i]), int(headers.proto[i])
    length = int(table.lengths[i])
    row = PacketRow(number, int(table.times[i]), "", "", layers[-1] if layers else "data", length, "", layers=layers)
    if version:
        row.source = address_text(headers, version, int(headers.src[i]))
        row.destination = address_text(headers, version, int(headers.dst[i]))
        row.protocol = TRANSPORT_NAMES.get(proto, layers[-1])
        if row.protocol != layers[-1]:
            layers.append(row.protocol)
        row.summary = FRAGMENTED if is_fragment(table.data(number), at) else f"IP protocol {proto}"
    else:
        _name_link_addresses(table, number, row)
    if headers.transport[i]:
        row.source = str(Endpoint(row.source, int(headers.sport[i])))
        row.destination = str(Endpoint(row.destination, int(headers.dport[i])))
    elif proto in {TCP, UDP} and row.summary != FRAGMENTED:
        row.summary = f"{row.protocol.upper()} header cut short or malformed"
    return row


def link_layers(table: PacketTable, number: int) -> tuple[list[str], int]:
    """The names of the layers up to the network layer, and where that starts in the packet."""
    i = number - 1
    one = slice(i, i + 1)
    link = int(table.links[i])
    view = View(table.data(number))
    captured = table.captured[one].astype(np.int64)
    at, kinds = network_layer(view, np.zeros(1, np.int64), captured, table.links[one])
    kind = int(kinds[0])
    layers = [LINK_NAMES.get(link, "raw" if kind else f"link type {link}")]
    bare = {LINK_ETHERNET: 14, LINK_SLL: 16, LINK_SLL2: 20}.get(link, int(at[0]))
    layers += ["vlan"] * ((int(at[0]) - bare) // 4)
    name = NETWORK_NAMES.get(kind) or NETWORK_NAMES_MORE.get(kind)
    if name:
        layers.append(name)
    elif kind in ETHERTYPE_TAGS:
        layers.append("vlan")
    return layers, int(at[0])


def is_fragment(data: bytes, at: int) -> bool:
    """Whether the IP header at `at` is that of a fragment; RFC 791 3.1, RFC 8200 4.5."""
    if data[at] >> 4 == 4:
        return int.from_bytes(data[at + 6 : at + 8], "big") & 0x3FFF != 0
    return data[at + 6] == FRAGMENT and int.from_bytes(data[at + 42 : at + 44], "big") & 0xFFF9 != 0


def _name_link_addresses(table: PacketTable, number: int, row: PacketRow) -> None:
    data = table.data(number)
    if table.links[number - 1] == LINK_ETHERNET and len(data) >= 14:
        row.source, row.destination = data[6:12].hex(":"), data[:6].hex(":")
        row.summary = f"EtherType 0x{int.from_bytes(data[12:14], 'big'):04x}"


def describe_segment(headers: Headers, number: int, base: int, peer_base: int) -> str:
    """Flags and relative numbers of a TCP segment; the bases are the sequence numbers shown as 0."""
    i = number - 1
    flags = int(headers.flags[i])
    seq = (int(headers.seq[i]) - base) & 0xFFFFFFFF
    parts = [name for bit, name in FLAG_NAMES if flags & bit] or ["no flags"]
    parts.append(f"seq={seq}")
    if flags & ACK:
        parts.append(f"ack={(int(headers.ack[i]) - peer_base) & 0xFFFFFFFF}")
    if flags & SYN:
        parts.append(f"win={int(headers.window[i])}")
    length, captured = int(headers.length[i]), int(headers.captured[i])
    if length:
        parts.append(f"{length} bytes")
    if captured < length:
        parts.append(f"({captured} captured)")
    return " ".join(parts)


def describe_datagram(headers: Headers, number: int) -> str:
    """The payload of a UDP datagram."""
    i = number - 1
    length, captured = int(headers.length[i]), int(headers.captured[i])
    return f"{length} bytes" + (f" ({captured} captured)" if captured < length else "")
