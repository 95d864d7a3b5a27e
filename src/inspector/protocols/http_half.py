"""Where one side of an HTTP/1.x connection stands, and the body that it is sending. Spec: RFC 9112 6 and 7.1."""

from typing import Final

from mypy_extensions import i64

from inspector.model.errors import DecodeError, HoleError, Malformed
from inspector.model.message import Message
from inspector.protocols.base import Child
from inspector.protocols.http_chunks import read_chunk_end, read_chunk_size, read_trailers
from inspector.protocols.http_head import CHUNKED, LENGTH, NO_BODY
from inspector.wire.reader import Reader

# What comes next of a body in chunks.
SIZE: Final = 0
DATA: Final = 1
DATA_END: Final = 2
TRAILERS: Final = 3


class Half:
    """One side, which begins with a head next, or is inside the body of `message`.

    `left` are bytes still to come of a body of known length, or of a chunk.
    """

    def __init__(self) -> None:
        self.message: Message | None = None
        self.framing: i64 = NO_BODY
        self.left: i64 = 0
        self.body_start: i64 = 0
        self.next: i64 = SIZE
        self.missing: i64 = 0
        self.child: Child | None = None
        self.tunnel = False

    def begin(self, message: Message, framing: i64, length: i64, start: i64, child: Child | None) -> None:
        """A body follows, from buffer offset `start`; `length` counts where the framing is LENGTH."""
        message.complete = False
        self.message = message
        self.framing = framing
        self.left = length
        self.body_start = start
        self.child = child

    def read(self, r: Reader) -> None:
        """Take what is there of the body, and hand it on; raises where nothing can be taken."""
        if self.framing == CHUNKED:
            self._chunks(r)
        else:
            self._plain(r)

    def _plain(self, r: Reader) -> None:
        """A body of known length, or up to the end of the connection."""
        count: i64 = r.left
        if self.framing == LENGTH and count > self.left:
            count = self.left
        self._content("http.file_data", count, r)
        self._reached(r)
        if self.framing == LENGTH:
            self.left -= count
            if self.left == 0:
                self.complete()

    def _chunks(self, r: Reader) -> None:
        """Chunks, the last of which may still be growing, and the trailers."""
        first = r.pos
        while r.left:
            at = r.pos
            try:
                done = self._chunk_part(r)
            except DecodeError:
                if at == first:
                    raise
                r.seek(at)
                return
            self._reached(r)
            if done:
                self.complete()
                return

    def _chunk_part(self, r: Reader) -> bool:
        """The next part of a chunked body; True behind the last one."""
        if self.next == SIZE:
            self.left = read_chunk_size(r)
            self.next = DATA if self.left else TRAILERS
        elif self.next == DATA:
            count: i64 = min(self.left, r.left)
            self._content("http.chunk_data", count, r)
            self.left -= count
            if not self.left:
                self.next = DATA_END
        elif self.next == DATA_END:
            read_chunk_end(r)
            self.next = SIZE
        else:
            read_trailers(r)
            return True
        return False

    def _content(self, name: str, count: i64, r: Reader) -> None:
        start = r.offset
        r.skip(name, count)
        if self.child is not None:
            self.child.add(start, r.offset)

    def _reached(self, r: Reader) -> None:
        """The message goes on to here."""
        m = self.message
        assert m is not None
        if r.holes:
            self.missing += r.missing(m.end, r.offset)
        m.end = r.offset

    def complete(self) -> None:
        """The body is there as a whole."""
        assert self.message is not None
        self.message.complete = True
        self.end(f"{self.missing} bytes of the body were never captured" if self.missing else "")

    def end(self, issue: str, ending: str = "fin") -> None:
        """No more of this message; `issue` says what is wrong with it, "" when nothing is."""
        m = self.message
        assert m is not None
        if issue:
            m.issue = issue if m.issue is None else f"{m.issue}; {issue}"
        if self.child is not None:
            self.child.finish(ending)
        self.message = None
        self.framing = NO_BODY
        self.left = 0
        self.next = SIZE
        self.missing = 0
        self.child = None

    def cut_short(self, r: Reader, error: DecodeError) -> Message | None:
        """The body ends in the middle of its framing, at a hole, or makes no sense any more."""
        m = self.message
        assert m is not None
        if isinstance(error, Malformed):
            self.end(f"body stops making sense at byte {error.offset}: {error.reason}")
            return None
        r.seek(r.end)
        m.end = r.offset
        if isinstance(error, HoleError):
            self.end("the body ends at a hole before its last chunk")
        return m

    def ended(self, how: str, offset: int, ending: str) -> None:
        """The side ended at `offset`, inside a body; `how` says what ended it, `ending` is that of the side."""
        if self.framing == LENGTH:
            came = offset - self.body_start
            issue = f"{how} after {came} of {came + self.left} body bytes"
        elif self.framing == CHUNKED:
            issue = f"{how} before the last chunk"
        else:
            issue = f"{how}: the body may go on"
        self.end(issue, ending)
