"""The block-structured capture format, draft-ietf-opsawg-pcapng."""

import struct
from array import array
from collections.abc import Callable
from mmap import mmap
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from inspector.capture.blocks import (
    BYTE_ORDER,
    ENHANCED,
    IF_DESCRIPTION,
    IF_NAME,
    IF_TSOFFSET,
    IF_TSRESOL,
    INTERFACE,
    MAGIC,
    OPT_COMMENT,
    PACKET,
    SECRETS,
    SECTION,
    SIMPLE,
)
from inspector.capture.gather import rows_at
from inspector.capture.limits import MAX_CAPTURED, MAX_PACKETS, NO_PACKET, PROGRESS_EVERY, max_captured
from inspector.capture.table import Capture, Interface, PacketTable, Secrets
from inspector.capture.ticks import DEFAULT_RESOLUTION, nanoseconds
from inspector.model.errors import CaptureError

_RECORDS: Final = {0x0BAD: 12, 0x40000BAD: 12, 9: 8, 0x204: 32, 0x216: 36, 0x221: 36}
"""Blocks that Wireshark numbers though they are no packets (custom, journal, system call): where data begin."""

_NAMES: Final = {INTERFACE: "interface", PACKET: "packet", SIMPLE: "packet", ENHANCED: "packet", SECRETS: "secrets"}

ENHANCED_HEADER: Final = 28
"""Bytes of an enhanced packet block before the packet's."""

ENHANCED_LEAST: Final = 32
"""Bytes of an enhanced packet block whose packet is empty."""

_FRAME: Final = 12
"""Bytes around every block's body: type, total length, total length again."""

_MAX_INTERFACES: Final = 1_000_000
"""A file of nothing but interface blocks must not fill the memory with objects."""

_MAX_OPTIONS: Final = 10_000
"""Options in one block: a block of nothing but empty ones must not, either."""

_MAX_COMMENTS: Final = 1_000_000
"""Comments are objects, too."""

_Number = TypeVar("_Number", bound=np.generic)


class _StopError(Exception):
    """Reading cannot go on; the text is the capture's issue."""


def is_pcapng(head: bytes) -> bool:
    """Whether the first four bytes are those of a section header block."""
    return head[:4] == MAGIC


def read_pcapng(path: str, image: mmap | bytes, progress: Callable[[str, float], None] | None = None) -> Capture:
    """Index the blocks of `image`, a whole pcapng file.

    A file that ends early or holds a damaged block gives what came before, and an issue.
    Raises CaptureError when the first section header cannot be read.
    """
    walk = _Walk(image)
    issues: list[str] = []
    try:
        first = walk.section(0)
    except _StopError as stop:
        raise CaptureError(f"{path}: {stop}") from None
    try:
        walk.blocks(first, progress)
    except _StopError as stop:
        issues.append(str(stop))
    if walk.note:
        issues.append(walk.note)
    table = walk.table()
    issue = "; ".join(issues) or None
    return Capture(path, "pcapng", table, walk.interfaces, walk.comments, walk.secrets, issue)


class _OddRows:
    """Columns of the rows that are no plain enhanced packets."""

    def __init__(self) -> None:
        self.rows: array[int] = array("q")
        self.starts: array[int] = array("q")
        self.captured: array[int] = array("q")
        self.lengths: array[int] = array("q")
        self.ticks: array[int] = array("Q")
        self.interfaces: array[int] = array("i")
        self.timed: array[int] = array("b")


