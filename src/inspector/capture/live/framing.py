"""How the packets of a capture stand one behind the other, seen by whoever copies them."""

import struct
from typing import Final

from inspector.capture.blocks import ENHANCED, INTERFACE, MAGIC, PACKET, SECTION, SIMPLE

NO_LIMIT: Final = 1 << 62
FIRST: Final = 12
"""Bytes of a file that tell how it is framed."""
FILE_HEADER: Final = 24
RECORD: Final = 16

_PCAP: Final = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\x4d\x3c\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\xa1\xb2\x3c\x4d": ">",
}
_LITTLE: Final = b"\x4d\x3c\x2b\x1a"
_BLOCKS: Final = (struct.Struct(">II"), struct.Struct("<II"))
_PACKETS: Final = (ENHANCED, SIMPLE, PACKET)


class Framing:
    """Told by the first bytes of a file; raises ValueError when they are no capture's."""

    def __init__(self, first: bytes) -> None:
        self.pcapng = first[:4] == MAGIC
        if not self.pcapng and first[:4] not in _PCAP:
            raise ValueError(f"first 4 bytes {first[:4].hex(' ')} are no pcap or pcapng magic")
        # what a block begins with, or of a record's header how long its packet is
        self.begin = _BLOCKS[first[8:12] == _LITTLE] if self.pcapng else struct.Struct(_PCAP[first[:4]] + "8xI4x")

    def head(self, data: bytes) -> int:
        """The bytes before the first packet: file header, or section and interfaces; 0 if not all are there."""
        if not self.pcapng:
            return FILE_HEADER if len(data) >= FILE_HEADER else 0
        at = 0
        while at + self.begin.size <= len(data):
            kind, total = self.begin.unpack_from(data, at)
            if kind not in {SECTION, INTERFACE} or total < FIRST:
                return at
            at += total
        return 0

    def walk(self, data: bytes, least: int = NO_LIMIT, most: int = NO_LIMIT) -> tuple[int, int]:
        """Where the packet ends that is the `most`th one or reaches `least` bytes, and how many there are up to it.

        If there are fewer, the end of the last that is whole. Raises ValueError when a length cannot be true.
        """
        at = found = 0
        size, unit, read = len(data), self.begin.size, self.begin.unpack_from
        while at < least and found < most and at + unit <= size:
            if self.pcapng:
                kind, total = read(data, at)
                after = at + (total + 3 & ~3)
                if kind == SECTION:
                    if at + FIRST > size:
                        break
                    # sections may differ in their byte order
                    self.begin = _BLOCKS[data[at + 8 : at + FIRST] == _LITTLE]
                    read = self.begin.unpack_from
                    total = read(data, at)[1]
                    after = at + (total + 3 & ~3)
                if total < FIRST:
                    raise ValueError(f"a block of {total} bytes")
                packet = kind in _PACKETS
            else:
                after = at + RECORD + read(data, at)[0]
                packet = True
            if after > size:
                break
            at = after
            found += packet
        return at, found
