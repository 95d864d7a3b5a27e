"""Bytes that no protocol claims: one message for each turn of a side."""

from inspector.model.message import Message
from inspector.model.sides import Side
from inspector.model.verdict import NONE, Verdict
from inspector.protocols.base import Conversation, Hints, Protocol, Sink
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader

PREVIEW = 32


def preview(data: bytes) -> str:
    """Hex of the first bytes, and the same as text when most of it is printable."""
    head = data[:PREVIEW]
    more = "…" if len(data) > PREVIEW else ""
    printable = sum(32 <= byte < 127 for byte in head)
    if printable * 4 >= len(head) * 3:
        text = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in head)
        return f'"{text}{more}"'
    return f"{head[:16].hex(' ')}{'…' if len(data) > 16 else ''}"


class DataConversation(Conversation):
    """Joins what one side sends until the other speaks; datagrams and holes keep messages apart."""

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.last: Message | None = None
        self.shown = b""

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        start = r.offset
        count = r.limit - r.pos
        first = r.peek(1 if count < 1 else min(count, PREVIEW + 1))
        m = self.last
        if m is None or m.side != side or m.end != start or self.hints.transport != "tcp":
            m = self.last = out.message(side, "data", start, start, "")
            self.shown = b""
        self.shown += first[: PREVIEW + 1 - len(self.shown)]
        r.skip("data.data", count)
        m.end = r.offset
        m.summary = f"{m.length} bytes  {preview(self.shown)}"


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """Never claims anything: these bytes are what is left when nobody does."""
    return Verdict("data", NONE, "no protocol claims these bytes")


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """The bytes, unexplained."""
    r.skip("data.data", r.left)


PROTOCOL = Protocol(
    name="data",
    title="Unclaimed bytes",
    spec="",
    recognise=recognise,
    conversation=DataConversation,
    explain=explain,
)
