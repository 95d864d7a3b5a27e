"""Pass 2 of gRPC: the call with what its headers say, and messages with their protobuf fields."""

from inspector.model.buffer import Buffer, Slices, made_from
from inspector.model.message import Message
from inspector.model.sides import Side
from inspector.protocols.grpc_call import (
    BARE,
    CONNECT,
    STYLE_NAMES,
    Block,
    Call,
    binary_value,
    is_metadata,
    kind_of,
    percent_decoded,
    status_name,
    timeout_words,
)
from inspector.protocols.grpc_frame import COMPRESSED, END, PREFIX, TRAILERS, codec_in, inflated
from inspector.protocols.grpc_web import Base64Run
from inspector.protocols.protobuf_read import read_message
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader
from inspector.wire.recorder import Recorder

DETAILS = "grpc-status-details-bin"


class Piece:
    """A message in base64: its call, and how many bytes its first four characters hold of the message before."""

    __slots__ = ("call", "skip")

    def __init__(self, call: Call, skip: int) -> None:
        self.call = call
        self.skip = skip


def explain(message: Message, r: Reader, schemas: Schemas) -> None:
    """The tree of a call, a message or an ending."""
    context = message.context
    if isinstance(context, Piece):
        _explain_text(message, context, r, schemas)
        return
    assert isinstance(context, Call)
    if message.kind == "call":
        _explain_call(message, context, r, schemas)
    elif context.style == BARE:
        _explain_body(message, context, r, schemas, bool(message.facts["grpc.compressed_flag"]))
    else:
        _explain_message(message, context, r, schemas)


def _explain_message(message: Message, call: Call, r: Reader, schemas: Schemas) -> None:
    """Flags, length and contents of one length-prefixed message."""
    flags = r.u8("grpc.compressed_flag")
    if call.style == CONNECT:
        r.bits("grpc.end_stream", flags >> 1 & 1, 1, 1)
        r.bits("grpc.compressed_flag", flags & COMPRESSED, 0, 1)
    elif call.style:
        r.bits("grpc.frame_type", flags >> 7, 7, 1)
        r.bits("grpc.compressed_flag", flags & COMPRESSED, 0, 1)
    r.u32("grpc.message_length")
    if flags & (END if call.style == CONNECT else TRAILERS):
        _explain_ending(message, call, r, flags)
        return
    _explain_body(message, call, r, schemas, bool(flags & COMPRESSED))


def _explain_body(message: Message, call: Call, r: Reader, schemas: Schemas, compressed: bool) -> None:
    if compressed:
        start, size = r.offset, r.left
        payload = r.data[r.pos : r.end]
        whole = not r.holes
        r.skip("grpc.message_data", size)
        found = inflated(call, message.side, payload)
        if found.problem:
            r.note(found.problem if whole else f"{found.problem}; some of these bytes were never captured")
        if found.data and isinstance(r, Recorder):
            name = f"{message.buffer.name}/message at {message.start} inflated"
            buffer = made_from(message.buffer, start, start + size, found.data, name)
            inner = Recorder(found.data, 0, [], "grpc.message_data")
            _contents(inner, call, message.side, schemas)
            tree = inner.finish()
            tree.buffer = buffer
            r.attach(tree)
        return
    r.begin("grpc.message_data")
    _contents(r, call, message.side, schemas)
    r.close()


def _contents(r: Reader, call: Call, side: Side, schemas: Schemas) -> None:
    """What a message holds, in the call's codec."""
    codec = codec_in(call, r.data[r.pos : r.end])
    if codec == "proto":
        read_message(r, call.type_of(side), schemas.proto)
    elif codec == "json" and r.limit == r.end:
        r.text("grpc.json", r.left)
    else:
        r.skip("grpc.body", r.left)


def _explain_ending(message: Message, call: Call, r: Reader, flags: int) -> None:
    """Trailers as header lines, or JSON; compressed ones inflated beside."""
    start, size = r.offset, r.left
    payload = r.data[r.pos : r.end]
    if flags & COMPRESSED:
        r.skip("grpc.message_data", size)
        found = inflated(call, message.side, payload)
        if found.problem:
            r.note(found.problem)
        if found.data and isinstance(r, Recorder):
            buffer = made_from(
                message.buffer, start, start + size, found.data, f"{message.buffer.name}/ending at {start} inflated"
            )
            inner = Recorder(found.data, 0, [], "grpc.message_data")
            _ending_lines(inner, call)
            tree = inner.finish()
            tree.buffer = buffer
            r.attach(tree)
        return
    _ending_lines(r, call)


def _ending_lines(r: Reader, call: Call) -> None:
    if call.style == CONNECT:
        r.text("grpc.end_of_stream", r.left)
        return
    r.begin("grpc.trailers")
    while r.left:
        at = r.data.find(b"\n", r.pos, r.end)
        length = at + 1 - r.pos if at >= 0 else r.left
        line = r.data[r.pos : r.pos + length].decode("latin-1").strip()
        name, _, value = line.partition(":")
        r.known("grpc.trailer", length, line)
        _status_fields(r, {name.strip().lower(): value.strip()})
    r.close()


