"""WebSocket. Spec: RFC 6455 (frames, handshake), RFC 7692 (compression), RFC 8441 (over HTTP/2)."""

from typing import Final

from mypy_extensions import i64

from inspector.model.errors import DecodeError, HoleError, Malformed
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.protocols.base import Conversation, Hints, Protocol, Sink
from inspector.protocols.websocket_assembly import UNSEEN, Assembly
from inspector.protocols.websocket_deflate import Terms
from inspector.protocols.websocket_detect import find_start, recognise
from inspector.protocols.websocket_explain import FrameContext, explain
from inspector.protocols.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    MAX_FRAME,
    MAX_LARGE,
    PING,
    PONG,
    RESERVED,
    RSV1,
    TEXT,
    TOP_BIT,
    Frame,
    close_fault,
    close_words,
    faults,
    read_header,
    unmask,
)
from inspector.protocols.websocket_handshake import Handshake, read_handshake
from inspector.protocols.websocket_subprotocol import Subprotocol
from inspector.protocols.websocket_words import described, quoted
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader

MAX_FAULTS: Final = 2
"""Rules that one header may break, once there was a handshake, before the bytes are taken for something else."""
MAX_PINGS: Final = 64
"""Pings of one side that are remembered while they wait for a pong."""


class Half:
    """Where one side stands. `large` is a frame too long to be waited for, of which `rest` bytes are still to come;
    `torn` says that its open message lost something, `impossible` what its last header broke beyond reading on.
    """

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        self.greeted = False
        self.closed = False
        self.torn = False
        self.impossible = ""
        self.large: Message | None = None
        self.rest: i64 = 0
        self.pings: list[tuple[bytes, Message]] = []
        self.close: Message | None = None


