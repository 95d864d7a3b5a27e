"""Messages of a capture that grows, cut as their packets are appended."""

from collections import deque
from typing import Final

import numpy as np

from inspector.capture.live.tail import Tail
from inspector.capture.table import PacketTable
from inspector.engine.arrivals import Arrivals
from inspector.engine.column import Column
from inspector.engine.detect import sender
from inspector.engine.index import finish_both, forced_protocol, hints_for
from inspector.engine.stream import Clock, Context, Stream
from inspector.model.buffer import HOLE, Buffer, BufferSource, Pieces
from inspector.model.flow import Endpoint, Flow
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.net.clients import infer_client
from inspector.net.columns import Headers
from inspector.net.numbers import ACK, FIN, RST, SYN, TCP
from inspector.net.reassembly import Reassembler
from inspector.schema.registry import Schemas

PATIENCE: Final = 1 << 20
"""Bytes captured behind a gap before it is given up: more than a retransmission usually takes to come."""
QUIET: Final = 0.15
"""Seconds of silence after which what is there is decided with: nobody waits half a second for a row."""
LOST: Final = 2.0
"""Seconds of silence after which missing bytes are not going to come: several retransmission timeouts."""
UNFINISHED: Final = 0.3
"""Seconds after which a message is shown though it is not complete."""
OVER: Final = 1.0
"""Seconds after which nobody asks for a conversation that is over: all its messages were shown."""
MAX_PIECES: Final = 1 << 19
"""Segments of one side whose places are kept; of the older half it is forgotten which packets they were in."""
MAX_OPEN: Final = 100_000
"""Connections followed at once; beyond, the ones opened first are taken to be over."""
MAX_CLOSED: Final = 10_000
"""Connections remembered as closed, so that their last packets open no new ones."""

Key = tuple[str, int, str, int, int]


class LiveClock(Clock):
    """Capture times of all packets so far."""

    def __init__(self) -> None:
        self.times = Column()

    def time(self, packet: int) -> int:
        return self.times.at(packet - 1) if packet > 0 else 0


class FileSource(BufferSource):
    """Bytes of buffers out of the growing file; their pieces are filled by the reassembly."""

    def __init__(self, tail: Tail) -> None:
        self.tail = tail
        self.starts = Column()

    def load(self, buffer: Buffer) -> None:
        buffer.fill(Pieces())

    def read(self, buffer: Buffer, start: int, end: int) -> bytes:
        parts: list[bytes] = []
        for packet, offset, length in buffer.pieces.parts(start, end):
            at = self.starts.at(packet - 1) + offset if packet != HOLE else 0
            parts.append(bytes(length) if packet == HOLE else self.tail.read(at, length))
        return b"".join(parts)


class LiveFlow:
    """A conversation that is still going on."""

    def __init__(self, flow: Flow, stream: Stream) -> None:
        self.flow = flow
        self.stream = stream
        self.sides = [Reassembler(CLIENT, None, PATIENCE), Reassembler(SERVER, None, PATIENCE)]
        self.fed = [0, 0]
        self.acks = [-1, -1]
        self.opening = -1
        self.heard = 0.0
        self.settled = False


