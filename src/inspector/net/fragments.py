"""IP fragments: every fragment becomes a segment of its own, with the ports and position that the first one tells.

RFC 791 3.2, RFC 8200 4.5
"""

from typing import TYPE_CHECKING

from inspector.net.numbers import FIN, RST, SYN, TCP, UDP

if TYPE_CHECKING:
    from inspector.net.columns import Headers


class Fragment:
    """Row `row` of the table holds bytes from `offset` of a datagram that `key` names.

    They start at packet byte `start`; `length` of them were sent and `captured` captured; `more` fragments follow.
    """

    __slots__ = ("captured", "key", "length", "more", "offset", "row", "start")

    def __init__(self, row: int, key: int, offset: int, start: int, length: int, captured: int, more: bool) -> None:
        self.row = row
        self.key = key
        self.offset = offset
        self.start = start
        self.length = length
        self.captured = captured
        self.more = more


class _Datagram:
    """The fragments of one datagram seen so far, in the order of the capture."""

    def __init__(self) -> None:
        self.fragments: list[Fragment] = []
        self.have_first = False
        self.size = -1
        self.bytes = 0

    def add(self, fragment: Fragment) -> None:
        self.fragments.append(fragment)
        self.bytes += fragment.length
        if fragment.offset == 0:
            self.have_first = True
        if not fragment.more:
            self.size = fragment.offset + fragment.length

    def ends_before(self, fragment: Fragment) -> bool:
        """Whether `fragment` belongs to a later datagram under the same identification."""
        complete = self.have_first and 0 <= self.size <= self.bytes
        return complete or (fragment.offset == 0 and self.have_first)


def place_fragments(headers: "Headers", fragments: list[Fragment]) -> None:
    """Fill in the columns of `headers` for `fragments`. Those whose first fragment was not captured stay unknown."""
    open_: dict[tuple[int, int, int, int, int], _Datagram] = {}
    fragments.sort(key=lambda f: f.row)
    for fragment in fragments:
        row = fragment.row
        version, proto = int(headers.version[row]), int(headers.proto[row])
        key = (version, proto, int(headers.src[row]), int(headers.dst[row]), fragment.key)
        datagram = open_.get(key)
        if datagram is not None and datagram.ends_before(fragment):
            _place(headers, datagram, proto)
            datagram = None
        if datagram is None:
            datagram = open_[key] = _Datagram()
        datagram.add(fragment)
    for key, datagram in open_.items():
        _place(headers, datagram, key[1])


def _head(headers: "Headers", datagram: _Datagram) -> bytes:
    """The first captured bytes of a datagram, at most 60 (the longest TCP header), which may span small fragments."""
    head = b""
    for fragment in sorted(datagram.fragments, key=lambda f: f.offset):
        if fragment.offset > len(head) or len(head) >= 60:
            break
        data = headers.table.data(fragment.row + 1)
        skip = len(head) - fragment.offset
        head += data[fragment.start + skip : fragment.start + min(fragment.captured, 60 - fragment.offset)]
    return head


def _place(headers: "Headers", datagram: _Datagram, proto: int) -> None:
    head = _head(headers, datagram)
    size = 8 if proto == UDP else (head[12] >> 4) * 4 if proto == TCP and len(head) >= 20 else 0
    if size < 8 or len(head) < 8 or (proto == TCP and size < 20):
        return
    first = min(f.row for f in datagram.fragments if f.offset == 0)
    for fragment in datagram.fragments:
        row = fragment.row
        skip = min(max(size - fragment.offset, 0), fragment.length)
        headers.transport[row] = proto
        headers.sport[row] = int.from_bytes(head[0:2], "big")
        headers.dport[row] = int.from_bytes(head[2:4], "big")
        headers.start[row] = fragment.start + skip
        headers.length[row] = fragment.length - skip
        headers.captured[row] = max(fragment.captured - skip, 0)
        position = max(fragment.offset - size, 0)
        if proto == UDP:
            headers.seq[row], headers.ack[row] = position, first + 1
            continue
        _place_segment(headers, row, fragment, head, position)


def _place_segment(headers: "Headers", row: int, fragment: Fragment, head: bytes, position: int) -> None:
    """SYN and RST belong to the first byte of a segment, FIN to its last; RFC 9293 3.4."""
    flags = head[13]
    seq = int.from_bytes(head[4:8], "big") + position
    if fragment.offset > 0:
        seq += 1 if flags & SYN else 0
        flags &= ~(SYN | RST)
    if fragment.more:
        flags &= ~FIN
    headers.seq[row] = seq & 0xFFFFFFFF
    headers.ack[row] = int.from_bytes(head[8:12], "big")
    headers.flags[row] = flags
    headers.window[row] = int.from_bytes(head[14:16], "big")
