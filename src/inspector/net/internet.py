"""IPv4 and IPv6 headers as trees.

RFC 791, RFC 8200, RFC 2474 (DSCP), RFC 3168 (ECN), RFC 4302 (AH)
"""

from ipaddress import IPv4Address, IPv6Address
from typing import Final

from inspector.model.packet import Packet
from inspector.net.checksums import ones_sum, remark
from inspector.net.layers import Datagram, set_value
from inspector.net.numbers import (
    AUTHENTICATION,
    DESTINATION,
    EXTENSIONS,
    FRAGMENT,
    HOP_BY_HOP,
    MAX_EXTENSIONS,
    ROUTING,
)
from inspector.wire.recorder import Recorder

PAD1: Final = 0
PADN: Final = 1
TUNNEL_LIMIT: Final = 4
ROUTER_ALERT: Final = 5
JUMBO: Final = 0xC2

END_OF_OPTIONS: Final = 0
NO_OPERATION: Final = 1


def read_ipv4(r: Recorder, packet: Packet) -> Datagram:
    """RFC 791 3.1."""
    start = r.pos
    r.begin("ip")
    first = r.u8("ip.version")
    set_value(r, first >> 4)
    size = (first & 15) * 4
    r.bits("ip.hdr_len", size, 0, 4)
    if first >> 4 != 4:
        raise r.malformed(f"IP version {first >> 4} where 4 is due")
    if size < 20:
        raise r.malformed(f"header length {size} is below 20")
    _class(r, r.u8("ip.dsfield"), "ip.dsfield", 0)
    total = r.u16("ip.len")
    total = _check_total(r, total, size, packet.length - start)
    r.u16("ip.id")
    place = r.u16("ip.flags")
    set_value(r, place >> 13)
    r.bits("ip.flags.rb", place >> 15, 15, 1)
    r.bits("ip.flags.df", place >> 14 & 1, 14, 1)
    r.bits("ip.flags.mf", place >> 13 & 1, 13, 1)
    r.bits("ip.frag_offset", place & 0x1FFF, 0, 13)
    r.u8("ip.ttl")
    proto = r.u8("ip.proto")
    stored = r.u16("ip.checksum")
    if len(r.data) >= start + size:
        issue = remark(stored, ones_sum(r.data[start : start + 10] + r.data[start + 12 : start + size]))
        if issue is not None:
            r.note(issue)
    addresses = r.peek(8)
    _ipv4_address(r, "ip.src")
    _ipv4_address(r, "ip.dst")
    if size > 20:
        _ipv4_options(r, start + size)
    r.close()
    end = start + total
    fragment = place & 0x3FFF != 0
    return Datagram(proto, end, addresses, fragment, place & 0x1FFF == 0, end <= len(r.data) and not fragment)


def _check_total(r: Recorder, total: int, size: int, wire: int) -> int:
    """The datagram's length, remarking on what is odd about the header's."""
    if total == 0:
        r.note(f"0 is left behind by segmentation offload; {wire} bytes were on the wire")
        return wire
    if total < size:
        raise r.malformed(f"total length {total} is below the header length {size}")
    if total > wire:
        r.note(f"the datagram has {total} bytes, the packet only {wire}")
    return total


def _class(r: Recorder, value: int, name: str, shift: int) -> None:
    """RFC 2474 3 and RFC 3168 5: six bits of service class, two of congestion notification."""
    r.bits(f"{name}.dscp", value >> 2, shift + 2, 6)
    r.bits(f"{name}.ecn", value & 3, shift, 2)


def _ipv4_address(r: Recorder, name: str) -> None:
    set_value(r, str(IPv4Address(r.take(name, 4))))


def _ipv4_options(r: Recorder, end: int) -> None:
    """RFC 791 3.1, RFC 2113 (router alert)."""
    r.begin("ip.options")
    before = r.narrow(end - r.pos)
    while r.left:
        kind = r.peek(1)[0]
        r.begin("ip.opt")
        r.u8("ip.opt.type")
        r.bits("ip.opt.type.copy", kind >> 7, 7, 1)
        r.bits("ip.opt.type.class", kind >> 5 & 3, 5, 2)
        r.bits("ip.opt.type.number", kind & 31, 0, 5)
        if kind == END_OF_OPTIONS:
            r.close(kind)
            if r.left:
                r.skip("ip.opt.padding", r.left)
            break
        if kind != NO_OPERATION:
            size = _bounded(r, r.u8("ip.opt.len") - 2) if r.left else 0
            if kind == 0x94 and size == 2:
                r.u16("ip.opt.ra")
            elif size:
                r.take("ip.opt.data", size)
        r.close(kind)
    r.widen(before)
    r.close()


def _bounded(r: Recorder, size: int) -> int:
    """The size of an option's content; one that cannot be stands for all that is left."""
    if 0 <= size <= r.left:
        return size
    r.note(f"the content would have {size} bytes, {r.left} are left")
    return r.left


