"""Apache Thrift: binary, compact and JSON messages, framed, with THeader or bare; SASL. Spec: thrift/doc/specs"""

from typing import Final

from inspector.model.buffer import made_from
from inspector.model.errors import DecodeError, Truncated
from inspector.model.message import Message
from inspector.model.sides import CLIENT, Side
from inspector.model.verdict import NONE
from inspector.protocols.base import Conversation, Hints, Protocol, Sink
from inspector.protocols.thrift_binary import BinaryEncoding
from inspector.protocols.thrift_body import Body, read_body
from inspector.protocols.thrift_compact import PROTOCOL_ID, CompactEncoding
from inspector.protocols.thrift_detect import MAX_FRAME, PORTS, find_start, judge, recognise
from inspector.protocols.thrift_header import MAGIC, read_envelope, undo
from inspector.protocols.thrift_json import JsonEncoding
from inspector.protocols.thrift_sasl import COMPLETE, START, STATUS_NAMES, describe_wrapped, read_sasl, summarise
from inspector.protocols.thrift_struct import (
    CALL,
    EXCEPTION,
    KINDS,
    MAX_STRING,
    REPLY,
    Encoding,
    Header,
)
from inspector.protocols.thrift_summary import Digest, bare, declared_exception, exception_facts, struct_of
from inspector.schema.registry import Schemas
from inspector.schema.thrift import Function
from inspector.wire.reader import Reader
from inspector.wire.recorder import Recorder

MAX_PENDING: Final = 4096
"""Calls kept that wait for a reply; a side that never answers must not fill the memory."""

_BRACKET: Final = ord("[")


class Context:
    """What decoding a message again needs: how it travels, and the function that names its fields.

    `secured`: it is a frame after a SASL negotiation, whose contents may be opaque. `encoding` is "binary", "compact"
    or "json".
    """

    __slots__ = ("encoding", "framed", "function", "mechanism", "secured")

    def __init__(
        self, framed: bool, secured: bool, mechanism: str = "", function: Function | None = None, encoding: str = ""
    ) -> None:
        self.framed = framed
        self.secured = secured
        self.mechanism = mechanism
        self.function = function
        self.encoding = encoding


class _Encodings:
    """One encoding of each kind; what is read next tells which."""

    def __init__(self) -> None:
        self.binary = BinaryEncoding()
        self.compact = CompactEncoding()
        self.json = JsonEncoding()

    def ahead(self, r: Reader) -> Encoding:
        """The encoding of the message that starts here."""
        first = r.peek_u8()
        if first == PROTOCOL_ID:
            return self.compact
        return self.json if first == _BRACKET else self.binary


class _Read(Digest):
    """A message as far as it was read, and the call that it answers."""

    __slots__ = ("call", "encoding")

    def __init__(self, encoding: Encoding, header: Header, call: "_Call | None", function: Function | None) -> None:
        super().__init__(header, function)
        self.encoding = encoding
        self.call = call


class _Call:
    """A call whose reply has not been seen; `method` without the service of a multiplexed name."""

    __slots__ = ("function", "message", "method", "seq_id")

    def __init__(self, seq_id: int, method: str, message: Message, function: Function | None) -> None:
        self.seq_id = seq_id
        self.method = method
        self.message = message
        self.function = function


