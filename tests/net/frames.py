"""Packets made from scratch for the tests of this folder, with right checksums and lengths."""

import struct
from ipaddress import ip_address

import numpy as np

from inspector.capture.table import PacketTable

CLIENT = "10.0.0.1"
SERVER = "10.0.0.2"
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def checksum(data: bytes) -> int:
    """RFC 1071, written out the slow way."""
    total = 0
    for i in range(0, len(data), 2):
        total += int.from_bytes(data[i : i + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def pseudo(src: str, dst: str, proto: int, size: int) -> bytes:
    """The pseudo-header of IPv4 (RFC 9293 3.1) or IPv6 (RFC 8200 8.1)."""
    addresses = ip_address(src).packed + ip_address(dst).packed
    return addresses + (struct.pack(">BBH", 0, proto, size & 0xFFFF) if "." in src else struct.pack(">II", size, proto))


def tcp(
    seq: int = 0,
    payload: bytes = b"",
    flags: int = ACK,
    ack: int = 0,
    ports: tuple[int, int] = (40000, 80),
    options: bytes = b"",
    window: int = 1000,
    hosts: tuple[str, str] = (CLIENT, SERVER),
) -> bytes:
    """A TCP segment from hosts[0] to hosts[1]."""
    head = struct.pack(">HHII", *ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF)
    tail = struct.pack(">BBH", (5 + len(options) // 4) << 4, flags, window)
    rest = b"\0\0" + options + payload
    whole = pseudo(*hosts, 6, len(head) + len(tail) + 2 + len(rest)) + head + tail + b"\0\0" + rest
    return head + tail + struct.pack(">H", checksum(whole)) + rest


def udp(payload: bytes = b"", ports: tuple[int, int] = (5353, 53), hosts: tuple[str, str] = (CLIENT, SERVER)) -> bytes:
    """A UDP datagram from hosts[0] to hosts[1]."""
    head = struct.pack(">HHH", *ports, 8 + len(payload))
    whole = pseudo(*hosts, 17, 8 + len(payload)) + head + b"\0\0" + payload
    return head + struct.pack(">H", checksum(whole) or 0xFFFF) + payload


def ipv4(
    payload: bytes,
    proto: int = 6,
    hosts: tuple[str, str] = (CLIENT, SERVER),
    ident: int = 1,
    place: int = 0x4000,
    options: bytes = b"",
    total: int | None = None,
) -> bytes:
    """An IPv4 packet; `place` is the word of flags and fragment offset."""
    size = 20 + len(options)
    length = size + len(payload) if total is None else total
    head = struct.pack(">BBHHHBB", 0x40 | size // 4, 0, length, ident, place, 64, proto)
    addresses = ip_address(hosts[0]).packed + ip_address(hosts[1]).packed
    return head + struct.pack(">H", checksum(head + addresses + options)) + addresses + options + payload


def ipv6(
    payload: bytes, nxt: int = 6, hosts: tuple[str, str] = ("fe80::1", "fe80::2"), plen: int | None = None
) -> bytes:
    """An IPv6 packet; extension headers are part of the payload."""
    length = len(payload) if plen is None else plen
    head = struct.pack(">IHBB", 6 << 28 | 0xAB << 20 | 0x12345, length, nxt, 63)
    return head + ip_address(hosts[0]).packed + ip_address(hosts[1]).packed + payload


def ethernet(payload: bytes, ethertype: int = 0x0800) -> bytes:
    """An Ethernet II frame without padding."""
    return b"\x02\0\0\0\0\x01" + b"\x02\0\0\0\0\x02" + struct.pack(">H", ethertype) + payload


def table(packets: list[bytes], link: int = 1, lengths: list[int] | None = None) -> PacketTable:
    """A packet table over `packets`, a microsecond apart."""
    captured = np.array([len(p) for p in packets], np.int64)
    starts = np.cumsum(captured) - captured
    return PacketTable(
        b"".join(packets),
        starts.astype(np.int64),
        captured,
        captured if lengths is None else np.array(lengths, np.int64),
        np.arange(len(packets), dtype=np.int64) * 1000,
        np.full(len(packets), link, np.int32),
        np.zeros(len(packets), np.int32),
    )


def segments(*parts: tuple[int, bytes] | tuple[int, bytes, int], back: bool = False, isn: int = 1000) -> list[bytes]:
    """Frames of one direction: (sequence number relative to `isn`, payload, flags)."""
    ports = (80, 40000) if back else (40000, 80)
    hosts = (SERVER, CLIENT) if back else (CLIENT, SERVER)
    frames = []
    for ident, part in enumerate(parts, 1):
        flags = part[2] if len(part) == 3 else ACK
        segment = tcp(isn + part[0], part[1], flags, ports=ports, hosts=hosts)
        frames.append(ethernet(ipv4(segment, hosts=hosts, ident=ident + 100 * back)))
    return frames
