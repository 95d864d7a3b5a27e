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
    """Joins what one side sends until the other speaks; datagrams stay apart."""

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.last: Message | None = None
        self.shown = ""

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        start = r.offset
        count = r.left
        last = self.last
        if last is not None and last.side == side and last.end == start and self.hints.transport == "tcp":
            r.skip("data.data", count)
            last.end = r.offset
            last.summary = f"{last.length} bytes  {self.shown}"
            return
        self.shown = preview(r.data[r.pos : r.pos + 64])
        r.skip("data.data", count)
        self.last = out.message(side, "data", start, r.offset, f"{count} bytes  {self.shown}")


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