def _explain_text(message: Message, piece: Piece, r: Reader, schemas: Schemas) -> None:
    """The characters, and beside them the message that they stand for."""
    run = Base64Run(r)
    while r.limit - r.pos > run.read:
        run.want(len(run.data) + 1)
    size = r.left
    r.skip("grpc.web_text", size)
    if not isinstance(r, Recorder):
        return
    skip = piece.skip
    length = int.from_bytes(run.data[skip + 1 : skip + PREFIX], "big")
    data = run.data[skip : skip + PREFIX + length]
    name = f"{message.buffer.name}/message at {message.start} decoded"
    buffer = made_from(message.buffer, message.start, message.end, data, name)
    inner = Recorder(data, 0, [], "grpc")
    decoded = Message(message.flow, message.side, message.protocol, message.kind, buffer, 0, len(data), "")
    _explain_message(decoded, piece.call, inner, schemas)
    tree = inner.finish()
    tree.buffer = buffer
    r.attach(tree)


# the call


def _explain_call(message: Message, call: Call, r: Reader, schemas: Schemas) -> None:
    """What the request's header fields say; the response's and the trailers' in the bytes that carried them."""
    facts = message.facts
    for name in ("grpc.service", "grpc.method"):
        if name in facts:
            r.known(name, 0, facts[name])
    if call.method is not None:
        r.known("grpc.call_kind", 0, kind_of(call.method))
        r.known("grpc.request_type", 0, call.method.request.name)
        r.known("grpc.response_type", 0, call.method.response.name)
    if call.guess:
        r.known("grpc.guess", 0, call.guess)
    r.known("grpc.style", 0, STYLE_NAMES[call.style])
    r.known("grpc.requests", 0, call.requests)
    r.known("grpc.responses", 0, call.responses)
    if "grpc.duration" in facts:
        r.known("grpc.duration", 0, facts["grpc.duration"])
    if call.reset:
        r.known("grpc.reset", 0, call.reset)
    if call.style in (BARE, CONNECT) and call.status >= 0:
        _status(r, call.status, call.text)
    first = call.blocks[0] if call.blocks else None
    opening = first is not None and first.message.start == _slice_start(message)
    if first is not None and opening:
        _block(r, first, message.side)
    if r.left:
        r.skip("grpc.headers", r.left)
    for block in call.blocks[1:] if opening else call.blocks:
        if isinstance(r, Recorder):
            _attach_block(r, block, schemas)


def _slice_start(message: Message) -> int:
    """Where in the side's bytes the call's row begins, -1 when it stands for no header fields."""
    source = message.buffer.source
    return source.ranges[0][0] if isinstance(source, Slices) and message.length and source.ranges else -1


def _attach_block(r: Recorder, block: Block, schemas: Schemas) -> None:
    """A later header block, in the bytes that carried it."""
    carrier = block.message
    name = f"{carrier.buffer.name}/header fields at {carrier.start}"
    buffer = Buffer(name, Slices([(carrier.start, carrier.end)]), parent=carrier.buffer)
    trailing = "grpc-status" in block.fields
    inner = Recorder(buffer.data, 0, buffer.holes, "grpc.trailers" if trailing else "grpc.response_headers")
    _block(inner, block, carrier.side)
    inner.skip("grpc.headers", inner.left)
    details = binary_value(block.fields[DETAILS]) if DETAILS in block.fields else None
    if details:
        made = made_from(buffer, 0, buffer.size, details, f"{name}/status details")
        status = Recorder(details, 0, [], "grpc.status_details")
        read_message(status, schemas.proto.message("google.rpc.Status"), schemas.proto)
        tree = status.finish()
        tree.buffer = made
        inner.attach(tree)
    tree = inner.finish()
    tree.buffer = buffer
    r.attach(tree)


def _block(r: Reader, block: Block, side: Side) -> None:
    """What the fields of one header block say, as fields without bytes of their own."""
    fields = block.fields
    _status_fields(r, fields)
    for name, field in (
        ("grpc-timeout", "grpc.timeout"),
        ("grpc-encoding", "grpc.encoding"),
        ("connect-content-encoding", "grpc.encoding"),
        ("grpc-accept-encoding", "grpc.accept_encoding"),
        ("user-agent", "grpc.user_agent"),
    ):
        if name in fields:
            text = fields[name]
            r.known(field, 0, f"{text} ({timeout_words(text)})" if field == "grpc.timeout" else text)
    for name, text in fields.items():
        if is_metadata(name):
            _metadata(r, name, text)


def _status(r: Reader, number: int, text: str) -> None:
    """An outcome that Connect tells in JSON, or by HTTP's status."""
    r.known("grpc.status", 0, number)
    r.known("grpc.status.name", 0, status_name(number))
    if text:
        r.known("grpc.status.message", 0, text)


def _status_fields(r: Reader, fields: dict[str, str]) -> None:
    status = fields.get("grpc-status")
    if status is not None:
        number = int(status) if status.isascii() and status.isdecimal() and len(status) < 10 else -1
        r.known("grpc.status", 0, number if number >= 0 else status)
        r.known("grpc.status.name", 0, status_name(number))
    if "grpc-message" in fields:
        r.known("grpc.status.message", 0, percent_decoded(fields["grpc-message"]))


def _metadata(r: Reader, name: str, text: str) -> None:
    """A field of the application's own; one whose name ends in -bin holds bytes, several are separated by commas."""
    if not name.endswith("-bin"):
        r.known("grpc.metadata", 0, f"{name}: {text}")
        return
    for part in [text] if text.startswith("\0") else text.split(","):
        raw = binary_value(part.strip(" "))
        if raw is None:
            r.known("grpc.metadata", 0, f"{name}: {part}")
            r.note("neither base64 nor bytes behind a zero byte")
        else:
            how = "as it is" if part.startswith("\0") else "base64"
            r.known("grpc.metadata", 0, f"{name}: {raw[:64].hex(' ')}{' …' if len(raw) > 64 else ''} ({how})")