class ThriftConversation(Conversation):
    """Calls one way, replies the other. Framing is told from each message's first bytes."""

    def __init__(self, hints: Hints, schemas: Schemas) -> None:
        super().__init__(hints, schemas)
        self.pending: list[_Call] = []
        self.replies_lost = False
        self.encodings = _Encodings()
        self.framed = False
        self.secured = False
        self.completed = False
        self.mechanism = ""

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        if _is_sasl(r) and not self.completed:
            self._negotiate(side, r, out)
            return
        start = r.offset
        if not (self.secured or _is_framed(r)):
            self._message(side, r, out, start, False)
            return
        before = r.narrow(_frame_size(r, self.secured))
        try:
            if _is_enveloped(r):
                self._enveloped(side, r, out, start)
            elif self.secured and _is_opaque(r):
                self._opaque(side, r, out, start)
            else:
                self._message(side, r, out, start, True)
        finally:
            r.widen(before)
        self.framed = True

    def _negotiate(self, side: Side, r: Reader, out: Sink) -> None:
        start = r.offset
        found = read_sasl(r, self.mechanism if side == CLIENT else "")
        message = out.message(side, "sasl", start, r.offset, summarise(found))
        message.facts["thrift.sasl.status"] = STATUS_NAMES[found.status]
        if found.status == START:
            self.mechanism = found.text
            message.facts["thrift.sasl.mechanism"] = found.text
        elif found.text:
            message.facts["thrift.sasl.error"] = found.text
        elif found.user:
            message.facts["thrift.sasl.user"] = found.user
        message.context = Context(False, False, self.mechanism if side == CLIENT else "")
        self.secured = True
        if found.status == COMPLETE and side != CLIENT:
            self.completed = True

    def _opaque(self, side: Side, r: Reader, out: Sink, start: int) -> None:
        words = describe_wrapped(self.mechanism, r.data[r.pos : min(r.limit, r.pos + 8)])
        size = r.left
        r.skip("thrift.sasl.payload", size)
        message = out.message(side, "sasl", start, r.offset, f"{words}, {size} bytes")
        message.context = Context(True, True)

    def _message(self, side: Side, r: Reader, out: Sink, start: int, framed: bool) -> None:
        read = self._begin(r)
        read.read(read.encoding, r)
        rest = _read_rest(r) if framed else 0
        message = self._report(side, out, start, r.offset, read, framed)
        if rest:
            message.issue = f"{rest} bytes follow the message in its frame"
        self._pair(message, read.header, read.call)

    def _enveloped(self, side: Side, r: Reader, out: Sink, start: int) -> None:
        """A frame with a header of its own: its message may be transformed."""
        envelope = read_envelope(r)
        if not envelope.transforms:
            self._message(side, r, out, start, True)
            return
        found = undo(envelope.transforms, r.peek(r.left))
        r.skip("thrift.header.payload", r.left)
        if not found.data:
            raise r.malformed(f"the payload of a header frame: {found.problem}")
        inner = Reader(found.data)
        inner.narrow(len(found.data))
        read = self._begin(inner)
        read.read(read.encoding, inner)
        message = self._report(side, out, start, r.offset, read, True)
        self._pair(message, read.header, read.call)

    def _begin(self, r: Reader) -> _Read:
        """The header of a message, and what is known of its struct."""
        encoding = self.encodings.ahead(r)
        header = encoding.read_header(r)
        call = self._find_call(header)
        return _Read(encoding, header, call, call.function if call is not None else self._choose(encoding, header, r))

    def _report(self, side: Side, out: Sink, start: int, end: int, read: _Read, framed: bool) -> Message:
        header, function = read.header, read.function
        message = out.message(side, KINDS[header.mtype], start, end, read.summary())
        message.context = Context(framed, self.secured, "", function, read.encoding.name)
        facts = message.facts
        facts["thrift.method"] = header.method
        facts["thrift.mtype"] = header.mtype
        facts["thrift.seq_id"] = header.seq_id
        if header.mtype == EXCEPTION:
            for name, value in exception_facts(read):
                facts[name] = value
        elif header.mtype == REPLY and read.shape and read.shape[0][0] != 0:
            facts["thrift.exception"] = declared_exception(read.shape[0][0], function)
        return message

    def _pair(self, message: Message, header: Header, call: _Call | None) -> None:
        """Let a call wait for its reply, and a reply answer the call found for it."""
        if header.mtype == CALL:
            context = message.context
            assert isinstance(context, Context)
            self.pending.append(_Call(header.seq_id, bare(header.method), message, context.function))
            if len(self.pending) > MAX_PENDING:
                del self.pending[0]
        elif call is not None:
            message.answers = call.message
            at = self.pending.index(call)
            if self.replies_lost:
                # What waits since before the loss under the same sequence id will get no reply any more.
                stale = [other for other in self.pending[:at] if other.seq_id == call.seq_id]
                self.pending = [other for other in self.pending if other not in stale and other is not call]
                self.replies_lost = False
            else:
                del self.pending[at]

    def _find_call(self, header: Header) -> _Call | None:
        """The call that a reply answers: one with its sequence id and name, else with its name alone.

        The oldest of several, but the latest after a loss.
        """
        if header.mtype not in (REPLY, EXCEPTION):
            return None
        method = bare(header.method)
        by_name: _Call | None = None
        for call in reversed(self.pending) if self.replies_lost else self.pending:
            named = call.method == method or not method
            if named and call.seq_id == header.seq_id:
                return call
            if named and method and by_name is None:
                by_name = call
        return by_name

    def lost(self, side: Side) -> None:
        if side != CLIENT:
            self.replies_lost = True

    def _choose(self, encoding: Encoding, header: Header, r: Reader) -> Function | None:
        """The function of this name; of several the first whose fields fit the bytes."""
        found = self.schemas.thrift.functions(header.method)
        if len(found) < 2 or header.mtype == EXCEPTION:
            return found[0] if found else None
        probe = Reader(r.data, r.base, r.holes)
        probe.seek(r.pos)
        body = Body()
        try:
            read_body(encoding, probe, None, 0, body)
        except DecodeError:
            return found[0]
        for function in found:
            struct = function.result if header.mtype == REPLY else function.args
            if struct.fits(body.shape):
                return function
        return found[0]

    def incomplete(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        if _is_sasl(r) and not self.completed:
            return self._cut_sasl(side, r, error, out)
        start = r.offset
        end = r.base + r.end
        before = -1
        try:
            framed = self.secured or _is_framed(r)
            if framed:
                size = _frame_size(r, self.secured)
                if size <= r.left:
                    before = r.narrow(size)
                    end = r.base + r.end
            if framed and _is_enveloped(r):
                read_envelope(r)
            read = self._begin(r)
            at = self._read_part(r, read)
        except DecodeError:
            return None
        finally:
            if before >= 0:
                r.widen(before)
        if not framed and not isinstance(error, Truncated):
            end = at
        message = self._report(side, out, start, end, read, framed)
        self._pair(message, read.header, read.call)
        return _cut(message, r, error)

    def _read_part(self, r: Reader, read: _Read) -> int:
        """Read as many fields as can be read; the offset where that ended."""
        at = r.offset
        try:
            read.read(read.encoding, r)
        except DecodeError as problem:
            return max(at, problem.offset)
        return r.offset

    def _cut_sasl(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        if not self.secured or not isinstance(error, Truncated):
            return None
        name = STATUS_NAMES[r.peek(1)[0]]
        message = out.message(side, "sasl", r.offset, r.base + r.end, f"SASL {name}, cut short")
        message.facts["thrift.sasl.status"] = name
        message.context = Context(False, False, self.mechanism if side == CLIENT else "")
        return _cut(message, r, error)

    def resync(self, side: Side, data: bytes, pos: int) -> int:
        return find_start(data, pos, self.framed or self.secured)


def _cut(message: Message, r: Reader, error: DecodeError) -> Message:
    """Mark a message that cannot be read to its end, and move behind it."""
    message.complete = False
    message.issue = error.reason
    r.seek(message.end - r.base)
    return message


def _is_sasl(r: Reader) -> bool:
    """Whether a negotiation message comes next: as a frame length its first byte would exceed every limit."""
    return START <= r.peek(1)[0] <= COMPLETE


def _is_framed(r: Reader) -> bool:
    """Whether a frame comes next; the shortest message has 6 bytes, so 5 can be waited for."""
    head = r.peek(5)
    # A strict or compact message starts with its top bit set, a JSON one with a bracket, an old one with a length and
    # then a name, a frame with a length and then a message or a THeader.
    if head[0] >= 0x80 or head[0] == _BRACKET:
        return False
    return head[4] >= 0x80 or head[4] in (0, _BRACKET, MAGIC[0])


def _is_enveloped(r: Reader) -> bool:
    """Whether a frame's contents begin with a THeader."""
    return r.data[r.pos : min(r.limit, r.pos + 2)] == MAGIC


def _is_opaque(r: Reader) -> bool:
    """Whether a frame's contents are wrapped by a SASL security layer."""
    return judge(r.data[r.pos : min(r.end, r.pos + 300)], 0) == NONE


def _frame_size(r: Reader, secured: bool) -> int:
    """Read a frame's length; SASL's frames have no limit of their own."""
    size = r.i32("thrift.frame_len")
    most = MAX_STRING if secured else MAX_FRAME
    if not 0 < size <= most:
        raise r.malformed(f"a frame of {size} bytes; 1 to {most} are allowed")
    return size


def _read_rest(r: Reader) -> int:
    rest = r.left
    if rest:
        r.skip("thrift.frame_rest", rest)
        r.note("these bytes follow the message in its frame")
    return rest


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """Decode the bytes of one message again, with the names found when it was cut."""
    context = message.context
    assert isinstance(context, Context)
    if message.kind == "sasl" and not context.framed:
        read_sasl(r, context.mechanism)
        return
    if not context.framed:
        _explain_message(r, context)
        return
    if not message.complete:
        r.i32("thrift.frame_len")
        if _is_enveloped(r):
            read_envelope(r)
        _explain_message(r, context)
        return
    before = r.narrow(_frame_size(r, context.secured))
    try:
        if message.kind == "sasl":
            r.skip("thrift.sasl.payload", r.left)
        elif _is_enveloped(r):
            _explain_enveloped(message, r, context)
        else:
            _explain_message(r, context)
            _read_rest(r)
    finally:
        r.widen(before)


def _explain_enveloped(message: Message, r: Reader, context: Context) -> None:
    envelope = read_envelope(r)
    if not envelope.transforms:
        _explain_message(r, context)
        _read_rest(r)
        return
    start = r.offset
    payload = r.peek(r.left)
    r.skip("thrift.header.payload", r.left)
    found = undo(envelope.transforms, payload)
    if found.problem:
        r.note(found.problem)
    if found.data and isinstance(r, Recorder):
        _attach(message, r, start, found.data, context)


def _attach(message: Message, r: Recorder, start: int, data: bytes, context: Context) -> None:
    """The message as it was before its transforms, read beside the bytes that it travelled as."""
    inner = Recorder(data, 0, [], "thrift.header.payload")
    problem: str | None = None
    try:
        _explain_message(inner, context)
    except DecodeError as error:
        problem = error.reason
    tree = inner.finish(problem)
    tree.buffer = made_from(message.buffer, start, r.offset, data, f"{message.buffer.name}/message at {start} inflated")
    r.attach(tree)


def _explain_message(r: Reader, context: Context) -> None:
    encoding = _Encodings().ahead(r)
    header = encoding.read_header(r)
    read_body(encoding, r, struct_of(header, context.function), 0, Body())


PROTOCOL = Protocol(
    name="thrift",
    title="Apache Thrift",
    spec="https://github.com/apache/thrift/tree/master/doc/specs",
    recognise=recognise,
    conversation=ThriftConversation,
    explain=explain,
    ports=PORTS,
    content_types=("application/x-thrift", "application/vnd.apache.thrift.*"),
    undoes_codings=True,
)
