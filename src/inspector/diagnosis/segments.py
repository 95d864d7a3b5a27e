"""The TCP segments of one flow as rules see them: who sent what, when, and what it says in its header."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inspector.diagnosis.scene import Scene
from inspector.model.flow import Flow
from inspector.model.sides import Side
from inspector.net.flows import FlowTable
from inspector.net.numbers import ACK, FIN, RST, SYN, TCP

WRAP: Final = 1 << 32
HALF: Final = 1 << 31
SAME_PACKET: Final = 1_000_000
"""Nanoseconds within which an equal segment is one that was captured twice: no timer of TCP's is that short."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One packet; `seq` and `ack` are as in the header, `time` is in nanoseconds since 1970."""

    packet: int
    side: Side
    flags: int
    seq: int
    ack: int
    length: int
    window: int
    time: int

    @property
    def end(self) -> int:
        """The sequence number behind its last byte; SYN and FIN count as one each (RFC 9293 3.4)."""
        return (self.seq + self.length + bool(self.flags & SYN) + bool(self.flags & FIN)) % WRAP


def segments(flow_table: FlowTable, flow: int) -> list[Segment]:
    """All segments of a flow, in the order of the capture."""
    h = flow_table.headers
    packets = np.array(flow_table.packets(flow), np.int64)
    rows = packets - 1
    columns = (flow_table.side_of, h.flags, h.seq, h.ack, h.length, h.window, flow_table.table.times)
    return [
        Segment(*values)
        for values in zip(packets.tolist(), *(column[rows].tolist() for column in columns), strict=True)
    ]


def after(first: int, second: int) -> bool:
    """Whether sequence number `second` comes after `first` (RFC 9293 3.4)."""
    return 0 < (second - first) % WRAP < HALF


@dataclass(frozen=True, slots=True)
class Resent:
    """One segment that was sent `packets` times, and how long the sender waited before each time but the first."""

    flow: int
    side: Side
    packets: tuple[int, ...]
    waits: tuple[float, ...]

    @property
    def lasted(self) -> float:
        """Seconds from the first time to the last."""
        return sum(self.waits)


def resent(scene: Scene) -> dict[int, list[Resent]]:
    """By flow: the segments with payload, or with SYN, that a side sent more than once.

    A packet that was captured twice is no segment sent twice; single bytes are left out, as keep-alive and window
    probes repeat them (RFC 1122 4.2.3.6, RFC 9293 3.8.6.1).
    """
    known = scene.worked_out.get("resent")
    if not isinstance(known, dict):
        known = scene.worked_out["resent"] = _find_resent(scene.flow_table)
    return known


def _find_resent(flow_table: FlowTable) -> dict[int, list[Resent]]:
    h = flow_table.headers
    told = (h.length > 1) | (h.flags & SYN != 0)
    rows = np.flatnonzero(told & (h.transport == TCP) & (flow_table.flow_of > 0) & (h.flags & RST == 0))
    keys = _keys(flow_table, rows)
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    found: dict[int, list[Resent]] = {}
    times = flow_table.table.times
    for group in _runs(same):
        chosen = _sent_again(rows[order[group[0] : group[-1] + 2]].tolist(), times)
        if len(chosen) > 1:
            at = [int(times[row]) for row in chosen]
            waits = tuple((later - earlier) / 1e9 for earlier, later in pairwise(at))
            flow, side = int(flow_table.flow_of[chosen[0]]), int(flow_table.side_of[chosen[0]])
            each = Resent(flow, side, tuple(row + 1 for row in chosen), waits)
            found.setdefault(flow, []).append(each)
    return found


def _keys(flow_table: FlowTable, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Flow, side and sequence number as one number."""
    flow, side = flow_table.flow_of[rows].astype(np.uint64), flow_table.side_of[rows].astype(np.uint64)
    keys: NDArray[np.uint64] = flow * np.uint64(2 * WRAP) + side * np.uint64(WRAP)
    keys += flow_table.headers.seq[rows]
    return keys


def _runs(numbers: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Numbers that follow each other, run by run."""
    if len(numbers):
        yield from np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1)


def _sent_again(rows: list[int], times: NDArray[np.int64]) -> list[int]:
    """The rows without those that follow at once: the same packet, captured twice."""
    chosen = rows[:1]
    for row in rows[1:]:
        if int(times[row]) - int(times[chosen[-1]]) >= SAME_PACKET:
            chosen.append(row)
    return chosen


def both_seen(scene: Scene, flow: Flow) -> bool:
    """Whether packets of both sides were captured: of one side alone, nobody knows what the other received."""
    rows = np.array(scene.flow_table.packets(flow.number), np.int64) - 1
    sides = scene.flow_table.side_of[rows]
    return bool((sides == 0).any() and (sides == 1).any())


def flows_with(scene: Scene, mask: NDArray[np.bool_]) -> list[Flow]:
    """The TCP flows that have a packet which `mask` names, in order."""
    flow_table = scene.flow_table
    numbers = np.unique(flow_table.flow_of[mask & (flow_table.headers.transport == TCP)])
    return [flow_table.flow(int(number)) for number in numbers if number]


def is_bare(flags: int) -> bool:
    """Whether a segment opens and ends nothing: ACK, but no SYN, FIN or RST."""
    return flags & (SYN | FIN | RST | ACK) == ACK
