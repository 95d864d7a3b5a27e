"""The field tree of a WebSocket frame, and of a message put together from fragments."""

from typing import Final

from inspector.model.buffer import Buffer
from inspector.model.message import Message
from inspector.protocols.websocket_deflate import Direction, unpacked
from inspector.protocols.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
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
from inspector.wire.recorder import Body, Recorder

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


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """Header, payload as it was sent, and the readings of it: unmasked, then inflated."""
    context = message.context
    if not isinstance(context, FrameContext):
        context = FrameContext()
    if context.joined:
        r.begin("websocket.payload")
        _content(message.buffer, message.buffer.parent, r, context, context.opcode, False)
        r.close()
        return
    if context.handshake is not None:
        _handshake(context.handshake, context.terms, r)
    frame = read_header(r)
    size = min(frame.length, r.left)
    if not size:
        return
    part = Part(frame.payload, frame.payload + size, frame.key)
    if not frame.masked:
        r.begin("websocket.payload")
        payload = unmasked(message.buffer, [part], f"{message.buffer.name}/payload at {frame.payload}")
        _content(payload, message.buffer, r, context, frame.opcode, not frame.fin)
        r.close()
        return
    r.skip("websocket.masked_payload", size)
    if isinstance(r, Recorder):
        payload = unmasked(message.buffer, [part], f"{message.buffer.name}/unmasked at {frame.payload}")
        inner = Recorder(payload.data, 0, payload.holes, "websocket.payload")
        _content(payload, message.buffer, inner, context, frame.opcode, not frame.fin)
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


def _content(
    payload: Buffer, carrier: Buffer | None, r: Reader, context: FrameContext, opcode: int, fragment: bool
) -> None:
    """The payload's bytes at `r`, which are all of `payload`, taken out of `carrier`."""
    if not context.compressed:
        _plain(r, opcode, context.opcode if opcode == CONTINUATION else opcode, fragment or opcode == CONTINUATION)
        return
    r.skip("websocket.payload.deflated", r.left)
    direction = context.direction
    if direction is None or carrier is None or not isinstance(r, Recorder):
        return
    window = direction.before(context.index, carrier)
    inflated, problem = unpacked(payload, direction.bits, window, f"{payload.name}, inflated")
    inner = Recorder(inflated.data, 0, [], "websocket.payload.inflated")
    _plain(inner, opcode, opcode, False)
    _attach(r, inner, inflated)
    if problem:
        r.open[-1].children[-1].issue = problem


def _plain(r: Reader, opcode: int, content: int, fragment: bool) -> None:
    """Bytes that are neither masked nor compressed; `content` is the opcode of the message, -1 when not known."""
    size = r.left
    name = PAYLOADS.get(opcode, "websocket.payload.unknown")
    missing = r.missing(r.offset, r.offset + size)
    if not size:
        return
    if opcode == CLOSE and not missing:
        _close(r)
    elif content != TEXT or missing:
        r.skip(name, size)
    elif fragment:
        # A character may be cut where the fragment is.
        r.known(name, size, r.peek(size).decode("utf-8", "replace"))
    else:
        text = r.text(name, size).strip()
        if isinstance(r, Recorder) and text[:1] + text[-1:] in ("{}", "[]"):
            r.bodies.append(Body(r.last, None, "application/json", True))


def _close(r: Reader) -> None:
    r.begin("websocket.payload.close")
    if r.left >= 2:
        r.u16("websocket.payload.close.status_code")
        if r.left:
            r.text("websocket.payload.close.reason", r.left)
    else:
        r.skip("websocket.payload.unknown", r.left)
    r.close()
