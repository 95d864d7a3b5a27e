"""What a side sends as one message, for formats that are bodies and no protocols of their own."""

from inspector.model.message import Message
from inspector.model.sides import Side
from inspector.protocols.base import Conversation, Hints, Sink
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader


class WholeConversation(Conversation):
    """Each side's bytes, up to a hole or the end, are one body."""

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.messages: list[Message | None] = [None, None]

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        r.peek_u8()
        m = self.messages[side]
        if m is None:
            m = self.messages[side] = out.message(side, "body", r.offset, r.offset, "")
        r.skip("data.data", r.limit - r.pos)
        m.end = r.offset
        m.summary = f"{m.length} byte{'' if m.length == 1 else 's'}"

    def lost(self, side: Side) -> None:
        self.messages[side] = None

    def resync(self, side: Side, data: bytes, pos: int) -> int:
        return pos if pos < len(data) else -1
