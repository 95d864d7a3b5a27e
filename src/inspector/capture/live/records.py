"""Ring blocks turned into pcapng packets; the one loop that runs for every packet captured."""

import struct
from typing import Final

from mypy_extensions import i64

from inspector.capture.blocks import comment_options

# tpacket3_hdr: next, seconds, nanoseconds, captured, length, status, link header, network header; linux/if_packet.h
_PACKET: Final = struct.Struct("<IIIIIIH")
_VLAN: Final = struct.Struct("<IH")
_BLOCK: Final = struct.Struct("<II")
# enhanced packet block, draft-ietf-opsawg-pcapng 4.3
_HEAD: Final = struct.Struct("<IIIIIII")
_TAILS: Final = tuple(struct.Struct(f"<{pad}xI") for pad in range(4))
_TAG: Final = struct.Struct(">HH")

VLAN_VALID: Final = 0x10
TPID_VALID: Final = 0x40
ETHERTYPE_VLAN: Final = 0x8100
MACS: Final = 12
"""Bytes of the two addresses before which nothing of a VLAN tag stands."""

PACKETS_AT: Final = 12
"""Where in a block the number of its packets stands, then where its first one is."""
SYN: Final = 0x02
TCP: Final = 6
ETHERTYPE_IPV4: Final = 0x0800
ETHERTYPE_IPV6: Final = 0x86DD
IPV6_FIRST: Final = 0x86


class Records:
    """Collects packets of ring blocks as one piece of a pcapng file.

    A packet is three of the `parts`: what stands before its bytes, they, and what stands behind. `size` is in bytes,
    `last_time` in nanoseconds since 1970.
    """

    def __init__(self) -> None:
        self.parts: list[bytes | memoryview] = []
        self.size = 0
        self.count = 0
        self.last_time = 0

    def take(self, block: memoryview, most: int) -> list[int]:
        """Add up to `most` packets of `block`; returns the indices in `parts` of the heads of SYN segments."""
        numbers = _BLOCK.unpack_from(block, PACKETS_AT)
        total: i64 = numbers[0]
        at: i64 = numbers[1]
        left: i64 = min(total, most)
        self.count += left
        opened: list[int] = []
        parts = self.parts
        size: i64 = 0
        time: i64 = 0
        while left > 0:
            left -= 1
            following, seconds, fraction, captured, length, status, link = _PACKET.unpack_from(block, at)
            start: i64 = at + link
            end: i64 = start + captured
            if (
                captured > 47
                and (block[start + 47] & SYN or block[start + 12] == IPV6_FIRST)
                and _opens(block, start, captured)
            ):
                opened.append(len(parts))
            time = seconds * 1_000_000_000 + fraction
            if status & VLAN_VALID:
                data: bytes | memoryview = _tagged(block, at, start, end, status)
                captured += 4
                length += 4
            else:
                data = block[start:end]
            pad: i64 = -captured & 3
            whole: i64 = 32 + captured + pad
            parts.append(_HEAD.pack(6, whole, 0, time >> 32, time & 0xFFFFFFFF, captured, length))
            parts.append(data)
            parts.append(_TAILS[pad].pack(whole))
            size += whole
            at += following
        self.size += size
        if time:
            self.last_time = time
        return opened

    def comment(self, index: int, text: str) -> None:
        """Add a comment to the packet whose head is part `index`."""
        _, whole, interface, high, low, stored, length = _HEAD.unpack(self.parts[index])
        options = comment_options([text])
        whole += len(options)
        self.size += len(options)
        self.parts[index] = _HEAD.pack(6, whole, interface, high, low, stored, length)
        self.parts[index + 2] = bytes(-stored & 3) + options + _TAILS[0].pack(whole)

    def joined(self) -> bytes:
        """What was collected, which is then forgotten."""
        data = b"".join(self.parts)
        self.parts.clear()
        self.size = 0
        return data


def _tagged(block: memoryview, at: i64, start: i64, end: i64, status: i64) -> bytes:
    """The frame with the tag that the network card took out of it (802.1Q)."""
    tci, tpid = _VLAN.unpack_from(block, at + 32)
    tag = _TAG.pack(tpid if status & TPID_VALID else ETHERTYPE_VLAN, tci)
    return bytes(block[start : start + MACS]) + tag + bytes(block[start + MACS : end])


def _opens(block: memoryview, start: i64, captured: i64) -> bool:
    """Whether an Ethernet frame with a plain IP header holds a TCP segment with SYN."""
    kind = block[start + 12] << 8 | block[start + 13]
    if kind == ETHERTYPE_IPV4:
        return block[start + 14] == 0x45 and block[start + 23] == TCP and block[start + 47] & SYN != 0
    return kind == ETHERTYPE_IPV6 and captured > 67 and block[start + 20] == TCP and block[start + 67] & SYN != 0
