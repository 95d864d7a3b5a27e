"""Server-sent events. Spec: WHATWG HTML 9.2 (https://html.spec.whatwg.org/multipage/server-sent-events.html)"""

from typing import Final

from inspector.model.errors import DecodeError
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.model.verdict import NONE, STRONG, Verdict
from inspector.protocols.base import Conversation, Hints, Protocol, Sink
from inspector.protocols.sse_answer import MAX_PREVIEW, seconds
from inspector.protocols.sse_block import BOM, LF, Block
from inspector.protocols.sse_explain import EventContext, explain
from inspector.protocols.sse_feed import Feed
from inspector.protocols.sse_payload import ANSWER, CONTENT, DONE, MCP, STEP, Payload, method_of, read_payload
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader
from inspector.wire.surrogates import whole_characters

MAX_SHOWN: Final = 100
"""Characters of data in a summary."""
MAX_BODY: Final = 1 << 16
"""Bytes of a request that are looked into for the method that an event answers."""

UNFINISHED: Final = "the stream ends before the empty line that would dispatch it"
FIRST_FIELDS: Final = (b"data:", b"event:", b"id:", b"retry:", b":")


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
                self._comment(side, feed, line, start, end, out)
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

    def _comment(self, side: Side, feed: Feed, line: bytes, start: int, end: int, out: Sink) -> None:
        """A line for nobody, which keeps the connection from looking dead (9.2.7)."""
        text = line[1:].decode("utf-8", "replace").strip()
        m = self._report(side, feed, "comment", start, end, out)
        m.summary = f"comment: {shortened(text)}" if text else "comment, empty"
        m.facts["sse.comment"] = text[:MAX_PREVIEW]
        before = feed.last_comment
        if before is not None and before.time:
            m.facts["sse.interval"] = seconds(m.time - before.time)
        feed.last_comment = m

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
        feed.parent = m.parent
        request = feed.request
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
        answer = feed.answer
        answer.count(payload)
        line = shortened(data.replace("\n", " ⏎ ").strip())
        m.summary = f"{name}: {line}" if line else f"{name}, without text"
        if payload.kind == CONTENT:
            answer.add(payload, m)
            channel = "" if payload.channel == ANSWER else f"{payload.channel} "
            m.summary = f'{name}: {channel}+ "{whole_characters(shortened(payload.text))}"'
        elif payload.kind == DONE:
            m.summary = f"{name}: {payload.text}{answer.speed()}"
            m.facts.update(answer.facts(feed.request))
        elif payload.kind in (MCP, STEP):
            self._step(feed, payload, m, name)
        m.context = EventContext(answer.texts, len(answer.texts)) if answer.texts else None

    def _step(self, feed: Feed, payload: Payload, m: Message, name: str) -> None:
        """A mark in a model's answer, or a call of a protocol on top."""
        text = whole_characters(payload.text)
        request = feed.request
        if payload.key and request is not None and request.facts.get("http.request.method") == "POST":
            # Model Context Protocol, streamable HTTP: the answer to a request comes as an event of the POST's response
            m.answers = request
            method = whole_characters(method_of(_body(request), payload.key))
            text = f"{text} (answers {method})" if method else text
        counted = f", {payload.tokens_out} tokens" if payload.tokens_out >= 0 else ""
        if payload.kind == MCP:
            m.facts["sse.mcp"] = text
            m.summary = f"{name}: MCP {shortened(text)}"
        elif text or counted:
            m.facts["sse.step"] = shortened(text + counted)
            m.summary = f"{name}: {shortened(text + counted)}"

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
        parent, request = feed.parent, feed.request
        if feed.events and request is not None and request.time:
            facts["sse.time_to_first_event"] = seconds(feed.first_time - request.time)
        facts.update(feed.answer.facts(request))
        facts.update(feed.answer.whole())
        who, how = out.ended_first()
        # over HTTP/1 the parent is the whole response; otherwise a stream that was ended as it should ends before
        # its connection does
        told = parent is not None and parent.kind == "response"
        whole = parent.complete if parent is not None and told else not how
        facts["sse.ended"] = feed.reset or how_it_ended(ending, whole, who, how)
        return facts


def _body(request: Message) -> bytes:
    """The body of an HTTP/1 request that is not coded."""
    start = request.start
    raw = request.buffer.read(start, min(request.end, start + MAX_BODY))
    return raw.partition(b"\r\n\r\n")[2]


def how_it_ended(ending: str, whole: bool, who: Side, how: str) -> str:
    """In words: `ending` is as `Conversation.finish` gets it, `who` ended the connection first, and `how`."""
    if who == CLIENT:
        return f"aborted by the client ({how.upper()})"
    if ending == "rst" or how == "rst":
        return "reset"
    if ending == "fin":
        return "ended by the server" if whole else "broken off by the server"
    return "still open when the capture ends"


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
