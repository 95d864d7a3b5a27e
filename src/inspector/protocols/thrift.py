"""Apache Thrift: binary, compact and JSON messages, framed, with THeader or bare; SASL. Spec: thrift/doc/specs"""

from typing import Final

from inspector.model.errors import DecodeError, Truncated
from inspector.model.message import Message
from inspector.model.sides import CLIENT, Side
from inspector.protocols.base import Conversation, Hints, Protocol, Sink
from inspector.protocols.thrift_body import Body, read_body
from inspector.protocols.thrift_detect import PORTS, find_start, recognise
from inspector.protocols.thrift_explain import (
    Context,
    Encodings,
    explain,
    frame_size,
    is_enveloped,
    is_framed,
    is_message,
    is_opaque,
    is_sasl,
    payload_size,
    read_rest,
)
from inspector.protocols.thrift_header import read_envelope, undo
from inspector.protocols.thrift_sasl import COMPLETE, START, STATUS_NAMES, describe_wrapped, read_sasl, summarise
from inspector.protocols.thrift_struct import (
    CALL,
    EXCEPTION,
    KINDS,
    REPLY,
    Encoding,
    Header,
)
from inspector.protocols.thrift_summary import Digest, bare, declared_exception, exception_facts
from inspector.schema.registry import Schemas
from inspector.schema.thrift import Function
from inspector.wire.reader import Reader

MAX_PENDING: Final = 4096
"""Calls kept that wait for a reply; a side that never answers must not fill the memory."""


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
        self.encodings = Encodings()
        self.framed = False
        self.old = False
        self.secured = False
        self.completed = False
        self.mechanism = ""

    def step(self, side: Side, r: Reader, out: Sink) -> None:
        if is_sasl(r) and not self.completed:
            self._negotiate(side, r, out)
            return
        start = r.offset
        if not (self.secured or is_framed(r)):
            self._message(side, r, out, start, False)
            return
        before = r.narrow(frame_size(r, self.secured))
        try:
            if is_enveloped(r):
                self._enveloped(side, r, out, start)
            elif self.secured and is_opaque(r):
                self._opaque(side, r, out, start)
            else:
                self._frame(side, r, out, start)
        finally:
            r.widen(before)
        self.framed = True

    def _frame(self, side: Side, r: Reader, out: Sink, start: int) -> Message:
        """The messages of one frame: nearly always one, but several may be written before a flush."""
        message = self._message(side, r, out, start, True)
        while r.left and is_message(r):
            at = r.pos
            try:
                following = self._message(side, r, out, r.offset, False)
            except DecodeError:
                r.seek(at)
                break
            context = message.context
            assert isinstance(context, Context)
            context.shared = True
            message = following
        rest = read_rest(r)
        if rest:
            message.end = r.offset
            message.issue = f"{rest} bytes follow the message in its frame"
        return message

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

    def _message(self, side: Side, r: Reader, out: Sink, start: int, framed: bool) -> Message:
        read = self._begin(r)
        read.read(read.encoding, r)
        message = self._report(side, out, start, r.offset, read, framed)
        self._pair(message, read.header, read.call)
        return message

    def _enveloped(self, side: Side, r: Reader, out: Sink, start: int) -> None:
        """A frame with a header of its own: its message may be signed, or transformed."""
        envelope = read_envelope(r)
        size = payload_size(r, envelope)
        if not envelope.coded:
            before = r.narrow(size)
            try:
                message = self._frame(side, r, out, start)
            finally:
                r.widen(before)
            r.skip("thrift.header.mac", envelope.mac)
            message.end = r.offset
            return
        found = undo(envelope.transforms, r.peek(size))
        r.skip("thrift.header.payload", r.left)
        if not found.data:
            unread = out.message(side, KINDS[CALL if side == CLIENT else REPLY], start, r.offset, found.problem)
            unread.context = Context(True, self.secured)
            unread.issue = found.problem
            return
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
        self.old = self.old or header.old
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
        if is_sasl(r) and not self.completed:
            return self._cut_sasl(side, r, error, out)
        start = r.offset
        end = r.base + r.end
        before = -1
        try:
            framed = self.secured or is_framed(r)
            if framed:
                size = frame_size(r, self.secured)
                if size <= r.left:
                    before = r.narrow(size)
                    end = r.base + r.end
            if framed and is_enveloped(r):
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
        return find_start(data, pos, self.framed or self.secured, self.old)


def _cut(message: Message, r: Reader, error: DecodeError) -> Message:
    """Mark a message that cannot be read to its end, and move behind it."""
    message.complete = False
    message.issue = error.reason
    r.seek(message.end - r.base)
    return message


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
