"""Pass 1: every flow cut into messages, in the order they were captured."""

from collections.abc import Callable
from mmap import mmap
from typing import Final

import numpy as np

from inspector.capture.table import PacketTable
from inspector.engine.stream import Clock, Context, Stream
from inspector.model.buffer import HOLE, Buffer, Pieces, Plain
from inspector.model.flow import Flow
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.protocols.base import Hints
from inspector.schema.registry import Schemas

MAX_CHUNK: Final = 1 << 20
"""Bytes fed at once: bounds the copy that a long transfer in one direction needs."""
NEVER: Final = 1 << 61
EXHAUSTED: Final = 1 << 62


class TableClock(Clock):
    """Capture times from the packet table."""

    def __init__(self, table: PacketTable) -> None:
        self.times: list[int] = table.times.tolist()

    def time(self, packet: int) -> int:
        return self.times[packet - 1] if packet > 0 else 0


class Feeder:
    """Feeds both directions of one flow to a stream in the order of their packets, a whole turn at a time."""

    def __init__(self, image: mmap | bytes, starts: list[int], stream: Stream, joined: bool) -> None:
        self.image = image
        self.packet_starts = starts
        self.stream = stream
        self.joined = joined
        self.parts: list[bytes] = []
        self.parts_size = 0
        self.side: Side = CLIENT

    def run(self, flow: Flow, client: Pieces, server: Pieces) -> None:
        """Feed everything, then the ends of both sides."""
        pieces = [client, server]
        counts = [len(client.starts), len(server.starts)]
        at = [0, 0]
        ranks = [_rank(client, 0), _rank(server, 0)]
        while at[CLIENT] < counts[CLIENT] or at[SERVER] < counts[SERVER]:
            side: Side = CLIENT if ranks[CLIENT] <= ranks[SERVER] else SERVER
            if side != self.side or self.parts_size >= MAX_CHUNK or not self.joined:
                self._flush()
                self.side = side
            self._piece(pieces[side], at[side])
            at[side] += 1
            ranks[side] = _rank(pieces[side], at[side])
        self._flush()
        finish_both(self.stream, flow, client, server)

    def _piece(self, pieces: Pieces, index: int) -> None:
        start = pieces.starts[index]
        end = pieces.starts[index + 1] if index + 1 < len(pieces.starts) else pieces.size
        packet = pieces.sources[index]
        if packet == HOLE:
            self._flush()
            self.stream.feed_hole(self.side, end - start)
            return
        at = self.packet_starts[packet - 1] + pieces.offsets[index]
        self.parts.append(self.image[at : at + end - start])
        self.parts_size += end - start

    def _flush(self) -> None:
        if self.parts:
            chunk = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
            self.parts = []
            self.parts_size = 0
            self.stream.feed(self.side, chunk)


def finish_both(stream: Stream, flow: Flow, client: Pieces, server: Pieces) -> None:
    """Tell the stream how both sides ended: first the one that ended first."""
    first = first_to_end(flow, client, server)
    for side in (first, 1 - first):
        stream.finish(side, flow.ends[side])


def first_to_end(flow: Flow, client: Pieces, server: Pieces) -> Side:
    """Who ended the connection. A side that sent FIN but went on to read had only finished its own half."""
    ends = flow.ends
    if not ends[CLIENT] or not ends[SERVER]:
        first = SERVER if ends[SERVER] else CLIENT
    else:
        first = CLIENT if flow.end_packet(CLIENT) < flow.end_packet(SERVER) else SERVER
    others = server if first == CLIENT else client
    if ends[first] == "fin" and _last_packet(others) > flow.end_packet(first):
        # bytes that nobody reads any more are answered with RST (RFC 9293 3.10.7.1)
        return 1 - first
    return first


def _last_packet(pieces: Pieces) -> int:
    """The packet that the last captured bytes came in, 0 without any."""
    index = len(pieces.sources) - 1
    while index >= 0 and pieces.sources[index] == HOLE:
        index -= 1
    return pieces.sources[index] if index >= 0 else 0


def _rank(pieces: Pieces, index: int) -> int:
    """The packet that a piece arrived with; a hole goes with the piece behind it."""
    first = index
    count = len(pieces.starts)
    while index < count:
        if pieces.sources[index] != HOLE:
            return pieces.sources[index]
        index += 1
    return NEVER if index > first else EXHAUSTED


def hints_for(flow: Flow) -> Hints:
    """What a flow tells of its bytes before looking at them."""
    hints = Hints(flow.transport, flow.server.port, flow.client.port)
    hints.joined = flow.transport == "tcp" and not flow.syn_packet and not flow.synack_packet
    return hints


def forced_protocol(flow: Flow, decode_as: dict[str, str]) -> str:
    """What the user said this flow is: by flow, else by port, else for the whole file; "" when nothing."""
    for selector in (f"flow {flow.number}", f"port {flow.server.port}", f"port {flow.client.port}", "file"):
        if selector in decode_as:
            return decode_as[selector]
    return ""


def cut_all(
    table: PacketTable,
    flows: list[Flow],
    schemas: Schemas,
    decode_as: dict[str, str],
    progress: Callable[[str, float], None] | None = None,
) -> list[Message]:
    """All messages of all flows, numbered from 1 in the order of the packets they begin in."""
    context = Context(schemas, TableClock(table))
    packet_starts: list[int] = table.starts.tolist()
    for count, flow in enumerate(flows):
        if progress is not None and count % 256 == 0:
            progress("decoding", count / len(flows))
        client, server = flow.buffers
        stream = Stream(context, flow.number, flow.buffers, hints_for(flow), forced_protocol(flow, decode_as))
        Feeder(table.image, packet_starts, stream, flow.transport == "tcp").run(flow, client.pieces, server.pieces)
        client.release()
        server.release()
    for m in context.messages:
        if m.packet == 0:
            # nothing of its side was captured: it is known from what the peer acknowledged
            m.packet = flows[m.flow - 1].last_packet
            m.time = context.clock.time(m.packet)
    return in_order(context.messages)


def in_order(messages: list[Message]) -> list[Message]:
    """Sort by first packet, keep the order in which they were cut within one, and number from 1."""
    packets = np.array([m.packet for m in messages], dtype=np.int64)
    order: list[int] = np.argsort(packets, kind="stable").tolist()
    ordered = [messages[i] for i in order]
    number = 0
    for m in ordered:
        number += 1
        m.number = number
    return ordered


def cut_bytes(data: bytes, side: Side, protocol: str, schemas: Schemas) -> list[Message]:
    """Messages in bytes that came from no capture, read as `protocol`."""
    return cut_buffer(Buffer("bytes", Plain(data)), side, protocol, schemas)


def cut_buffer(buffer: Buffer, side: Side, protocol: str, schemas: Schemas) -> list[Message]:
    """Messages in a buffer that `side` sent and the other side did not answer, read as `protocol`."""
    buffers = [buffer if s == side else Buffer(buffer.name, Plain(b"")) for s in (CLIENT, SERVER)]
    context = Context(schemas, Clock())
    stream = Stream(context, 0, buffers, Hints(), forced=protocol)
    at = 0
    for start, end in buffer.holes:
        if at < start:
            stream.feed(side, buffer.read(at, start))
        stream.feed_hole(side, end - start)
        at = end
    if at < buffer.size:
        stream.feed(side, buffer.read(at, buffer.size))
    stream.finish(side, "")
    for number, m in enumerate(context.messages, 1):
        m.number = number
    return context.messages
