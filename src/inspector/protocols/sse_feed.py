"""Where one side of an event stream stands, line by line. Spec: WHATWG HTML 9.2.6"""

from typing import Final

from inspector.model.message import Message
from inspector.protocols.sse_answer import Answer
from inspector.protocols.sse_block import Block

MAX_LINE: Final = 1 << 20
"""Bytes of a line that are kept until its end has come; what is longer is counted."""


class Feed:
    """One side's stream: where its current line and block stand, and what a browser would remember of it.

    `parts` are the bytes of a line whose end has not come, from buffer offset `line_start`; `after_cr` says that an LF
    would belong to the line before. `last` is the message cut last. Times are nanoseconds since 1970.
    """

    def __init__(self) -> None:
        self.begun = False
        self.parts: list[bytes] = []
        self.parts_size = 0
        self.line_start = -1
        self.after_cr = False
        self.block: Block | None = None
        self.last: Message | None = None
        self.parent: Message | None = None
        self.last_event: Message | None = None
        self.last_comment: Message | None = None
        self.last_id = ""
        self.resumes = ""
        self.retry = -1
        self.events = 0
        self.first_time = 0
        self.answer = Answer()
        self.reset = ""

    @property
    def request(self) -> Message | None:
        """What the stream answers."""
        return self.parent.answers if self.parent is not None else None

    def end_at(self, end: int) -> None:
        """What was read last goes on to buffer offset `end`."""
        block, last = self.block, self.last
        if block is not None:
            block.end = end
        elif last is not None:
            last.end = end

    def keep(self, part: bytes, start: int) -> None:
        """Bytes of a line whose end has not come."""
        if self.line_start < 0:
            self.line_start = start
        if self.parts_size < MAX_LINE:
            self.parts.append(part[: MAX_LINE - self.parts_size])
        self.parts_size += len(part)

    def take_line(self, rest: bytes, start: int) -> tuple[bytes, int]:
        """A line that ends in `rest`, and where it starts."""
        if self.line_start < 0:
            return rest, start
        self.keep(rest, start)
        line, start = b"".join(self.parts), self.line_start
        self.drop_line()
        return line, start

    def drop_line(self) -> None:
        """Forget the line whose end has not come."""
        self.parts = []
        self.parts_size = 0
        self.line_start = -1
