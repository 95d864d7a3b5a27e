"""HTTP/1.x. Spec: RFC 9112 (messages), RFC 9110 (semantics), RFC 1945 (HTTP/0.9 and 1.0)."""

from collections import deque
from typing import Final

from inspector.model.errors import DecodeError, Malformed, WaitForPeer
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, SIDE_NAMES, Side
from inspector.model.verdict import STRONG
from inspector.protocols.base import Child, Conversation, Hints, Protocol, Sink
from inspector.protocols.http_detect import find_head, recognise, sender
from inspector.protocols.http_explain import Context, explain
from inspector.protocols.http_half import Half
from inspector.protocols.http_head import CLOSE, LENGTH, NO_BODY, Head, has_body, head_facts, head_summary, scan_head
from inspector.protocols.http_lines import read_head, request_line, skip_blank_lines, status_line
from inspector.schema.registry import Schemas
from inspector.wire.media import CONNECT_FIELD, JSON_TYPE, is_connect_answer
from inspector.wire.reader import Reader

MAX_SHOWN: Final = 200
"""Characters shown of a start line that is cut."""
TELLING: Final = "application/grpc"
"""Media types of messages whose header fields say something to the protocol above even without a body."""
UPGRADES: Final = {"websocket": "websocket", "h2c": "http2"}


