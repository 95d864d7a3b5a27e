"""Several connections on the same addresses and ports; RFC 9293 3.6.1."""

import numpy as np
from numpy.typing import NDArray

from inspector.net.columns import Headers
from inspector.net.numbers import ACK, RST, SYN, TCP
from inspector.net.pairs import group_equal

Rows = NDArray[np.int32]


def split_reused(headers: Headers, rows: Rows, group: Rows, upward: NDArray[np.bool_]) -> Rows:
    """New group numbers, in which a connection that begins with a new SYN is a group of its own.

    `rows` are table rows, `group` and `upward` (the direction) are parallel to it.
    """
    flags = headers.flags[rows]
    syn = (flags & SYN != 0) & (headers.transport[rows] == TCP)
    # only a SYN that is not the first packet, or a second SYN+ACK, can begin another connection
    firsts, _ = group_equal(group)
    opens = np.zeros(len(rows), bool)
    opens[firsts] = True
    pure = syn & (flags & ACK == 0)
    suspects = group[pure & ~opens]
    answered = group[syn & (flags & ACK != 0)]
    numbers, counts = np.unique(answered, return_counts=True)
    doubtful = np.union1d(suspects, numbers[counts > 1])
    if not len(doubtful):
        return group
    chosen = np.flatnonzero(np.isin(group, doubtful))
    chosen = chosen[np.argsort(group[chosen], kind="stable")]
    return _split(headers, rows, group.copy(), upward, chosen)


def _split(headers: Headers, rows: Rows, group: Rows, upward: NDArray[np.bool_], chosen: NDArray[np.int64]) -> Rows:
    following = int(group.max()) + 1
    current = -1
    number = 0
    track = _Track()
    for i in chosen.tolist():
        row = int(rows[i])
        if group[i] != current:
            current = number = int(group[i])
            track = _Track()
        flags, seq, ack = int(headers.flags[row]), int(headers.seq[row]), int(headers.ack[row])
        side = 1 if upward[i] else 0
        if flags & SYN and track.begins_anew(side, flags, seq, ack):
            track = _Track()
            number = following
            following += 1
        track.see(side, flags, seq, ack, int(headers.length[row]))
        group[i] = number
    return group


class _Track:
    """What one connection has shown so far, per direction: ISN, first sequence number, latest ACK; -1 when unknown."""

    def __init__(self) -> None:
        self.isn = [-1, -1]
        self.first = [-1, -1]
        self.acked = [-1, -1]

    def see(self, side: int, flags: int, seq: int, ack: int, length: int) -> None:
        if flags & SYN and self.isn[side] < 0:
            self.isn[side] = seq
        if self.first[side] < 0 and not flags & (SYN | RST):
            self.first[side] = seq
        if flags & ACK and not flags & RST:
            self.acked[side] = ack

    def begins_anew(self, side: int, flags: int, seq: int, ack: int) -> bool:
        """Whether a SYN of `side` opens another connection than this one."""
        peer = 1 - side
        if flags & ACK and self.isn[peer] >= 0 and ack == (self.isn[peer] + 1) & 0xFFFFFFFF:
            # the answer to this connection's SYN, whatever its own number (a SYN cookie, a middlebox)
            return False
        if self.isn[side] >= 0:
            return self.isn[side] != seq
        if self.first[side] >= 0:
            # a SYN captured after the bytes that follow it
            return (self.first[side] - seq - 1) & 0xFFFFFFFF > 0xFFFF
        if self.isn[peer] >= 0:
            # two SYNs that cross are a simultaneous open
            return bool(flags & ACK)
        if self.acked[peer] >= 0:
            return (self.acked[peer] - seq - 1) & 0xFFFFFFFF > 0x7FFFFFFF
        return False
