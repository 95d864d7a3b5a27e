"""A capture file that grows: the packets appended since the last look, as a table of their own."""

import os
import struct
from typing import Final

from inspector.capture.blocks import MAGIC
from inspector.capture.pcap import FILE_HEADER, is_pcap, read_pcap
from inspector.capture.pcapng import ENHANCED_HEADER, read_pcapng
from inspector.capture.table import Capture, PacketTable
from inspector.model.errors import CaptureError

_LITTLE: Final = b"\x4d\x3c\x2b\x1a"
_INTERFACE: Final = (b"\1\0\0\0", b"\0\0\0\1")
_LONG: Final = (b"\6\0\0\0", b"\0\0\0\6", b"\2\0\0\0", b"\0\0\0\2")
SIMPLE_HEADER: Final = 12
"""Bytes of a simple packet block before the packet's."""
CHUNK: Final = 4 << 20
"""Bytes looked at together: what is shown stays close behind the wire."""


class Tail:
    """Reads a pcapng or pcap file as another process appends to it.

    `offset` is how far the file has been read, in bytes. `shift` is what to add to a start in the last table for the
    packet's offset in the file.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.file = os.open(path, os.O_RDONLY)
        self.head = b""
        self.chunk = CHUNK
        self.interfaces = 0
        self.offset = 0
        self.shift = 0
        self.count = 0
        self.comments: dict[int, list[str]] = {}

    def more(self) -> PacketTable | None:
        """The packets appended since the last call, at most some megabytes of them; None when there are none yet.

        Raises CaptureError when the file is no capture.
        """
        piece = os.pread(self.file, self.chunk, self.offset)
        image = self.head + piece
        if not _begun(image):
            return None
        self.shift = self.offset - len(self.head)
        capture = self._parse(image)
        table = capture.table
        if not len(table):
            # a block longer than what is looked at
            self.chunk <<= len(piece) == self.chunk
            return None
        self.chunk = CHUNK
        after = self._after(image, table, len(table) - 1)
        if capture.format != "pcapng":
            self.head = image[:FILE_HEADER]
        elif len(capture.interfaces) != self.interfaces:
            self.head, self.interfaces = _descriptions(image[:after])
        self.comments = capture.comments
        self.count += len(table)
        self.offset = after + self.shift
        return table

    def _parse(self, image: bytes) -> Capture:
        if image[:4] == MAGIC:
            return read_pcapng(self.path, image)
        if is_pcap(image[:4]):
            return read_pcap(self.path, image)
        raise CaptureError(f"{self.path}: first 4 bytes {image[:4].hex(' ')} are no pcap or pcapng magic")

    def _after(self, image: bytes, table: PacketTable, row: int) -> int:
        """Where the record of a packet ends in `image`."""
        start = int(table.starts[row])
        if image[:4] != MAGIC:
            return start + int(table.captured[row])
        head = start - ENHANCED_HEADER
        if image[head : head + 4] not in _LONG:
            head = start - SIMPLE_HEADER
        return head + _length(image, head, _order(image, 0))

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the file read before."""
        return os.pread(self.file, length, offset)

    def close(self) -> None:
        """Close the file."""
        os.close(self.file)


def _begun(image: bytes) -> bool:
    """Whether all of the file header, or of the first section header, is there."""
    if len(image) < FILE_HEADER:
        return False
    return image[:4] != MAGIC or len(image) >= _length(image, 0, _order(image, 0))


def _descriptions(image: bytes) -> tuple[bytes, int]:
    """The header of the last section and its interfaces, as one piece, and how many these are."""
    at = count = 0
    head = order = b""
    while at < len(image):
        kind = image[at : at + 4]
        if kind == MAGIC:
            head, count = b"", 0
            order = _order(image, at)
        after = at + _length(image, at, order)
        described = kind in _INTERFACE
        if kind == MAGIC or described:
            head += image[at:after]
            count += described
        at = after
    return head, count


def _order(image: bytes, at: int) -> bytes:
    return image[at + 8 : at + 12]


def _length(image: bytes, at: int, order: bytes) -> int:
    total = int(struct.unpack_from("<I" if order == _LITTLE else ">I", image, at + 4)[0])
    return total + 3 & ~3 or len(image)
