"""The flow table: packets grouped into TCP and UDP conversations, and their bytes made on demand."""

from collections import OrderedDict
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inspector.capture.table import PacketTable
from inspector.model.buffer import HOLE, Buffer, BufferSource
from inspector.model.flow import Flow, FlowNote
from inspector.model.sides import Side
from inspector.net.clients import Judge
from inspector.net.columns import Headers
from inspector.net.datagrams import Datagrams
from inspector.net.grouping import Groups
from inspector.net.naming import name_flows
from inspector.net.numbers import ACK, FIN, LINK_ETHERNET, RST, SYN
from inspector.net.pages import drop_pages
from inspector.net.reassembly import MAX_NOTES, Reassembler, SegmentReader
from inspector.net.rows import (
    FRAGMENTED,
    TRANSPORT_NAMES,
    PacketRow,
    describe_datagram,
    describe_packet,
    describe_segment,
)
from inspector.net.tidy import Tidy

__all__ = ["FlowTable", "PacketRow"]

PLAIN_ETHERTYPES: Final = {b"\x08\x00": "ip", b"\x86\xdd": "ipv6"}
KEPT_FLOWS: Final = 512
"""Flows whose pieces are kept: what a screenful of rows or a run of messages looks at."""

BATCH: Final = 65_536
"""Segments turned into Python numbers at a time."""

READ_AHEAD: Final = 64 << 20
"""Bytes read from the capture before its pages are given back."""

SAME_PACKET: Final = 1_000_000
"""Nanoseconds within which an equal segment is the same one captured twice: no timer of TCP's is that short."""

SEARCHED: Final = 256
"""Packets looked at for where a stream begins whose SYN was not captured."""

REORDERED: Final = 1 << 20
"""Bytes by which an earlier segment may come late at the start of a capture: the reach of a usual window."""


class TableReader(SegmentReader):
    """Lets the reassembler compare packets of a capture."""

    def __init__(self, headers: Headers) -> None:
        self.headers = headers

    def bytes(self, packet: int, start: int, end: int) -> bytes:
        table = self.headers.table
        base = int(table.starts[packet - 1])
        return table.image[base + start : base + end]

    def same_packet(self, first: int, second: int) -> bool:
        h = self.headers
        a, b = first - 1, second - 1
        if h.seq[a] != h.seq[b] or h.length[a] != h.length[b] or h.ack[a] != h.ack[b] or h.flags[a] != h.flags[b]:
            return False
        if h.ident[a] or h.ident[b]:
            return bool(h.ident[a] == h.ident[b])
        # IPv6 has no identification, and 0 is what stacks send that never fragment (RFC 6864 4.1): go by the time
        return bool(h.table.times[b] - h.table.times[a] < SAME_PACKET)


