"""One direction of a UDP conversation: payloads one after the other; RFC 768."""

import numpy as np
from numpy.typing import NDArray

from inspector.model.buffer import HOLE, Pieces
from inspector.model.flow import FlowNote
from inspector.model.sides import Side
from inspector.net.columns import Headers
from inspector.net.reassembly import MAX_NOTES, Reassembler, SegmentReader


class Datagrams:
    """The payloads of `rows` (all of one side) in the order of the capture; `starts` are their offsets in the pieces.

    A fragmented datagram stands where its first captured fragment does.
    """

    def __init__(self, headers: Headers, rows: NDArray[np.int32], side: Side, reader: SegmentReader | None) -> None:
        self.headers = headers
        self.side = side
        self.reader = reader
        self.pieces = Pieces()
        self.starts: list[int] = []
        self.notes: list[FlowNote] = []
        fragments = self._fragments(rows)
        firsts = headers.ack[rows].tolist()
        for row, first in zip(rows.tolist(), firsts, strict=True):
            if not first:
                self._append(row)
            elif first in fragments:
                self._assemble(fragments.pop(first))

    def _fragments(self, rows: NDArray[np.int32]) -> dict[int, list[int]]:
        """The rows of each fragmented datagram, by the number of the packet that it begins in."""
        found: dict[int, list[int]] = {}
        parts = rows[self.headers.ack[rows] != 0]
        for row, first in zip(parts.tolist(), self.headers.ack[parts].tolist(), strict=True):
            found.setdefault(first, []).append(row)
        return found

    def _append(self, row: int) -> None:
        h = self.headers
        length, captured = int(h.length[row]), int(h.captured[row])
        self.starts.append(self.pieces.size)
        if captured:
            self.pieces.add(row + 1, int(h.start[row]), captured)
        if length > captured:
            self._hole(row + 1, length - captured)

    def _hole(self, packet: int, length: int) -> None:
        self.pieces.add(HOLE, 0, length)
        if len(self.notes) < MAX_NOTES:
            self.notes.append(FlowNote("hole", self.side, packet, f"{length} bytes were sent but not captured"))

    def _assemble(self, rows: list[int]) -> None:
        h = self.headers
        one = Reassembler(self.side, self.reader)
        one.start(0)
        for row in rows:
            one.add(int(h.seq[row]), int(h.length[row]), int(h.captured[row]), 0, row + 1, int(h.start[row]))
        one.finish()
        self.notes.extend(one.notes)
        self.starts.append(self.pieces.size)
        parts = one.pieces
        for i in range(len(parts.starts)):
            end = parts.starts[i + 1] if i + 1 < len(parts.starts) else parts.size
            self.pieces.add(parts.sources[i], parts.offsets[i], end - parts.starts[i])