class HttpConversation(Conversation):
    """Requests of the client and responses of the server, paired in order (RFC 9112 9.3)."""

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.halves = [Half(), Half()]
        self.unanswered: deque[Message] = deque()
        self.asked = 0
        self.answered = 0
        self.unasked = 0
        self.answers_lost = False
        self.handed_on: dict[int, Hints] = {}
        self.derived: deque[int] = deque()

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        half = self.halves[side]
        if half.tunnel:
            raise WaitForPeer(r.offset, "bytes after CONNECT belong to the tunnel if the server agrees")
        if half.message is None:
            self._head(side, half, r, out)
        else:
            half.read(r)

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
            self._ask(m)
            half.tunnel = head.method == "CONNECT"
        elif request is not None:
            m.answers = request
        if side == SERVER:
            self._after_response_head(head, request, out)
        follows = framing != NO_BODY and (framing != LENGTH or head.length > 0)
        exchange = self._exchange(side, request)
        if self.derived and head.code >= 200:
            self._forget_before(exchange, out)
        child: Child | None = None
        if head.content_type and (follows or head.content_type.startswith(TELLING)):
            child = self._hand_on(head, m, request, exchange, r, out)
        if side == SERVER and self.handed_on and head.code >= 200:
            asked = self.handed_on.pop(exchange, None)
            if asked is not None and child is None:
                child = self._answer_asker(head, m, asked, exchange, r, out)
        if follows:
            half.begin(m, framing, head.length, r.offset, child)
        elif child is not None:
            child.finish()

    def _hand_on(
        self, head: Head, m: Message, request: Message | None, exchange: int, r: Reader, out: Sink
    ) -> Child | None:
        """Who reads the body, told of the header fields, which end at `r`."""
        hints = Hints(self.hints.transport, self.hints.server_port, self.hints.client_port, "", head.content_type)
        hints.details = head.headers
        if head.is_request and head.content_type == JSON_TYPE and CONNECT_FIELD.encode() in head_of(m, r).lower():
            hints.protocol = "grpc"
        child = out.derive(m, exchange, hints)
        if child is None:
            return None
        if request is not None and request.facts.get("http.request.method") == "GET":
            self._tell_get(request, exchange, hints, out)
        if not self.derived or exchange not in (self.derived[0], self.derived[-1]):
            self.derived.append(exchange)
        child.tell(told_fields(head, head_of(m, r)), m)
        if head.is_request:
            self.handed_on[exchange] = hints
        return child

    def _answer_asker(self, head: Head, m: Message, asked: Hints, exchange: int, r: Reader, out: Sink) -> Child | None:
        """An answer in another media type, such as an error page, concerns whoever reads the request."""
        other = out.derive(m, exchange, asked)
        if other is None:
            return None
        other.tell(told_fields(head, head_of(m, r)), m)
        return other if is_connect_answer(asked.content_type, head.content_type) else None

    def _tell_get(self, request: Message, exchange: int, hints: Hints, out: Sink) -> None:
        """The answer's media type tells who reads it; what was asked for stood in the target."""
        asker = out.derive(request, exchange, hints)
        if asker is not None:
            asker.tell({":method": "GET", ":path": str(request.facts.get("http.request.uri", ""))}, request)
            asker.finish()

    def _exchange(self, side: Side, request: Message | None) -> int:
        """A number that a request and its response share."""
        if side == CLIENT:
            return self.asked
        if request is not None:
            return self.answered
        self.unasked += 1
        return -self.unasked

    def _forget_before(self, exchange: int, out: Sink) -> None:
        """Responses come in order: those before this one are complete, and so are their requests."""
        while self.derived:
            first = self.derived[0]
            if first == exchange or ((first > 0) == (exchange > 0) and abs(first) > abs(exchange)):
                return
            out.forget(self.derived.popleft())

    def _ask(self, m: Message) -> None:
        """A request waits for its response."""
        self.unanswered.append(m)
        self.asked += 1

    def _answer(self) -> None:
        """The request that waits longest has its response."""
        self.unanswered.popleft()
        self.answered += 1

    def _bare_response(self, half: Half, request: Message, r: Reader, out: Sink) -> None:
        """HTTP/0.9 answers with the body alone (RFC 1945 6)."""
        start = r.offset
        m = out.message(SERVER, "response", start, start, "HTTP/0.9 body")
        m.context = Context(CLOSE, "", False, bare=True)
        m.answers = request
        self._answer()
        half.begin(m, CLOSE, 0, start, None)
        half.read(r)

    def _next_request(self) -> Message | None:
        if self.answers_lost:
            # without pipelining only the request sent last is still open
            while len(self.unanswered) > 1:
                self._answer()
                self.handed_on.pop(self.answered, None)
            self.answers_lost = False
        return self.unanswered[0] if self.unanswered else None

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
            self._answer()
        if method == "CONNECT":
            self.halves[CLIENT].tunnel = False
            if 200 <= head.code < 300 and request is not None:
                target = str(request.facts.get("http.request.uri", ""))
                port = target.rpartition(":")[2]
                why = f"CONNECT {target} was accepted"
                out.handover(Hints("tcp", int(port) if port.isdecimal() and len(port) < 6 else 0, 0, "", "", why))

    def finish(self, side: Side, offset: int, ending: str, out: Sink) -> None:
        half = self.halves[side]
        if half.message is None:
            return
        who, how = out.ended_first()
        if half.framing == CLOSE and ending == "fin" and how == "fin":
            half.complete()
            return
        words = {"fin": "closed the connection", "rst": "reset the connection"}
        half.ended(f"the {SIDE_NAMES[who]} {words[how]}" if how else "the capture ends", offset, ending)

    def incomplete(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        half = self.halves[side]
        if half.tunnel:
            half.tunnel = False
            out.handover(Hints("tcp", why="bytes after CONNECT, whose answer is missing"))
            return None
        if half.message is not None:
            return half.cut_short(r, error)
        if isinstance(error, Malformed):
            return None
        if not r.data[r.pos : r.end].strip(b"\r\n"):
            error.reason = "an empty line behind the message, which receivers may ignore (RFC 9112 2.2)"
            return None
        return self._partial_head(side, r, error, out)

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
            self._ask(m)
        else:
            m.answers = self._next_request()
            if m.answers is not None and not 100 <= head.code < 200:
                self._answer()
        return m

    def lost(self, side: Side) -> None:
        if side == SERVER:
            self.answers_lost = True

    def resync(self, side: Side, data: bytes, pos: int) -> int:
        return find_head(side, data, pos)


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


def head_of(m: Message, r: Reader) -> bytes:
    """The head of a message, behind which `r` stands."""
    return r.data[m.start - r.base : r.pos]


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


PROTOCOL = Protocol(
    name="http",
    title="HTTP/1.x",
    spec="RFC 9112",
    recognise=recognise,
    conversation=HttpConversation,
    explain=explain,
    ports=(80, 8000, 8080, 8888),
    sender=sender,
    quick=True,
)
