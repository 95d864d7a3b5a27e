"""The messages of one side, put together from frames, inflated and read. Spec: RFC 6455 5.4; RFC 7692 7.2."""

from inspector.model.message import Message
from inspector.model.sides import Side
from inspector.protocols.base import Sink
from inspector.protocols.websocket_deflate import Direction, Inflated, Terms
from inspector.protocols.websocket_explain import FrameContext
from inspector.protocols.websocket_frames import CONTINUATION, RSV1, TEXT, Frame, Part, unmasked
from inspector.protocols.websocket_subprotocol import Subprotocol
from inspector.protocols.websocket_words import Utf8, counted, described, opening, preview, quoted_start

UNSEEN = "the capture begins behind them"


class Assembly:
    """One side's messages. `fragments` are the frames of the one that is not finished yet, and `parts` their payloads;
    `lost` says why a fragment without a first one is no fault.

    Of a payload that is not all there, `payload` is what lies before the first missing byte and `missing` the number
    of bytes not there.
    """

    def __init__(self, side: Side, terms: Terms, subprotocol: Subprotocol) -> None:
        self.side = side
        self.terms = terms
        self.subprotocol = subprotocol
        self.direction: Direction | None = None
        self.fragments: list[Message] = []
        self.parts: list[Part] = []
        self.opcode = 0
        self.compressed = False
        self.missing = 0
        self.readable = 0
        self.utf8 = Utf8()
        self.lost = ""

    @property
    def deflated(self) -> bool:
        """Whether RSV1 says that a message is compressed; without the handshake that is the likeliest reading."""
        return self.terms.deflate or not self.terms.known

    # a message in one frame

    def whole(self, frame: Frame, m: Message, payload: bytes, missing: int, problems: list[str]) -> None:
        """A message in one frame."""
        name = f"{m.kind.upper()} {sizes(frame, missing)}:" if missing else m.kind.upper()
        if frame.rsv & RSV1 and self.deflated:
            parts = [Part(frame.payload, m.end, frame.key)]
            said = self._inflated(frame.opcode, m, parts, payload, not missing, problems)
            m.summary = f"{name} inflated {said}" if said else f"{m.kind.upper()} {sizes(frame, missing)}, compressed"
        elif payload or not missing:
            m.summary = f"{name} {self._content(frame.opcode, m, payload, not missing, problems)}"
        else:
            m.summary = f"{m.kind.upper()} {sizes(frame, missing)}"

    def _content(self, opcode: int, m: Message, content: bytes, whole: bool, problems: list[str]) -> str:
        """What a message says, for its row; `content` is only its beginning when it is not `whole`."""
        if opcode == TEXT:
            fault = Utf8().feed(content, whole)
            if fault:
                problems.append(fault)
        return self._described(opcode, m, content, whole)

    def _described(self, opcode: int, m: Message, content: bytes, whole: bool) -> str:
        said = self.subprotocol.read(m, opcode, content) if whole else ""
        if opcode != TEXT or not content:
            return f"{counted(len(content))} {said}" if said else described(content) if whole else opening(content)
        m.facts["websocket.payload"] = preview(content)
        return said or quoted_start(content)

    def _inflated(
        self, opcode: int, m: Message, parts: list[Part], payload: bytes, whole: bool, problems: list[str]
    ) -> str:
        """What a compressed message says; "", with the reason among the problems, when nothing came out."""
        context = FrameContext()
        context.compressed = True
        m.context = context
        direction = self.direction
        if direction is None:
            why = self.lost or ("" if self.terms.known else UNSEEN)
            direction = Direction(self.terms.bits[self.side], self.terms.keeps[self.side], why)
            self.direction = direction
        context.index = len(direction.messages)
        context.direction = direction
        found = direction.add(parts, payload, whole)
        said = [found.remark] if found.remark else []
        if found.problem:
            said.append(f"cannot be inflated: {found.problem}")
        elif not whole:
            direction.lose("a part of a message was never captured")
        if said and not self.terms.known:
            said.append("the handshake, which says how, was not captured")
        problems.extend(said)
        if (found.problem or not whole) and not found.data:
            return ""
        if found.unknown:
            return self._partly_known(opcode, m, found)
        return self._content(opcode, m, found.data, whole and not found.problem, problems)

    def _partly_known(self, opcode: int, m: Message, found: Inflated) -> str:
        """What a message says that points back into missing ones: text with a mark for every byte that is not known."""
        if opcode == TEXT:
            return self._described(opcode, m, found.shown, False)
        return f"{counted(len(found.data))}, {sum(end - start for start, end in found.unknown):,} of them not known"

    # fragments

    def fragment(self, frame: Frame, m: Message, payload: bytes, missing: int, problems: list[str], out: Sink) -> None:
        """A part of a message: its first, one more, or its last."""
        if frame.opcode != CONTINUATION:
            self.opcode = frame.opcode
            self.compressed = bool(frame.rsv & RSV1) and self.deflated
            self.utf8 = Utf8()
        elif not self.fragments:
            self._orphan(m, payload, problems)
            return
        self.fragments.append(m)
        self.parts.append(Part(frame.payload, m.end, frame.key))
        if not self.missing:
            self.readable += len(payload)
            if self.opcode == TEXT and not self.compressed:
                fault = self.utf8.feed(payload, frame.fin and not missing)
                if fault:
                    problems.append(fault)
        self.missing += missing
        context = FrameContext()
        context.opcode = self.opcode
        context.compressed = self.compressed
        m.context = context
        m.summary = self._fragment_words(frame, m, payload, missing)
        if frame.fin and m.complete:
            self.join(out)

    def _fragment_words(self, frame: Frame, m: Message, payload: bytes, missing: int) -> str:
        which = "first" if len(self.fragments) == 1 else "last" if frame.fin else str(len(self.fragments))
        which = f"{m.kind.upper()}, {f'fragment {which}' if which.isdecimal() else f'{which} fragment'}"
        if self.compressed or missing:
            return f"{which}: {sizes(frame, missing)}{' compressed' if self.compressed else ''}"
        return f"{which}: {quoted_start(payload) if self.opcode == TEXT else described(payload)}"

    def _orphan(self, m: Message, payload: bytes, problems: list[str]) -> None:
        """A fragment without a first one: seen after a loss, or against the rules."""
        m.summary = f"CONTINUATION {described(payload)}"
        context = FrameContext()
        context.opcode = CONTINUATION
        m.context = context
        if self.lost:
            problems.append("the first fragment of this message was not captured")
        else:
            problems.append("no message is open that this could go on with (RFC 6455 5.4)")
        self.lose("the first fragment of a message was never captured")

    def join(self, out: Sink, cut: str = "") -> None:
        """The message that the fragments make up, a row of its own; `cut` says why there are no more of them."""
        if not self.fragments:
            return
        first, last, count = self.fragments[0], self.fragments[-1], len(self.fragments)
        m = out.message(self.side, "message", first.start, last.end, "")
        # The row is about the joined payloads, wherever they lie.
        m.buffer = unmasked(first.buffer, self.parts, f"{first.buffer.name}/message at {first.start}")
        m.start = 0
        m.end = sum(part.end - part.start for part in self.parts)
        m.parent = first
        m.facts = {"websocket.opcode": self.opcode, "websocket.fragment.count": count}
        m.complete = not cut
        problems: list[str] = [cut] if cut else []
        if self.missing:
            problems.append(f"{self.missing} bytes were never captured")
        name = f"{first.kind.upper()} of {count} fragment{'s' if count > 1 else ''}"
        m.summary = f"{name}: {self._joined_words(m, not cut and not self.missing, problems)}"
        context = m.context
        if not isinstance(context, FrameContext):
            context = FrameContext()
            m.context = context
        context.opcode = self.opcode
        context.joined = True
        context.compressed = self.compressed
        if problems:
            m.issue = "; ".join(problems)
        self.reset()

    def _joined_words(self, m: Message, whole: bool, problems: list[str]) -> str:
        """What a message in fragments says, for its row."""
        payload = m.buffer.read(0, self.readable)
        m.buffer.release()
        if self.compressed:
            said = self._inflated(self.opcode, m, self.parts, payload, whole, problems)
            return f"inflated {said}" if said else f"{m.length:,} bytes compressed"
        if self.utf8.fault:
            problems.append(self.utf8.fault)
        if not whole and not payload:
            return f"{m.length:,} bytes"
        return self._described(self.opcode, m, payload, whole)

    def reset(self) -> None:
        """No message is open."""
        self.fragments = []
        self.parts = []
        self.missing = 0
        self.readable = 0

    def lose(self, why: str) -> None:
        """Compressed messages from here on may refer to what is missing."""
        self.lost = why
        if self.direction is not None:
            self.direction.lose(why)


def sizes(frame: Frame, missing: int) -> str:
    """How long a frame's payload is, and how much of it is there."""
    return f"{frame.length - missing:,} of {frame.length:,} bytes" if missing else counted(frame.length)
