"""The header tree of one packet: link, network and transport layer, every field and bit.

IEEE 802.3 and 802.1Q, https://www.tcpdump.org/linktypes.html, RFC 1042 (SNAP)
"""

from typing import Final

from inspector.model.errors import DecodeError
from inspector.model.field import Field
from inspector.model.packet import Packet
from inspector.net.internet import read_ipv4, read_ipv6
from inspector.net.layers import Datagram, set_value
from inspector.net.numbers import (
    ETHERTYPE_IPV4,
    ETHERTYPE_IPV6,
    ETHERTYPE_TAGS,
    FAMILY_IPV4,
    FAMILY_IPV6,
    LINK_ETHERNET,
    LINK_IPV4,
    LINK_IPV6,
    LINK_LOOP,
    LINK_NULL,
    LINK_RAW,
    LINK_SLL,
    LINK_SLL2,
    MAX_TAGS,
    TCP,
    UDP,
)
from inspector.net.transport import read_tcp, read_udp
from inspector.wire.recorder import Recorder

MIN_ETHERNET: Final = 60
"""The shortest Ethernet frame without its checksum; shorter ones are padded (IEEE 802.3 3.2.8)."""


def explain_packet(packet: Packet) -> Field:
    """The tree of a packet: root `frame`, whose children (layers, then payload) tile the captured bytes.

    A packet cut short gives the tree up to the cut, and an issue.
    """
    r = Recorder(packet.data, 0, None, "frame")
    issue: str | None = None
    try:
        read_frame(r, packet)
    except DecodeError as error:
        issue = f"{error.reason} at byte {error.offset}"
        if packet.captured < packet.length:
            issue += f"; only {packet.captured} of {packet.length} bytes were captured"
    return r.finish(issue)


def understands(packet: Packet) -> bool:
    """Whether the tree explains every layer up to TCP or UDP."""
    return all(child.name != "payload" for child in explain_packet(packet).children)


def read_frame(r: Recorder, packet: Packet) -> None:
    """Read all layers. Raises DecodeError where the bytes end early or make no sense."""
    ethertype = read_link(r, packet.link_type)
    if ethertype not in {ETHERTYPE_IPV4, ETHERTYPE_IPV6}:
        payload(r, "payload", r.left)
        return
    datagram = read_ipv4(r, packet) if ethertype == ETHERTYPE_IPV4 else read_ipv6(r, packet)
    read_transport(r, datagram)
    left = r.left
    if left:
        ethernet = packet.link_type == LINK_ETHERNET
        zeros = not any(r.peek(left))
        padding = ethernet and zeros and packet.length <= MIN_ETHERNET
        r.skip("eth.padding" if padding else "eth.trailer" if ethernet else "frame.trailer", left)


def read_transport(r: Recorder, datagram: Datagram) -> None:
    """TCP, UDP or what else the network layer carries."""
    left = datagram.end - r.pos
    if left < 0:
        raise r.malformed("the headers are longer than the packet")
    # what lies behind the datagram is padding: no header may be read from it
    before = r.narrow(left) if left <= r.left else -1
    if datagram.fragment and not (datagram.first and _holds_header(r, datagram.proto)):
        payload(r, "data", r.left, left)
    elif datagram.proto == TCP:
        read_tcp(r, datagram)
        payload(r, "tcp.payload", r.left, datagram.end - r.pos)
    elif datagram.proto == UDP:
        end = read_udp(r, datagram)
        payload(r, "udp.payload", min(end - r.pos, r.left), end - r.pos)
        payload(r, "data", r.left, datagram.end - r.pos)
    else:
        payload(r, "payload", r.left, left)
    if before >= 0:
        r.widen(before)


def _holds_header(r: Recorder, proto: int) -> bool:
    """Whether the first fragment of a datagram has all of the transport header."""
    if proto == TCP and r.left >= 20:
        return r.left >= (r.peek(13)[12] >> 4) * 4
    return proto == UDP and r.left >= 8


def payload(r: Recorder, name: str, count: int, promised: int = 0) -> None:
    """A leaf for `count` bytes of the `promised` ones."""
    if count > 0:
        r.skip(name, count)
        if count < promised:
            r.note(f"{count} of {promised} bytes were captured")


