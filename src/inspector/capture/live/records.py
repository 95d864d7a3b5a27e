"""Ring blocks turned into pcapng packets; the one loop that runs for every packet captured."""

import struct
from typing import Final

from mypy_extensions import i64

from inspector.capture.blocks import comment_options

# tpacket3_hdr: next, seconds, nanoseconds, captured, length, status, link header, network header; linux/if_packet.h
_PACKET: Final = struct.Struct("<IIIIIIHH4xIHH")
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
            following, seconds, fraction, captured, length, status, link, _network, tci, tpid, _ = _PACKET.unpack_from(
                block, at
            )
            start: i64 = at + i64(link)
            stored: i64 = captured
            time = i64(seconds) * 1_000_000_000 + i64(fraction)
            tagged = status & VLAN_VALID
            if tagged:
                stored += 4
                length += 4
            pad: i64 = -stored & 3
            whole: i64 = 32 + stored + pad
            if captured > 47 and (_flags(block, start, captured) & SYN):
                opened.append(len(parts))
            parts.append(_HEAD.pack(6, whole, 0, time >> 32, time & 0xFFFFFFFF, stored, length))
            if tagged:
                # the network card took the tag out of the packet (802.1Q)
                kind = tpid if status & TPID_VALID else ETHERTYPE_VLAN
                tag = _TAG.pack(kind, tci)
                parts.append(
                    bytes(block[start : start + MACS]) + tag + bytes(block[start + MACS : start + i64(captured)])
                )
            else:
                parts.append(block[start : start + i64(captured)])
            parts.append(_TAILS[pad].pack(whole))
            size += whole
            at += i64(following)
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


def _flags(block: memoryview, start: i64, captured: i64) -> i64:
    """The flags of a TCP segment over Ethernet and a plain IP header; 0 for anything else."""
    if block[start + 12] == 0x08:
        if block[start + 13] == 0 and block[start + 14] == 0x45 and block[start + 23] == 6:
            return block[start + 47]
    elif captured > 67 and block[start + 12] == 0x86 and block[start + 13] == 0xDD and block[start + 20] == 6:
        return block[start + 67]
    return 0
