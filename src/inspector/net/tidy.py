"""Connections whose segments came once and in order: their pieces made for all of them at once."""

from array import array

import numpy as np
from numpy.typing import NDArray

from inspector.model.buffer import Pieces
from inspector.model.flow import Flow
from inspector.model.sides import Side
from inspector.net.columns import Headers
from inspector.net.grouping import Groups
from inspector.net.numbers import ACK, RST, SYN, TCP


class Tidy:
    """Pieces of every TCP flow that was captured whole, in order and without overlaps.

    Such a flow begins with SYN and SYN+ACK, each segment with payload follows the one before, nothing was cut by a
    snap length and nothing acknowledged is missing. Everything else is the reassembler's work; a test holds both to
    the same pieces.
    """

    def __init__(self, headers: Headers, groups: Groups, side_of: NDArray[np.int8], flows: list[Flow]) -> None:
        h = headers
        syn = np.array([f.syn_packet for f in flows], np.int64)
        synack = np.array([f.synack_packet for f in flows], np.int64)
        whole = (syn > 0) & (synack > 0)
        first = np.zeros(2 * len(flows), np.int64)
        first[0::2][whole] = h.seq[syn[whole] - 1].astype(np.int64) + 1
        first[1::2][whole] = h.seq[synack[whole] - 1].astype(np.int64) + 1
        rows = groups.order[h.transport[groups.order] == TCP]
        lane = 2 * (groups.flow_of[rows].astype(np.int64) - 1) + side_of[rows]
        flags = h.flags[rows]
        last_ack = first[np.arange(2 * len(flows)) ^ 1]
        acks = flags & (ACK | RST) == ACK
        last_ack[lane[acks]] = h.ack[rows[acks]]
        filled = (h.length[rows] > 0) & (flags & RST == 0)
        rows, lane = rows[filled], lane[filled]
        by_lane = np.argsort(lane, kind="stable")
        rows, lane = rows[by_lane], lane[by_lane]
        length = h.length[rows].astype(np.int64)
        before = np.cumsum(length) - length
        bounds = np.searchsorted(lane, np.arange(2 * len(flows) + 1))
        starts = before - before[np.minimum(bounds[lane], len(lane) - 1)] if len(lane) else before
        good = (h.seq[rows] == (first[lane] + starts) & 0xFFFFFFFF) & (h.captured[rows] == length)
        good &= h.flags[rows] & SYN == 0
        total = np.bincount(lane, length, 2 * len(flows)).astype(np.int64) if len(lane) else np.zeros_like(first)
        tidy = np.ones(2 * len(flows), np.bool_)
        tidy[lane[~good]] = False
        ahead = (last_ack[np.arange(2 * len(flows)) ^ 1] - first - total + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        # the FIN counts as one (RFC 9293 3.4)
        fin = np.array([f.fin_packets for f in flows], np.int64).reshape(-1) > 0
        tidy &= ahead <= fin
        self.tidy: list[bool] = (whole & tidy[0::2] & tidy[1::2]).tolist()
        self.bounds: list[int] = bounds.tolist()
        self.sizes: list[int] = total.tolist()
        self.starts = _column(starts)
        self.sources = _column(rows.astype(np.int64) + 1)
        self.offsets = _column(h.start[rows])

    def has(self, flow: int) -> bool:
        """Whether flow `flow` (from 1) is one of them."""
        return self.tidy[flow - 1]

    def pieces(self, flow: int, side: Side) -> Pieces:
        """The pieces of one side of a flow that is."""
        lane = 2 * (flow - 1) + side
        first, last = self.bounds[lane], self.bounds[lane + 1]
        made = Pieces()
        made.starts = self.starts[first:last]
        made.sources = self.sources[first:last]
        made.offsets = self.offsets[first:last]
        made.size = self.sizes[lane]
        return made


def _column(values: NDArray[np.int64]) -> "array[int]":
    column: array[int] = array("q")
    column.frombytes(np.ascontiguousarray(values, np.int64).tobytes())
    return column