class LiveDecoder:
    """Follows the capture file at `path`; flows are numbered from 1, and packets as in the file.

    Memory holds the conversations that are open, with the places of their last segments; all else stays in files.
    `flows` are those that are open or not long over, `flow_count` how many there were.
    """

    def __init__(self, path: str, schemas: Schemas, decode_as: dict[str, str]) -> None:
        self.tail = Tail(path)
        self.source = FileSource(self.tail)
        self.clock = LiveClock()
        self.context = Context(schemas, self.clock)
        self.decode_as = decode_as
        self.flows: dict[int, Flow] = {}
        self.flow_count = 0
        self.ended: deque[tuple[float, int]] = deque()
        self.open: dict[Key, LiveFlow] = {}
        self.closed: dict[Key, None] = {}
        self.restless: dict[int, LiveFlow] = {}
        self.unfinished: list[tuple[float, Message]] = []
        self.comments: dict[int, list[str]] = {}
        self.now = 0.0
        self.count = 0
        self.image = b""
        self.before = 0

    @property
    def packets(self) -> int:
        """Packets read so far."""
        return len(self.source.starts)

    def flow(self, number: int) -> Flow:
        """Flow `number`, from 1, while it is remembered."""
        return self.flows[number]

    def poll(self, now: float) -> list[Message]:
        """Read what was appended; returns the messages that are complete, or have been waited for long enough.

        They are numbered in the order in which they were cut, which is not that of the finished file.
        `now` is a time in seconds that only ever grows. Raises CaptureError when the file is no capture.
        """
        self.now = now
        self._forget()
        table = self.tail.more()
        if table is not None:
            self._packets(table)
        self._calm()
        return self._ready(UNFINISHED)

    def finish(self) -> list[Message]:
        """The capture is over: returns all that is left."""
        for live in list(self.open.values()):
            self._end(live)
        self.open.clear()
        self.restless.clear()
        return self._ready(0.0)

    def _forget(self) -> None:
        """Let go of conversations that are over."""
        held = {m.flow for _, m in self.unfinished}
        while self.ended and self.now - self.ended[0][0] > OVER:
            number = self.ended.popleft()[1]
            if number in held:
                self.ended.append((self.now, number))
            else:
                flow = self.flows.pop(number)
                self.comments.pop(flow.syn_packet, None)

    def _ready(self, patience: float) -> list[Message]:
        found: list[Message] = []
        waiting: list[tuple[float, Message]] = []
        for m in self.context.messages:
            self.count += 1
            m.number = self.count
            if m.packet == 0:
                # nothing of its side was captured: it is known from what the peer acknowledged
                m.packet = self.flow(m.flow).last_packet
                m.time = self.clock.time(m.packet)
            self.unfinished.append((self.now, m))
        self.context.messages = []
        for since, m in self.unfinished:
            if m.complete or self.now - since >= patience:
                found.append(m)
            else:
                waiting.append((since, m))
        self.unfinished = waiting
        return found

    # packets

    def _packets(self, table: PacketTable) -> None:
        h = Headers(table)
        base = self.before = self.packets
        image = table.image
        self.image = image if isinstance(image, bytes) else image[:]
        for start in table.starts.tolist():
            self.source.starts.append(start + self.tail.shift)
        for time in table.times.tolist():
            self.clock.times.append(time)
        for number, comments in self.tail.comments.items():
            if number:
                self.comments[number + base] = comments
        arrivals = Arrivals(h)
        for row in np.flatnonzero(h.transport).tolist():
            live = self._conversation(arrivals, row, base + row + 1)
            if live is not None:
                self._segment(arrivals, row, base + row + 1, live)

    def _conversation(self, a: Arrivals, row: int, number: int) -> LiveFlow | None:
        """The conversation that a packet belongs to, opened when it is the first."""
        source, target = a.source(row), a.target(row)
        sport, dport, transport = a.sport[row], a.dport[row], a.transport[row]
        forward: Key = (source, sport, target, dport, transport)
        backward: Key = (target, dport, source, sport, transport)
        live = self.open.get(forward) or self.open.get(backward)
        flags = a.flags[row] if transport == TCP else 0
        opens = flags & (SYN | ACK) == SYN
        if live is not None and opens and live.opening != a.seq[row]:
            # the same ports again: a new connection (RFC 9293 3.6.1)
            self._close(live)
            live = None
        if live is None:
            if not opens and (forward in self.closed or backward in self.closed):
                # the last acknowledgement, or a retransmission
                return None
            live = self._opened(a.headers, row, number, forward, flags)
        return live

    def _opened(self, h: Headers, row: int, number: int, ends: Key, flags: int) -> LiveFlow:
        a, b = Endpoint(ends[0], ends[1]), Endpoint(ends[2], ends[3])
        if flags & SYN:
            swapped = flags & ACK != 0
            known_by = "The client sent the SYN." if not swapped else "The server answered with SYN+ACK."
        else:
            direction, known_by = infer_client(h, np.array([row], np.int32), np.zeros(len(h), np.int8), sender)
            swapped = direction != 0
        if swapped:
            a, b = b, a
        self.flow_count += 1
        flow = Flow(self.flow_count, "tcp" if ends[4] == TCP else "udp", a, b)
        flow.client_known_by = known_by
        flow.first_packet = number
        flow.buffers = [
            Buffer(f"flow {flow.number} client", self.source, 2 * flow.number),
            Buffer(f"flow {flow.number} server", self.source, 2 * flow.number + 1),
        ]
        self.flows[flow.number] = flow
        stream = Stream(self.context, flow.number, flow.buffers, hints_for(flow), forced_protocol(flow, self.decode_as))
        live = LiveFlow(flow, stream)
        for side in (CLIENT, SERVER):
            flow.buffers[side].fill(live.sides[side].pieces)
        key: Key = (a.address, a.port, b.address, b.port, ends[4])
        self.open[key] = live
        self.closed.pop(key, None)
        if len(self.open) > MAX_OPEN:
            self._close(self.open[next(iter(self.open))])
        return live

    def _segment(self, a: Arrivals, row: int, number: int, live: LiveFlow) -> None:
        flow = live.flow
        side: Side = CLIENT
        if a.sport[row] != flow.client.port or (
            flow.client.port == flow.server.port and a.source(row) != flow.client.address
        ):
            side = SERVER
        flow.last_packet = number
        flow.packet_count += 1
        live.heard = self.now
        live.settled = False
        self.restless[flow.number] = live
        length, captured, start = a.length[row], a.captured[row], a.start[row]
        if flow.transport == "udp":
            self._datagram(live, side, number, start, length, captured, a.ack[row])
            return
        flags, seq = a.flags[row], a.seq[row]
        if flags & SYN:
            self._synchronise(live, side, flags, seq, a.ack[row], number)
        live.sides[side].add(seq, length, captured, flags, number, start)
        self._feed(live, side)
        if flags & (ACK | RST) == ACK:
            ack = live.acks[side] = a.ack[row]
            if flow.syn_packet and not live.sides[1 - side].started:
                # the ACK that ends the handshake names the byte that it waits for
                live.sides[1 - side].start(ack)
        if flags & RST:
            flow.rst_packets = _with(flow.rst_packets, side, number)
            self._close(live)
        elif flags & FIN:
            flow.fin_packets = _with(flow.fin_packets, side, number)
        if flow.fin_packets[0] and flow.fin_packets[1] and _all_there(live.sides[0]) and _all_there(live.sides[1]):
            self._close(live)

    def _synchronise(self, live: LiveFlow, side: Side, flags: int, seq: int, ack: int, number: int) -> None:
        """Where the streams begin; RFC 9293 3.4."""
        if side == CLIENT:
            live.opening = seq
            live.flow.syn_packet = live.flow.syn_packet or number
        else:
            live.flow.synack_packet = live.flow.synack_packet or number
        if not live.sides[side].started:
            live.sides[side].start(seq + 1)
        if flags & ACK and not live.sides[1 - side].started:
            live.sides[1 - side].start(ack)

    def _datagram(
        self, live: LiveFlow, side: Side, number: int, start: int, length: int, captured: int, fragment: int
    ) -> None:
        """A whole datagram; fragments are put together when the finished file is opened."""
        if fragment or not captured:
            return
        pieces = live.sides[side].pieces
        pieces.add(number, start, captured)
        if length > captured:
            pieces.add(HOLE, 0, length - captured)
        self._feed(live, side)

    # bytes

    def _feed(self, live: LiveFlow, side: Side) -> None:
        """Give the stream the pieces that have settled."""
        pieces = live.sides[side].pieces
        count = len(pieces.starts)
        while live.fed[side] < count:
            index = live.fed[side]
            live.fed[side] += 1
            end = pieces.starts[index + 1] if index + 1 < count else pieces.size
            length = end - pieces.starts[index]
            packet = pieces.sources[index]
            if packet == HOLE:
                live.stream.feed_hole(side, length)
            elif length:
                live.stream.feed(side, self._bytes(packet, pieces.offsets[index], length))

        if count > MAX_PIECES:
            pieces.forget(MAX_PIECES // 2)
            live.fed[side] -= MAX_PIECES // 2 - 1

    def _bytes(self, packet: int, offset: int, length: int) -> bytes:
        """Bytes of a packet: most often of one just read."""
        at = self.source.starts.at(packet - 1) + offset
        if packet > self.before:
            at -= self.tail.shift
            return self.image[at : at + length]
        return self.tail.read(at, length)

    def _calm(self) -> None:
        """Decide what silence decides."""
        for live in list(self.restless.values()):
            silence = self.now - live.heard
            if silence >= QUIET and not live.settled:
                live.settled = True
                live.stream.settle()
            if silence >= LOST:
                self.restless.pop(live.flow.number, None)
                if live.flow.transport == "tcp":
                    self._give_up(live)

    def _give_up(self, live: LiveFlow) -> None:
        """Missing bytes are not going to come."""
        for side in (CLIENT, SERVER):
            if live.sides[side].waiting:
                live.sides[side].finish()
                self._feed(live, side)

    def _close(self, live: LiveFlow) -> None:
        """A conversation is over."""
        flow = live.flow
        transport = TCP if flow.transport == "tcp" else 17
        key: Key = (flow.client.address, flow.client.port, flow.server.address, flow.server.port, transport)
        self.open.pop(key, None)
        self.closed[key] = None
        if len(self.closed) > MAX_CLOSED:
            self.closed.pop(next(iter(self.closed)))
        self.restless.pop(flow.number, None)
        self._end(live)

    def _end(self, live: LiveFlow) -> None:
        self.ended.append((self.now, live.flow.number))
        for side in (CLIENT, SERVER):
            if live.flow.transport == "tcp":
                if live.acks[1 - side] >= 0:
                    live.sides[side].acknowledged(live.acks[1 - side])
                live.sides[side].finish()
            self._feed(live, side)
        finish_both(live.stream, live.flow, live.sides[CLIENT].pieces, live.sides[SERVER].pieces)


def _all_there(side: Reassembler) -> bool:
    """Whether everything before the FIN has come."""
    return side.next >= side.fin_at


def _with(packets: tuple[int, int], side: Side, packet: int) -> tuple[int, int]:
    first = packets[side] or packet
    return (first, packets[1]) if side == CLIENT else (packets[0], first)
