"""Server-sent events. Spec: WHATWG HTML 9.2 (https://html.spec.whatwg.org/multipage/server-sent-events.html)"""

from typing import Final

from inspector.model.errors import DecodeError
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.model.verdict import NONE, STRONG, Verdict
from inspector.protocols.base import Conversation, Hints, Protocol, Sink
from inspector.protocols.sse_block import BOM, LF, Block
from inspector.protocols.sse_explain import EventContext, explain
from inspector.protocols.sse_payload import CONTENT, DONE, MCP, Payload, read_payload
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader

MAX_LINE: Final = 1 << 20
"""Bytes of a line that are kept until its end has come; what is longer is counted."""
MAX_SHOWN: Final = 100
"""Characters of data in a summary."""
MAX_PREVIEW: Final = 200
"""Characters of data, and of the text so far, in the facts of one event: a stream may have thousands."""
MAX_TEXT: Final = 1 << 18
"""Characters of joined text kept for one stream; a long answer of a model has some ten thousand."""

UNFINISHED: Final = "the stream ends before the empty line that would dispatch it"
FIRST_FIELDS: Final = (b"data:", b"event:", b"id:", b"retry:", b":")


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
        self.last_id = ""
        self.resumes = ""
        self.retry = -1
        self.events = 0
        self.first_time = 0
        self.deltas = 0
        self.first_delta = 0
        self.last_delta = 0
        self.texts: list[str] = []
        self.text_size = 0
        self.tail = ""
        self.reset = ""

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

    def join(self, text: str) -> None:
        """The next piece of the text that the deltas make up."""
        if text and self.text_size < MAX_TEXT:
            self.texts.append(text)
            self.text_size += len(text)
        self.tail = (self.tail + text)[-MAX_PREVIEW - 1 :]

    @property
    def text_so_far(self) -> str:
        """The joined text, or its end when it is long."""
        return self.tail if len(self.tail) <= MAX_PREVIEW else "…" + self.tail[-MAX_PREVIEW:]


