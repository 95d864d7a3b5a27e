"""How Thrift messages travel, and one of them explained: bare, framed, with a THeader, or behind SASL."""

from typing import Final

from inspector.model.buffer import made_from
from inspector.model.errors import DecodeError
from inspector.model.message import Message
from inspector.model.verdict import NONE, STRONG
from inspector.protocols.thrift_binary import BinaryEncoding
from inspector.protocols.thrift_body import Body, read_body
from inspector.protocols.thrift_compact import PROTOCOL_ID, CompactEncoding
from inspector.protocols.thrift_detect import MAX_FRAME, judge
from inspector.protocols.thrift_header import MAGIC, Envelope, read_envelope, undo
from inspector.protocols.thrift_json import JsonEncoding
from inspector.protocols.thrift_sasl import COMPLETE, START, read_sasl
from inspector.protocols.thrift_struct import MAX_STRING, Encoding
from inspector.protocols.thrift_summary import struct_of
from inspector.schema.registry import Schemas
from inspector.schema.thrift import Function
from inspector.wire.reader import Reader
from inspector.wire.recorder import Recorder

_BRACKET: Final = ord("[")
_LOOKED_AT: Final = 300
"""Bytes that tell whether a message begins: a header with the longest name that detection believes."""


class Context:
    """What decoding a message again needs: how it travels, and the function that names its fields.

    `secured`: it is a frame after a SASL negotiation, whose contents may be opaque. `shared`: other messages follow
    in its frame. `encoding` is "binary", "compact" or "json".
    """

    __slots__ = ("encoding", "framed", "function", "mechanism", "secured", "shared")

    def __init__(
        self, framed: bool, secured: bool, mechanism: str = "", function: Function | None = None, encoding: str = ""
    ) -> None:
        self.framed = framed
        self.secured = secured
        self.shared = False
        self.mechanism = mechanism
        self.function = function
        self.encoding = encoding


class Encodings:
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


def is_sasl(r: Reader) -> bool:
    """Whether a negotiation message comes next: as a frame length its first byte would exceed every limit."""
    return START <= r.peek(1)[0] <= COMPLETE


def is_framed(r: Reader) -> bool:
    """Whether a frame comes next; the shortest message has 6 bytes, so 5 can be waited for."""
    head = r.peek(5)
    # A strict or compact message starts with its top bit set, a JSON one with a bracket, an old one with a length and
    # then a name, a frame with a length and then a message or a THeader.
    if head[0] >= 0x80 or head[0] == _BRACKET:
        return False
    return head[4] >= 0x80 or head[4] in (0, _BRACKET, MAGIC[0])


def is_enveloped(r: Reader) -> bool:
    """Whether a frame's contents begin with a THeader."""
    return r.data[r.pos : min(r.limit, r.pos + 2)] == MAGIC


def is_opaque(r: Reader) -> bool:
    """Whether a frame's contents are wrapped by a SASL security layer."""
    return judge(r.data[r.pos : min(r.end, r.pos + _LOOKED_AT)], 0) == NONE


def is_message(r: Reader) -> bool:
    """Whether a message begins here, by its header."""
    return judge(r.data[r.pos : min(r.end, r.pos + _LOOKED_AT)], 0) == STRONG


def frame_size(r: Reader, secured: bool) -> int:
    """Read a frame's length; SASL's frames have no limit of their own."""
    size = r.i32("thrift.frame_len")
    most = MAX_STRING if secured else MAX_FRAME
    if not 0 < size <= most:
        raise r.malformed(f"a frame of {size} bytes; 1 to {most} are allowed")
    return size


def read_rest(r: Reader) -> int:
    """What follows the last message of a frame: how many bytes."""
    rest = r.left
    if rest:
        r.skip("thrift.frame_rest", rest)
        r.note("these bytes follow the message in its frame")
    return rest


def payload_size(r: Reader, envelope: Envelope) -> int:
    """Bytes of the message behind a THeader, without the signature at the end of the frame."""
    size = r.left - envelope.mac
    if size <= 0:
        raise r.malformed(f"a signature of {envelope.mac} bytes leaves no room for a message")
    return size


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """Decode the bytes of one message again, with the names found when it was cut."""
    context = message.context
    assert isinstance(context, Context)
    if message.kind == "sasl" and not context.framed:
        read_sasl(r, context.mechanism)
        return
    if not context.framed:
        _explain_message(r, context)
        read_rest(r)
        return
    if context.shared or not message.complete:
        r.i32("thrift.frame_len")
        if is_enveloped(r):
            read_envelope(r)
        _explain_message(r, context)
        return
    before = r.narrow(frame_size(r, context.secured))
    try:
        if message.kind == "sasl":
            r.skip("thrift.sasl.payload", r.left)
        elif is_enveloped(r):
            _explain_enveloped(message, r, context)
        else:
            _explain_message(r, context)
            read_rest(r)
    finally:
        r.widen(before)


def _explain_enveloped(message: Message, r: Reader, context: Context) -> None:
    envelope = read_envelope(r)
    size = payload_size(r, envelope)
    if not envelope.coded:
        before = r.narrow(size)
        _explain_message(r, context)
        read_rest(r)
        r.widen(before)
        _read_mac(r, envelope)
        return
    start = r.offset
    payload = r.peek(size)
    r.skip("thrift.header.payload", size)
    found = undo(envelope.transforms, payload)
    if found.problem:
        r.note(found.problem)
    if found.data and isinstance(r, Recorder):
        _attach(message, r, start, found.data, context)
    _read_mac(r, envelope)


def _read_mac(r: Reader, envelope: Envelope) -> None:
    if envelope.mac:
        r.skip("thrift.header.mac", envelope.mac)


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
    encoding = Encodings().ahead(r)
    header = encoding.read_header(r)
    read_body(encoding, r, struct_of(header, context.function), 0, Body())
