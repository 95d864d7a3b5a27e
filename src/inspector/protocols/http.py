"""HTTP/1.x. Spec: RFC 9112 (messages), RFC 9110 (semantics), RFC 1945 (HTTP/0.9 and 1.0)."""

from typing import Final

from mypy_extensions import i64

from inspector.model.errors import DecodeError, HoleError, Malformed, WaitForPeer
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.model.verdict import MORE, NONE, STRONG, Verdict
from inspector.protocols.base import Child, Conversation, Hints, Protocol, Sink
from inspector.protocols.http_body import attach_body, hand_on, text_of
from inspector.protocols.http_head import (
    CHUNKED,
    CLOSE,
    LENGTH,
    NO_BODY,
    TOKEN,
    Head,
    head_facts,
    head_summary,
    line_length,
    read_head,
    read_header_section,
    request_line,
    scan_head,
    skip_blank_lines,
    status_line,
)
from inspector.schema.registry import Schemas
from inspector.wire.media import codings_of, is_utf8
from inspector.wire.reader import Reader
from inspector.wire.recorder import Recorder

MAX_CHUNK_LINE: Final = 16 * 1024
"""Bytes in a chunk-size line with its extensions (RFC 9112 7.1.1 asks recipients to limit them)."""
MAX_SHOWN: Final = 200
"""Characters shown of a start line that is cut."""
METHODS: Final = frozenset(
    b"GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH "
    b"REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PURGE LINK UNLINK QUERY ACL BIND".split()
)
LONGEST_METHOD: Final = 32
TELLING: Final = "application/grpc"
"""Media types of messages whose header fields say something to the protocol above even without a body."""
UPGRADES: Final = {"websocket": "websocket", "h2c": "http2"}


class Context:
    """What explaining a message needs: its body's framing and media type, and whether it has no head (HTTP/0.9)."""

    def __init__(self, framing: int, content_type: str, text: bool, bare: bool = False) -> None:
        self.framing = framing
        self.content_type = content_type
        self.text = text
        self.bare = bare


class Half:
    """Where one side stands: waiting for a head, or inside the body of `message`."""

    def __init__(self) -> None:
        self.message: Message | None = None
        self.framing: i64 = NO_BODY
        self.left: i64 = 0
        self.body_start: i64 = 0
        self.trailers = False
        self.missing: i64 = 0
        self.child: Child | None = None
        self.hints: Hints | None = None
        self.exchange = 0
        self.tunnel = False
        self.ending = "open"

    def reset(self) -> None:
        """Expect a head next."""
        self.message = None
        self.framing = NO_BODY
        self.left = 0
        self.trailers = False
        self.missing = 0
        self.child = None
        self.hints = None