class _Walk:
    """Goes through the blocks of a file once and collects what becomes the columns.

    Of a plain enhanced packet only the offset of its block is kept here; its numbers are gathered at the end, all at
    once. What differs goes to `odd`.
    """

    def __init__(self, image: mmap | bytes) -> None:
        self.image = image
        self.size = len(image)
        self.order = "<"
        self.note = ""
        self.heads: array[int] = array("q")
        self.odd = _OddRows()
        self.section_rows: array[int] = array("q")
        self.section_big: array[int] = array("b")
        self.section_interfaces: array[int] = array("q")
        self.first_interface = 0
        self.interfaces: list[Interface] = []
        self.resolutions: array[int] = array("B")
        self.offsets: array[int] = array("q")
        self.comments: dict[int, list[str]] = {}
        self.comment_count = 0
        self.secrets: list[Secrets] = []

    def section(self, pos: int) -> int:
        """Read the section header block at `pos`: byte order, comments. Returns its total length."""
        self._need(pos, 16, "section header")
        raw = self.image[pos + 8 : pos + 12]
        order = "<" if struct.unpack("<I", raw)[0] == BYTE_ORDER else ">"
        if struct.unpack(order + "I", raw)[0] != BYTE_ORDER:
            raise _StopError(f"the section at offset {pos} has no byte-order magic but {raw.hex(' ')}")
        self.order = order
        total, _magic, major, minor = struct.unpack_from(order + "IIHH", self.image, pos + 4)
        # 1.2 was written by mistake for 1.0 (section 4.1).
        if (major, minor) not in {(1, 0), (1, 2)}:
            raise _StopError(f"the section at offset {pos} is of pcapng version {major}.{minor}, which is not known")
        self._check_block(pos, total, 28, "section header")
        self.first_interface = len(self.interfaces)
        self.section_rows.append(len(self.heads))
        self.section_big.append(order == ">")
        self.section_interfaces.append(self.first_interface)
        self._comments(0, pos + 24, pos + total - 4)
        return int(total)

    def blocks(self, pos: int, progress: Callable[[str, float], None] | None) -> None:
        """Read all blocks from offset `pos` on. Raises _StopError where it cannot go on."""
        image, size, heads = self.image, self.size, self.heads
        order, known, mark = "", 0, PROGRESS_EVERY
        enhanced = last = struct.Struct("<I").unpack_from
        last_head = size - ENHANCED_HEADER
        while pos <= last_head:
            if order != self.order:
                order = self.order
                enhanced = struct.Struct(order + "III8xI").unpack_from
                last = struct.Struct(order + "I").unpack_from
            kind: int
            total: int
            source: int
            captured: int
            kind, total, source, captured = enhanced(image, pos)
            after = pos + total
            if (
                kind == ENHANCED
                and source < known
                and captured <= MAX_CAPTURED
                and captured + ENHANCED_LEAST <= total
                and after <= size
                and not total & 3
                and last(image, after - 4)[0] == total
            ):
                heads.append(pos)
                pos = after
            else:
                pos = self._block(pos)
                known = len(self.interfaces) - self.first_interface
            if pos >= mark:
                mark = pos + PROGRESS_EVERY
                if len(heads) >= MAX_PACKETS:
                    raise _StopError(f"only the first {len(heads)} packets were read, up to offset {pos}")
                if progress is not None:
                    progress("reading", pos / size)
        while pos + _FRAME <= size:
            pos = self._block(pos)
        if pos < size:
            raise _StopError(_cut(self._where("block header"), pos, _FRAME, size))

    def _block(self, pos: int) -> int:
        """Read the block at `pos`, of any kind, with all checks. Returns the offset after it."""
        kind: int
        total: int
        kind, total = struct.unpack_from(self.order + "II", self.image, pos)
        if kind == SECTION:
            return pos + self.section(pos)
        self._check_block(pos, total, what=_NAMES.get(kind, "block"))
        end = pos + ((total + 3) & ~3)
        if kind == ENHANCED:
            self._enhanced(pos, end)
        elif kind == INTERFACE:
            self._interface(pos, end)
        elif kind == SIMPLE:
            self._simple(pos, end)
        elif kind == PACKET:
            self._obsolete(pos, end)
        elif kind == SECRETS:
            self._secrets(pos, end)
        elif kind in _RECORDS:
            self._record(kind, pos, end)
        return end

    def _enhanced(self, pos: int, end: int) -> None:
        """An enhanced packet block, section 4.3, that is unusual in some way."""
        if end - pos < ENHANCED_LEAST:
            raise _StopError(_short("packet", pos, end - pos))
        source, high, low, captured, length = struct.unpack_from(self.order + "IIIII", self.image, pos + 8)
        self._packet(pos, pos + ENHANCED_HEADER, end - 4, source, (high << 32) | low, captured, length)

    def _packet(
        self, pos: int, start: int, limit: int, source: int, ticks: int, captured: int, length: int, timed: bool = True
    ) -> None:
        """Keep the packet of the block at `pos`: its data begin at `start`, its block's body ends at `limit`."""
        index = self.first_interface + source
        if index >= len(self.interfaces):
            index = self._unknown_interface(pos, source)
            if index < 0:
                return
        most = max_captured(self.interfaces[index].link_type)
        if captured > limit - start or captured > most:
            raise _StopError(
                f"packet {len(self.heads) + 1} at offset {pos} claims {captured} captured bytes of at most "
                f"{min(limit - start, most)}: reading stopped"
            )
        self._row(pos, start, captured, length, ticks, index, timed)
        self._comments(len(self.heads), start + ((captured + 3) & ~3), limit)

    def _row(self, pos: int, start: int, captured: int, length: int, ticks: int, index: int, timed: bool) -> None:
        odd = self.odd
        odd.rows.append(len(self.heads))
        self.heads.append(pos)
        odd.starts.append(start)
        odd.captured.append(captured)
        odd.lengths.append(length)
        odd.ticks.append(ticks)
        odd.interfaces.append(index)
        odd.timed.append(timed)

    def _unknown_interface(self, pos: int, source: int) -> int:
        """The interface to take for one that the section never described: its first, or -1 when it has none."""
        known = len(self.interfaces) - self.first_interface
        kept = "its link type is taken from the first" if known else "the packet was left out"
        self._remark(f"the packet block at offset {pos} names interface {source} of {known}: {kept}")
        return self.first_interface if known else -1

    def _remark(self, note: str) -> None:
        """Keep the first remark on something odd that could be read all the same."""
        if not self.note:
            self.note = note

    def _interface(self, pos: int, end: int) -> None:
        """An interface description block, section 4.2."""
        if end - pos < 20:
            raise _StopError(_short("interface", pos, end - pos))
        if len(self.interfaces) >= _MAX_INTERFACES:
            raise _StopError(f"more than {_MAX_INTERFACES} interfaces at offset {pos}: reading stopped")
        link_type, _reserved, snap_length = struct.unpack_from(self.order + "HHI", self.image, pos + 8)
        interface = Interface(link_type=link_type, snap_length=snap_length)
        resolution, offset = DEFAULT_RESOLUTION, 0
        for code, value in self._options(pos + 16, end - 4):
            if code == IF_NAME:
                interface.name = _text(value)
            elif code == IF_DESCRIPTION:
                interface.description = _text(value)
            elif code == IF_TSRESOL and len(value) == 1:
                resolution = value[0]
            elif code == IF_TSOFFSET and len(value) == 8:
                offset = int(struct.unpack(self.order + "q", value)[0])
        self.interfaces.append(interface)
        self.resolutions.append(resolution)
        self.offsets.append(offset)

    def _simple(self, pos: int, end: int) -> None:
        """A simple packet block, section 4.4: of interface 0, without a time, cut at its snap length."""
        if end - pos < 16:
            raise _StopError(_short("packet", pos, end - pos))
        length = int(struct.unpack_from(self.order + "I", self.image, pos + 8)[0])
        captured = length
        if self.first_interface < len(self.interfaces):
            snap_length = self.interfaces[self.first_interface].snap_length
            if 0 < snap_length < captured:
                captured = snap_length
        self._packet(pos, pos + 12, end - 4, 0, 0, captured, length, timed=False)

    def _obsolete(self, pos: int, end: int) -> None:
        """A packet block, appendix A."""
        if end - pos < 32:
            raise _StopError(_short("packet", pos, end - pos))
        source, _drops, high, low, captured, length = struct.unpack_from(self.order + "HHIIII", self.image, pos + 8)
        self._packet(pos, pos + 28, end - 4, source, (high << 32) | low, captured, length)

    def _secrets(self, pos: int, end: int) -> None:
        """A decryption secrets block, section 4.7; its bytes are kept as they are."""
        if end - pos < 20:
            raise _StopError(_short("secrets", pos, end - pos))
        kind, size = struct.unpack_from(self.order + "II", self.image, pos + 8)
        if pos + 16 + size > end - 4:
            raise _StopError(f"the secrets block at offset {pos} claims {size} bytes, more than it has")
        self.secrets.append(Secrets(kind, self.image[pos + 16 : pos + 16 + size]))

    def _record(self, kind: int, pos: int, end: int) -> None:
        """A block that carries no packet but that Wireshark numbers like one."""
        start = pos + _RECORDS[kind]
        if start > end - 4:
            raise _StopError(_short("record", pos, end - pos))
        size = end - 4 - start
        self._row(pos, start, size, size, 0, -1, timed=False)

    def _comments(self, number: int, start: int, end: int) -> None:
        """Keep the comments among the options at `start:end`; number 0 is the file."""
        for code, value in self._options(start, end):
            if code == OPT_COMMENT and self.comment_count < _MAX_COMMENTS:
                self.comment_count += 1
                self.comments.setdefault(number, []).append(_text(value))

    def _options(self, start: int, end: int) -> list[tuple[int, bytes]]:
        """The options at `start:end` up to the first damaged one, section 3.5."""
        found: list[tuple[int, bytes]] = []
        head = struct.Struct(self.order + "HH").unpack_from
        while start + 4 <= end and len(found) < _MAX_OPTIONS:
            code, size = head(self.image, start)
            if code == 0 or start + 4 + size > end:
                break
            found.append((code, self.image[start + 4 : start + 4 + size]))
            start += 4 + ((size + 3) & ~3)
        return found

    def _need(self, pos: int, needed: int, what: str) -> None:
        if pos + needed > self.size:
            raise _StopError(_cut(self._where(what), pos, needed, self.size))

    def _where(self, what: str) -> str:
        count = len(self.heads)
        if what == _NAMES[ENHANCED]:
            return f"packet {count + 1}"
        return f"the {what} after packet {count}" if count else f"the {what}"

    def _check_block(self, pos: int, total: int, least: int = _FRAME, what: str = "block") -> None:
        """Raise _StopError unless the block at `pos` lies in the file and its two total lengths agree."""
        if total < least:
            raise _StopError(_short(what, pos, total))
        # Total lengths are multiples of four (section 3.1); writers that forgot still padded.
        padded = (total + 3) & ~3
        self._need(pos, padded, what)
        trailing = int(struct.unpack_from(self.order + "I", self.image, pos + padded - 4)[0])
        if trailing != total:
            raise _StopError(f"the block at offset {pos} claims {total} bytes before and {trailing} after its body")

    def table(self) -> PacketTable:
        """The columns of all packets read so far."""
        heads = _column(self.heads, np.int64)
        words = self._words(heads)
        odd = self.odd
        rows = _column(odd.rows, np.int64)
        starts, captured, lengths = heads + ENHANCED_HEADER, words[:, 5], words[:, 6]
        ticks = words[:, 3].astype(np.uint64) << np.uint64(32) | words[:, 4].astype(np.uint64)
        sources = words[:, 2] + self._per_row(self.section_interfaces)
        self._packet_comments(heads, words, rows)
        starts[rows] = odd.starts
        captured[rows] = odd.captured
        lengths[rows] = odd.lengths
        ticks[rows] = odd.ticks
        sources[rows] = odd.interfaces
        # A record without an interface, -1, finds what is appended at the end.
        links = np.array([*(interface.link_type for interface in self.interfaces), NO_PACKET], np.int32)
        self.resolutions.append(DEFAULT_RESOLUTION)
        self.offsets.append(0)
        times = nanoseconds(ticks, sources, self.resolutions, self.offsets)
        times[rows[_column(odd.timed, np.int8) == 0]] = 0
        return PacketTable(
            self.image,
            starts,
            np.ascontiguousarray(captured),
            np.ascontiguousarray(lengths),
            times,
            links[sources],
            sources.astype(np.int32),
        )

    def _words(self, heads: NDArray[np.int64]) -> NDArray[np.int64]:
        """The first seven words of the blocks at `heads`, one row each; those of shorter blocks mean nothing."""
        last = self.size - ENHANCED_HEADER
        words = rows_at(self.image, np.minimum(heads, last), ENHANCED_HEADER).view("<u4")
        big = self._per_row(self.section_big) != 0
        if big.any():
            words[big] = words[big].byteswap()
        return words.astype(np.int64)

    def _per_row(self, values: "array[int]") -> NDArray[np.int64]:
        """For every packet the value of its section."""
        ends = np.append(_column(self.section_rows, np.int64)[1:], len(self.heads))
        return np.repeat(_column(values, np.int64), ends - _column(self.section_rows, np.int64))

    def _packet_comments(self, heads: NDArray[np.int64], words: NDArray[np.int64], odd: NDArray[np.int64]) -> None:
        """Read the options of the plain enhanced packets that have any."""
        starts = ENHANCED_HEADER + (words[:, 5] + 3 & ~3)
        some = words[:, 1] - starts >= 8
        some[odd] = False
        big = self._per_row(self.section_big)
        for row in np.flatnonzero(some).tolist():
            self.order = ">" if big[row] else "<"
            head = int(heads[row])
            self._comments(row + 1, head + int(starts[row]), head + int(words[row, 1]) - 4)
        self.comments = dict(sorted(self.comments.items()))


def _column(values: "array[int]", kind: type[_Number]) -> NDArray[_Number]:
    return np.array(values, dtype=kind)


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode("utf-8", "replace")


def _cut(what: str, offset: int, needed: int, size: int) -> str:
    return f"file ends inside {what} at offset {offset}: {needed} bytes are needed, {size - offset} are there"


def _short(what: str, offset: int, total: int) -> str:
    return f"the {what} at offset {offset} has a block of {total} bytes, too few: reading stopped"
