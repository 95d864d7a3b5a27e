"""The classic capture format, draft-ietf-opsawg-pcap, in its byte orders, precisions and modified variants."""

import struct
from array import array
from collections.abc import Callable
from mmap import mmap
from typing import Final

import numpy as np
from mypy_extensions import i64
from numpy.typing import NDArray

from inspector.capture.gather import rows_at
from inspector.capture.limits import MAX_PACKETS, PROGRESS_EVERY, max_captured
from inspector.capture.table import Capture, Interface, PacketTable
from inspector.model.errors import CaptureError

FILE_HEADER: Final = 24
RECORD_HEADER: Final = 16

_MICRO: Final = 0xA1B2C3D4
_NANO: Final = 0xA1B23C4D
_MODIFIED: Final = 0xA1B2CD34

_RECORD_HEADERS: Final = {_MICRO: (16, 24, 20), _NANO: (16,), _MODIFIED: (24, 28)}
"""Record header sizes seen under each magic number: Linux kernels and libpcap patches of 1999 added an interface
index, a protocol and a packet type (24), a checksum besides (28), Nokia a word of its own (20)."""

WINDOW: Final = 1 << 16
"""Bytes of the file looked at together while walking."""

_PROBED: Final = 3
"""Records looked at to tell the variants apart."""

_MOST_CUT: Final = 4
"""Times by which packets on the wire are longer than any that is captured, at most."""

_YEAR: Final = 366 * 86_400
"""Seconds; records that follow each other are not further apart."""


class _Layout:
    """How the records of one file are written."""

    def __init__(self, order: str, magic: int, version: tuple[int, int], link_type: int, snap_length: int) -> None:
        self.order = order
        self.nano = magic == _NANO
        self.link_type = link_type
        self.snap_length = snap_length
        self.header = RECORD_HEADER
        # Versions before 2.3 (and DG/UX's 543.0) had the two lengths the other way round, as had some 2.3 writers.
        self.swapped = version < (2, 3) or version == (543, 0)
        self.maybe_swapped = version == (2, 3)


def is_pcap(head: bytes) -> bool:
    """Whether the first four bytes are those of a classic capture file."""
    return _magic(head)[1] != 0


def read_pcap(path: str, image: mmap | bytes, progress: Callable[[str, float], None] | None = None) -> Capture:
    """Index the records of `image`, a whole classic capture file.

    A file that ends early or claims impossible lengths gives what came before, and an issue.
    Raises CaptureError when the file header itself is cut or of another version.
    """
    layout = _file_header(path, image)
    layout.header = _record_header(image, layout)
    heads, issue = _walk(image, layout, progress)
    interface = Interface(link_type=layout.link_type, snap_length=layout.snap_length)
    name = "pcap (nanoseconds)" if layout.nano else "pcap"
    return Capture(path, name, _columns(image, heads, layout), [interface], issue=issue)


def _magic(head: bytes) -> tuple[str, int]:
    for order in "<>":
        magic = int(struct.unpack(order + "I", head[:4])[0]) if len(head) >= 4 else 0
        if magic in _RECORD_HEADERS:
            return order, magic
    return "<", 0


def _file_header(path: str, image: mmap | bytes) -> _Layout:
    size = len(image)
    if size < FILE_HEADER:
        raise CaptureError(f"{path}: file ends inside its header: {FILE_HEADER} bytes are needed, {size} are there")
    order, magic = _magic(image[:4])
    major, minor, _zone, _sigfigs, snap_length, link = struct.unpack_from(order + "HHiIII", image, 4)
    if major < 2:
        raise CaptureError(f"{path}: pcap version {major}.{minor} is not known, only 2.0 and later")
    # The upper bits of the link type hold the length of the frame check sequence.
    return _Layout(order, magic, (major, minor), link & 0x03FFFFFF, snap_length)


def _record_header(image: mmap | bytes, layout: _Layout) -> int:
    """The size of record headers: the usual one unless the first records make sense under another only."""
    headers = _RECORD_HEADERS[int(struct.unpack(layout.order + "I", image[:4])[0])]
    for header in headers:
        if _plausible(image, layout, header):
            return header
    return headers[0]


