"""Streams inside streams: what a conversation hands on, and the streams that read it."""

from typing import Final

from inspector.engine.body import NOT_CAPTURED, CodedBody
from inspector.engine.context import Clock, Context
from inspector.engine.cutter import Cutter
from inspector.engine.detect import choose, is_claimed, undoes_codings
from inspector.model.buffer import Buffer, Slices
from inspector.model.message import Message
from inspector.model.sides import Side
from inspector.protocols.base import Child, Hints
from inspector.wire.media import codings_of
from inspector.wire.reader import Reader

__all__ = ["Clock", "Context", "Stream"]

MAX_NESTING: Final = 8
"""Streams inside streams."""


class Stream(Cutter):
    """Both sides of a flow, or of bytes handed on by a message, with the streams inside it.

    `first_end` is which side of the flow ended first, and how.
    """

    def __init__(
        self, context: Context, flow: int, buffers: list[Buffer], hints: Hints, forced: str = "", nesting: int = 0
    ) -> None:
        super().__init__(context, flow, buffers, hints, forced)
        self.nesting = nesting
        self.children: dict[tuple[int, int], Stream] = {}
        self.coded: list[CodedBody | None] = [None, None]
        self.outer: Stream | None = None
        self.first_end: tuple[Side, str] = (-1, "")

    def finish(self, side: Side, ending: str) -> None:
        if ending and self.first_end[0] < 0 and self.outer is None:
            self.first_end = (side, ending)
        super().finish(side, ending)

    def derive(self, parent: Message, key: int, hints: Hints, label: str = "") -> Child | None:
        if self.nesting >= MAX_NESTING:
            return None
        if not hints.protocol and not is_claimed(hints.content_type):
            if not hints.sample:
                return None
            hints.protocol = choose(hints.sample, parent.side, hints, "", over=False, final=False)
            if not hints.protocol:
                return None
        child = self.children.get((self.serial, key))
        if child is None:
            buffers = [Buffer("", Slices([]), parent=lane.buffer) for lane in self.lanes]
            child = Stream(self.context, self.flow, buffers, hints, nesting=self.nesting + 1)
            child.outer = self
            self.children[self.serial, key] = child
        lane = child.lanes[parent.side]
        lane.hints = hints
        name = f"{parent.buffer.name}/{label or f'body at {parent.start}'}"
        lane.buffer.name = name
        if "content-encoding" in hints.details or "transfer-encoding" in hints.details:
            child.undo_codings(parent.side, hints, name)
        return DerivedChild(self, child, parent)

    def undo_codings(self, side: Side, hints: Hints, name: str) -> None:
        """Let this side's bytes come decoded, where their reader wants that and none have come yet."""
        lane = self.lanes[side]
        details = hints.details
        codings = codings_of(details.get("content-encoding", ""), details.get("transfer-encoding", ""))
        parent = lane.buffer.parent
        if not codings or lane.size or self.coded[side] is not None or parent is None or not undoes_codings(hints):
            return
        coded = CodedBody(parent, codings)
        coded.rename(name)
        self.coded[side] = coded
        lane.buffer = coded.decoded

    def forget(self, key: int) -> None:
        self.children.pop((self.serial, key), None)

    def ended_first(self) -> tuple[Side, str]:
        at = self
        outer = at.outer
        while outer is not None:
            at = outer
            outer = at.outer
        return at.first_end


class DerivedChild(Child):
    """Feeds parts of a message's buffer to the stream below it."""

    def __init__(self, outer: Stream, stream: Stream, parent: Message) -> None:
        self.outer = outer
        self.stream = stream
        self.parent = parent

    def add(self, start: int, end: int) -> None:
        side = self.parent.side
        self.stream.parents[self.parent.side] = self.parent
        r = self.outer.lanes[side].reader
        coded = self.stream.coded[side]
        if coded is not None:
            self._decode(coded, side, r, start, end)
            return
        self.stream.lanes[side].buffer.extend(start, end)
        for low, high in r.holes:
            if start < high and low < end:
                if start < low:
                    self.stream.feed(side, r.data[start - r.base : low - r.base])
                self.stream.feed_hole(side, min(high, end) - max(low, start))
                start = min(high, end)
        if start < end:
            self.stream.feed(side, r.data[start - r.base : end - r.base])

    def _decode(self, coded: CodedBody, side: Side, r: Reader, start: int, end: int) -> None:
        """Feed what the coded bytes `start:end` make, up to the first hole."""
        stop = end
        for low, high in r.holes:
            if start < high and low < end:
                stop = min(stop, max(low, start))
        if start < stop and not coded.codings.problem:
            for part in coded.add(r.data[start - r.base : stop - r.base], start):
                self.stream.feed(side, part)
        if stop < end:
            coded.codings.give_up(NOT_CAPTURED)

    def tell(self, fields: dict[str, str], message: Message) -> None:
        self.stream.parents[self.parent.side] = self.parent
        self.stream.tell(self.parent.side, fields, message)

    def finish(self, ending: str = "fin") -> None:
        side = self.parent.side
        self.stream.parents[side] = self.parent
        coded = self.stream.coded[side]
        if coded is not None:
            rest = coded.finish()
            if rest:
                self.stream.feed(side, rest)
            problem = coded.codings.problem
            issue = self.parent.issue
            if problem:
                self.parent.issue = problem if issue is None else f"{issue}; {problem}"
        self.stream.finish(side, ending)
