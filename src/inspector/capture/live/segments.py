"""TCP segments as they would have been on the wire between two ends, for bytes that a relay saw."""

import ipaddress
import struct
from typing import Final

from inspector.capture.blocks import packet_block

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
PSH: Final = 0x08
ACK: Final = 0x10

MOST: Final = 65_535 - 60
"""Bytes of payload that fit into one IPv4 packet."""
_WINDOW: Final = 65_535
_TTL: Final = 64
_TCP: Final = 6

End = tuple[str, int]
"""A numeric address and a port."""


class Conversation:
    """Writes the segments of one connection as raw IP packets; sides are 0 (client) and 1 (server)."""

    def __init__(self, client: End, server: End) -> None:
        addresses = [ipaddress.ip_address(end[0].partition("%")[0]) for end in (client, server)]
        if len({address.version for address in addresses}) > 1:
            # RFC 4291 2.5.5.2: an IPv4 end of a conversation whose other end has an IPv6 address
            addresses = [ipaddress.ip_address(f"::ffff:{each}") if each.version == 4 else each for each in addresses]
        self.version = addresses[0].version
        self.addresses = [address.packed for address in addresses]
        self.ports = [client[1], server[1]]
        self.sent = [0, 0]
        self.identification = 0

    def segment(
        self, side: int, flags: int, time: int, payload: bytes = b"", comments: list[str] | None = None
    ) -> bytes:
        """A segment of `side` as a pcapng block; SYN and FIN count as a byte each (RFC 9293 3.4)."""
        seq = self.sent[side]
        ack = self.sent[1 - side] if flags & ACK else 0
        source, target = self.addresses[side], self.addresses[1 - side]
        ports = struct.pack(">HH", self.ports[side], self.ports[1 - side])
        head = struct.pack(">IIBBH", seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 5 << 4, flags, _WINDOW)
        pseudo = source + target + struct.pack(">IHH", len(payload) + 20, 0, _TCP)
        check = checksum(pseudo + ports + head + bytes(4) + payload)
        tcp = ports + head + struct.pack(">HH", check, 0) + payload
        self.sent[side] += len(payload) + (1 if flags & (SYN | FIN) else 0)
        packet = self._ip(source, target, len(tcp)) + tcp
        return packet_block(0, time, len(packet), packet, comments or [])

    def _ip(self, source: bytes, target: bytes, length: int) -> bytes:
        if self.version == 6:
            return struct.pack(">IHBB", 6 << 28, length, _TCP, _TTL) + source + target
        self.identification = self.identification + 1 & 0xFFFF
        head = struct.pack(">BBHHHBB", 0x45, 0, length + 20, self.identification, 0x4000, _TTL, _TCP)
        check = checksum(head + bytes(2) + source + target)
        return head + struct.pack(">H", check) + source + target


def checksum(data: bytes) -> int:
    """The Internet checksum, RFC 1071: a sum of 16-bit words in ones' complement is a remainder modulo 65535."""
    if len(data) % 2:
        data += b"\0"
    return 0xFFFF - int.from_bytes(data, "big") % 0xFFFF
