"""The field tree of a WebSocket frame, and of a message put together from fragments."""

from typing import Final

from inspector.model.buffer import Buffer
from inspector.model.message import Message
from inspector.protocols.websocket_content import read_binary, read_text
from inspector.protocols.websocket_deflate import Direction, masked, unpacked
from inspector.protocols.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    MAX_FRAME,
    PING,
    PONG,
    TEXT,
    Part,
    read_header,
    unmasked,
)
from inspector.protocols.websocket_handshake import Handshake
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader
from inspector.wire.recorder import Recorder

PAYLOADS: Final = {
    CONTINUATION: "websocket.payload.continue",
    TEXT: "websocket.payload.text",
    BINARY: "websocket.payload.binary",
    CLOSE: "websocket.payload.close",
    PING: "websocket.payload.ping",
    PONG: "websocket.payload.pong",
}
"""Wireshark's names; it has none for binary."""


class FrameContext:
    """What cannot be rebuilt from a frame's bytes.

    `opcode` is that of the message a fragment belongs to. `direction` inflates it, as its message `index`.
    `joined` marks a message made from fragments. `handshake` and `terms` stand with a side's first frame.
    """

    __slots__ = ("compressed", "direction", "handshake", "index", "joined", "opcode", "terms")

    def __init__(self) -> None:
        self.index = 0
        self.direction: Direction | None = None
        self.opcode = -1
        self.compressed = False
        self.joined = False
        self.handshake: Handshake | None = None
        self.terms = ""


MEANING: Final = (
    "websocket.subprotocol.name",
    "websocket.subprotocol.message",
    "websocket.subprotocol.id",
    "websocket.subprotocol.about",
)
"""What a message means in its subprotocol, drawn as fields without bytes of their own."""


class Reading:
    """How a payload is to be read: `context` is the frame's, `opcode` the frame's, `content` the message's (-1: not
    known); `fragment` says that it is only a part of its message.
    """

    __slots__ = ("content", "context", "fragment", "opcode", "schemas", "subprotocol")

    def __init__(self, message: Message, context: FrameContext, opcode: int, fragment: bool, schemas: Schemas) -> None:
        self.context = context
        self.opcode = opcode
        self.content = context.opcode if opcode == CONTINUATION else opcode
        self.fragment = fragment or opcode == CONTINUATION
        self.subprotocol = str(message.facts.get("websocket.subprotocol.name", ""))
        self.schemas = schemas


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """Header, payload as it was sent, and the readings of it: unmasked, then inflated."""
    context = message.context
    if not isinstance(context, FrameContext):
        context = FrameContext()
    if context.joined:
        r.begin("websocket.payload")
        reading = Reading(message, context, context.opcode, False, schemas)
        _content(message.buffer, message.buffer.parent, r, reading)
        r.close()
    else:
        _frame(message, r, context, schemas)
    for name in MEANING:
        if name in message.facts:
            r.known(name, 0, message.facts[name])


def _frame(message: Message, r: Reader, context: FrameContext, schemas: Schemas) -> None:
    if context.handshake is not None:
        _handshake(context.handshake, context.terms, r)
    frame = read_header(r)
    size = min(frame.length, r.left)
    if not size:
        return
    part = Part(frame.payload, frame.payload + size, frame.key)
    reading = Reading(message, context, frame.opcode, not frame.fin or size < frame.length, schemas)
    if size > MAX_FRAME:
        r.skip("websocket.masked_payload" if frame.masked else "websocket.payload", size)
    elif not frame.masked:
        r.begin("websocket.payload")
        payload = unmasked(message.buffer, [part], f"{message.buffer.name}/payload at {frame.payload}")
        _content(payload, message.buffer, r, reading)
        r.close()
    else:
        r.skip("websocket.masked_payload", size)
        if isinstance(r, Recorder):
            payload = unmasked(message.buffer, [part], f"{message.buffer.name}/unmasked at {frame.payload}")
            inner = Recorder(payload.data, 0, payload.holes, "websocket.payload")
            _content(payload, message.buffer, inner, reading)
            _attach(r, inner, payload)


def _attach(r: Recorder, inner: Recorder, buffer: Buffer) -> None:
    tree = inner.finish()
    tree.buffer = buffer
    r.attach(tree)
    for body in inner.bodies:
        body.buffer = body.buffer or buffer
        r.bodies.append(body)


def _handshake(handshake: Handshake, terms: str, r: Reader) -> None:
    """What was agreed on before the first frame; fields without bytes of their own."""
    if handshake.key:
        r.known("websocket.handshake.key", 0, handshake.key)
        r.known("websocket.handshake.accept", 0, handshake.accept or "(none)")
        r.known("websocket.handshake.accept_expected", 0, handshake.expected)
        if handshake.fault:
            r.note(handshake.fault)
    if handshake.subprotocol:
        r.known("websocket.handshake.protocol", 0, handshake.subprotocol)
    if handshake.extensions:
        r.known("websocket.handshake.extensions", 0, handshake.extensions)
    r.known("websocket.handshake.compression", 0, terms)


def _content(payload: Buffer, carrier: Buffer | None, r: Reader, reading: Reading) -> None:
    """The payload's bytes at `r`, which are all of `payload`, taken out of `carrier`."""
    context = reading.context
    if not context.compressed:
        _plain(r, reading)
        return
    r.skip("websocket.payload.deflated", r.left)
    direction = context.direction
    if direction is None or carrier is None or not isinstance(r, Recorder):
        return
    window = direction.before(context.index, carrier)
    inflated, problem = unpacked(payload, direction.bits, window, f"{payload.name}, inflated")
    inner = Recorder(inflated.data, 0, inflated.holes, "websocket.payload.inflated")
    reading.fragment = reading.fragment or bool(problem)
    _plain(inner, reading)
    _attach(r, inner, inflated)
    if problem:
        r.open[-1].children[-1].issue = problem


def _plain(r: Reader, reading: Reading) -> None:
    """Bytes that are neither masked nor compressed."""
    size = r.left
    name = PAYLOADS.get(reading.opcode, "websocket.payload.unknown")
    if not size:
        return
    if r.missing(r.offset, r.offset + size):
        _with_holes(r, name, reading)
    elif reading.opcode == CLOSE:
        _close(r)
    elif reading.fragment and reading.content == TEXT:
        # A character may be cut where the fragment is.
        r.known(name, size, r.peek(size).decode("utf-8", "replace"))
    elif reading.fragment:
        r.skip(name, size)
    elif reading.content == TEXT:
        read_text(r, name, reading.subprotocol)
    elif reading.content == BINARY:
        read_binary(r, name, reading.subprotocol, reading.schemas)
    else:
        r.skip(name, size)


def _with_holes(r: Reader, name: str, reading: Reading) -> None:
    """A payload of which parts are missing; a text has a mark for every byte that is not there."""
    size = r.left
    raw = r.data[r.pos : r.end]
    base = r.offset
    r.skip(name, size)
    if reading.content == TEXT and isinstance(r, Recorder):
        unknown = [(max(low - base, 0), min(high - base, size)) for low, high in r.holes if high > base]
        r.last.value = masked(raw, unknown).decode("utf-8", "replace")


def _close(r: Reader) -> None:
    r.begin("websocket.payload.close")
    if r.left >= 2:
        r.u16("websocket.payload.close.status_code")
        if r.left:
            r.text("websocket.payload.close.reason", r.left)
    else:
        r.skip("websocket.payload.unknown", r.left)
    r.close()