class HttpConversation(Conversation):
    """Requests of the client and responses of the server, paired in order (RFC 9112 9.3)."""

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.halves = [Half(), Half()]
        self.unanswered: list[Message] = []
        self.first_unanswered = 0
        self.unasked = 0
        self.answers_lost = False
        self.handed_on: dict[int, Hints] = {}

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        half = self.halves[side]
        if half.tunnel:
            raise WaitForPeer(r.offset, "bytes after CONNECT belong to the tunnel if the server agrees")
        if half.message is None:
            self._head(side, half, r, out)
        elif half.framing == CHUNKED:
            self._chunks(half, r)
        else:
            self._plain(half, r)

    def _head(self, side: Side, half: Half, r: Reader, out: Sink) -> None:
        start = r.offset
        request = self._next_request() if side == SERVER else None
        if request is not None and not request.facts.get("http.request.version") and request.complete and _is_bare(r):
            self._bare_response(half, request, r, out)
            return
        head = scan_head(r, side == CLIENT) or read_head(r, side == CLIENT)
        framing = head.framing if has_body(head, request) else NO_BODY
        m = out.message(side, "request" if side == CLIENT else "response", start, r.offset, head.summary)
        if head.issues:
            m.issue = "; ".join(head.issues)
        m.facts = head.facts
        if framing != NO_BODY or side == SERVER:
            m.context = Context(framing, head.content_type, head.plain_text)
        if side == CLIENT:
            self.unanswered.append(m)
            half.tunnel = head.method == "CONNECT"
        elif request is not None:
            m.answers = request
        if side == SERVER:
            self._after_response_head(head, request, out)
        follows = framing != NO_BODY and (framing != LENGTH or head.length > 0)
        child: Child | None = None
        hints: Hints | None = None
        exchange = self._exchange(side, request)
        if head.content_type and (follows or head.content_type.startswith(TELLING)):
            hints = Hints(self.hints.transport, self.hints.server_port, self.hints.client_port, "", head.content_type)
            hints.details = head.headers
            child = out.derive(m, exchange, hints)
            if child is not None:
                child.tell(told_fields(head, r.data[start - r.base : r.pos]), m)
                if side == CLIENT:
                    self.handed_on[exchange] = hints
        asked: Hints | None = None
        if side == SERVER and self.handed_on and head.code >= 200:
            asked = self.handed_on.pop(exchange, None)
        if asked is not None and child is None:
            # an answer in another media type, such as an error page, concerns whoever reads the request
            other = out.derive(m, exchange, asked)
            if other is not None:
                other.tell(told_fields(head, r.data[start - r.base : r.pos]), m)
        if follows:
            m.complete = False
            half.message = m
            half.framing = framing
            half.left = head.length
            half.body_start = r.offset
            half.child = child
            half.hints = hints
            half.exchange = exchange
        elif child is not None:
            child.finish()

    def _exchange(self, side: Side, request: Message | None) -> int:
        """A number that a request and its response share."""
        if side == CLIENT:
            return len(self.unanswered)
        if request is not None:
            return self.first_unanswered
        self.unasked += 1
        return -self.unasked

    def _bare_response(self, half: Half, request: Message, r: Reader, out: Sink) -> None:
        """HTTP/0.9 answers with the body alone (RFC 1945 6)."""
        start = r.offset
        m = out.message(SERVER, "response", start, start, "HTTP/0.9 body")
        m.context = Context(CLOSE, "", False, bare=True)
        m.answers = request
        m.complete = False
        self.first_unanswered += 1
        half.message = m
        half.framing = CLOSE
        half.body_start = start
        self._plain(half, r)

    def _next_request(self) -> Message | None:
        if self.answers_lost:
            # without pipelining only the request sent last is still open
            self.first_unanswered = max(self.first_unanswered, len(self.unanswered) - 1)
            self.answers_lost = False
        index = self.first_unanswered
        return self.unanswered[index] if index < len(self.unanswered) else None

    def _after_response_head(self, head: Head, request: Message | None, out: Sink) -> None:
        """1xx responses leave the request open (RFC 9110 15.2); 101 and an accepted CONNECT end HTTP here."""
        method = request.facts.get("http.request.method") if request is not None else None
        if head.code == 101:
            token = head.header("upgrade").partition("/")[0].strip().lower()
            why = f"101 Switching Protocols to {token or 'an unnamed protocol'}"
            hints = Hints(
                self.hints.transport,
                self.hints.server_port,
                self.hints.client_port,
                UPGRADES.get(token, ""),
                "",
                why,
            )
            if hints.protocol == "http2" and request is not None:
                hints.message = request
                hints.details["http2-settings"] = str(request.facts.get("http.http2_settings", ""))
            elif hints.protocol == "websocket":
                hints.details = websocket_details(head, request)
            out.handover(hints)
        if 100 <= head.code < 200:
            return
        if request is not None:
            self.first_unanswered += 1
        if method == "CONNECT":
            self.halves[CLIENT].tunnel = False
            if 200 <= head.code < 300 and request is not None:
                target = str(request.facts.get("http.request.uri", ""))
                port = target.rpartition(":")[2]
                why = f"CONNECT {target} was accepted"
                out.handover(Hints("tcp", int(port) if port.isdecimal() and len(port) < 6 else 0, 0, "", "", why))

    def _plain(self, half: Half, r: Reader) -> None:
        """A body of known length, or up to the end of the connection: take what is there."""
        m = half.message
        assert m is not None
        count: i64 = r.left
        if half.framing == LENGTH and count > half.left:
            count = half.left
        start = r.offset
        r.skip("http.file_data", count)
        m.end = r.offset
        if r.holes:
            half.missing += r.missing(start, m.end)
        if half.child is not None:
            half.child.add(start, m.end)
        if half.framing == LENGTH:
            half.left -= count
            if half.left == 0:
                self._complete(half)

    def _chunks(self, half: Half, r: Reader) -> None:
        """All chunks that are there in full."""
        m = half.message
        assert m is not None
        first = r.pos
        while r.left:
            at = r.pos
            try:
                if half.trailers:
                    read_trailers(r)
                    m.end = r.offset
                    self._complete(half)
                    return
                start, size = read_chunk(r)
            except DecodeError:
                if at == first:
                    raise
                r.seek(at)
                return
            if size == 0:
                half.trailers = True
            elif half.child is not None:
                half.child.add(start, start + size)
            if r.holes:
                half.missing += r.missing(m.end, r.offset)
            m.end = r.offset

    def _complete(self, half: Half) -> None:
        m = half.message
        assert m is not None
        m.complete = True
        self._end(half, f"{half.missing} bytes of the body were never captured" if half.missing else "")

    def _end(self, half: Half, issue: str, ending: str = "fin") -> None:
        """No more of this message; `issue` says what is wrong with it, "" when nothing is."""
        m = half.message
        assert m is not None
        if issue:
            m.issue = issue if m.issue is None else f"{m.issue}; {issue}"
        if half.child is not None:
            half.child.finish(ending)
        half.reset()

    def finish(self, side: Side, offset: int, ending: str, out: Sink) -> None:
        half = self.halves[side]
        half.ending = ending
        m = half.message
        if m is None:
            return
        if half.framing == CLOSE and ending == "fin":
            self._complete(half)
            return
        how = {"fin": "the sender closed", "rst": "the connection was reset"}.get(ending, "the capture ends")
        if half.framing == LENGTH:
            total = offset - half.body_start + half.left
            issue = f"{how} after {offset - half.body_start} of {total} body bytes"
        elif half.framing == CHUNKED:
            issue = f"{how} before the last chunk"
        else:
            issue = f"{how}: the body may go on"
        self._tell_abort(half, m, out)
        self._end(half, issue, ending)

    def _tell_abort(self, half: Half, m: Message, out: Sink) -> None:
        """Whoever reads an unfinished response is told that the client had gone, as far as the ends tell."""
        request, hints, gone = m.answers, half.hints, self.halves[CLIENT].ending
        if half.child is None or request is None or hints is None or half.ending == "fin":
            return
        if gone in ("fin", "rst"):
            asker = out.derive(request, half.exchange, hints)
            if asker is not None:
                asker.tell({":reset": gone.upper()}, request)

    def incomplete(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        half = self.halves[side]
        if half.tunnel:
            half.tunnel = False
            out.handover(Hints("tcp", why="bytes after CONNECT, whose answer is missing"))
            return None
        if half.message is not None:
            return self._partial_body(half, r, error)
        if isinstance(error, Malformed):
            return None
        if not r.data[r.pos : r.end].strip(b"\r\n"):
            error.reason = "an empty line behind the message, which receivers may ignore (RFC 9112 2.2)"
            return None
        return self._partial_head(side, r, error, out)

    def _partial_body(self, half: Half, r: Reader, error: DecodeError) -> Message | None:
        """A chunked body that ends in the middle, at a hole, or that makes no sense any more."""
        m = half.message
        assert m is not None
        if isinstance(error, Malformed):
            self._end(half, f"body stops making sense at byte {error.offset}: {error.reason}")
            return None
        try:
            if not half.trailers:
                start, size = read_chunk(r, partial=True)
                if half.child is not None:
                    half.child.add(start, start + size)
        except DecodeError:
            pass  # a size line that is cut is part of the body all the same
        r.seek(r.end)
        m.end = r.offset
        if isinstance(error, HoleError):
            self._end(half, "the body ends at a hole before its last chunk")
        return m

    def _partial_head(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        """A head that ends too early: what its start line says counts."""
        start = r.offset
        rest = r.data[r.pos : r.end]
        if recognise(rest[:4096], side, self.hints).strength != STRONG:
            error.reason = f"{'no request' if side == CLIENT else 'no status'} line: starts with {rest[:16]!r}"
            return None
        head = Head(side == CLIENT)
        try:
            skip_blank_lines(r)
            if side == CLIENT:
                request_line(r, head)
            else:
                status_line(r, head)
            summary = head_summary(head)
        except DecodeError:
            summary = _cut_start_line(rest.lstrip(b"\r\n")[:MAX_SHOWN].split(b"\n")[0].decode("latin-1").strip(), head)
        r.seek(r.end)
        m = out.message(side, "request" if side == CLIENT else "response", start, r.offset, summary)
        m.issue = "the bytes end before the head does"
        m.complete = False
        m.facts = {name: value for name, value in head_facts(head).items() if value}
        if side == CLIENT:
            self.unanswered.append(m)
        else:
            m.answers = self._next_request()
            if m.answers is not None and not 100 <= head.code < 200:
                self.first_unanswered += 1
        return m

    def lost(self, side: Side) -> None:
        if side == SERVER:
            self.answers_lost = True

    def resync(self, side: Side, data: bytes, pos: int) -> int:
        if side == SERVER:
            return data.find(b"HTTP/1.", pos)
        at = pos
        while True:
            at = data.find(b" HTTP/1.", at)
            if at < 0:
                return -1
            line = data.rfind(b"\n", pos, at) + 1 or pos
            if data[line:at].split(b" ")[0] in METHODS:
                return line
            at += 8


def _cut_start_line(line: str, head: Head) -> str:
    """What a start line says that ends too early; returns it as it is."""
    words = line.split(" ")
    if head.is_request:
        head.method = words[0]
        head.target = words[1] if len(words) > 1 else ""
    else:
        head.version = words[0]
        if len(words) > 1 and len(words[1]) == 3 and words[1].isdecimal():
            head.code = int(words[1])
    return line


def _is_bare(r: Reader) -> bool:
    """Whether what answers an HTTP/0.9 request has no status line."""
    have = r.data[r.pos : min(r.limit, r.pos + 5)]
    if len(have) < 5 and b"HTTP/".startswith(have):
        r.peek(5)
    return have != b"HTTP/"


def read_chunk(r: Reader, partial: bool = False) -> tuple[int, int]:
    """One chunk with its size line (RFC 9112 7.1): offset and length of its data, length 0 for the last chunk.

    With `partial` the data may end where the bytes end.
    """
    r.begin("http.chunk")
    length = line_length(r, MAX_CHUNK_LINE)
    line = r.data[r.pos : r.pos + length]
    digits: i64 = len(line) - len(line.lstrip(b"0123456789abcdefABCDEF"))
    if not digits:
        raise r.malformed(f"no chunk size: the line starts with {line[:16]!r}")
    if digits > 15:
        raise r.malformed(f"a chunk size of {digits} hex digits")
    size = r.number("http.chunk_size", digits, 16)
    if digits < length:
        r.skip("http.chunk_extension", length - digits)
    r.skip("http.line_end", 2 if r.data[r.pos] == 13 else 1)
    start = r.offset
    if partial and size >= r.left:
        size = r.left
        r.skip("http.chunk_data", size)
        r.note("the chunk ends too early")
    elif size:
        r.skip("http.chunk_data", size)
        end = r.peek_u8()
        if end == 13:
            if r.peek(2)[1] != 10:
                raise r.malformed("no line end after the chunk data")
            r.skip("http.chunk_boundary", 2)
        elif end == 10:
            r.skip("http.chunk_boundary", 1)
        else:
            raise r.malformed("no line end after the chunk data")
    r.close(size)
    return start, size


def read_trailers(r: Reader) -> None:
    """Trailer lines after the last chunk, up to and with the empty line (RFC 9112 7.1.2)."""
    read_header_section(r, Head(False), "http.chunked_trailer_part")


def has_body(head: Head, request: Message | None) -> bool:
    """Whether a body may follow this head at all (RFC 9112 6.3, rules 1 and 2)."""
    if head.is_request:
        return head.method != "CONNECT"
    if 100 <= head.code < 200 or head.code == 204 or head.code == 304:
        return False
    method = request.facts.get("http.request.method") if request is not None else None
    return method != "HEAD" and not (method == "CONNECT" and 200 <= head.code < 300)


def told_fields(head: Head, raw: bytes) -> dict[str, str]:
    """The header fields of a head as HTTP/2 would name them, for the protocol that reads the body."""
    fields: dict[str, str] = {}
    if head.is_request:
        fields[":method"] = head.method
        fields[":path"] = head.target
    else:
        fields[":status"] = str(head.code)
    for line in raw.decode("latin-1").split("\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            name = name.strip().lower()
            value = value.strip()
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def websocket_details(head: Head, request: Message | None) -> dict[str, str]:
    """What an upgrade said about the WebSocket (RFC 6455 4.2): the key is the client's, the rest the server's."""
    details = {name: value for name, value in head.headers.items() if name.startswith("sec-websocket-")}
    if request is not None:
        details["sec-websocket-key"] = str(request.facts.get("http.sec_websocket_key", ""))
    return details


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """A request line or a status line at the start."""
    data = prefix.lstrip(b"\r\n")
    if side == SERVER:
        if data.startswith(b"HTTP/1.") and len(data) >= 9:
            return Verdict("http", STRONG, f'starts with a status line, "{_shown(data)}"')
        if data and b"HTTP/1.".startswith(data[:7]):
            return Verdict("http", MORE, "may become a status line")
        return Verdict("http", NONE, "no status line")
    word, space, rest = data[: LONGEST_METHOD + 1].partition(b" ")
    if not word or word.strip(TOKEN):
        return Verdict("http", NONE, "no method at the start")
    if not space:
        return Verdict("http", MORE if len(data) <= LONGEST_METHOD else NONE, "may become a method")
    if word == b"PRI":
        return Verdict("http", NONE, "PRI opens HTTP/2, not HTTP/1")
    if word in METHODS and rest:
        return Verdict("http", STRONG, f'starts with a method, a space and a target, "{_shown(data)}"')
    line = data.partition(b"\n")[0]
    if b" HTTP/1." in line[len(word) :]:
        return Verdict("http", STRONG, f'the first line ends in an HTTP version, "{_shown(data)}"')
    return Verdict("http", MORE if line == data and len(data) < 4096 else NONE, "no known method")


def _shown(data: bytes) -> str:
    return data[:40].partition(b"\n")[0].decode("latin-1").strip()


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """The head field by field, then the body as it was framed."""
    context = message.context
    if not (isinstance(context, Context) and context.bare):
        read_head(r, message.side == CLIENT)
    framing = context.framing if isinstance(context, Context) else NO_BODY
    if framing == CHUNKED:
        _explain_chunks(message, r)
    elif r.left:
        _explain_plain(message, r, isinstance(context, Context) and context.text and not r.holes)


def _explain_plain(message: Message, r: Reader, is_text: bool) -> None:
    """A body in one piece."""
    codings = codings_in(message)
    header = str(message.facts.get("http.content_type", ""))
    text = text_of(r.data[r.pos : r.end], header) if is_text and not codings else None
    if text is None:
        r.skip("http.coded_data" if codings else "http.file_data", r.left)
    elif is_utf8(header):
        r.text("http.file_data", r.left)
    else:
        r.known("http.file_data", r.left, text)
    if isinstance(r, Recorder):
        hand_on(r, r.last, None, header, codings)


def codings_in(message: Message) -> list[str]:
    """The codings of a message's body, as its headers tell, outermost first."""
    facts = message.facts
    if "http.content_encoding" not in facts and "http.transfer_encoding" not in facts:
        return []
    return codings_of(str(facts.get("http.content_encoding", "")), str(facts.get("http.transfer_encoding", "")))


def _explain_chunks(message: Message, r: Reader) -> None:
    ranges: list[tuple[int, int]] = []
    last = False
    problem: DecodeError | None = None
    while r.left and not last:
        try:
            start, size = read_chunk(r, not message.complete)
        except DecodeError as error:
            problem = error
            break
        if size:
            ranges.append((start, start + size))
        last = size == 0
    if isinstance(r, Recorder) and ranges:
        name = f"{message.buffer.name}/body at {message.start}"
        header = str(message.facts.get("http.content_type", ""))
        attach_body(r, message.buffer, name, ranges, header, codings_in(message))
    if problem is not None:
        raise problem
    if last and r.left:
        read_trailers(r)


PROTOCOL = Protocol(
    name="http",
    title="HTTP/1.x",
    spec="RFC 9112",
    recognise=recognise,
    conversation=HttpConversation,
    explain=explain,
    ports=(80, 8000, 8080, 8888),
)