class FlowTable(BufferSource):
    """All flows of a capture, numbered from 1 in the order of their first packets.

    `flow_of` and `side_of` say for each packet (row n - 1) which flow it is part of (0: none) and who sent it.
    """

    def __init__(self, table: PacketTable, headers: Headers | None = None, judge: Judge | None = None) -> None:
        self.table = table
        self.headers = headers if headers is not None else Headers(table)
        self._groups = Groups(self.headers)
        self.flows: list[Flow] = name_flows(self.headers, self._groups, self, judge)
        self.flow_of: NDArray[np.int32] = self._groups.flow_of
        self.side_of: NDArray[np.int8] = self._groups.side_of
        self._tidy = Tidy(self.headers, self._groups, self.side_of, self.flows)
        self._reader = TableReader(self.headers)
        self._read_bytes = 0
        self._bases: dict[int, tuple[int, int]] = {}
        self._recent: OrderedDict[int, None] = OrderedDict()

    def flow(self, number: int) -> Flow:
        """Flow `number`, from 1. Raises IndexError when there is none."""
        if not 1 <= number <= len(self.flows):
            raise IndexError(number)
        return self.flows[number - 1]

    def packets(self, flow: int) -> list[int]:
        """Numbers of the flow's packets, in the order of the capture."""
        found: list[int] = (self._groups.rows(flow) + 1).tolist()
        return found

    def load(self, buffer: Buffer) -> None:
        """Reassemble the flow; both of its buffers are filled, as neither is read without the other."""
        flow = self.flow(buffer.key >> 1)
        if self._tidy.has(flow.number):
            pieces = [self._tidy.pieces(flow.number, side) for side in (0, 1)]
        elif flow.transport == "tcp":
            sides = self._reassemble(flow, None)
            pieces = [sides[0].pieces, sides[1].pieces]
        else:
            pieces = [self._datagrams(flow.number, side, None).pieces for side in (0, 1)]
        for side in (0, 1):
            flow.buffers[side].fill(pieces[side])
        self._recent[flow.number] = None
        if len(self._recent) > KEPT_FLOWS:
            oldest, _ = self._recent.popitem(last=False)
            for old in self.flows[oldest - 1].buffers:
                old.release()

    def read(self, buffer: Buffer, start: int, end: int) -> bytes:
        starts, image = self.table.starts, self.table.image
        self._read_bytes += end - start
        if self._read_bytes > READ_AHEAD:
            self._read_bytes = 0
            drop_pages(image)
        parts: list[bytes] = []
        for packet, offset, length in buffer.pieces.parts(start, end):
            if packet == HOLE:
                parts.append(bytes(length))
            else:
                at = int(starts[packet - 1]) + offset
                parts.append(image[at : at + length])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _reassemble(self, flow: Flow, reader: SegmentReader | None) -> list[Reassembler]:
        h = self.headers
        rows = self._groups.rows(flow.number)
        sides = [Reassembler(0, reader), Reassembler(1, reader)]
        client, server = sides
        acks = [-1, -1]
        self._find_starts(flow, rows, sides)
        for first in range(0, len(rows), BATCH):
            part = rows[first : first + BATCH]
            for row, side, seq, ack, flags, length, captured, start in zip(
                part.tolist(),
                self.side_of[part].tolist(),
                h.seq[part].tolist(),
                h.ack[part].tolist(),
                h.flags[part].tolist(),
                h.length[part].tolist(),
                h.captured[part].tolist(),
                h.start[part].tolist(),
                strict=True,
            ):
                if side:
                    server.add(seq, length, captured, flags, row + 1, start)
                else:
                    client.add(seq, length, captured, flags, row + 1, start)
                if flags & (ACK | RST) == ACK:
                    acks[side] = ack
        for side in (0, 1):
            if acks[1 - side] >= 0:
                sides[side].acknowledged(acks[1 - side])
            sides[side].finish()
        return sides

    def _find_starts(self, flow: Flow, rows: NDArray[np.int32], sides: list[Reassembler]) -> None:
        """Tell each side where its stream begins: after its SYN, else where the packets let it seem to begin."""
        h = self.headers
        client, server = sides
        if flow.syn_packet:
            client.start(int(h.seq[flow.syn_packet - 1]) + 1)
        elif flow.synack_packet:
            client.start(int(h.ack[flow.synack_packet - 1]))
        if flow.synack_packet:
            server.start(int(h.seq[flow.synack_packet - 1]) + 1)
        if not client.started or not server.started:
            rows = rows[:SEARCHED]
            sent = self.side_of[rows]
            for side in (0, 1):
                if not sides[side].started:
                    opened = flow.syn_packet > 0
                    self._guess_start(sides[side], rows[sent == side], rows[sent != side], opened)

    def _guess_start(
        self, side: Reassembler, sent: NDArray[np.int32], received: NDArray[np.int32], opened: bool
    ) -> None:
        """The lowest of the first sequence numbers sent.

        Where none was captured, or the peer's SYN was (`opened`), the first number that the peer acknowledged.
        """
        h = self.headers
        sent = sent[h.flags[sent] & (SYN | RST) == 0]
        received = received[h.flags[received] & (ACK | RST) == ACK]
        if len(received) and (opened or not len(sent)):
            # the ACK that ends the handshake names the byte that it waits for
            side.start(int(h.ack[received[0]]))
        elif len(sent):
            filled = h.length[sent] > 0
            first = int(h.seq[sent[np.argmax(filled)]])
            ahead = (h.seq[sent].astype(np.int64) - first + 0x80000000 & 0xFFFFFFFF) - 0x80000000
            # a packet without bytes one before the first byte is a keep-alive probe (RFC 1122 4.2.3.6)
            likely = ahead[(ahead > -REORDERED) & (filled | (ahead != -1))]
            side.start(first + min(0, int(likely.min(initial=0))))

    def _datagrams(self, flow: int, side: Side, reader: SegmentReader | None) -> Datagrams:
        rows = self._groups.rows(flow)
        return Datagrams(self.headers, rows[self.side_of[rows] == side], side, reader)

    def datagrams(self, flow: int, side: Side) -> list[int]:
        """Where each datagram of a UDP flow begins in the side's buffer; empty for TCP."""
        return [] if self.flow(flow).transport == "tcp" else self._datagrams(flow, side, None).starts

    def notes(self, flow: int) -> list[FlowNote]:
        """Retransmissions, holes and the like, in the order of the packets."""
        found = self.flow(flow)
        notes: list[FlowNote] = []
        if found.transport == "tcp":
            notes.extend(self._zero_windows(flow))
            for side in self._reassemble(found, self._reader):
                notes.extend(side.notes)
        else:
            for number in (0, 1):
                notes.extend(self._datagrams(flow, number, self._reader).notes)
        notes.sort(key=lambda note: note.packet)
        return notes

    def _zero_windows(self, flow: int) -> list[FlowNote]:
        """A window of zero tells the peer to stop sending; RFC 9293 3.8.6.1."""
        h = self.headers
        rows = self._groups.rows(flow)
        closed = rows[(h.window[rows] == 0) & (h.flags[rows] & (SYN | FIN | RST | ACK) == ACK)][:MAX_NOTES]
        text = "its receive buffer is full: the peer must stop sending"
        return [FlowNote("zero-window", int(self.side_of[row]), int(row) + 1, text) for row in closed]

    def row(self, number: int) -> PacketRow:
        """One line about packet `number` (from 1). Raises IndexError when there is none."""
        row = describe_packet(self.headers, number)
        flow = int(self.flow_of[number - 1])
        if not flow:
            return row
        row.flow, row.side = flow, int(self.side_of[number - 1])
        part = f" ({row.summary})" if row.summary == FRAGMENTED else ""
        if self.flows[flow - 1].transport == "udp":
            row.summary = describe_datagram(self.headers, number) + part
            return row
        bases = self._first_numbers(flow)
        row.summary = describe_segment(self.headers, number, bases[row.side], bases[1 - row.side]) + part
        return row

    def layers(self, number: int) -> list[str]:
        """Protocol names of packet `number` from the link up to the transport, such as eth, ip, tcp."""
        h = self.headers
        transport = TRANSPORT_NAMES.get(int(h.transport[number - 1]))
        if transport is not None and int(self.table.links[number - 1]) == LINK_ETHERNET:
            start = int(self.table.starts[number - 1])
            network = PLAIN_ETHERTYPES.get(self.table.image[start + 12 : start + 14])
            if network is not None:
                return ["eth", network, transport]
        return describe_packet(h, number).layers

    def _first_numbers(self, flow: int) -> tuple[int, int]:
        """The sequence numbers that are shown as 0, per side."""
        known = self._bases.get(flow)
        if known is not None:
            return known
        h = self.headers
        rows = self._groups.rows(flow)
        bases = [0, 0]
        for side, packet in ((0, self.flows[flow - 1].syn_packet), (1, self.flows[flow - 1].synack_packet)):
            sent = rows[self.side_of[rows] == side]
            row = packet - 1 if packet else int(sent[0]) if len(sent) else -1
            if row >= 0:
                bases[side] = int(h.seq[row])
            else:
                peer = rows[self.side_of[rows] != side]
                bases[side] = int(h.ack[peer[0]])
        self._bases[flow] = (bases[0], bases[1])
        return self._bases[flow]
