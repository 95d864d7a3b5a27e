"""Apache Thrift: strict and old binary messages, framed or not, and SASL negotiation. Spec: thrift/doc/specs"""

from typing import Final

from inspector.model.errors import DecodeError, Truncated
from inspector.model.message import Message
from inspector.model.sides import CLIENT, Side
from inspector.model.verdict import NONE
from inspector.protocols.base import Conversation, Hints, Protocol, Sink
from inspector.protocols.thrift_binary import (
    APPLICATION_EXCEPTION,
    CALL,
    EXCEPTION,
    EXCEPTION_TYPES,
    KINDS,
    MAX_STRING,
    ONEWAY,
    REPLY,
    Body,
    Header,
    escape,
    quote,
    read_body,
    read_header,
)
from inspector.protocols.thrift_detect import MAX_FRAME, PORTS, find_start, judge_old, judge_strict, recognise
from inspector.protocols.thrift_sasl import COMPLETE, START, STATUS_NAMES, read_sasl, summarise
from inspector.schema.registry import Schemas
from inspector.schema.thrift import Function, StructType
from inspector.wire.reader import Reader

MAX_PENDING: Final = 4096
"""Calls kept that wait for a reply; a side that never answers must not fill the memory."""

_ROOM: Final = 100
"""Characters for arguments in a summary."""

_SUMMARY: Final = 120


class Context:
    """What decoding a message again needs: how it travels, and the function that names its fields.

    `secured`: it is a frame after a SASL negotiation, whose contents may be opaque.
    """

    __slots__ = ("framed", "function", "mechanism", "secured")

    def __init__(self, framed: bool, secured: bool, mechanism: str, function: Function | None) -> None:
        self.framed = framed
        self.secured = secured
        self.mechanism = mechanism
        self.function = function


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
        self.framed = False
        self.secured = False
        self.completed = False
        self.mechanism = ""

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        if _is_sasl(r) and not self.completed:
            self._negotiate(side, r, out)
            return
        start = r.offset
        framed = self.secured or _is_framed(r)
        if not framed:
            self._message(side, r, out, start, False)
            return
        before = r.narrow(_frame_size(r, self.secured))
        try:
            if self.secured and _is_opaque(r):
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
        message.context = Context(False, False, self.mechanism if side == CLIENT else "", None)
        self.secured = True
        if found.status == COMPLETE and side != CLIENT:
            self.completed = True

    def _opaque(self, side: Side, r: Reader, out: Sink, start: int) -> None:
        size = r.left
        r.skip("thrift.sasl.payload", size)
        message = out.message(side, "sasl", start, r.offset, f"SASL wrapped payload, {size} bytes")
        message.context = Context(True, True, "", None)

    def _message(self, side: Side, r: Reader, out: Sink, start: int, framed: bool) -> None:
        header = read_header(r)
        call = self._find_call(header)
        function = call.function if call is not None else self._choose(header, r)
        body = Body()
        read_body(r, _struct_of(header, function), _ROOM, body)
        rest = _read_rest(r) if framed else 0
        message = self._report(side, out, start, r.offset, header, Context(framed, self.secured, "", function), body)
        if rest:
            message.issue = f"{rest} bytes follow the message in its frame"
        self._pair(message, header, call)

    def _report(
        self, side: Side, out: Sink, start: int, end: int, header: Header, context: Context, body: Body
    ) -> Message:
        function = context.function
        message = out.message(side, KINDS[header.mtype], start, end, _summarise(header, function, body))
        message.context = context
        facts = message.facts
        facts["thrift.method"] = header.method
        facts["thrift.mtype"] = header.mtype
        facts["thrift.seq_id"] = header.seq_id
        if header.mtype == EXCEPTION:
            for name, value in _exception_facts(body):
                facts[name] = value
        elif header.mtype == REPLY and body.shape and body.shape[0][0] != 0:
            facts["thrift.exception"] = _declared(body.shape[0][0], function)
        return message

    def _pair(self, message: Message, header: Header, call: _Call | None) -> None:
        """Let a call wait for its reply, and a reply answer the call found for it."""
        if header.mtype == CALL:
            context = message.context
            assert isinstance(context, Context)
            self.pending.append(_Call(header.seq_id, _bare(header.method), message, context.function))
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
        method = _bare(header.method)
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

    def _choose(self, header: Header, r: Reader) -> Function | None:
        """The function of this name; of several the first whose fields fit the bytes."""
        found = self.schemas.thrift.functions(header.method)
        if len(found) < 2 or header.mtype == EXCEPTION:
            return found[0] if found else None
        probe = Reader(r.data, r.base, r.holes)
        probe.seek(r.pos)
        body = Body()
        try:
            read_body(probe, None, 0, body)
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
            header = read_header(r)
            call = self._find_call(header)
            function = call.function if call is not None else self._choose(header, r)
            body = Body()
            at = self._read_part(r, _struct_of(header, function), body)
        except DecodeError:
            return None
        finally:
            if before >= 0:
                r.widen(before)
        if not framed and not isinstance(error, Truncated):
            end = at
        message = self._report(side, out, start, end, header, Context(framed, self.secured, "", function), body)
        self._pair(message, header, call)
        return _cut(message, r, error)

    def _read_part(self, r: Reader, struct: StructType | None, body: Body) -> int:
        """Read as many fields as can be read; the offset where that ended."""
        at = r.offset
        try:
            read_body(r, struct, _ROOM, body)
        except DecodeError as problem:
            return max(at, problem.offset)
        return r.offset

    def _cut_sasl(self, side: Side, r: Reader, error: DecodeError, out: Sink) -> Message | None:
        if not self.secured or not isinstance(error, Truncated):
            return None
        name = STATUS_NAMES[r.peek(1)[0]]
        message = out.message(side, "sasl", r.offset, r.base + r.end, f"SASL {name}, cut short")
        message.facts["thrift.sasl.status"] = name
        message.context = Context(False, False, self.mechanism if side == CLIENT else "", None)
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
    """Whether a frame comes next; the shortest message has 10 bytes, so 5 can be waited for."""
    head = r.peek(5)
    # A strict message starts with its top bit set, an old one with a length and then a name, a frame with a length
    # and then a message.
    return head[0] < 0x80 and (head[4] == 0 or head[4] >= 0x80)


