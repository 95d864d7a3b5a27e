"""Bodies that a message carries, decoded and read as part of its own field tree."""

from typing import Final

from inspector.engine.body import decoded_body
from inspector.engine.detect import inline_reader, reader_inside
from inspector.model.buffer import Buffer, Slices
from inspector.model.errors import DecodeError
from inspector.model.field import Field
from inspector.model.message import Message
from inspector.protocols.base import Protocol
from inspector.schema.registry import Schemas
from inspector.wire.media import body_text, media_type
from inspector.wire.recorder import Body, Recorder

MAX_READ: Final = 16 << 20
"""Bytes of a body that are read field by field."""
ENDS: Final = 8
"""Bytes at both ends of a body that tell what it is."""
MAX_BODIES: Final = 1000
"""Bodies in one message: parts of parts of a multipart body."""


def read_bodies(message: Message, handed: list[Body], schemas: Schemas) -> None:
    """Give every body that was handed on its decoded form and its fields, and so on with those inside it."""
    waiting = list(handed)
    for _ in range(MAX_BODIES):
        if not waiting:
            return
        waiting.extend(_read(message, waiting.pop(0), schemas))


def _read(message: Message, body: Body, schemas: Schemas) -> list[Body]:
    """The tree of one body goes below its field; returns the bodies inside it."""
    node = body.node
    buffer = body.buffer or message.buffer
    if body.codings:
        buffer, node = _decode(message, body)
    protocol = _reader(media_type(body.content_type), buffer, node)
    if protocol is None or node.start == node.end or node.length > MAX_READ:
        return []
    if any(child.buffer is None for child in node.children):
        return []
    start, end = node.start, node.end
    inner = Recorder(buffer.read(start, end), start, buffer.holes_in(start, end), protocol.name)
    inner.content_type = body.content_type
    try:
        protocol.explain(message, inner, schemas)
        tree = inner.finish()
    except DecodeError as error:
        tree = inner.finish(error.reason)
    node.children.append(tree)
    for each in inner.bodies:
        each.buffer = buffer
    return inner.bodies


def _reader(content_type: str, buffer: Buffer, node: Field) -> Protocol | None:
    """Who reads a body as a part of its message: by its media type, else by its first and last bytes."""
    found = inline_reader(content_type) if content_type else None
    if found is None and node.length >= ENDS:
        head = buffer.read(node.start, node.start + ENDS)
        return reader_inside(content_type, head, buffer.read(node.end - ENDS, node.end))
    return found


def _decode(message: Message, body: Body) -> tuple[Buffer, Field]:
    """The body without its codings, in a buffer of its own below the field of the coded bytes."""
    node = body.node
    raw = body.buffer
    if raw is None:
        name = f"{message.buffer.name}/body at {message.start}, coded"
        raw = Buffer(name, Slices([(node.start, node.end)]), parent=message.buffer)
    decoded, problem = decoded_body(raw, body.codings, raw.name.removesuffix(", coded"))
    value = body_text(decoded.data, body.content_type) if body.is_text else None
    tree = Field(body.name, value, 0, decoded.size)
    tree.buffer = decoded
    if problem:
        tree.issue = problem
    node.children.append(tree)
    return decoded, tree
