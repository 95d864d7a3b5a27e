"""gRPC, gRPC-Web and Connect. Spec: grpc/grpc, doc/PROTOCOL-HTTP2.md and doc/PROTOCOL-WEB.md; connectrpc.com"""

from typing import Final

from inspector.model.buffer import Buffer, Slices, made_from
from inspector.model.errors import DecodeError, HoleError, Truncated
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.model.verdict import NONE, STRONG, Verdict
from inspector.protocols.base import Conversation, Hints, Protocol, Sink
from inspector.protocols.grpc_call import (
    BARE,
    CONNECT,
    GRPC,
    MAX_BLOCKS,
    MAX_KEPT,
    MAX_TEXT,
    WEB,
    WEB_TEXT,
    Block,
    Call,
    codec_of,
    encoding_of,
    percent_decoded,
    seconds_between,
    status_name,
    style_of,
    timeout_nanoseconds,
    timeout_words,
)
from inspector.protocols.grpc_explain import Piece, explain
from inspector.protocols.grpc_frame import (
    COMPRESSED,
    END,
    MAX_MESSAGE,
    PREFIX,
    TRAILERS,
    chain,
    check_flags,
    codec_in,
    inflated,
    starts_plausibly,
)
from inspector.protocols.grpc_guess import guess_method
from inspector.protocols.grpc_web import (
    MAX_ENDING,
    Base64Run,
    Ending,
    Query,
    query_of,
    read_end_of_stream,
    read_error,
    read_trailers,
)
from inspector.protocols.protobuf_read import sound_end
from inspector.protocols.protobuf_summary import short_text, summarise
from inspector.protocols.protobuf_wire import LEN, Wire
from inspector.schema.proto import ProtoMessage
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader

MAX_LOOKED_AT: Final = 64 * 1024
"""Bytes that a compressed message is inflated to for its line in a list."""
MAX_SEARCHED: Final = 64 * 1024
"""Bytes in which a message is looked for after a hole."""
MAX_GUESSED_FROM: Final = 8
"""Messages of each side that a method is guessed from."""

REFLECTION: Final = "/grpc.reflection."


