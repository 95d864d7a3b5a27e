"""One side of a stream: what waits to be read, and who reads it."""

from typing import Final

from mypy_extensions import i64

from inspector.model.buffer import Buffer
from inspector.model.message import Message
from inspector.protocols.base import Conversation, Hints
from inspector.protocols.data import DataConversation
from inspector.wire.reader import Reader

MAX_TRIES: Final = 32
"""Turns at whose end an unfinished message is tried again before its time; bounds what many tiny turns can cost."""


class Left:
    """A conversation that reads this side no more, from buffer offset `offset` on, but was not told of its end."""

    def __init__(self, conversation: Conversation, protocol: str, serial: i64, offset: int) -> None:
        self.conversation = conversation
        self.protocol = protocol
        self.serial = serial
        self.offset = offset


class Lane:
    """The reader of one side, its conversation, and where it stands.

    `wanted` is the buffer offset up to which bytes are needed before another try makes sense. `over` says that the
    side has stopped speaking for now, `finished` that it never speaks again. `lost` is why bytes are being passed over
    in search of the next message ("" when they are not), looked for from index `lost_from` past the reader. `starts`
    are the buffer offsets of turns that began while nobody had been found to read the bytes before them. `hints` are
    what is known of this side alone, `left` are those that read it before. `unknown`: nobody ever did.
    """

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer
        self.reader = Reader(b"")
        self.queued: list[bytes] = []
        self.queued_size: i64 = 0
        self.size: i64 = 0
        self.wanted: i64 = 0
        self.tried_at: i64 = -1
        self.tries: i64 = 0
        self.conversation: Conversation | None = None
        self.serial: i64 = 0
        self.protocol = ""
        self.detections: i64 = 0
        self.starts: list[int] = []
        self.over = False
        self.finished = False
        self.waits_for_peer = False
        self.lost = ""
        self.lost_from: i64 = 0
        self.unclaimed: DataConversation | None = None
        self.hole: Message | None = None
        self.hints: Hints | None = None
        self.left: list[Left] = []
        self.unknown = True

    def queue(self, chunk: bytes) -> None:
        """Put bytes behind those not yet read."""
        self.queued.append(chunk)
        self.queued_size += len(chunk)
        self.size += len(chunk)

    def load(self) -> bool:
        """Let the reader see what was queued; False when it is not worth another try yet."""
        if self.wanted and self.size < self.wanted and not self.finished:
            return False
        self.wanted = 0
        if self.queued_size:
            r = self.reader
            rest = r.data[r.pos :]
            parts = [rest, *self.queued] if rest else self.queued
            base = r.base + r.pos
            self.queued = []
            self.queued_size = 0
            while r.holes and r.holes[0][1] <= base:
                r.holes.pop(0)
            r.grow(parts[0] if len(parts) == 1 else b"".join(parts), base)
        return self.reader.pos < self.reader.end

    def wait(self, wanted: i64) -> None:
        """Come again with the bytes up to `wanted`; where that is not known, or tiny steps are asked for, with a
        quarter as many again as there are, so that the work stays linear."""
        have: i64 = self.reader.end - self.reader.pos
        self.wanted = max(wanted, self.size + max(1, have // 4))

    def try_again(self) -> bool:
        """Whether what is there is worth another try before the bytes it waits for have come."""
        offset: i64 = self.reader.offset
        if offset == self.size:
            return False
        if offset != self.tried_at:
            self.tried_at = offset
            self.tries = 0
        self.tries += 1
        if self.tries > MAX_TRIES:
            return False
        self.wanted = 0
        return True

    def drop(self) -> None:
        """Nobody reads this side from here on: detection starts again."""
        conversation = self.conversation
        if conversation is not None and self.protocol != "data":
            self.left = [left for left in self.left if left.conversation is not conversation]
            self.left.append(Left(conversation, self.protocol, self.serial, self.reader.offset))
        self.conversation = None
        self.protocol = ""
        self.lost = ""

    def hole_end(self) -> i64:
        """The index behind the hole that the reader stands in, as far as it is there; -1 when it stands in none."""
        r = self.reader
        offset: i64 = r.base + r.pos
        for start, end in r.holes:
            if start <= offset < end:
                return min(end - r.base, r.end)
            if start > offset:
                break
        return -1
