"""The field tree of an event: its lines, and what they come to."""

from inspector.model.message import Message
from inspector.protocols.sse_block import BOM, CR, Block, is_number, split_line
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader
from inspector.wire.recorder import Body, Recorder
from inspector.wire.surrogates import whole_characters

NAMES = ("data", "event", "id", "retry")
SHOWN = (
    "sse.resumes",
    "sse.gap",
    "sse.interval",
    "sse.delta",
    "sse.thinking",
    "sse.arguments",
    "sse.step",
    "sse.mcp",
    "sse.data_length",
    "sse.deltas",
    "sse.deltas_per_second",
    "sse.tokens_in",
    "sse.tokens_out",
    "sse.tokens_per_second",
    "sse.time_to_first_delta",
    "sse.time_to_first_event",
    "sse.events",
    "sse.ended",
)
"""What is known beyond the bytes, drawn as fields without any."""


class EventContext:
    """The text joined so far in the stream: the first `count` of `texts`, which later events go on to fill."""

    __slots__ = ("count", "texts")

    def __init__(self, texts: list[str], count: int) -> None:
        self.texts = texts
        self.count = count

    @property
    def text(self) -> str:
        """All of it."""
        return whole_characters("".join(self.texts[: self.count]))


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """The lines one by one, then what a browser would make of them as fields without bytes."""
    if message.start == 0 and r.data.startswith(BOM):
        r.skip("sse.bom", len(BOM))
    block = Block(r.offset)
    while r.left:
        _line(r, block)
    if message.kind == "event":
        r.known("sse.dispatched", 0, block.event or "message")
        r.known("sse.message", 0, block.data)
        r.known("sse.last_event_id", 0, message.facts.get("sse.last_event_id", ""))
    elif message.kind == "dropped":
        r.known("sse.dropped", 0, message.facts.get("sse.dropped", ""))
    for name in SHOWN:
        if name in message.facts:
            r.known(name, 0, message.facts[name])
    context = message.context
    if isinstance(context, EventContext):
        r.known("sse.text", 0, context.text)
    elif "sse.text" in message.facts:
        r.known("sse.text", 0, message.facts["sse.text"])


def _line(r: Reader, block: Block) -> None:
    """One line with its end; the last may have none (9.2.6)."""
    data, start, stop = r.data, r.pos, r.end
    ends = [at for at in (data.find(b"\r", start, stop), data.find(b"\n", start, stop)) if at >= 0]
    end = min(ends) if ends else stop
    line = data[start:end]
    if not line:
        _line_end(r, "sse.empty_line")
        return
    name, value = split_line(line.decode("utf-8", "replace"))
    block.add(line, r.base + end)
    colon = line.find(b":")
    r.begin("sse.comment" if colon == 0 else f"sse.{name}" if name in NAMES else "sse.unknown")
    if colon < 0:
        r.text("sse.field_name", len(line))
    else:
        if colon:
            r.text("sse.field_name", colon)
        r.skip("sse.colon", 1)
        if line[colon + 1 : colon + 2] == b" ":
            r.skip("sse.space", 1)
        if r.pos < end:
            r.text("sse.value", end - r.pos)
            if isinstance(r, Recorder) and name == "data" and value[:1] + value[-1:] in ("{}", "[]"):
                r.bodies.append(Body(r.last, None, "application/json", True))
    _remark(r, name, value, colon)
    _line_end(r, "sse.line_end")
    r.close(int(value[:18]) if name == "retry" and is_number(value) else value)
    if name not in NAMES and colon != 0:
        r.note(f"{name[:40]!r} is no field of an event stream: ignored")


def _remark(r: Reader, name: str, value: str, colon: int) -> None:
    if name == "id" and "\0" in value:
        r.note("an id with U+0000 is ignored")
    elif name == "retry" and not is_number(value):
        r.note("retry takes ASCII digits only: ignored")


def _line_end(r: Reader, name: str) -> None:
    if not r.left:
        return
    both = r.data[r.pos] == CR and r.left > 1 and r.data[r.pos + 1] == 10
    r.skip(name, 2 if both else 1)
