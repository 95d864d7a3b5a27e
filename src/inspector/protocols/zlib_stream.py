"""A deflated stream of Thrift messages (TZlibTransport): every flush ends a block. Spec: RFC 1950, RFC 1951"""

from typing import Final

from inspector.model.errors import DecodeError
from inspector.model.message import Message
from inspector.model.sides import Side
from inspector.model.verdict import MORE, NONE, STRONG, Verdict
from inspector.protocols.base import Child, Conversation, Hints, Protocol, Sink
from inspector.protocols.thrift_detect import judge, judge_frame
from inspector.schema.registry import Schemas
from inspector.wire.coding import inflate
from inspector.wire.reader import Reader

FLUSHED: Final = b"\0\0\xff\xff"
"""How a flush ends: an empty stored block (RFC 1951 3.2.4)."""

MAX_BLOCK: Final = 16 << 20
"""Bytes of one flush that are waited for."""

MIDDLE: Final = "bytes before it were never captured: a deflated stream cannot be read on from its middle"
"""What is wrong with blocks behind a hole (RFC 1951 2: they refer back to what came before)."""

_STOPPED: Final = "stopped after"
"""How the issue of a stream begins that makes more than is safe to hold."""

_CMF: Final = 0x78
"""Deflate with the usual window of 32 KB (RFC 1950 2.2)."""

_LOOKED_AT: Final = 512
"""Inflated bytes that recognising looks at."""
_UNENDED: Final = "ends too early"
_ENOUGH: Final = 64
"""Deflated bytes after which something must have come out."""


class ZlibConversation(Conversation):
    """Blocks of both sides; what they inflate to is one Thrift conversation."""

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.children: list[Child | None] = [None, None]
        self.last: list[Message | None] = [None, None]
        self.broken = [False, False]

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        self._block(side, r, out, r.find(FLUSHED, MAX_BLOCK) + len(FLUSHED))

    def _block(self, side: Side, r: Reader, out: Sink, size: int) -> Message:
        start = r.offset
        first = start == 0
        _read_block(r, first, size)
        message = out.message(side, "block", start, r.offset, f"deflated, {size} bytes")
        message.context = first
        if self.broken[side]:
            message.issue = MIDDLE
            return message
        hints = Hints(self.hints.transport, self.hints.server_port, self.hints.client_port, protocol="thrift")
        hints.why = "it is what the deflated stream holds"
        hints.details = {"content-encoding": "deflate"}
        child = out.derive(message, 0, hints, "inflated")
        if child is not None:
            self.children[side] = child
            self.last[side] = message
            child.add(start, r.offset)
        return message

    def finish(self, side: Side, offset: int, ending: str, out: Sink) -> None:
        child, message = self.children[side], self.last[side]
        if child is None or message is None:
            return
        before = message.issue
        child.finish(ending)
        if message.issue is not None and _STOPPED in message.issue:
            message.issue = f"{message.issue}; the rest of this direction stays deflated"
        if before is None and message.issue is not None and message.issue.endswith(_UNENDED):
            # nobody ends such a stream: it stops behind a flush
            message.issue = None

    def incomplete(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        if not r.left or (r.left < 2 and r.offset == 0):
            return None
        message = self._block(side, r, out, r.left)
        message.complete = False
        message.issue = message.issue or "no flush ends this block"
        return message

    def lost(self, side: Side) -> None:
        self.broken[side] = True

    def resync(self, side: Side, data: bytes, pos: int) -> int:
        """A flush ends wherever it does; what comes before the first is the end of some block."""
        return pos if self.broken[side] and pos < len(data) else -1


def _read_block(r: Reader, first: bool, size: int) -> None:
    """One flush's worth of bytes; the first begins with zlib's header."""
    if first and size >= 2:
        r.u8("zlib.cmf")
        r.u8("zlib.flg")
        size -= 2
    flushed = size >= len(FLUSHED) and r.data[r.pos + size - len(FLUSHED) : r.pos + size] == FLUSHED
    rest = len(FLUSHED) if flushed else 0
    if size > rest:
        r.skip("zlib.data", size - rest)
    if rest:
        r.skip("zlib.flush", rest)


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """zlib's header, and a Thrift message in what comes out."""
    if not prefix or prefix[0] != _CMF or (len(prefix) > 1 and not _is_header(prefix)):
        return Verdict("zlib", NONE, "no zlib header")
    found = inflate("deflate", prefix, _LOOKED_AT) if len(prefix) > 2 else None
    if found is None or not found.data:
        short = len(prefix) < _ENOUGH and (found is None or "too early" in found.problem)
        return Verdict("zlib", MORE if short else NONE, "may become a zlib stream" if short else "no zlib stream")
    strength = max(judge(found.data, 0), judge_frame(found.data, 0))
    head = f"{prefix[:2].hex(' ')} is zlib's header, and what it holds inflates to {found.data[:8].hex(' ')}"
    words = {STRONG: ": a Thrift message", MORE: ", which may begin a Thrift message"}
    return Verdict("zlib", strength, f"{head}{words.get(strength, ': no Thrift message')}")


def _is_header(prefix: bytes) -> bool:
    """RFC 1950 2.2: both bytes are divisible by 31, and no dictionary is asked for."""
    return int.from_bytes(prefix[:2], "big") % 31 == 0 and not prefix[1] & 0x20


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """The block's parts; what is in it stands in the messages below."""
    _read_block(r, message.context is True, r.left)


PROTOCOL = Protocol(
    name="zlib",
    title="zlib stream",
    spec="RFC 1950",
    recognise=recognise,
    conversation=ZlibConversation,
    explain=explain,
)
