"""Driving the bytes of one stream (both sides) through detection and a conversation."""

from typing import Final

from mypy_extensions import i64

from inspector.engine.detect import PREFIX, choose, is_claimed, protocols
from inspector.model.buffer import Buffer, Slices
from inspector.model.errors import DecodeError, HoleError, Truncated, WaitForPeer
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.protocols.base import Child, Conversation, Hints, Sink
from inspector.protocols.data import preview
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader

MAX_HANDOVERS: Final = 8
"""Protocols one connection may switch through; real ones do so once or twice."""
MAX_DETECTIONS: Final = 64
"""Turns after which unclaimed bytes are no longer offered to detection."""
MAX_NESTING: Final = 8
"""Streams inside streams."""


class Clock:
    """Tells when a packet was captured; this one, for bytes without a capture, knows no time."""

    def time(self, packet: int) -> int:
        """Nanoseconds since 1970 of packet `packet`; 0 for packet 0."""
        return 0


class Context:
    """What all streams of one capture share."""

    def __init__(self, schemas: Schemas, clock: Clock) -> None:
        self.schemas = schemas
        self.clock = clock
        self.messages: list[Message] = []


class Lane:
    """One side of a stream: its reader, what waits to be read, and who reads it."""

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer
        self.reader = Reader(b"")
        self.queued: list[bytes] = []
        self.queued_size: i64 = 0
        self.size: i64 = 0
        self.wanted: i64 = 0
        self.conversation: Conversation | None = None
        self.protocol = ""
        self.detections: i64 = 0
        self.finished = False
        self.waits_for_peer = False

    def queue(self, chunk: bytes) -> None:
        """Put bytes behind those not yet read."""
        self.queued.append(chunk)
        self.queued_size += len(chunk)
        self.size += len(chunk)

    def load(self) -> bool:
        """Let the reader see what was queued; False when it is not worth another try yet."""
        if self.queued_size and (self.finished or self.size >= self.wanted):
            r = self.reader
            rest = r.data[r.pos :]
            base = r.base + r.pos
            parts = [rest, *self.queued] if rest else self.queued
            data = parts[0] if len(parts) == 1 else b"".join(parts)
            self.queued = []
            self.queued_size = 0
            r.grow(data, base)
            self.wanted = 0
        elif self.wanted and not self.finished:
            return False
        return self.reader.pos < self.reader.end


