"""Driving the bytes of both sides of one stream through detection and a conversation, which cuts messages."""

from typing import Final

from mypy_extensions import i64

from inspector.engine.bugs import told
from inspector.engine.context import Context
from inspector.engine.detect import PREFIX, choose, first_start, protocols
from inspector.engine.lane import Lane
from inspector.model.buffer import Buffer
from inspector.model.errors import DecodeError, HoleError, Truncated, WaitForPeer
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.protocols.base import Conversation, Hints, Sink
from inspector.protocols.data import DataConversation

MAX_HANDOVERS: Final = 8
"""Protocols one connection may switch through; real ones do so once or twice."""
MAX_DETECTIONS: Final = 64
"""Turns after which unclaimed bytes are no longer offered to detection."""
WINDOW: Final = 1 << 16
"""Bytes looked through at once for the first message of a connection that was joined: several HTTP/2 frames."""
MAX_JOINED: Final = 16 << 20
"""Bytes of such a connection that are looked through, behind the first of them for what is found quickly."""
MAX_SEARCH: Final = 1 << 20
"""Bytes kept while looking for the next message behind bytes that made no sense."""
ZEROS: Final = bytes(1 << 20)
"""Stand in for the bytes of a hole, this many at a time."""


class Cutter(Sink):
    """Both sides of a flow, or of bytes handed on by a message.

    What is cut depends on the bytes and on the order in which the sides spoke, never on the chunks in which bytes
    arrive: decisions that more bytes could change are made when a side's turn is over, and not before.
    """

    def __init__(self, context: Context, flow: int, buffers: list[Buffer], hints: Hints, forced: str) -> None:
        self.context = context
        self.flow = flow
        self.lanes = [Lane(buffers[CLIENT]), Lane(buffers[SERVER])]
        self.hints = hints
        self.forced = forced
        self.parents: list[Message | None] = [None, None]
        self.turn: Side = -1
        self.speaker = ""
        self.serial: i64 = 0
        self.serials: i64 = 0
        self.handovers = 0
        self.handed_over = False

    # feeding

    def feed(self, side: Side, chunk: bytes) -> None:
        """The next bytes of a side, in the order they arrived. Over TCP, what a side sends in a row is one turn."""
        if side != self.turn or self.hints.transport != "tcp":
            self._begin_turn(side)
        lane = self.lanes[side]
        lane.over = False
        lane.queue(chunk)
        self._advance(side)

    def feed_hole(self, side: Side, length: int) -> None:
        """`length` bytes of a side that were never captured."""
        self._begin_turn(side)
        lane = self.lanes[side]
        start: i64 = lane.size
        lane.reader.holes.append((start, start + length))
        left: i64 = length
        lane.wanted = 0
        while left > 0:
            part = ZEROS if left >= len(ZEROS) else ZEROS[:left]
            left -= len(part)
            lane.queue(part)
            self._advance(side)

    def settle(self) -> None:
        """Decide with what is there: nothing more arrived for now, or the other side speaks."""
        if self.turn < 0:
            return
        lane = self.lanes[self.turn]
        lane.over = True
        if lane.try_again():
            self._advance(self.turn)

    def tell(self, side: Side, fields: dict[str, str], message: Message) -> None:
        """Header fields from the layer below that belong to a side's bytes; they may come without any bytes."""
        lane = self.lanes[side]
        conversation = lane.conversation or self.lanes[1 - side].conversation or self._detect(side, lane)
        if conversation is not None:
            self.speaker = lane.protocol or self.lanes[1 - side].protocol
            conversation.told(side, fields, message, self)

    def finish(self, side: Side, ending: str) -> None:
        """No more bytes of a side: `ending` is "fin", "rst" or "" when the capture ends. The side that ended first is
        finished first."""
        self.settle()
        lane = self.lanes[side]
        lane.over = True
        lane.finished = True
        lane.waits_for_peer = False
        self._advance(side)
        conversation = lane.conversation
        if conversation is not None:
            self._speak(lane)
            conversation.finish(side, lane.reader.offset, ending, self)
        for left in lane.left:
            if left.conversation is not conversation:
                self.speaker = left.protocol
                self.serial = left.serial
                left.conversation.finish(side, left.offset, ending, self)
        lane.left = []

    def _begin_turn(self, side: Side) -> None:
        """What the side before said is settled first: this one may answer it."""
        self.settle()
        self.turn = side
        lane = self.lanes[side]
        lane.over = False
        lane.unclaimed = None
        if lane.conversation is None and lane.reader.offset < lane.size:
            lane.starts.append(lane.size)
        if lane.protocol == "data":
            lane.detections += 1
            if lane.detections <= MAX_DETECTIONS:
                lane.drop()
            else:
                lane.conversation = DataConversation(self.hints, self.context.schemas)

    def _advance(self, side: Side) -> None:
        """Cut what can be cut on `side`, then on the other where it waited for this one, and so on."""
        idle = 0
        while idle < 2:
            lane = self.lanes[side]
            offset, handovers = lane.reader.offset, self.handovers
            gave_way = self._cut(side, lane, self.lanes[1 - side])
            side = 1 - side
            if lane.reader.offset > offset or self.handovers > handovers:
                self.lanes[side].waits_for_peer = False
                idle = 0 if gave_way else 1
            else:
                idle += 1

    def _cut(self, side: Side, lane: Lane, peer: Lane) -> bool:
        """Cut messages of one side; True when it gave way in between, to a side that waited or to what comes next."""
        r = lane.reader
        while not lane.waits_for_peer and lane.load():
            if lane.lost:
                if not self._search(side, lane):
                    break
                continue
            conversation = lane.conversation
            if (conversation is None or lane.protocol == "data") and self._pass_hole(side, lane):
                continue
            if conversation is None:
                conversation = self._detect(side, lane)
                if conversation is None:
                    continue
            start = r.pos
            self._speak(lane)
            self.handed_over = False
            try:
                conversation.step(side, r, self)
            except DecodeError as error:
                r.rewind(start)
                if not isinstance(error, Truncated) or lane.finished:
                    self._stuck(side, lane, conversation, error)
                elif isinstance(error, WaitForPeer):
                    lane.waits_for_peer = True
                else:
                    lane.wait(error.wanted)
            except Exception as bug:  # noqa: BLE001 (one decoder's bug must not take the rest of a capture away)
                r.rewind(start)
                self._stuck(side, lane, conversation, told(bug, lane.protocol, r.offset))
            else:
                if self.handed_over:
                    return True
                if r.pos == start:
                    self._stuck(side, lane, conversation, DecodeError(r.offset, "the decoder did not advance"))
                if peer.waits_for_peer:
                    return True
        return False

    def _speak(self, lane: Lane) -> None:
        """Messages and derived streams belong to this lane's conversation from here on."""
        self.speaker = lane.protocol
        self.serial = lane.serial

    # detection

    def _detect(self, side: Side, lane: Lane) -> Conversation | None:
        """Who reads this side from here; None to wait for more bytes."""
        r = lane.reader
        peer = self.lanes[1 - side]
        hints = lane.hints or self.hints
        if self.forced:
            name = self.forced
        elif hints.protocol in protocols():
            name = hints.protocol
        else:
            spoken = peer.protocol if peer.conversation is not None else ""
            final = lane.finished or r.limit < r.end
            prefix = r.data[r.pos : min(r.limit, r.pos + PREFIX)]
            name = choose(prefix, side, hints, spoken, lane.over or final, final)
        found = name != "data" or not lane.unknown or self.forced != "" or hints.protocol != ""
        if not found and self._seek_start(side, lane, hints):
            return None
        if name == "data" and lane.starts:
            # each of the turns that were waited through stands alone, and detection starts again with the next
            self._unclaimed(side, lane, lane.starts.pop(0) - r.base)
            lane.unclaimed = None
            return None
        if not name:
            lane.wait(0)
            return None
        if name == peer.protocol and peer.conversation is not None and name != "data":
            lane.conversation = peer.conversation
            lane.serial = peer.serial
        else:
            unclaimed = lane.unclaimed if name == "data" else None
            lane.conversation = unclaimed or protocols()[name].conversation(hints, self.context.schemas)
            self.serials += 1
            lane.serial = self.serials
        lane.protocol = name
        lane.unknown = lane.unknown and name == "data"
        lane.starts.clear()
        return lane.conversation

    def _seek_start(self, side: Side, lane: Lane, hints: Hints) -> bool:
        """Pass over bytes that nobody claims, up to where a message starts; True when there is more to look at."""
        r = lane.reader
        if r.offset and not (hints.joined and r.offset < MAX_JOINED):
            return False
        window = WINDOW if hints.joined else PREFIX
        have: i64 = r.limit - r.pos
        final = lane.over or lane.finished or r.limit < r.end
        if hints.joined and have < window and not final:
            lane.wait(0)
            return True
        some = r.data[r.pos : r.pos + min(have, window)]
        start: i64 = first_start(some, side, hints, self.context.schemas, r.offset >= WINDOW)
        if start > 0:
            self._unclaimed(side, lane, r.pos + start, "the capture begins inside a message, or something precedes it")
        elif hints.joined and have >= window:
            # a start line may lie across the end of what was looked at
            self._unclaimed(side, lane, r.pos + window - PREFIX)
        return start > 0 or (hints.joined and have >= window)

    # what cannot be cut

    def _stuck(self, side: Side, lane: Lane, conversation: Conversation, error: DecodeError) -> None:
        """Keep the bytes that cannot be cut, and look for where to go on."""
        r = lane.reader
        start = r.pos
        at_hole = isinstance(error, HoleError)
        r.narrow((r.limit if at_hole else r.end) - start)
        m: Message | None = None
        self.handed_over = False
        try:
            m = conversation.incomplete(side, r, error, self)
        except DecodeError:
            m = None
        except Exception as bug:  # noqa: BLE001 (as above)
            error = told(bug, lane.protocol, r.base + start)
        r.rewind(start if m is None else r.pos)
        if self.handed_over:
            return
        if at_hole:
            lane.lost = "after a hole: no message starts here"
            lane.lost_from = 0
            if r.pos < r.limit:
                self._unclaimed(side, lane, r.limit, "these bytes end at a hole: what follows was never captured")
        elif r.pos == start:
            lane.lost = error.reason or "the decoder gave no reason"
            lane.lost_from = 1

    def _search(self, side: Side, lane: Lane) -> bool:
        """Pass over bytes up to where a message starts, a hole, or the end of the turn; False to wait for more."""
        if self._pass_hole(side, lane):
            return True
        r = lane.reader
        conversation = lane.conversation
        assert conversation is not None
        end: i64 = min(r.limit, r.pos + MAX_SEARCH)
        conversation.over = lane.over or r.limit < r.end
        at: i64 = conversation.resync(side, r.data, r.pos + lane.lost_from)
        if r.pos <= at < end:
            self._unclaimed(side, lane, at, lane.lost)
            lane.lost = ""
        elif r.limit < r.end:
            self._unclaimed(side, lane, r.limit, lane.lost)
            lane.lost_from = 0
        elif not lane.over and end - r.pos < MAX_SEARCH:
            lane.wait(0)
            return False
        else:
            self._unclaimed(side, lane, r.end, lane.lost)
            lane.drop()
            lane.protocol = "data"
            lane.conversation = lane.unclaimed
        return True

    def _pass_hole(self, side: Side, lane: Lane) -> bool:
        """Make the hole that starts here a message; False when there is none."""
        r = lane.reader
        end = lane.hole_end() if r.holes else -1
        if end < 0:
            return False
        m = lane.hole
        self.speaker = "data"
        if m is None or m.end != r.offset:
            m = self.message(side, "hole", r.offset, r.offset, "")
            lane.hole = m
            for one in self.lanes:
                if one.conversation is not None:
                    one.conversation.lost(side)
        r.seek(end)
        m.end = r.offset
        m.summary = m.issue = f"{m.length} bytes were never captured"
        return True

    def _unclaimed(self, side: Side, lane: Lane, end: i64, reason: str = "") -> None:
        """Bytes up to index `end`, before any hole, become a message of protocol data."""
        r = lane.reader
        if end <= r.pos:
            return
        conversation = lane.unclaimed
        if conversation is None:
            conversation = DataConversation(self.hints, self.context.schemas)
            lane.unclaimed = conversation
        self.speaker = "data"
        before = r.narrow(min(end, r.limit) - r.pos)
        conversation.step(side, r, self)
        r.widen(before)
        m = conversation.last
        if m is not None and m.issue is None and reason:
            m.issue = reason

    # the sink

    def message(self, side: Side, kind: str, start: int, end: int, summary: str) -> Message:
        lane = self.lanes[side]
        m = Message(self.flow, side, self.speaker, kind, lane.buffer, start, end, summary)
        m.parent = self.parents[side]
        m.packet = lane.buffer.packet_at(start)
        m.time = self.context.clock.time(m.packet)
        self.context.messages.append(m)
        return m

    def handover(self, hints: Hints) -> None:
        self.handed_over = True
        self.handovers += 1
        if self.handovers > MAX_HANDOVERS:
            hints = Hints(hints.transport, protocol="data")
        self.hints = hints
        self.forced = ""
        for lane in self.lanes:
            lane.drop()
            lane.hints = None
            lane.wanted = 0
            lane.detections = 0
            lane.waits_for_peer = False