class GrpcConversation(Conversation):
    """One call: the messages of both sides of one stream, or of one HTTP/1 request and its response."""

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.call: Call | None = None
        self.style = style_of(hints.content_type)
        self.codec = codec_of(hints.content_type)
        self.skips: list[int] = [0, 0] if self.style == WEB_TEXT else []
        self.bare: list[Message | None] = [None, None] if self.style == BARE else []
        self.learns = False
        self.refused: Message | None = None
        self.refusal = b""

    # header fields

    def told(self, side: Side, fields: dict[str, str], message: Message, out: Sink) -> None:
        call = self.call
        if call is None:
            call = self._open(side, message, out)
        if len(call.blocks) < MAX_BLOCKS and ":reset" not in fields:
            call.blocks.append(Block(fields, message))
        path, _, query = fields.get(":path", "").partition("?")
        if path and not call.path and side == CLIENT:
            call.called(path, self.schemas.proto.method(path))
            self.learns = path.startswith(REFLECTION)
            timeout = fields.get("grpc-timeout") or fields.get("connect-timeout-ms")
            if timeout:
                call.row.facts["grpc.timeout"] = timeout
        encoding = encoding_of(fields, call.style)
        if encoding and side == CLIENT:
            call.request_encoding = encoding
        elif encoding:
            call.response_encoding = encoding
        asked = query_of(query) if side == CLIENT and query and call.style == BARE else None
        if asked is not None:
            self._ask_in_query(call, asked, message, out)
        reset = fields.get(":reset")
        if reset is not None:
            self._reset(call, side, reset, message)
        elif side == SERVER:
            call.answered = True
            self._status(call, fields, message)
        call.update()

    def _ask_in_query(self, call: Call, query: Query, message: Message, out: Sink) -> None:
        """Connect's calls by GET carry the message in the target."""
        call.codec = query.codec
        call.request_encoding = query.compression
        m = out.message(CLIENT, "message", 0, 0, "")
        name = f"{message.buffer.name}/message in the target at {message.start}"
        m.buffer = made_from(message.buffer, message.start, message.end, query.message, name)
        m.end = len(query.message)
        m.packet = message.packet
        m.time = message.time
        m.parent = call.row
        m.context = call
        flags = COMPRESSED if query.compression not in ("", "identity") else 0
        m.facts = facts_of(m.end, flags, call.type_of(CLIENT))
        self._message(call, CLIENT, flags, query.message, m)

    def _open(self, side: Side, message: Message | None, out: Sink, start: int = 0) -> Call:
        """The row that holds the call together: its first header fields, or the `start` of its first message."""
        row = out.message(side, "call", start, start, "")
        if message is not None:
            name = f"{row.buffer.name}/call"
            row.buffer = Buffer(name, Slices([(message.start, message.end)]), parent=message.buffer)
            row.end = message.length
            row.packet = message.packet
            row.time = message.time
        call = Call(row, self.style, self.codec)
        call.said = self.schemas.proto.chosen
        row.context = call
        row.issue = "no status was seen"
        self.call = call
        return call

    def _status(self, call: Call, fields: dict[str, str], message: Message) -> None:
        """Trailers, or a response that is nothing else (PROTOCOL-HTTP2.md, "Responses")."""
        text = fields.get("grpc-status", "")
        if text.isascii() and text.isdecimal() and len(text) < 10:
            self._outcome(call, int(text), percent_decoded(fields.get("grpc-message", "")), message)
        elif fields.get(":status", "200")[:1] not in ("1", "2"):
            if call.style == BARE:
                self.refusal = b""
                self.refused = message
            call.reset = f"HTTP status {fields[':status']} instead of a gRPC status"
            call.row.issue = call.reset
            call.ended = message
        elif call.style == BARE and ":status" in fields:
            self._outcome(call, 0, "", message)
        call.hidden = call.status < 0 and _has_unknown(fields)
        if call.hidden:
            call.row.issue = "the status may lie in header fields that were inserted before the capture"

    def _outcome(self, call: Call, status: int, text: str, message: Message) -> None:
        call.status = status
        call.ended = message
        call.text = text[:MAX_TEXT]
        facts = call.row.facts
        facts["grpc.status"] = status
        facts["grpc.status.name"] = status_name(status)
        if text:
            facts["grpc.status.message"] = call.text
        facts["grpc.duration"] = seconds_between(call.row.time, message.time)
        call.row.issue = None

    def _reset(self, call: Call, side: Side, name: str, message: Message) -> None:
        if call.status >= 0:
            return
        facts = call.row.facts
        call.reset = f"{'cancelled by the client' if side == CLIENT else 'reset by the server'} ({name})"
        timeout = timeout_nanoseconds(str(facts.get("grpc.timeout", "")))
        if side == CLIENT and timeout and message.time - call.row.time >= timeout:
            call.reset = f"deadline of {timeout_words(str(facts['grpc.timeout']))} passed, {call.reset}"
        facts["grpc.reset"] = name
        call.ended = message
        facts["grpc.duration"] = seconds_between(call.row.time, message.time)
        call.row.issue = None

    # messages

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        if self.style == GRPC:
            self._framed(side, r, out)
        elif self.style == WEB_TEXT:
            self._text(side, r, out)
        elif self.style == BARE:
            self._bare(side, r, out)
        else:
            self._framed(side, r, out)

    def _framed(self, side: Side, r: Reader, out: Sink) -> None:
        """Length-Prefixed-Message: flags, four bytes of length, and the message (PROTOCOL-HTTP2.md, "Requests")."""
        start = r.offset
        flags = r.u8("grpc.compressed_flag")
        check_flags(r, flags, self.style)
        length = r.u32("grpc.message_length")
        if length > MAX_MESSAGE:
            raise r.malformed(f"a message of {length} bytes is longer than {MAX_MESSAGE}")
        at = r.pos
        r.skip("grpc.message_data", length)
        missing = r.missing(start + PREFIX, r.offset) if r.holes else 0
        m = self._report(side, start, r.offset, flags, r.data[at : r.pos], out)
        if missing:
            m.issue = f"{missing} bytes of this message were never captured"

    def _text(self, side: Side, r: Reader, out: Sink) -> None:
        """The same as base64: messages may share the four characters in which one ends and the next begins."""
        run = Base64Run(r)
        start = r.offset
        skip = self.skips[side]
        run.want(skip + PREFIX)
        flags = run.data[skip]
        check_flags(r, flags, self.style)
        length = int.from_bytes(run.data[skip + 1 : skip + PREFIX], "big")
        if length > MAX_MESSAGE:
            raise r.malformed(f"a message of {length} bytes is longer than {MAX_MESSAGE}")
        last = skip + PREFIX + length
        run.want(last)
        end, following, self.skips[side] = run.place(last)
        base = r.pos
        r.skip("grpc.web_text", end)
        m = self._report(side, start, r.offset, flags, run.data[skip + PREFIX : last], out)
        m.context = Piece(self._current(), skip)
        r.seek(base + following)

    def _bare(self, side: Side, r: Reader, out: Sink) -> None:
        """Connect's unary calls have no prefix: the body is the message."""
        if side == SERVER and self.refused is not None:
            room = MAX_ENDING - len(self.refusal)
            self.refusal += r.take("grpc.message_data", r.left)[: max(room, 0)]
            return
        m = self.bare[side]
        if m is None:
            m = self._report(side, r.offset, r.offset, 0, b"", out)
            m.complete = False
            self.bare[side] = m
        r.skip("grpc.message_data", r.left)
        m.end = r.offset

    def _current(self) -> Call:
        call = self.call
        assert call is not None
        return call

    def _report(self, side: Side, start: int, end: int, flags: int, payload: bytes, out: Sink) -> Message:
        call = self.call
        if call is None:
            call = self._open(side, None, out, start)
            call.update()
        ends = flags & (TRAILERS if call.style in (WEB, WEB_TEXT) else END if call.style == CONNECT else 0)
        m = out.message(side, "trailers" if ends else "message", start, end, "")
        if m.parent is not None:
            m.parent = call.row
        m.context = call
        message = call.type_of(side) if not ends else None
        m.facts = facts_of(len(payload), flags & COMPRESSED, message)
        if ends:
            self._ending(call, side, flags, payload, m)
        else:
            self._message(call, side, flags, payload, m)
        return m

    def _message(self, call: Call, side: Side, flags: int, payload: bytes, m: Message) -> None:
        if side == CLIENT:
            call.requests += 1
            call.asked = m
        else:
            call.responses += 1
            if not _is_bidirectional(call):
                m.answers = call.asked
            if not call.answered:
                call.answered = True
                call.update()
        if not call.path:
            self._keep(call, m)
        if self.learns and side == SERVER:
            self._learn(payload if not flags & COMPRESSED else inflated(call, side, payload).data)
        summarise_message(call, side, flags, payload, m)

    def _keep(self, call: Call, m: Message) -> None:
        """Remember a message until its method is guessed."""
        if call.kept is None:
            call.kept = [m]
        elif len(call.kept) < MAX_KEPT:
            call.kept.append(m)

    def _ending(self, call: Call, side: Side, flags: int, payload: bytes, m: Message) -> None:
        data = inflated(call, side, payload, MAX_LOOKED_AT).data if flags & COMPRESSED else payload
        ending: Ending = read_end_of_stream(data) if call.style == CONNECT else read_trailers(data)
        if ending.status >= 0 and side == SERVER:
            self._outcome(call, ending.status, ending.text, m)
        name = "end of stream" if call.style == CONNECT else "trailers"
        said = f"{status_name(ending.status)}{': ' if ending.text else ''}{ending.text}" if ending.status >= 0 else ""
        m.summary = f"{name} {said or short_text(data[:200].decode('latin-1'))}"
        call.update()

    def _learn(self, payload: bytes) -> None:
        """A reflection response may hold serialised FileDescriptorProtos (reflection.proto, field 4.1)."""
        files: list[bytes] = []
        wire = Wire(payload, 0, len(payload))
        while wire.tag():
            if wire.number != 4 or wire.wire != LEN:
                wire.skip()
                continue
            start = wire.block()
            inner = Wire(payload, start, wire.pos)
            while not wire.broken and inner.tag():
                if inner.number == 1 and inner.wire == LEN:
                    at = inner.block()
                    if not inner.broken:
                        files.append(payload[at : inner.pos])
                else:
                    inner.skip()
        if files:
            self.schemas.proto.learn(files)

    # ends and losses

    def finish(self, side: Side, offset: int, ending: str, out: Sink) -> None:
        call = self.call
        if call is None:
            return
        if side == SERVER and self.refused is not None:
            refusal = read_error(self.refusal)
            if refusal.status >= 0:
                self._outcome(call, refusal.status, refusal.text, self.refused)
                call.reset = ""
                call.update()
            self.refused = None
        m = self.bare[side] if self.bare else None
        if m is not None:
            self.bare[side] = None
            payload = m.buffer.read(m.start, m.end)
            m.complete = True
            flags = COMPRESSED if call.encoding(side) not in ("", "identity") else 0
            m.facts = facts_of(len(payload), flags, call.type_of(side))
            summarise_message(call, side, flags, payload, m)
        if side == SERVER and not call.path and call.method is None:
            self._guess(call)
            call.update()

    def _guess(self, call: Call) -> None:
        """Whose types fit the messages, where no header field told the method."""
        payloads: list[tuple[Side, bytes]] = []
        counts = [0, 0]
        kept = call.kept or []
        for m in kept:
            if counts[m.side] < MAX_GUESSED_FROM and m.complete and not m.facts["grpc.compressed_flag"]:
                counts[m.side] += 1
                payloads.append((m.side, m.buffer.read(m.start + PREFIX, min(m.end, m.start + MAX_LOOKED_AT))))
        found = guess_method(self.schemas.proto.methods(), payloads) if payloads else None
        if found is None:
            return
        call.called("", found.method)
        call.guess = f"{found.confidence:.2f}: {found.reason}"
        call.row.facts["grpc.guess"] = call.guess
        for m in kept:
            flags = COMPRESSED if m.facts["grpc.compressed_flag"] else 0
            length = m.facts["grpc.message_length"]
            assert isinstance(length, int)
            m.facts = facts_of(length, flags, call.type_of(m.side))
            summarise_message(call, m.side, flags, m.buffer.read(m.start + PREFIX, m.end), m)
        call.kept = None

    def incomplete(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        if self.style not in (GRPC, WEB, CONNECT) or not isinstance(error, Truncated | HoleError):
            return None
        start, at = r.offset, r.pos
        have = r.limit - at
        if have < PREFIX:
            return None
        flags = r.u8("grpc.compressed_flag")
        length = r.u32("grpc.message_length")
        r.seek(r.end)
        payload = r.data[at + PREFIX : r.end]
        m = self._report(side, start, r.offset, flags, payload, out)
        m.facts = facts_of(length, flags & COMPRESSED, call_type(m))
        m.complete = False
        m.issue = f"{len(payload)} of {length} bytes of this message are there"
        return m

    def resync(self, side: Side, data: bytes, pos: int) -> int:
        if self.style == WEB_TEXT or self.style == BARE or not self.over:
            return -1
        for at in range(pos, min(len(data) - PREFIX, pos + MAX_SEARCHED) + 1):
            if data[at] <= COMPRESSED and chain(data, at) > 0:
                return at
        return -1


_facts: Final[dict[tuple[int, int, str], dict[str, object]]] = {}
MAX_FACTS: Final = 8192
"""Different facts remembered: most messages of a type have the same few lengths."""


def facts_of(length: int, flag: int, message: ProtoMessage | None) -> dict[str, object]:
    """What lists and filters ask of a message; shared by those that are alike, so it is not to be changed."""
    name = message.name if message is not None else ""
    key = (length, flag, name)
    found = _facts.get(key)
    if found is None:
        found = {"grpc.message_length": length, "grpc.compressed_flag": flag}
        if name:
            found["protobuf.message.name"] = name
        if len(_facts) >= MAX_FACTS:
            _facts.clear()
        _facts[key] = found
    return found


def call_type(m: Message) -> ProtoMessage | None:
    """The type of a message of a call."""
    return m.context.type_of(m.side) if isinstance(m.context, Call) and m.kind == "message" else None


def _has_unknown(fields: dict[str, str]) -> bool:
    """Whether there are header fields whose names were inserted before the capture."""
    for name in fields:  # noqa: SIM110 (a loop is faster when compiled)
        if name.startswith("<"):
            return True
    return False


def _is_bidirectional(call: Call) -> bool:
    method = call.method
    return method is not None and method.client_streams and method.server_streams


def summarise_message(call: Call, side: Side, flags: int, payload: bytes, m: Message) -> None:
    """Give a message its line: the method with what it was called with, or what came back."""
    message = call.type_of(side)
    if flags & COMPRESSED:
        found = inflated(call, side, payload, MAX_LOOKED_AT)
        if found.problem and not found.data:
            text = f"{len(payload)} bytes compressed with {call.encoding(side) or 'an unknown coding'}"
            m.summary = f"{call.name}({text})" if side == CLIENT else f"→ {text}"
            return
        payload = found.data
    codec = codec_in(call, payload)
    if codec == "proto":
        fields = summarise(payload, 0, len(payload), message)
        text = f"({fields})"
        if fields.endswith("…") and m.complete:
            good, reason = sound_end(payload, 0, len(payload))
            if reason:
                m.issue = f"no protobuf from byte {good} of the message on: {reason}"
    elif codec == "json":
        text = f"({payload[:MAX_SHOWN].decode('utf-8', 'replace')}{'…' if len(payload) > MAX_SHOWN else ''})"
    else:
        text = f"({len(payload)} bytes of {codec})"
    if side == CLIENT:
        m.summary = call.name + text
    else:
        m.summary = f"→ {message.short}{text}" if message is not None else f"→ {text}"


MAX_SHOWN: Final = 100
"""Characters of JSON in a summary."""


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """Length-prefixed messages one after the other, in a stream of which nobody knows what it carries."""
    if not hints.sample:
        return Verdict("grpc", NONE, "gRPC travels in HTTP/2 streams and HTTP bodies")
    count = chain(prefix, 0)
    if count:
        messages = "one length-prefixed message" if count == 1 else f"{count} length-prefixed messages"
        return Verdict("grpc", STRONG, f"the bytes are exactly {messages}: {prefix[:PREFIX].hex(' ')} …")
    if starts_plausibly(prefix):
        length = int.from_bytes(prefix[1:PREFIX], "big")
        return Verdict("grpc", STRONG, f"a flag, the length {length} and the start of a protobuf message")
    return Verdict("grpc", NONE, "no length-prefixed message at the start")


PROTOCOL = Protocol(
    name="grpc",
    title="gRPC",
    spec="grpc/grpc, doc/PROTOCOL-HTTP2.md",
    recognise=recognise,
    conversation=GrpcConversation,
    explain=explain,
    content_types=(
        "application/grpc",
        "application/grpc+*",
        "application/grpc-web*",
        "application/connect+*",
        "application/proto",
    ),
)
