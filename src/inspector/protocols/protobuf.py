"""Protocol Buffers on their own: the body of an HTTP message, or pasted bytes. Spec: protobuf.dev encoding"""

from typing import Final

from inspector.model.message import Message
from inspector.model.sides import Side
from inspector.model.verdict import NONE, Verdict
from inspector.protocols.base import Conversation, Hints, Protocol, Sink
from inspector.protocols.protobuf_read import delimited, read_messages, sound_end
from inspector.protocols.protobuf_summary import summarise
from inspector.schema.proto import ProtoMessage
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader

MAX_KEPT: Final = 64 * 1024
"""Bytes of a growing message that are kept for its summary."""


class ProtobufConversation(Conversation):
    """Protobuf has no framing: what one side sends until it ends is one message, or a list of them."""

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.messages: list[Message | None] = [None, None]
        self.first = [b"", b""]
        self.type: ProtoMessage | None = schemas.proto.chosen

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        m = self.messages[side]
        if m is None:
            m = out.message(side, "message", r.offset, r.offset, "")
            m.complete = False
            m.context = self.type
            self.messages[side] = m
        kept = self.first[side]
        room = MAX_KEPT - len(kept)
        if room > 0:
            self.first[side] = kept + r.data[r.pos : min(r.end, r.pos + room)]
        r.skip("protobuf.message", r.left)
        m.end = r.offset

    def finish(self, side: Side, offset: int, ending: str, out: Sink) -> None:
        m = self.messages[side]
        if m is None:
            return
        data = self.first[side]
        name = self.type.short if self.type is not None else ""
        ranges = delimited(data, 0, len(data)) if len(data) == m.length else []
        if ranges:
            first = summarise(data, *ranges[0], self.type)
            m.summary = f"{len(ranges)} message{'' if len(ranges) == 1 else 's'} behind their lengths: {name}({first})"
        else:
            m.summary = f"{name}({summarise(data, 0, len(data), self.type)})"
        m.complete = True
        if self.type is not None:
            m.facts["protobuf.message.name"] = self.type.name
        good, reason = sound_end(data, 0, len(data))
        if good < len(data) and len(data) == m.length and not ranges:
            m.issue = f"from byte {good}: {reason}"
        self.messages[side] = None
        self.first[side] = b""


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """Protobuf has no mark of its own: nearly any bytes may be some message."""
    return Verdict("protobuf", NONE, "nothing in the bytes says protobuf: a media type or the user must")


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """All fields."""
    chosen = message.context
    read_messages(r, chosen if isinstance(chosen, ProtoMessage) else None, schemas.proto)


PROTOCOL = Protocol(
    name="protobuf",
    title="Protocol Buffers",
    spec="protobuf.dev/programming-guides/encoding",
    recognise=recognise,
    conversation=ProtobufConversation,
    explain=explain,
    content_types=(
        "application/protobuf",
        "application/x-protobuf",
        "application/vnd.google.protobuf",
        "application/x-google-protobuf",
    ),
)
