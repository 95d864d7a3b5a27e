"""A capture file that grows: the packets appended since the last look, as a table of their own."""

import os
import struct
from typing import Final

from inspector.capture.blocks import MAGIC
from inspector.capture.pcap import FILE_HEADER, is_pcap, read_pcap
from inspector.capture.pcapng import ENHANCED_HEADER, read_pcapng
from inspector.capture.table import Capture, PacketTable
from inspector.model.errors import CaptureError

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
        self.offset = 0
        self.shift = 0
        self.count = 0
        self.comments: dict[int, list[str]] = {}

    def more(self) -> PacketTable | None:
        """The packets appended since the last call, at most some megabytes of them; None when there are none yet.

        Raises CaptureError when the file is no capture.
        """
        piece = os.pread(self.file, CHUNK, self.offset)
        image = self.head + piece
        if len(image) < FILE_HEADER:
            return None
        self.shift = self.offset - len(self.head)
        capture = self._parse(image)
        table = capture.table
        if not len(table):
            return None
        after = self._after(image, table, len(table) - 1)
        if not self.head:
            first = int(table.starts[0]) - (ENHANCED_HEADER if capture.format == "pcapng" else 16)
            self.head = image[:first]
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
        order = "<" if image[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
        head = start - ENHANCED_HEADER
        total = struct.unpack_from(order + "I", image, head + 4)[0]
        return head + int(total)

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the file read before."""
        return os.pread(self.file, length, offset)

    def close(self) -> None:
        """Close the file."""
        os.close(self.file)
