"""WebSocket. Spec: RFC 6455 (frames, handshake), RFC 7692 (compression), RFC 8441 (over HTTP/2)."""

from typing import Final

from inspector.model.errors import DecodeError, HoleError, Malformed
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.protocols.base import Conversation, Hints, Protocol, Sink
from inspector.protocols.websocket_deflate import Direction, Inflated, Terms
from inspector.protocols.websocket_detect import find_start, recognise
from inspector.protocols.websocket_explain import FrameContext, explain
from inspector.protocols.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    RESERVED,
    RSV1,
    TEXT,
    Frame,
    Part,
    close_fault,
    close_words,
    faults,
    read_header,
    unmask,
    unmasked,
)
from inspector.protocols.websocket_handshake import Handshake, read_handshake
from inspector.protocols.websocket_words import Utf8, described, preview, quoted, quoted_start
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader

MAX_FAULTS: Final = 2
"""Rules that one header may break, once there was a handshake, before the bytes are taken for something else."""
MAX_PINGS: Final = 64
"""Pings of one side that are remembered while they wait for a pong."""


class Half:
    """Where one side stands: `fragments` are the frames of the message that is not finished yet."""

    def __init__(self) -> None:
        self.greeted = False
        self.closed = False
        self.lost = False
        self.torn = False
        self.direction: Direction | None = None
        self.fragments: list[Message] = []
        self.parts: list[Part] = []
        self.opcode = 0
        self.compressed = False
        self.missing = 0
        self.utf8 = Utf8()
        self.pings: list[tuple[bytes, Message]] = []
        self.close: Message | None = None

    def reset(self) -> None:
        """No message is open."""
        self.fragments = []
        self.parts = []
        self.missing = 0


