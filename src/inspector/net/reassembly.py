"""One direction of a TCP connection: segments in any order become pieces in order.

RFC 9293 3.4 (sequence numbers), 3.10.7 (segment arrival), RFC 1122 4.2.3.6 (keep-alive)
"""

from array import array
from bisect import bisect_right
from typing import Final

from mypy_extensions import i64

from inspector.model.buffer import HOLE, Pieces
from inspector.model.flow import FlowNote
from inspector.model.sides import Side
from inspector.net.numbers import FIN, RST, SYN

MAX_NOTES: Final = 1000
"""Notes kept a direction; a capture of lossy radio has one for every tenth packet."""

HOLE_BASE: Final = 16 << 20
HOLE_PER_SEGMENT: Final = 65_536
HOLE_MOST: Final = 256 << 20
"""Bytes of holes kept at their true size in a direction: HOLE_BASE (receive windows rarely exceed 16 MiB) and one
segment's worth for each segment, at most HOLE_MOST. A hole beyond that is drawn as one byte: a single forged
sequence number must not cost 2 GiB of zeros."""


class SegmentReader:
    """What the reassembler may ask about packets; without one it compares nothing."""

    def bytes(self, packet: int, start: int, end: int) -> bytes:
        """Bytes `start:end` of packet `packet`."""
        raise NotImplementedError

    def same_packet(self, first: int, second: int) -> bool:
        """Whether packet `second` is another capture of the IP packet that `first` shows."""
        raise NotImplementedError


