"""Packets grouped into flows, all at once."""

import numpy as np
from numpy.typing import NDArray

from inspector.net.columns import Headers
from inspector.net.pairs import group_equal, group_pairs
from inspector.net.reuse import split_reused


class Groups:
    """Which flow each packet belongs to; flows are numbered from 1 in the order of their first packets.

    `flow_of` and `side_of` have one entry a packet (row n - 1): the flow's number (0: none) and the direction, 0 or 1,
    which means nothing but "the same" and "the other" until the flow's client is known.
    """

    def __init__(self, headers: Headers) -> None:
        self.headers = headers
        self.flow_of: NDArray[np.int32] = np.zeros(len(headers), np.int32)
        self.side_of: NDArray[np.int8] = np.zeros(len(headers), np.int8)
        # the rows of all flows, one flow after the other, and where each flow's rows begin and end in that
        self.order: NDArray[np.int32] = np.zeros(0, np.int32)
        self.bounds: NDArray[np.int64] = np.zeros(1, np.int64)
        rows = np.flatnonzero(headers.transport).astype(np.int32)
        if len(rows):
            high, low, upward = self._keys(rows)
            self.side_of[rows] = ~upward
            group = group_pairs(high, low)[1]
            del high, low
            self._number(rows, split_reused(headers, rows, group, upward))

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def rows(self, flow: int) -> NDArray[np.int32]:
        """The table rows of a flow's packets, in the order of the capture."""
        return self.order[self.bounds[flow - 1] : self.bounds[flow]]

    def first_of(self, mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The flows that have packets named by `mask`, and the row of the first such packet in each."""
        rows = self.order[mask[self.order]]
        flows = self.flow_of[rows]
        firsts, _ = group_equal(flows)
        return flows[firsts].astype(np.int64), rows[firsts].astype(np.int64)

    def _keys(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.bool_]]:
        """Both endpoints as numbers, the higher first, and whether the packet went from the lower to the higher."""
        h = self.headers
        source = _endpoint(h.src[rows], h.sport[rows])
        target = _endpoint(h.dst[rows], h.dport[rows])
        upward = source <= target
        low = np.minimum(source, target)
        np.maximum(source, target, out=source)
        low |= h.transport[rows].astype(np.uint64) << np.uint64(48)
        low |= h.version[rows].astype(np.uint64) << np.uint64(56)
        return source, low, upward

    def _number(self, rows: NDArray[np.int32], group: NDArray[np.int32]) -> None:
        """Number the groups by their first packets and sort the rows by flow, then by place in the capture."""
        firsts, groups = group_equal(group)
        rank = np.empty(len(firsts), np.int32)
        rank[np.argsort(firsts)] = np.arange(1, len(firsts) + 1, dtype=np.int32)
        flows = rank[groups]
        self.flow_of[rows] = flows
        self.order = rows[np.argsort(flows, kind="stable")]
        self.bounds = np.concatenate(([0], np.cumsum(np.bincount(flows)[1:])))


def _endpoint(address: NDArray[np.uint32], port: NDArray[np.uint16]) -> NDArray[np.uint64]:
    number = address.astype(np.uint64)
    number <<= np.uint64(16)
    number |= port
    return number