class WebSocketConversation(Conversation):
    """Frames of both sides, and the messages put together from fragments."""

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.halves = [Half(), Half()]
        self.terms = Terms()
        self.handshake: Handshake | None = None
        self.refused = ""
        self.expected = hints.protocol == "websocket"
        self.seen = self.expected
        if "sec-websocket-accept" in hints.details or "sec-websocket-key" in hints.details:
            self.handshake = read_handshake(hints.details)
            self.terms.read(self.handshake.extensions)

    def told(self, side: Side, fields: dict[str, str], message: Message, out: Sink) -> None:
        """RFC 8441 5: header fields of an extended CONNECT and of its answer take the place of the handshake."""
        status = fields.get(":status", "")
        if side == CLIENT or not status or status[:1] == "1":
            return
        if status[:1] != "2":
            self.refused = f"the WebSocket was refused with status {status}"
            return
        self.handshake = Handshake()
        self.handshake.extensions = fields.get("sec-websocket-extensions", "")
        self.handshake.subprotocol = fields.get("sec-websocket-protocol", "")
        self.terms.read(self.handshake.extensions)

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        if self.refused:
            raise r.malformed(self.refused)
        half = self.halves[side]
        if half.torn:
            half.torn = False
            self._unfinished(side, half, "bytes behind these fragments were never captured", out)
        frame = read_header(r)
        problems = faults(frame, side, self.terms.allowed)
        if len(problems) > (MAX_FAULTS if self.expected else 1):
            raise Malformed(frame.start, "; ".join(problems))
        r.need(frame.length)
        missing = r.missing(frame.payload, frame.payload + frame.length)
        if missing:
            r.skip("websocket.payload", frame.length)
            self._frame(side, half, frame, b"", missing, problems, out)
        else:
            payload = unmask(r.take("websocket.payload", frame.length), frame.key)
            self._frame(side, half, frame, payload, 0, problems, out)

    def _frame(
        self, side: Side, half: Half, frame: Frame, payload: bytes, missing: int, problems: list[str], out: Sink
    ) -> None:
        """Report a frame whose unmasked payload is known, or of whose payload `missing` bytes are not."""
        m = out.message(side, frame.kind, frame.start, frame.payload + frame.length, "")
        m.facts = frame_facts(frame)
        self.seen = True
        if missing:
            problems.append(f"{missing} bytes of the payload were never captured")
        if half.closed:
            problems.append("a frame behind the close frame (RFC 6455 5.5.1)")
        if frame.opcode in (TEXT, BINARY) and half.fragments:
            problems.append("a new message before the last fragment of the one before (RFC 6455 5.4)")
            self._unfinished(side, half, "the next message begins before its last fragment", out)
        if frame.control or m.kind == RESERVED:
            self._control(half, frame, m, payload, missing, problems)
        elif frame.opcode != CONTINUATION and frame.fin:
            self._whole(side, half, frame, m, payload, missing, problems)
        else:
            self._fragment(side, half, frame, m, payload, missing, problems, out)
        if not half.greeted:
            half.greeted = True
            self._greet(side, m, problems)
        if problems:
            m.issue = "; ".join(problems)

    def _greet(self, side: Side, m: Message, problems: list[str]) -> None:
        """The first frame of a side tells what the handshake agreed on."""
        handshake = self.handshake
        if handshake is None:
            return
        context = m.context
        if not isinstance(context, FrameContext):
            context = FrameContext()
            m.context = context
        context.handshake = handshake
        context.terms = self.terms.words(side)
        if side == SERVER and handshake.fault:
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
            m.summary = f"{name} {code} {close_words(code)}"
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

    def _whole(
        self, side: Side, half: Half, frame: Frame, m: Message, payload: bytes, missing: int, problems: list[str]
    ) -> None:
        """A message in one frame."""
        name = m.kind.upper()
        content = payload
        if frame.rsv & RSV1 and self._deflated:
            parts = [Part(frame.payload, frame.payload + frame.length, frame.key)]
            found = self._inflate(side, half, m, parts, payload, missing, problems)
            if found is None:
                m.summary = f"{name} {frame.length:,} bytes, compressed"
                return
            content = found.data
            name = f"{name} inflated"
        elif missing:
            m.summary = f"{name} {frame.length:,} bytes"
            return
        m.summary = f"{name} {self._content(frame.opcode, m, content, problems)}"

    @property
    def _deflated(self) -> bool:
        """Whether RSV1 says that a message is compressed; without the handshake that is the likeliest reading."""
        return self.terms.deflate or not self.terms.known

    def _content(self, opcode: int, m: Message, content: bytes, problems: list[str]) -> str:
        """What a message says, for its row."""
        if opcode == TEXT:
            fault = Utf8().feed(content, True)
            if fault:
                problems.append(fault)
        return self._described(opcode, m, content)

    def _described(self, opcode: int, m: Message, content: bytes) -> str:
        if opcode != TEXT or not content:
            return described(content)
        m.facts["websocket.payload"] = preview(content)
        return quoted_start(content)

    def _inflate(
        self,
        side: Side,
        half: Half,
        m: Message,
        parts: list[Part],
        payload: bytes,
        missing: int,
        problems: list[str],
    ) -> Inflated | None:
        """The contents of a compressed message; None, with the reason among the problems, when nothing came out."""
        context = FrameContext()
        context.compressed = True
        m.context = context
        direction = half.direction
        if direction is None:
            late = not self.terms.known or half.lost
            direction = Direction(self.terms.bits[side], self.terms.keeps[side], late)
            half.direction = direction
        if missing:
            direction.lose()
            return None
        context.index = len(direction.messages)
        context.direction = direction
        found = direction.add(parts, payload)
        if found.problem:
            unseen = "" if self.terms.known else "; the handshake, which says how, was not captured"
            problems.append(f"cannot be inflated: {found.problem}{unseen}")
            if not found.data:
                return None
        return found

    # fragments

    def _fragment(
        self,
        side: Side,
        half: Half,
        frame: Frame,
        m: Message,
        payload: bytes,
        missing: int,
        problems: list[str],
        out: Sink,
    ) -> None:
        """A part of a message: its first, one more, or its last."""
        first = frame.opcode != CONTINUATION
        if first:
            half.opcode = frame.opcode
            half.compressed = bool(frame.rsv & RSV1) and self._deflated
            half.utf8 = Utf8()
        elif not half.fragments:
            self._orphan(half, frame, m, payload, problems)
            return
        elif frame.rsv & RSV1:
            problems.append("RSV1 belongs on the first fragment only (RFC 7692 6)")
        half.fragments.append(m)
        half.parts.append(Part(frame.payload, frame.payload + frame.length, frame.key))
        half.missing += missing
        if half.opcode == TEXT and not half.compressed and not half.missing:
            fault = half.utf8.feed(payload, frame.fin)
            if fault:
                problems.append(fault)
        context = FrameContext()
        context.opcode = half.opcode
        context.compressed = half.compressed
        m.context = context
        m.summary = self._fragment_words(half, frame, m, payload, missing)
        if frame.fin:
            self._join(side, half, out)

    def _fragment_words(self, half: Half, frame: Frame, m: Message, payload: bytes, missing: int) -> str:
        which = "first" if len(half.fragments) == 1 else "last" if frame.fin else str(len(half.fragments))
        which = f"{m.kind.upper()}, {f'fragment {which}' if which.isdecimal() else f'{which} fragment'}"
        if half.compressed or missing:
            return f"{which}: {frame.length:,} bytes{' compressed' if half.compressed else ''}"
        return f"{which}: {quoted_start(payload) if half.opcode == TEXT else described(payload)}"

    def _orphan(self, half: Half, frame: Frame, m: Message, payload: bytes, problems: list[str]) -> None:
        """A fragment without a first one: seen after a loss, or against the rules."""
        m.summary = f"CONTINUATION {described(payload)}"
        context = FrameContext()
        context.opcode = CONTINUATION
        m.context = context
        if self.expected and not half.lost:
            problems.append("no message is open that this could go on with (RFC 6455 5.4)")
        else:
            problems.append("the first fragment of this message was not captured")
        self._lose(half)

    def _join(self, side: Side, half: Half, out: Sink, cut: str = "") -> None:
        """The message that a side's fragments make up, a row of its own; `cut` says why there are no more of them."""
        first, last, count = half.fragments[0], half.fragments[-1], len(half.fragments)
        m = out.message(side, "message", first.start, last.end, "")
        # The row is about the joined payloads, wherever they lie.
        m.buffer = unmasked(first.buffer, half.parts, f"{first.buffer.name}/message at {first.start}")
        m.start = 0
        m.end = sum(part.end - part.start for part in half.parts)
        m.parent = first
        m.facts = {"websocket.opcode": half.opcode, "websocket.fragment.count": count}
        m.complete = not cut
        problems: list[str] = [cut] if cut else []
        if half.missing:
            problems.append(f"{half.missing} bytes were never captured")
        name = f"{first.kind.upper()} of {count} fragment{'s' if count > 1 else ''}"
        m.summary = f"{name}: {self._joined_words(side, half, m, bool(cut), problems)}"
        context = m.context
        if not isinstance(context, FrameContext):
            context = FrameContext()
            m.context = context
        context.opcode = half.opcode
        context.joined = True
        context.compressed = half.compressed
        if problems:
            m.issue = "; ".join(problems)
        half.reset()

    def _joined_words(self, side: Side, half: Half, m: Message, cut: bool, problems: list[str]) -> str:
        """What a message in fragments says, for its row."""
        if half.missing or (half.compressed and cut):
            self._lose(half)
            return f"{m.length:,} bytes{' compressed' if half.compressed else ''}"
        payload = m.buffer.data
        m.buffer.release()
        if half.compressed:
            found = self._inflate(side, half, m, half.parts, payload, 0, problems)
            if found is None:
                return f"{m.length:,} bytes compressed"
            return f"inflated {self._content(half.opcode, m, found.data, problems)}"
        if half.utf8.fault:
            problems.append(half.utf8.fault)
        return self._described(half.opcode, m, payload)

    def _lose(self, half: Half) -> None:
        """Compressed messages from here on may refer to what is missing."""
        half.lost = True
        if half.direction is not None:
            half.direction.lose()

    def _unfinished(self, side: Side, half: Half, why: str, out: Sink) -> None:
        """A message whose last fragment never comes: what there is of it."""
        half.torn = False
        if half.fragments:
            self._join(side, half, out, why)

    def finish(self, side: Side, offset: int, ending: str, out: Sink) -> None:
        half = self.halves[side]
        how = {"fin": "the sender closed", "rst": "the connection was reset"}.get(ending, "the capture ends")
        why = "bytes behind these fragments were never captured" if half.torn else f"{how} before its last fragment"
        self._unfinished(side, half, why, out)

    def incomplete(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        """A frame that ends too early: what its header says counts."""
        if self.refused or isinstance(error, Malformed | HoleError) or not r.left:
            return None
        start = r.offset
        opcode = r.peek_u8() & 15
        frame = Frame(start)
        frame.opcode = opcode
        m: Message | None = None
        try:
            frame = read_header(r)
        except DecodeError:
            r.seek(r.end)
            m = out.message(side, frame.kind, start, r.offset, f"{frame.kind.upper()}, cut in its header")
            m.issue = "the bytes end before the frame's header does"
        if m is None:
            have = r.left
            r.skip("websocket.payload", have)
            m = out.message(
                side, frame.kind, start, r.offset, f"{frame.kind.upper()} {have:,} of {frame.length:,} bytes"
            )
            m.issue = f"the bytes end before the frame does: {have:,} of {frame.length:,} bytes of payload are there"
            m.facts = frame_facts(frame)
        m.complete = False
        return m

    def lost(self, side: Side) -> None:
        half = self.halves[side]
        half.torn = bool(half.fragments)
        self._lose(half)

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