class SseConversation(Conversation):
    """The events of one response; each is reported with the line end that dispatches it, never later."""

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.feeds = [Feed(), Feed()]
        self.asked_id = ""

    def told(self, side: Side, fields: dict[str, str], message: Message, out: Sink) -> None:
        if side == CLIENT and "last-event-id" in fields:
            self.asked_id = fields["last-event-id"]
        if ":reset" in fields:
            who = "client" if side == CLIENT else "server"
            for feed in self.feeds:
                feed.reset = f"aborted by the {who} ({fields[':reset']})"

    # lines

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        feed = self.feeds[side]
        data, pos, limit, base = r.data, r.pos, r.limit, r.base
        if pos >= limit:
            r.peek(1)
        if feed.after_cr:
            feed.after_cr = False
            if data[pos] == LF:
                pos += 1
                feed.end_at(base + pos)
        cr = lf = pos - 1
        while pos < limit:
            # each is looked for once only: a stream that never uses one of the two would be searched again and again
            if cr < pos:
                cr = data.find(b"\r", pos, limit)
                cr = limit if cr < 0 else cr
            if lf < pos:
                lf = data.find(b"\n", pos, limit)
                lf = limit if lf < 0 else lf
            stop = min(cr, lf)
            if stop == limit:
                feed.keep(data[pos:limit], base + pos)
                pos = limit
                break
            line, start = feed.take_line(data[pos:stop], base + pos)
            pos = stop + 1
            if stop == cr:
                if pos == limit:
                    feed.after_cr = True
                elif data[pos] == LF:
                    pos += 1
            self._line(side, feed, line, start, base + pos, out)
        r.skip("sse.line", pos - r.pos)

    def _line(self, side: Side, feed: Feed, line: bytes, start: int, end: int, out: Sink) -> None:
        """One whole line without its end, which lies before buffer offset `end` (9.2.6)."""
        if not feed.begun:
            feed.begun = True
            if line.startswith(BOM):
                line = line[len(BOM) :]
        block = feed.block
        if block is None:
            if not line:
                self._empty(side, feed, start, end, out)
            elif line[0] == 58:
                text = line[1:].decode("utf-8", "replace").strip()
                m = self._report(side, feed, "comment", start, end, out)
                m.summary = f"comment: {shortened(text)}" if text else "comment, empty"
                m.facts["sse.comment"] = text[:MAX_PREVIEW]
            else:
                feed.block = block = Block(start)
                block.add(line, end)
        elif line:
            block.begin(start)
            block.add(line, end)
        else:
            block.begin(start)
            block.end = end
            feed.block = None
            self._dispatch(side, feed, block, out)

    def _empty(self, side: Side, feed: Feed, start: int, end: int, out: Sink) -> None:
        """An empty line with nothing before it belongs to the message before."""
        last = feed.last
        if last is not None and last.end == start:
            last.end = end
        else:
            m = self._report(side, feed, "dropped", start, end, out)
            m.summary = "empty line: nothing to dispatch"
            m.facts["sse.dropped"] = "nothing stands before this empty line"

    # messages

    def _report(self, side: Side, feed: Feed, kind: str, start: int, end: int, out: Sink) -> Message:
        m = out.message(side, kind, start, end, "")
        if feed.last is None:
            self._begin(feed, m)
        feed.last = m
        return m

    def _begin(self, feed: Feed, m: Message) -> None:
        """The first message tells which response, and which request, these events belong to."""
        parent = m.parent
        feed.parent = parent
        request = parent.answers if parent is not None else None
        if request is not None and not self.asked_id:
            self.asked_id = str(request.facts.get("http.last_event_id", ""))
        feed.resumes = feed.last_id = self.asked_id

    def _dispatch(self, side: Side, feed: Feed, block: Block, out: Sink) -> None:
        """What an empty line sets off (9.2.6, "dispatch the event")."""
        if block.torn:
            self._drop(side, feed, block, "its beginning was never captured", out, True)
            return
        first = not feed.events
        m = self._report(side, feed, "event" if block.has_data else "dropped", block.start, block.end, out)
        if block.has_id:
            feed.last_id = block.last_id
            m.facts["sse.id"] = block.last_id
        if block.retry >= 0:
            feed.retry = block.retry
            m.facts["sse.retry"] = block.retry
        if first and feed.resumes:
            m.facts["sse.resumes"] = feed.resumes
        if not block.has_data:
            m.summary = f"dropped: no data{block.remembered()}"
            m.facts["sse.dropped"] = "a block without data lines dispatches nothing"
            return
        m.facts["sse.event"] = block.event or "message"
        m.facts["sse.last_event_id"] = feed.last_id
        before = feed.last_event
        if before is not None and before.time:
            m.facts["sse.gap"] = seconds(m.time - before.time)
        elif not feed.events:
            feed.first_time = m.time
        feed.last_event = m
        feed.events += 1
        self._payload(feed, block, m)

    def _payload(self, feed: Feed, block: Block, m: Message) -> None:
        """What the data says: the next piece of a model's answer, a call of a protocol on top, or anything."""
        data = block.data
        m.facts["sse.data"] = shortened(data, MAX_PREVIEW)
        m.facts["sse.data_length"] = block.data_size
        name = f"{block.event or 'message'}{f' #{block.last_id}' if block.has_id and block.last_id else ''}"
        payload = read_payload(block.event, data)
        line = shortened(data.replace("\n", " ⏎ ").strip())
        m.summary = f"{name}: {line}" if line else f"{name}, without text"
        if payload.kind == CONTENT:
            self._delta(feed, payload, m)
            m.summary = f'{name}: + "{shortened(payload.text)}"'
        elif payload.kind == DONE:
            m.summary = f"{name}: {payload.text}{self._speed(feed)}"
        elif payload.kind == MCP:
            m.facts["sse.mcp"] = payload.text
            m.summary = f"{name}: MCP {shortened(payload.text)}"
        if payload.kind == DONE:
            m.facts.update(delta_facts(feed))
        m.context = EventContext(feed.texts, len(feed.texts)) if feed.deltas else None

    def _delta(self, feed: Feed, payload: Payload, m: Message) -> None:
        if not feed.deltas:
            feed.first_delta = m.time
        feed.last_delta = m.time
        feed.deltas += 1
        feed.join(payload.text)
        m.facts["sse.delta"] = shortened(payload.text, MAX_PREVIEW)
        m.facts["sse.text"] = feed.text_so_far

    def _speed(self, feed: Feed) -> str:
        if not feed.deltas:
            return ""
        took = feed.last_delta - feed.first_delta
        rate = f", {(feed.deltas - 1) / (took / 1e9):.1f} a second" if took > 0 else ""
        return f" after {feed.deltas} delta{'' if feed.deltas == 1 else 's'}{rate}"

    def _drop(self, side: Side, feed: Feed, block: Block, reason: str, out: Sink, wrong: bool) -> None:
        m = self._report(side, feed, "dropped", block.start, block.end, out)
        m.summary = f"dropped: {shortened(block.data.replace(chr(10), ' ⏎ ')) or 'no data'}"
        m.facts["sse.dropped"] = reason
        if block.event:
            m.facts["sse.event"] = block.event
        if block.has_data:
            m.facts["sse.data"] = shortened(block.data, MAX_PREVIEW)
            m.facts["sse.data_length"] = block.data_size
        if wrong:
            m.issue = reason

    # ends and losses

    def _flush(self, side: Side, feed: Feed, end: int, reason: str, out: Sink, wrong: bool) -> None:
        """A block, or a line, that no empty line will end."""
        block = feed.block
        start = feed.line_start
        if block is None and start < 0:
            return
        if block is None:
            block = Block(start)
        elif start < 0 and block.start < 0:
            feed.block = None
            return
        if start >= 0:
            block.begin(start)
            block.add(b"".join(feed.parts), end)
        feed.drop_line()
        feed.block = None
        block.end = end
        self._drop(side, feed, block, reason, out, wrong)

    def incomplete(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        self._flush(side, self.feeds[side], r.offset, "not all of it was captured", out, True)
        return None

    def lost(self, side: Side) -> None:
        feed = self.feeds[side]
        feed.after_cr = False
        feed.begun = True
        feed.drop_line()
        feed.block = Block(-1)
        feed.block.torn = True

    def resync(self, side: Side, data: bytes, pos: int) -> int:
        return pos if pos < len(data) else -1

    def finish(self, side: Side, offset: int, ending: str, out: Sink) -> None:
        feed = self.feeds[side]
        self._flush(side, feed, offset, UNFINISHED, out, ending != "" or bool(feed.reset))
        last = feed.last
        if last is not None:
            last.facts.update(self._outcome(feed, ending, out))

    def _outcome(self, feed: Feed, ending: str, out: Sink) -> dict[str, object]:
        """What there is to say of the stream as a whole; the last message has it."""
        facts: dict[str, object] = {"sse.events": feed.events}
        parent = feed.parent
        request = parent.answers if parent is not None else None
        if feed.events and request is not None and request.time:
            facts["sse.time_to_first_event"] = seconds(feed.first_time - request.time)
        if feed.deltas:
            facts.update(delta_facts(feed))
            facts["sse.text"] = "".join(feed.texts)
        who, how = out.ended_first()
        # over HTTP/1 the parent is the whole response; otherwise a stream that was ended as it should ends before
        # its connection does
        told = parent is not None and parent.kind == "response"
        whole = parent.complete if parent is not None and told else not how
        facts["sse.ended"] = feed.reset or how_it_ended(ending, whole, who, how)
        return facts


def how_it_ended(ending: str, whole: bool, who: Side, how: str) -> str:
    """In words: `ending` is as `Conversation.finish` gets it, `who` ended the connection first, and `how`."""
    if who == CLIENT:
        return f"aborted by the client ({how.upper()})"
    if ending == "rst" or how == "rst":
        return "reset"
    if ending == "fin":
        return "ended by the server" if whole else "broken off by the server"
    return "still open when the capture ends"


def delta_facts(feed: Feed) -> dict[str, object]:
    """How fast a model's answer came."""
    facts: dict[str, object] = {"sse.deltas": feed.deltas}
    took = feed.last_delta - feed.first_delta
    if took > 0:
        facts["sse.deltas_per_second"] = f"{(feed.deltas - 1) / (took / 1e9):.3f}"
    parent = feed.parent
    request = parent.answers if parent is not None else None
    if request is not None and request.time:
        facts["sse.time_to_first_delta"] = seconds(feed.first_delta - request.time)
    return facts


def seconds(nanoseconds: int) -> str:
    """Decimal seconds with all digits."""
    sign = "-" if nanoseconds < 0 else ""
    whole, rest = divmod(abs(nanoseconds), 1_000_000_000)
    return f"{sign}{whole}.{rest:09d}"


def shortened(text: str, most: int = MAX_SHOWN) -> str:
    """At most `most` characters, with a mark where some are left out."""
    return text if len(text) <= most else text[:most] + "…"


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """The media type says it; without one, only a stream of which nobody knows what it carries is looked at."""
    if hints.sample and prefix.startswith(FIRST_FIELDS) and (b"\n" in prefix or b"\r" in prefix):
        line = prefix.replace(b"\r", b"\n").partition(b"\n")[0]
        if side == SERVER and line[:40].isascii():
            return Verdict("sse", STRONG, f"the first line is a field of an event stream, {line[:40].decode()!r}")
    return Verdict("sse", NONE, "no media type text/event-stream announces it")


PROTOCOL = Protocol(
    name="sse",
    title="Server-sent events",
    spec="WHATWG HTML 9.2",
    recognise=recognise,
    conversation=SseConversation,
    explain=explain,
    content_types=("text/event-stream",),
    undoes_codings=True,
)