class Reassembler:
    """Takes the segments of one side in the order of the capture; `pieces` grows as far as the bytes are settled.

    Positions count from the first byte of the stream: the one after the SYN, or the first one seen. Bytes captured
    first are kept. With `patience` (bytes captured behind a gap) a gap is given up when that much lies behind it,
    as a live capture needs; without, only `finish` gives it up.
    """

    def __init__(self, side: Side, reader: SegmentReader | None = None, patience: i64 = 0) -> None:
        self.side = side
        self.reader = reader
        self.patience: i64 = patience
        self.pieces = Pieces()
        self.notes: list[FlowNote] = []
        self.started = False
        self.from_syn = False
        self.first_seq: i64 = 0
        # positions of the sequence space: `next` is settled, `high` the end of what is known to have been sent
        self.next: i64 = 0
        self.high: i64 = 0
        self.fin_at: i64 = -1
        # where the last piece ends in the buffer is `next - cut`: holes drawn shorter than they are
        self.cut: i64 = 0
        self.hole_bytes: i64 = 0
        self.segments: i64 = 0
        self.last_packet: i64 = 0
        # pieces behind a gap, sorted and disjoint
        self.positions: array[int] = array("q")
        self.lengths: array[int] = array("q")
        self.sources: array[int] = array("q")
        self.offsets: array[int] = array("q")
        self.waiting: i64 = 0

    def start(self, seq: i64) -> None:
        """The stream's first byte has sequence number `seq` (one more than the SYN's)."""
        self.started = True
        self.from_syn = True
        self.first_seq = seq & 0xFFFFFFFF

    def position(self, seq: i64) -> i64:
        """The position that `seq` stands for: the one nearest to the highest seen; RFC 9293 3.4."""
        ahead: i64 = (seq - self.first_seq - self.high) & 0xFFFFFFFF
        if ahead >= 0x80000000:
            ahead -= 0x100000000
        return self.high + ahead

    def add(self, seq: i64, length: i64, captured: i64, flags: i64, packet: i64, offset: i64) -> None:
        """A segment of `length` payload bytes, the first `captured` of which lie in packet `packet` from `offset`."""
        if flags & RST:
            return
        if flags & SYN:
            seq = (seq + 1) & 0xFFFFFFFF
        if not self.started:
            self.started = True
            self.first_seq = seq
        self.segments += 1
        at = self.position(seq)
        if flags & FIN:
            self._fin(at + length)
        if length == 0:
            if at == self.high - 1 and not flags & (SYN | FIN):
                self.note("keep-alive", packet, "probe of an idle connection, repeating the last sequence number")
            return
        if at == self.next and captured == length and not self.waiting:
            self.pieces.add(packet, offset, length)
            self.next = at + length
            self.high = max(self.high, self.next)
            self.last_packet = packet
            return
        self._odd(at, length, captured, packet, offset)
        self.last_packet = packet

    def acknowledged(self, ack: i64) -> None:
        """The peer has received everything before `ack`, captured or not."""
        if not self.started or self.fin_at >= 0:
            return
        at = self.position(ack)
        # one more than was seen is a FIN that was not captured, rather than a lost byte
        if at > self.high + 1:
            self.high = at

    def _fin(self, at: i64) -> None:
        if self.fin_at < 0 or at < self.fin_at:
            self.fin_at = at
        self.high = max(self.high, at)

    def _odd(self, at: i64, length: i64, captured: i64, packet: i64, offset: i64) -> None:
        """A segment that is not simply the next one."""
        end = at + length
        if at == self.next + 1 and not self.next and not self.from_syn and not self.waiting:
            # what seemed to be the first segment was a keep-alive probe, one before the next byte
            self.first_seq = (self.first_seq + 1) & 0xFFFFFFFF
            at, end = at - 1, end - 1
            if self.high:
                self.high -= 1
        if end <= self.next:
            self._old(at, end, captured, packet, offset)
            return
        behind = self._behind(at)
        if at < self.next:
            self.note("overlap", packet, f"its first {self.next - at} bytes had been sent before")
            self._compare(at, min(at + captured, self.next), at, packet, offset)
        elif behind:
            self.note("out-of-order", packet, f"captured after {self._later(end)} bytes that follow it")
        self.high = max(self.high, end)
        self._insert(at, captured, packet, offset)
        self._settle()

    def _behind(self, at: i64) -> bool:
        return self.waiting > 0 and at < self.positions[-1]

    def _later(self, end: i64) -> int:
        return self.high - end if self.high > end else 0

    def _old(self, at: i64, end: i64, captured: i64, packet: i64, offset: i64) -> None:
        """Every byte was sent before."""
        length = end - at
        if length == 1 and end == self.next:
            self.note("keep-alive", packet, "probe of an idle connection, repeating its last byte")
            return
        if end <= 0:
            self.note("retransmission", packet, f"{length} bytes from before the capture began")
            return
        first = self._source_of(at)
        reader = self.reader
        if reader is not None and first and reader.same_packet(first, packet):
            self.note("duplicate", packet, f"packet {first} captured a second time")
            return
        known = f", first in packet {first}" if first else ""
        self.note("retransmission", packet, f"{length} bytes sent before{known}")
        self._compare(at, at + captured, at, packet, offset)

    def _source_of(self, at: i64) -> int:
        """The packet that holds position `at` among the settled bytes, 0 when it lies in a hole or before the start."""
        if self.cut or at < 0:
            return 0
        return self.pieces.sources[self.pieces.at(at)]

    def _compare(self, start: i64, end: i64, at: i64, packet: i64, offset: i64) -> None:
        """Note a conflict when settled positions `start:end` read otherwise in `packet`, where `at` is at `offset`."""
        reader = self.reader
        if reader is None or self.cut:
            return
        start = max(start, 0)
        pieces = self.pieces
        count = len(pieces.starts)
        index: i64 = pieces.at(start)
        while start < end and 0 <= index < count:
            stop: i64 = pieces.starts[index + 1] if index + 1 < count else pieces.size
            stop = min(stop, end)
            source = pieces.sources[index]
            if source != HOLE and stop > start:
                here = pieces.offsets[index] + start - pieces.starts[index]
                self._differ(source, here, packet, offset + start - at, stop - start)
            start = stop
            index += 1

    def _differ(self, kept: i64, kept_at: i64, packet: i64, offset: i64, count: i64) -> None:
        reader = self.reader
        if reader is None:
            return
        first = reader.bytes(kept, kept_at, kept_at + count)
        second = reader.bytes(packet, offset, offset + count)
        if first != second:
            text = f"other bytes than packet {kept} for the same {count} positions; those of packet {kept} are kept"
            self.note("conflict", packet, text)

    def _insert(self, at: i64, captured: i64, packet: i64, offset: i64) -> None:
        """Keep those parts of the captured bytes that no packet before has given."""
        end = at + captured
        if at < self.next:
            offset += self.next - at
            at = self.next
        index: i64 = bisect_right(self.positions, at) - 1
        if index >= 0:
            covered: i64 = self.positions[index] + self.lengths[index]
            if covered > at:
                self._repeat(index, at, min(end, covered), packet, offset)
                offset += covered - at
                at = covered
        index += 1
        while at < end:
            stop: i64 = self.positions[index] if index < len(self.positions) else end
            stop = min(stop, end)
            if stop > at:
                self._place(index, at, stop - at, packet, offset)
                index += 1
            if stop >= end:
                return
            covered = self.positions[index] + self.lengths[index]
            self._repeat(index, stop, min(end, covered), packet, offset + stop - at)
            offset += covered - at
            at = covered
            index += 1

    def _place(self, index: i64, at: i64, length: i64, packet: i64, offset: i64) -> None:
        self.positions.insert(index, at)
        self.lengths.insert(index, length)
        self.sources.insert(index, packet)
        self.offsets.insert(index, offset)
        self.waiting += length

    def _repeat(self, index: i64, start: i64, end: i64, packet: i64, offset: i64) -> None:
        """Positions `start:end` came again while waiting behind a gap."""
        first = self.sources[index]
        reader = self.reader
        if reader is not None and reader.same_packet(first, packet):
            self.note("duplicate", packet, f"packet {first} captured a second time")
            return
        self.note("retransmission", packet, f"{end - start} bytes sent before, first in packet {first}")
        self._differ(first, self.offsets[index] + start - self.positions[index], packet, offset, end - start)

    def _settle(self) -> None:
        """Move what follows without a gap to the pieces; give up a gap that too much waits behind."""
        done: i64 = 0
        while done < len(self.positions):
            at: i64 = self.positions[done]
            if at > self.next:
                if not self.patience or self.waiting <= self.patience:
                    break
                self._hole(at)
            self._take(done)
            done += 1
        if done:
            self._drop(done)

    def _take(self, index: i64) -> None:
        length: i64 = self.lengths[index]
        self.pieces.add(self.sources[index], self.offsets[index], length)
        self.next += length
        self.waiting -= length

    def _drop(self, count: i64) -> None:
        del self.positions[:count]
        del self.lengths[:count]
        del self.sources[:count]
        del self.offsets[:count]

    def _hole(self, end: i64) -> None:
        """Bytes from the settled end to position `end` were never captured."""
        length = end - self.next
        budget: i64 = min(HOLE_MOST, HOLE_BASE + HOLE_PER_SEGMENT * self.segments)
        drawn = length if self.hole_bytes + length <= budget else 1
        text = f"{length} bytes were sent but not captured"
        if drawn != length:
            text += ", drawn as one byte because holes this large are not kept"
        self.note("hole", self.pieces.sources[-1] if len(self.pieces.sources) else 0, text)
        self.pieces.add(HOLE, 0, drawn)
        self.hole_bytes += drawn
        self.cut += length - drawn
        self.next = end

    def finish(self) -> None:
        """No more segments will come: what is still missing is a hole."""
        for index in range(len(self.positions)):
            at: i64 = self.positions[index]
            if at > self.next:
                self._hole(at)
            self._take(index)
        self._drop(len(self.positions))
        if self.high > self.next:
            self._hole(self.high)

    def note(self, kind: str, packet: i64, text: str) -> None:
        """Keep a note on `packet`, up to MAX_NOTES."""
        if len(self.notes) < MAX_NOTES:
            self.notes.append(FlowNote(kind, self.side, packet, text))
        elif len(self.notes) == MAX_NOTES:
            self.notes.append(FlowNote(kind, self.side, packet, "and more of the same kinds, not listed"))