def read_ipv6(r: Recorder, packet: Packet) -> Datagram:
    """RFC 8200 3; the extension headers are inside the `ipv6` node."""
    start = r.pos
    r.begin("ipv6")
    first = r.u32("ipv6.version")
    set_value(r, first >> 28)
    r.bits("ipv6.tclass", first >> 20 & 0xFF, 20, 8)
    _class(r, first >> 20 & 0xFF, "ipv6.tclass", 20)
    r.bits("ipv6.flow", first & 0xFFFFF, 0, 20)
    if first >> 28 != 6:
        raise r.malformed(f"IP version {first >> 28} where 6 is due")
    length = r.u16("ipv6.plen")
    wire = packet.length - start - 40
    if length == 0:
        r.note(f"0 stands for a jumbogram or segmentation offload; {wire} bytes follow on the wire")
        length = wire
    elif length > wire:
        r.note(f"the datagram has {length} bytes after this header, the packet only {wire}")
    proto = r.u8("ipv6.nxt")
    r.u8("ipv6.hlim")
    addresses = r.peek(32)
    _ipv6_address(r, "ipv6.src")
    _ipv6_address(r, "ipv6.dst")
    place = 0
    for _ in range(MAX_EXTENSIONS):
        if proto not in EXTENSIONS or place:
            break
        if proto == FRAGMENT:
            place, proto = _fragment(r)
        else:
            proto = _extension(r, proto)
    r.close()
    end = start + 40 + length
    return Datagram(proto, end, addresses, place != 0, place & 0xFFF8 == 0, end <= len(r.data) and not place)


def _ipv6_address(r: Recorder, name: str) -> None:
    set_value(r, str(IPv6Address(r.take(name, 16))))


def _extension(r: Recorder, kind: int) -> int:
    """RFC 8200 4.3, 4.4, 4.6; returns the next header's number."""
    if kind == AUTHENTICATION:
        return _authentication(r)
    name = {HOP_BY_HOP: "ipv6.hopopts", ROUTING: "ipv6.routing", DESTINATION: "ipv6.dstopts"}.get(kind, "ipv6.exthdr")
    end = r.pos + 8 + r.peek(2)[1] * 8
    r.begin(name)
    following = r.u8(f"{name}.nxt")
    r.u8(f"{name}.len")
    before = r.narrow(end - r.pos)
    if kind in {HOP_BY_HOP, DESTINATION}:
        while r.left:
            _ipv6_option(r)
    elif kind == ROUTING:
        r.u8("ipv6.routing.type")
        r.u8("ipv6.routing.segleft")
        r.take("ipv6.routing.unknown_data", r.left)
    else:
        r.take("ipv6.exthdr.data", r.left)
    r.widen(before)
    r.close()
    return following


def _ipv6_option(r: Recorder) -> None:
    """RFC 8200 4.2, RFC 2473 5.1, RFC 2711 2.1, RFC 2675 2."""
    kind = r.peek(1)[0]
    r.begin("ipv6.opt")
    r.u8("ipv6.opt.type")
    r.bits("ipv6.opt.type.action", kind >> 6, 6, 2)
    r.bits("ipv6.opt.type.change", kind >> 5 & 1, 5, 1)
    r.bits("ipv6.opt.type.rest", kind & 31, 0, 5)
    if kind != PAD1 and r.left:
        size = _bounded(r, r.u8("ipv6.opt.length"))
        if kind == ROUTER_ALERT and size == 2:
            r.u16("ipv6.opt.router_alert")
        elif kind == JUMBO and size == 4:
            r.u32("ipv6.opt.jumbo")
        elif kind == TUNNEL_LIMIT and size == 1:
            r.u8("ipv6.opt.tel")
        elif size:
            r.take("ipv6.opt.padn" if kind == PADN else "ipv6.opt.unknown", size)
    r.close(kind)


def _fragment(r: Recorder) -> tuple[int, int]:
    """RFC 8200 4.5; offset and more-flag, which are 0 for a packet that is whole (RFC 6946), and what follows."""
    r.begin("ipv6.fraghdr")
    following = r.u8("ipv6.fraghdr.nxt")
    r.u8("ipv6.fraghdr.reserved_octet")
    place = r.u16("ipv6.fraghdr.offset")
    set_value(r, place >> 3)
    r.bits("ipv6.fraghdr.reserved_bits", place >> 1 & 3, 1, 2)
    r.bits("ipv6.fraghdr.more", place & 1, 0, 1)
    r.u32("ipv6.fraghdr.ident")
    r.close()
    return place & 0xFFF9, following


def _authentication(r: Recorder) -> int:
    """RFC 4302 2; the length counts 4-byte words less two."""
    end = r.pos + 8 + r.peek(2)[1] * 4
    r.begin("ah")
    following = r.u8("ah.next_header")
    r.u8("ah.length")
    before = r.narrow(end - r.pos)
    r.u16("ah.reserved")
    r.u32("ah.spi")
    if r.left:
        r.u32("ah.sequence")
        r.take("ah.icv", r.left)
    r.widen(before)
    r.close()
    return following
