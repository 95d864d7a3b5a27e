"""One direction of a TCP connection: segments in any order become pieces in order.

RFC 9293 3.4 (sequence numbers), 3.10.7 (segment arrival), RFC 1122 4.2.3.6 (keep-alive)
"""

from array import array
from bisect import bisect_right
from typing import Final

from mypy_extensions import i64, mypyc_attr

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


@mypyc_attr(allow_interpreted_subclasses=True)
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
        self.sure = False
        self.first_seq: i64 = 0
        # positions of the sequence space: `next` is settled, `high` the end of what is known to have been sent
        self.next: i64 = 0
        self.high: i64 = 0
        self.fin_at: i64 = -1
        # where the last piece ends in the buffer is `next - cut`: holes drawn shorter than they are
        self.cut: i64 = 0
        self.hole_bytes: i64 = 0
        self.segments: i64 = 0
        # what the segment being added repeats: bytes, the packet that had them first, one that had other bytes
        self.repeated: i64 = 0
        self.repeats: i64 = 0
        self.conflict: i64 = 0
        # pieces behind a gap, sorted and disjoint
        self.positions: array[int] = array("q")
        self.lengths: array[int] = array("q")
        self.sources: array[int] = array("q")
        self.offsets: array[int] = array("q")
        self.waiting: i64 = 0

    def start(self, seq: i64, sure: bool = True) -> None:
        """The stream's first byte has sequence number `seq`: surely so when that is one more than the SYN's."""
        self.started = True
        self.sure = sure
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
        if length == 0:
            if at == self.high - 1 and not flags & (SYN | FIN):
                self.note("keep-alive", packet, "probe of an idle connection, repeating the last sequence number")
            elif at > self.high and not flags & FIN:
                self._sent_until(at)
        elif at == self.next and captured == length and not self.waiting:
            self.pieces.add(packet, offset, length)
            self.next = at + length
            self.high = max(self.high, self.next)
        else:
            self._odd(at, length, captured, packet, offset)
        if flags & FIN:
            self._fin(self.position(seq) + length)

    def acknowledged(self, ack: i64) -> None:
        """The peer has received everything before `ack`, captured or not."""
        if self.started:
            self._sent_until(self.position(ack))

    def _sent_until(self, at: i64) -> None:
        """A number without bytes says that all before `at` was sent.

        One more than was seen is a FIN that was not captured rather than a lost byte; further than a window ahead it
        is a segment of an older connection (RFC 9293 3.5.1).
        """
        if self.fin_at < 0 and self.high + 1 < at <= self.high + HOLE_BASE:
            self.high = at

    def _fin(self, at: i64) -> None:
        if self.fin_at < 0 or at < self.fin_at:
            self.fin_at = at
        self.high = max(self.high, at)

    def _odd(self, at: i64, length: i64, captured: i64, packet: i64, offset: i64) -> None:
        """A segment that is not simply the next one."""
        if at == 1 and not self.high and not self.sure:
            # what seemed to be the first segment was a keep-alive probe, one before the next byte
            self.first_seq = (self.first_seq + 1) & 0xFFFFFFFF
            at = 0
        end = at + length
        late = end <= self.high or (self.waiting > 0 and at < self.positions[-1])
        before = self.high
        self.high = max(self.high, end)
        self.repeated = 0
        self.repeats = 0
        self.conflict = 0
        if at < self.next:
            self._compare(max(at, 0), min(at + captured, self.next), at, packet, offset)
        kept = self._insert(at, captured, packet, offset)
        self._remark(at, end, kept, packet, late, before)
        self._settle()
        if self.patience and self.next == at + captured < end and not self.waiting:
            self._hole(end, packet)

    def _remark(self, at: i64, end: i64, kept: i64, packet: i64, late: bool, before: i64) -> None:
        """Say what was odd about a segment of which `kept` bytes were new; `before` is where the sent bytes ended."""
        first = self.repeats
        known = f", first in packet {first}" if first else ""
        reader = self.reader
        if kept == 0 and end == before > 0 and end - at == 1:
            self.note("keep-alive", packet, "probe of an idle connection, repeating its last byte")
            return
        if kept == 0 and end <= before:
            if reader is not None and first and reader.same_packet(first, packet):
                self.note("duplicate", packet, f"packet {first} captured a second time")
                return
            known = ", before the capture began" if end <= 0 else known
            self.note("retransmission", packet, f"{end - at} bytes sent before{known}")
        elif self.repeated or at < 0:
            self.note("overlap", packet, f"{end - at - kept} of {end - at} bytes had been sent before{known}")
        elif late:
            self.note("out-of-order", packet, f"captured after {before - end} bytes that follow it")
        if self.conflict:
            text = f"differs from packet {self.conflict}, which was captured first and is kept"
            self.note("conflict", packet, text)

    def _compare(self, start: i64, end: i64, at: i64, packet: i64, offset: i64) -> None:
        """The settled positions `start:end` came again in `packet`, where `at` is at `offset`."""
        pieces = self.pieces
        if self.cut or start >= end:
            return
        count = len(pieces.starts)
        index: i64 = pieces.at(start)
        while start < end and 0 <= index < count:
            stop: i64 = pieces.starts[index + 1] if index + 1 < count else pieces.size
            stop = min(stop, end)
            source = pieces.sources[index]
            if source != HOLE and stop > start:
                here = pieces.offsets[index] + start - pieces.starts[index]
                self._repeat(source, here, packet, offset + start - at, stop - start)
            start = stop
            index += 1

    def _repeat(self, kept: i64, kept_at: i64, packet: i64, offset: i64, count: i64) -> None:
        """`count` bytes of packet `kept` came again in `packet`."""
        self.repeated += count
        if not self.repeats:
            self.repeats = kept
        reader = self.reader
        if reader is None or self.conflict:
            return
        if reader.bytes(kept, kept_at, kept_at + count) != reader.bytes(packet, offset, offset + count):
            self.conflict = kept

    def _insert(self, at: i64, captured: i64, packet: i64, offset: i64) -> i64:
        """Keep those parts of the captured bytes that no packet before has given; returns how many bytes those are."""
        end = at + captured
        kept: i64 = 0
        if at < self.next:
            offset += self.next - at
            at = self.next
        # the first waiting piece that ends after `at`
        index: i64 = bisect_right(self.positions, at)
        if index > 0 and self.positions[index - 1] + self.lengths[index - 1] > at:
            index -= 1
        while at < end:
            start: i64 = self.positions[index] if index < len(self.positions) else end
            if start > at:
                stop = min(start, end)
                self._place(index, at, stop - at, packet, offset)
                kept += stop - at
            else:
                stop = min(end, start + self.lengths[index])
                self._repeat(self.sources[index], self.offsets[index] + at - start, packet, offset, stop - at)
            index += 1
            offset += stop - at
            at = stop
        return kept

    def _place(self, index: i64, at: i64, length: i64, packet: i64, offset: i64) -> None:
        self.positions.insert(index, at)
        self.lengths.insert(index, length)
        self.sources.insert(index, packet)
        self.offsets.insert(index, offset)
        self.waiting += length

    def _settle(self) -> None:
        """Move what follows without a gap to the pieces; give up a gap that too much waits behind."""
        done: i64 = 0
        while done < len(self.positions):
            at: i64 = self.positions[done]
            if at > self.next:
                if not self.patience or self.waiting <= self.patience:
                    break
                self._hole(at, self.sources[done])
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

    def _hole(self, end: i64, following: i64) -> None:
        """Bytes from the settled end to position `end` were never captured; packet `following` comes after them."""
        length = end - self.next
        budget: i64 = min(HOLE_MOST, HOLE_BASE + HOLE_PER_SEGMENT * self.segments)
        drawn = length if self.hole_bytes + length <= budget else 1
        text = f"{length} bytes were sent but not captured"
        if drawn != length:
            text += ", drawn as one byte because holes this large are not kept"
        self.note("hole", self.pieces.sources[-1] if len(self.pieces.sources) else following, text)
        self.pieces.add(HOLE, 0, drawn)
        self.hole_bytes += drawn
        self.cut += length - drawn
        self.next = end

    def finish(self) -> None:
        """No more segments will come: what is still missing is a hole."""
        for index in range(len(self.positions)):
            at: i64 = self.positions[index]
            if at > self.next:
                self._hole(at, self.sources[index])
            self._take(index)
        self._drop(len(self.positions))
        if self.high > self.next:
            self._hole(self.high, 0)

    def note(self, kind: str, packet: i64, text: str) -> None:
        """Keep a note on `packet`, up to MAX_NOTES."""
        if len(self.notes) < MAX_NOTES:
            self.notes.append(FlowNote(kind, self.side, packet, text))
        elif len(self.notes) == MAX_NOTES:
            self.notes.append(FlowNote(kind, self.side, packet, "and more of the same kinds, not listed"))