def _is_opaque(r: Reader) -> bool:
    """Whether a frame's contents are wrapped by a SASL security layer."""
    data = r.data[r.pos : min(r.end, r.pos + 300)]
    return judge_strict(data, 0) == NONE and judge_old(data, 0) == NONE


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


def _struct_of(header: Header, function: Function | None) -> StructType | None:
    if header.mtype == EXCEPTION:
        return APPLICATION_EXCEPTION
    if function is None:
        return None
    return function.result if header.mtype == REPLY else function.args


def _bare(method: str) -> str:
    """A method's name without the service that multiplexing puts before it."""
    return method.rpartition(":")[2]


def _declared(id_: int, function: Function | None) -> str:
    """The name of the exception that a reply's field holds."""
    spec = function.result.fields.get(id_) if function is not None else None
    return spec.type.name if spec is not None else f"field {id_}"


def _exception_facts(body: Body) -> list[tuple[str, object]]:
    """Message (field 1) and type (field 2) of a TApplicationException, as far as they are there."""
    found: list[tuple[str, object]] = []
    for i in range(len(body.values)):
        id_, value = body.shape[i][0], body.values[i]
        if id_ == 1 and isinstance(value, str):
            found.append(("thrift.exception.message", value))
        elif id_ == 2 and isinstance(value, int):
            found.append(("thrift.exception.type", value))
    return found


def _summarise(header: Header, function: Function | None, body: Body) -> str:
    line = escape(_line(header, function, body))
    return line if len(line) <= _SUMMARY else f"{line[: _SUMMARY - 1]}…"


def _line(header: Header, function: Function | None, body: Body) -> str:
    if header.mtype in (CALL, ONEWAY):
        return f"{header.method}({', '.join(body.texts)})"
    if header.mtype == EXCEPTION:
        return _exception_line(header, body)
    if not body.texts:
        void = function is not None and 0 not in function.result.fields
        return f"{header.method} → void" if void else f"{header.method} → ()"
    id_ = body.shape[0][0]
    separator = "=" if function is not None and id_ in function.result.fields else ": "
    text = body.texts[0].partition(separator)[2]
    if id_ == 0:
        return f"{header.method} → {text}"
    if function is not None and id_ in function.result.fields:
        # NoSuchObjectException(message="...") says no more than NoSuchObjectException("...").
        return f"{header.method} → {text.replace('(message=', '(', 1)}"
    return f"{header.method} → declared exception {id_}{text}"


def _exception_line(header: Header, body: Body) -> str:
    words, text = "unknown error", ""
    for name, value in _exception_facts(body):
        if name == "thrift.exception.message":
            text = f": {value}"
        elif isinstance(value, int) and value:
            words = EXCEPTION_TYPES.get(value, f"type {value}").lower().replace("_", " ")
    return f"EXCEPTION {words} {quote(header.method)}{text}"


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
        _explain_message(r, context)
        return
    before = r.narrow(_frame_size(r, context.secured))
    try:
        if message.kind == "sasl":
            r.skip("thrift.sasl.payload", r.left)
        else:
            _explain_message(r, context)
            _read_rest(r)
    finally:
        r.widen(before)


def _explain_message(r: Reader, context: Context) -> None:
    header = read_header(r)
    read_body(r, _struct_of(header, context.function), 0, Body())


PROTOCOL = Protocol(
    name="thrift",
    title="Apache Thrift",
    spec="https://github.com/apache/thrift/tree/master/doc/specs",
    recognise=recognise,
    conversation=ThriftConversation,
    explain=explain,
    ports=PORTS,
    content_types=("application/x-thrift", "application/vnd.apache.thrift.binary"),
)