class Stream(Sink):
    """Both sides of a flow, or of bytes handed on by a message."""

    def __init__(
        self, context: Context, flow: int, buffers: list[Buffer], hints: Hints, forced: str = "", nesting: int = 0
    ) -> None:
        self.context = context
        self.flow = flow
        self.lanes = [Lane(buffers[CLIENT]), Lane(buffers[SERVER])]
        self.hints = hints
        self.forced = forced
        self.nesting = nesting
        self.parent: Message | None = None
        self.speaker = ""
        self.handovers = 0
        self.handed_over = False
        self.children: dict[int, Stream] = {}

    # feeding

    def feed(self, side: Side, chunk: bytes) -> None:
        """The next bytes of a side, in the order they arrived."""
        self.lanes[side].queue(chunk)
        self.lanes[1 - side].waits_for_peer = False
        self._advance(side)

    def feed_hole(self, side: Side, length: int) -> None:
        """`length` bytes of a side that were never captured."""
        lane = self.lanes[side]
        start: i64 = lane.size
        lane.reader.holes.append((start, start + length))
        lane.queue(bytes(length))
        self._advance(side)

    def finish(self, side: Side, ending: str) -> None:
        """No more bytes of a side: `ending` is "fin", "rst" or "" when the capture ends."""
        lane = self.lanes[side]
        lane.finished = True
        lane.waits_for_peer = False
        self._advance(side)
        conversation = lane.conversation
        if conversation is not None:
            self.speaker = lane.protocol
            conversation.finish(side, lane.reader.offset, ending, self)

    def _advance(self, side: Side) -> None:
        """Cut what can be cut on `side`, then on the other where it waited for this one."""
        self._cut(side)
        peer = self.lanes[1 - side]
        if peer.waits_for_peer:
            peer.waits_for_peer = False
            self._cut(1 - side)

    def _cut(self, side: Side) -> None:
        lane = self.lanes[side]
        r = lane.reader
        while not lane.waits_for_peer and lane.load():
            conversation = lane.conversation
            if conversation is None or lane.protocol == "data":
                conversation = self._detect(side, lane)
                if conversation is None:
                    return
            start = r.pos
            self.speaker = lane.protocol
            self.handed_over = False
            try:
                conversation.step(side, r, self)
            except DecodeError as error:
                r.seek(start)
                if isinstance(error, Truncated) and not lane.finished:
                    if isinstance(error, WaitForPeer):
                        lane.waits_for_peer = True
                    else:
                        self._wait(lane, error.wanted)
                    return
                self._stuck(side, lane, conversation, error)
            else:
                if r.pos == start and not self.handed_over:
                    self._stuck(side, lane, conversation, DecodeError(r.offset, "the decoder did not advance"))

    def _wait(self, lane: Lane, wanted: int) -> None:
        """Come again with `wanted` bytes; where the end is not known, with half as many again (never quadratic)."""
        have = lane.reader.end - lane.reader.pos
        lane.wanted = max(wanted, lane.size + max(1, have // 4))

    # detection

    def _detect(self, side: Side, lane: Lane) -> Conversation | None:
        """Who reads this side from here; None to wait for more bytes."""
        r = lane.reader
        if lane.conversation is not None:
            if lane.detections >= MAX_DETECTIONS:
                return lane.conversation
            lane.detections += 1
        peer = self.lanes[1 - side]
        if self.forced:
            name = self.forced
        elif self.hints.protocol in protocols():
            name = self.hints.protocol
        else:
            peer_protocol = peer.protocol if peer.conversation is not None else ""
            name = choose(r.data[r.pos : r.pos + PREFIX], side, self.hints, peer_protocol, lane.finished)
        if not name:
            self._wait(lane, 0)
            return None
        if name == lane.protocol and lane.conversation is not None:
            return lane.conversation
        if name == peer.protocol and peer.conversation is not None:
            lane.conversation = peer.conversation
        else:
            lane.conversation = protocols()[name].conversation(self.hints, self.context.schemas)
        lane.protocol = name
        return lane.conversation

    # what cannot be cut

    def _stuck(self, side: Side, lane: Lane, conversation: Conversation, error: DecodeError) -> None:
        """Keep the bytes that cannot be cut, and find where to go on."""
        r = lane.reader
        start = r.pos
        end = r.end
        m: Message | None = None
        if isinstance(error, HoleError):
            end = self._hole_after(r)[0]
        if end > start:
            before = r.narrow(end - start)
            m = conversation.incomplete(side, r, error, self)
            if m is None:
                r.seek(start)
            r.widen(before)
        if isinstance(error, HoleError):
            self._pass_hole(side, lane, conversation, end, m)
            return
        if r.pos > start:
            return
        at: i64 = conversation.resync(side, r.data, start + 1)
        self._unclaimed(side, r, at if at > start else r.end, error.reason)
        if at <= start:
            lane.conversation = None
            lane.protocol = ""

    def _hole_after(self, r: Reader) -> tuple[int, int]:
        """Indices of the first hole that ends behind the reader."""
        offset = r.base + r.pos
        for start, end in r.holes:
            if end > offset:
                return max(r.pos, start - r.base), min(end - r.base, r.end)
        return r.end, r.end

    def _pass_hole(
        self, side: Side, lane: Lane, conversation: Conversation, hole_start: int, cut: Message | None
    ) -> None:
        """Go on behind a hole, which belongs to the message `cut` by it, if any."""
        r = lane.reader
        if r.pos < hole_start:
            self._unclaimed(side, r, hole_start, "these bytes end at a hole: what follows was never captured")
        start, end = self._hole_after(r)
        if start == r.pos and end > start:
            issue = f"{end - start} bytes were never captured"
            if cut is not None and cut.end == r.offset:
                cut.end += end - start
                cut.issue = f"{cut.end - end + start - cut.start} of {cut.length} bytes captured"
            else:
                self.speaker = "data"
                m = self.message(side, "hole", r.base + start, r.base + end, issue)
                m.issue = issue
            r.seek(end)
        at = conversation.resync(side, r.data, r.pos)
        if at < 0:
            lane.conversation = None
            lane.protocol = ""
        elif at > r.pos:
            self._unclaimed(side, r, at, "after a hole: no message starts here")

    def _unclaimed(self, side: Side, r: Reader, end: i64, reason: str) -> None:
        """Bytes up to index `end` become a message of protocol data."""
        if end <= r.pos:
            return
        self.speaker = "data"
        m = self.message(
            side,
            "data",
            r.offset,
            r.base + end,
            f"{end - r.pos} bytes  {preview(r.data[r.pos : min(end, r.pos + 64)])}",
        )
        m.issue = reason
        r.seek(end)

    # the sink

    def message(self, side: Side, kind: str, start: int, end: int, summary: str) -> Message:
        lane = self.lanes[side]
        m = Message(self.flow, side, self.speaker, kind, lane.buffer, start, end, summary)
        m.parent = self.parent
        m.packet = lane.buffer.packet_at(start)
        m.time = self.context.clock.time(m.packet)
        self.context.messages.append(m)
        return m

    def derive(self, parent: Message, key: int, hints: Hints) -> Child | None:
        if self.nesting >= MAX_NESTING:
            return None
        if not is_claimed(hints.content_type):
            return None
        child = self.children.get(key)
        if child is None:
            buffers = [Buffer("", Slices([]), parent=lane.buffer) for lane in self.lanes]
            child = Stream(self.context, self.flow, buffers, hints, nesting=self.nesting + 1)
            self.children[key] = child
        lane = child.lanes[parent.side]
        lane.buffer.name = f"{parent.buffer.name}/body at {parent.start}"
        return DerivedChild(self, child, parent)

    def handover(self, hints: Hints) -> None:
        self.handed_over = True
        self.handovers += 1
        if self.handovers > MAX_HANDOVERS:
            hints = Hints(hints.transport, protocol="data")
        self.hints = hints
        self.forced = ""
        for lane in self.lanes:
            lane.conversation = None
            lane.protocol = ""
            lane.wanted = 0
            lane.detections = 0
            lane.waits_for_peer = False


class DerivedChild(Child):
    """Feeds parts of a message's buffer to the stream below it."""

    def __init__(self, outer: Stream, stream: Stream, parent: Message) -> None:
        self.outer = outer
        self.stream = stream
        self.parent = parent

    def add(self, start: int, end: int) -> None:
        side = self.parent.side
        buffer = self.stream.lanes[side].buffer
        source = buffer.source
        assert isinstance(source, Slices)
        source.ranges.append((start, end))
        buffer.release()
        r = self.outer.lanes[side].reader
        self.stream.parent = self.parent
        self.stream.feed(side, r.data[start - r.base : end - r.base])

    def finish(self) -> None:
        self.stream.parent = self.parent
        self.stream.finish(self.parent.side, "fin")