class WebSocketConversation(Conversation):
    """Frames of both sides; what they make up is for the assembly of each side."""

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.terms = Terms()
        self.subprotocol = Subprotocol(schemas.proto.chosen)
        self.halves = [Half(Assembly(side, self.terms, self.subprotocol)) for side in (CLIENT, SERVER)]
        self.handshake: Handshake | None = None
        self.refused = ""
        self.expected = hints.protocol == "websocket"
        self.seen = self.expected
        if "sec-websocket-accept" in hints.details or "sec-websocket-key" in hints.details:
            self._agree(read_handshake(hints.details))
        elif not self.expected:
            for half in self.halves:
                half.assembly.lost = UNSEEN

    def _agree(self, handshake: Handshake) -> None:
        """What the handshake's answer says is in force."""
        self.handshake = handshake
        self.terms.read(handshake.extensions)
        self.subprotocol.agree(handshake.subprotocol)

    def told(self, side: Side, fields: dict[str, str], message: Message, out: Sink) -> None:
        """RFC 8441 5: header fields of an extended CONNECT and of its answer take the place of the handshake."""
        status = fields.get(":status", "")
        if side == CLIENT or not status or status[:1] == "1":
            return
        if status[:1] != "2":
            self.refused = f"the WebSocket was refused with status {status}"
            return
        handshake = Handshake()
        handshake.extensions = fields.get("sec-websocket-extensions", "")
        handshake.subprotocol = fields.get("sec-websocket-protocol", "")
        self._agree(handshake)

    # frames

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        if self.refused:
            raise r.malformed(self.refused)
        half = self.halves[side]
        if half.large is not None:
            self._pass_over(half, half.large, r)
            return
        if half.impossible:
            reason = half.impossible
            half.impossible = ""
            raise r.malformed(f"{reason}: where the next frame begins cannot be told")
        if half.torn:
            half.torn = False
            half.assembly.join(out, "bytes behind these fragments were never captured")
        frame = read_header(r)
        problems = faults(frame, side, self.terms.allowed)
        if len(problems) > (MAX_FAULTS if self.expected else 1) or frame.length >> 63:
            raise Malformed(frame.start, "; ".join(problems))
        if frame.length > MAX_FRAME:
            self._large(side, half, frame, problems, out)
            return
        r.need(frame.length)
        end = frame.payload + frame.length
        missing = r.missing(frame.payload, end)
        payload = b""
        if missing:
            payload = unmask(r.peek(r.limit - r.pos), frame.key)
            r.skip("websocket.payload", frame.length)
            problems.append(f"{missing} bytes of the payload were never captured")
        else:
            payload = unmask(r.take("websocket.payload", frame.length), frame.key)
        m = out.message(side, frame.kind, frame.start, end, "")
        self._frame(half, frame, m, payload, missing, problems, out)

    def _frame(
        self, half: Half, frame: Frame, m: Message, payload: bytes, missing: int, problems: list[str], out: Sink
    ) -> None:
        """Say what a frame is; of its unmasked payload `missing` bytes are not there, `payload` is what lies before."""
        m.facts = frame_facts(frame)
        assembly = half.assembly
        self.seen = True
        if half.closed:
            problems.append("a frame behind the close frame (RFC 6455 5.5.1)")
        if frame.opcode in (TEXT, BINARY) and assembly.fragments:
            problems.append("a new message before the last fragment of the one before (RFC 6455 5.4)")
            assembly.join(out, "the next message begins before its last fragment")
        if frame.opcode == CONTINUATION and frame.rsv & RSV1 and self.terms.allowed & RSV1:
            problems.append("RSV1 belongs on the first fragment only (RFC 7692 6)")
        if frame.control or m.kind == RESERVED:
            self._control(half, frame, m, payload, missing, problems)
        elif frame.opcode != CONTINUATION and frame.fin:
            assembly.whole(frame, m, payload, missing, problems)
        else:
            assembly.fragment(frame, m, payload, missing, problems, out)
        if not half.greeted:
            half.greeted = True
            self._greet(m, problems)
        if problems:
            m.issue = "; ".join(problems)

    def _greet(self, m: Message, problems: list[str]) -> None:
        """The first frame of a side tells what the handshake agreed on."""
        handshake = self.handshake
        if handshake is None:
            return
        context = m.context
        if not isinstance(context, FrameContext):
            context = FrameContext()
            m.context = context
        context.handshake = handshake
        context.terms = self.terms.words(m.side)
        if m.side == SERVER:
            problems.extend(self.terms.faults)
            if handshake.fault:
                problems.append(handshake.fault)

    def _control(self, half: Half, frame: Frame, m: Message, payload: bytes, missing: int, problems: list[str]) -> None:
        name = m.kind.upper()
        self._pair(frame, m, payload)
        if frame.opcode != CLOSE:
            m.summary = f"{name} {described(payload)}" if payload else name
            return
        half.closed = True
        fault = "" if missing else close_fault(payload)
        if fault:
            problems.append(fault)
        m.summary = name
        if len(payload) >= 2:
            code = payload[0] << 8 | payload[1]
            reason = payload[2:].decode("utf-8", "replace")
            m.facts["websocket.payload.close.status_code"] = code
            m.summary = f"{name} {code} {self.subprotocol.close_words(code) or close_words(code)}"
            if reason:
                m.facts["websocket.payload.close.reason"] = reason
                m.summary = f"{m.summary}: {quoted(reason)}"

    def _pair(self, frame: Frame, m: Message, payload: bytes) -> None:
        """A pong answers the last ping of the same content, a close frame that of the other side (RFC 6455 5.5)."""
        mine, theirs = self.halves[m.side], self.halves[1 - m.side]
        if frame.opcode == PING:
            mine.pings.append((payload, m))
            if len(mine.pings) > MAX_PINGS:
                del mine.pings[0]
        elif frame.opcode == PONG:
            for i in range(len(theirs.pings) - 1, -1, -1):
                if theirs.pings[i][0] == payload:
                    m.answers = theirs.pings[i][1]
                    # pings before it need no answer of their own any more
                    del theirs.pings[: i + 1]
                    return
        elif frame.opcode == CLOSE:
            m.answers = theirs.close
            if mine.close is None:
                mine.close = m

    # frames too long to be waited for

    def _large(self, side: Side, half: Half, frame: Frame, problems: list[str], out: Sink) -> None:
        """Its payload is passed over as it comes, and not looked into."""
        if not self.expected or frame.length > MAX_LARGE:
            raise Malformed(frame.start, f"a frame of {frame.length:,} bytes; at most {MAX_LARGE:,} are passed over")
        m = out.message(side, frame.kind, frame.start, frame.payload, f"{frame.kind.upper()} {frame.length:,} bytes")
        m.facts = frame_facts(frame)
        m.complete = False
        problems.append(f"more than {MAX_FRAME:,} bytes: not looked into")
        m.issue = "; ".join(problems)
        half.large = m
        half.rest = frame.length
        half.assembly.join(out, "a frame that is not looked into goes on with it")
        half.assembly.lose("a frame too long to be looked into")

    def _pass_over(self, half: Half, m: Message, r: Reader) -> None:
        count: i64 = min(half.rest, r.left)
        r.skip("websocket.payload", count)
        half.rest -= count
        m.end = r.offset
        if not half.rest:
            m.complete = True
            half.large = None

    # ends and losses

    def finish(self, side: Side, offset: int, ending: str, out: Sink) -> None:
        half = self.halves[side]
        how = {"fin": "the sender closed", "rst": "the connection was reset"}.get(ending, "the capture ends")
        why = "bytes behind these fragments were never captured" if half.torn else f"{how} before its last fragment"
        half.torn = False
        half.assembly.join(out, why)
        m = half.large
        if m is not None:
            m.issue = f"{m.issue}; {how} {half.rest:,} bytes before its end"
            half.large = None

    def incomplete(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        """A frame that ends too early: what its header says counts, and what there is of its payload."""
        if self.refused or isinstance(error, HoleError) or not r.left:
            return None
        half = self.halves[side]
        if isinstance(error, Malformed):
            return self._impossible(side, half, r, out) if self.expected else None
        start = r.offset
        frame = Frame(start)
        frame.opcode = r.peek_u8() & 15
        try:
            frame = read_header(r)
        except DecodeError:
            r.seek(r.end)
            m = out.message(side, frame.kind, start, r.offset, f"{frame.kind.upper()}, cut in its header")
            m.issue = "the bytes end before the frame's header does"
            m.complete = False
            return m
        have = r.left
        missing = frame.length - have + r.missing(frame.payload, r.base + r.end)
        problems = faults(frame, side, self.terms.allowed)
        problems.append(f"the bytes end before the frame does: {have:,} of {frame.length:,} bytes of payload are there")
        payload = unmask(r.peek(r.limit - r.pos), frame.key)
        r.skip("websocket.payload", have)
        m = out.message(side, frame.kind, start, r.offset, "")
        m.complete = False
        self._frame(half, frame, m, payload, missing, problems, out)
        return m

    def _impossible(self, side: Side, half: Half, r: Reader, out: Sink) -> Message | None:
        """A header whose length cannot be: nobody knows where the next frame begins."""
        frame = read_header(r)
        problems = faults(frame, side, self.terms.allowed)
        if not frame.length >> 63 or len(problems) > MAX_FAULTS:
            return None
        m = out.message(side, frame.kind, frame.start, frame.payload, f"{frame.kind.upper()} of an impossible length")
        m.facts = frame_facts(frame)
        m.complete = False
        m.issue = "; ".join(problems)
        half.impossible = TOP_BIT
        half.assembly.lose("behind a frame of an impossible length")
        return m

    def lost(self, side: Side) -> None:
        half = self.halves[side]
        half.torn = bool(half.assembly.fragments)
        half.assembly.lose("bytes of this side were never captured")

    def resync(self, side: Side, data: bytes, pos: int) -> int:
        if self.refused:
            return -1
        return find_start(data, pos, side, self.over, not self.seen)


def frame_facts(frame: Frame) -> dict[str, object]:
    """What lists and filters ask for."""
    facts: dict[str, object] = {
        "websocket.opcode": frame.opcode,
        "websocket.fin": int(frame.fin),
        "websocket.mask": int(frame.masked),
        "websocket.payload_length": frame.short,
    }
    if frame.short == 126:
        facts["websocket.payload_length_ext_16"] = frame.length
    elif frame.short == 127:
        facts["websocket.payload_length_ext_64"] = frame.length
    if frame.rsv & RSV1 and not frame.control:
        facts["websocket.pmc"] = 1
    return facts


PROTOCOL = Protocol(
    name="websocket",
    title="WebSocket",
    spec="RFC 6455",
    recognise=recognise,
    conversation=WebSocketConversation,
    explain=explain,
)
