"""One protocol unit cut out of a buffer."""

from inspector.model.buffer import Buffer
from inspector.model.sides import Side

Fact = object
"""A value people list and filter by: str, int, float or bool."""


class Message:
    """A short row about bytes `start:end` of `buffer`; its field tree is made when somebody looks.

    `time` is when its first byte was captured, in nanoseconds since 1970; `latency` is seconds from the
    last byte of the message that it answers to its own first byte. `context` is what its protocol needs
    to decode these bytes again and cannot rebuild from them.
    """

    __slots__ = (
        "answers",
        "buffer",
        "complete",
        "context",
        "end",
        "facts",
        "flow",
        "issue",
        "kind",
        "last_packet",
        "number",
        "packet",
        "parent",
        "protocol",
        "side",
        "start",
        "summary",
        "time",
    )

    def __init__(
        self, flow: int, side: Side, protocol: str, kind: str, buffer: Buffer, start: int, end: int, summary: str
    ) -> None:
        self.number = 0
        self.flow = flow
        self.side = side
        self.protocol = protocol
        self.kind = kind
        self.start = start
        self.end = end
        self.buffer = buffer
        self.summary = summary
        self.facts: dict[str, Fact] = {}
        self.context: object = None
        self.parent: Message | None = None
        self.answers: Message | None = None
        self.issue: str | None = None
        self.packet = 0
        self.last_packet = 0
        self.time = 0
        self.complete = True

    @property
    def length(self) -> int:
        """Bytes in its own buffer."""
        return self.end - self.start