def read_link(r: Recorder, link: int) -> int:
    """Read the link header; returns the EtherType of what follows, 0 when unknown."""
    if link == LINK_ETHERNET:
        return read_tags(r, read_ethernet(r))
    if link == LINK_SLL:
        return read_tags(r, read_sll(r))
    if link == LINK_SLL2:
        return read_tags(r, read_sll2(r))
    if link in {LINK_NULL, LINK_LOOP}:
        return read_family(r, link)
    if link in LINK_RAW or link in {LINK_IPV4, LINK_IPV6}:
        version = r.peek(1)[0] >> 4
        return ETHERTYPE_IPV4 if version == 4 else ETHERTYPE_IPV6 if version == 6 else 0
    return 0


def mac(r: Recorder, name: str) -> None:
    """A 48-bit address."""
    set_value(r, r.take(name, 6).hex(":"))


def read_ethernet(r: Recorder) -> int:
    """IEEE 802.3 3.1.1; a number up to 1500 is a length, followed by an LLC header."""
    r.begin("eth")
    mac(r, "eth.dst")
    mac(r, "eth.src")
    if int.from_bytes(r.peek(2), "big") > 1500:
        ethertype = r.u16("eth.type")
        r.close()
        return ethertype
    length = r.u16("eth.len")
    r.close()
    return read_snap(r) if length and r.left >= 8 else 0


def read_snap(r: Recorder) -> int:
    """The SNAP form of LLC that carries an EtherType; RFC 1042."""
    if r.peek(6) != b"\xaa\xaa\x03\0\0\0":
        return 0
    r.begin("llc")
    r.u8("llc.dsap")
    r.u8("llc.ssap")
    r.u8("llc.control")
    r.u24("llc.oui")
    ethertype = r.u16("llc.type")
    r.close()
    return ethertype


def read_tags(r: Recorder, ethertype: int) -> int:
    """VLAN tags: IEEE 802.1Q 9.6."""
    for _ in range(MAX_TAGS):
        if ethertype not in ETHERTYPE_TAGS:
            break
        r.begin("vlan")
        tag = r.u16("vlan.id")
        set_value(r, tag & 0xFFF)
        r.bits("vlan.priority", tag >> 13, 13, 3)
        r.bits("vlan.dei", tag >> 12 & 1, 12, 1)
        ethertype = r.u16("vlan.etype")
        r.close(tag & 0xFFF)
    return ethertype


def read_sll(r: Recorder) -> int:
    """LINKTYPE_LINUX_SLL: what the Linux "any" device delivers."""
    r.begin("sll")
    r.u16("sll.pkttype")
    r.u16("sll.hatype")
    size = r.u16("sll.halen")
    read_sll_address(r, size)
    ethertype = r.u16("sll.etype")
    r.close()
    return ethertype


def read_sll2(r: Recorder) -> int:
    """LINKTYPE_LINUX_SLL2: the same with the interface's index."""
    r.begin("sll")
    ethertype = r.u16("sll.etype")
    r.u16("sll.reserved")
    r.u32("sll.ifindex")
    r.u16("sll.hatype")
    r.u8("sll.pkttype")
    size = r.u8("sll.halen")
    read_sll_address(r, size)
    r.close()
    return ethertype


def read_sll_address(r: Recorder, size: int) -> None:
    """An address of `size` bytes in a field of eight."""
    used = min(size, 8)
    if used == 6:
        mac(r, "sll.src.eth")
    elif used:
        set_value(r, r.take("sll.src.other", used).hex(":"))
    if used < 8:
        r.skip("sll.unused", 8 - used)


def read_family(r: Recorder, link: int) -> int:
    """LINKTYPE_NULL and LINKTYPE_LOOP: an address family, in host byte order and in network byte order."""
    r.begin("null")
    raw = r.peek(4)
    little = link == LINK_NULL and raw[2:4] == b"\0\0"
    family = r.u32le("null.family") if little else r.u32("null.family")
    r.close()
    return ETHERTYPE_IPV4 if family == FAMILY_IPV4 else ETHERTYPE_IPV6 if family in FAMILY_IPV6 else 0