def _plausible(image: mmap | bytes, layout: _Layout, header: int) -> bool:
    """Whether the first records make sense, read with record headers of `header` bytes.

    It is no fault that the file ends, or every cut file would be taken for a variant.
    """
    pos, size, first = FILE_HEADER, len(image), -1
    fields = struct.Struct(layout.order + "IIII")
    limit = max_captured(layout.link_type)
    second = 1_000_000_000 if layout.nano else 1_000_000
    for _ in range(_PROBED):
        if pos + header > size:
            break
        seconds: int
        fraction: int
        captured: int
        length: int
        seconds, fraction, captured, length = fields.unpack_from(image, pos)
        if layout.swapped or (layout.maybe_swapped and captured > length):
            captured, length = length, captured
        first = seconds if first < 0 else first
        if captured > min(limit, length) or length > limit * _MOST_CUT:
            return False
        if fraction >= second or abs(seconds - first) > _YEAR:
            return False
        pos += header + captured
    return True


def _walk(
    image: mmap | bytes, layout: _Layout, progress: Callable[[str, float], None] | None
) -> "tuple[array[int], str | None]":
    """Offsets of the whole records, and why it stopped before the end of the file."""
    maybe_swapped = layout.maybe_swapped
    big = layout.order == ">"
    field: i64 = 12 if layout.swapped else 8
    limit: i64 = max_captured(layout.link_type)
    heads: array[int] = array("q")
    pos: i64 = FILE_HEADER
    header: i64 = layout.header
    size: i64 = len(image)
    mark: i64 = PROGRESS_EVERY
    captured: i64 = 0
    window = b""
    window_at: i64 = 0
    while pos <= size - header:
        at = pos - window_at
        if at + header > len(window):
            window = image[pos : pos + WINDOW]
            window_at = pos
            at = 0
        captured = _u32(window, at + field, big)
        if maybe_swapped:
            captured = min(captured, _u32(window, at + 12, big))
        if captured > limit:
            return heads, _impossible(len(heads) + 1, pos, captured, limit)
        heads.append(pos)
        pos += header + captured
        if pos >= mark:
            mark = pos + PROGRESS_EVERY
            if len(heads) >= MAX_PACKETS:
                return heads, f"only the first {len(heads)} packets were read, up to offset {pos}"
            if progress is not None:
                progress("reading", min(float(pos) / float(size), 1.0))
    if pos > size:
        heads.pop()
        return heads, _cut(f"packet {len(heads) + 1}", pos - captured, captured, size)
    if pos < size:
        return heads, _cut(f"the header of packet {len(heads) + 1}", pos, header, size)
    return heads, None


def _u32(data: bytes, at: i64, big: bool) -> i64:
    if big:
        return i64(data[at]) << 24 | i64(data[at + 1]) << 16 | i64(data[at + 2]) << 8 | i64(data[at + 3])
    return i64(data[at + 3]) << 24 | i64(data[at + 2]) << 16 | i64(data[at + 1]) << 8 | i64(data[at])


def _cut(what: str, offset: int, needed: int, size: int) -> str:
    return f"file ends inside {what} at offset {offset}: {needed} bytes are needed, {size - offset} are there"


def _impossible(number: int, offset: int, captured: int, limit: int) -> str:
    return f"packet {number} at offset {offset} claims {captured} captured bytes of at most {limit}: reading stopped"


def _columns(image: mmap | bytes, heads: "array[int]", layout: _Layout) -> PacketTable:
    count = len(heads)
    offsets: NDArray[np.int64] = np.frombuffer(heads, dtype=np.int64) if count else np.zeros(0, np.int64)
    words = rows_at(image, offsets, RECORD_HEADER).view(layout.order + "u4").astype(np.int64)
    captured, lengths = words[:, 2], words[:, 3]
    if layout.swapped:
        captured, lengths = lengths, captured
    elif layout.maybe_swapped:
        captured, lengths = np.minimum(captured, lengths), np.maximum(captured, lengths)
    times = words[:, 0] * 1_000_000_000 + words[:, 1] * (1 if layout.nano else 1000)
    return PacketTable(
        image,
        offsets + layout.header,
        np.ascontiguousarray(captured),
        np.ascontiguousarray(lengths),
        times,
        np.full(count, layout.link_type, np.int32),
        np.zeros(count, np.int32),
    )
