"""Feeds bytes of both sides to the engine, in turns and in chunks of any size."""

from collections.abc import Sequence

from inspector.engine.explain import explain
from inspector.engine.stream import Clock, Context, Stream
from inspector.model.buffer import Buffer, Plain
from inspector.model.field import Field
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER, Side
from inspector.protocols.base import Hints
from inspector.schema.registry import Schemas

Turns = Sequence[tuple[Side, bytes]]
"""Who sent what, in the order it was sent; None as bytes is not allowed, a hole is made with `holes`."""


def cut(
    turns: Turns, chunk: int = 0, schemas: Schemas | None = None, hints: Hints | None = None, forced: str = ""
) -> list[Message]:
    """All messages of a conversation fed `chunk` bytes at a time (0: each turn whole)."""
    sides = [b"".join(data for side, data in turns if side == wanted) for wanted in (CLIENT, SERVER)]
    buffers = [Buffer(name, Plain(data)) for name, data in zip(("client", "server"), sides, strict=True)]
    context = Context(schemas or Schemas(), Clock())
    stream = Stream(context, 1, buffers, hints or Hints(), forced)
    for side, data in turns:
        for at in range(0, len(data), chunk or max(len(data), 1)):
            stream.feed(side, data[at : at + (chunk or len(data))])
    stream.finish(CLIENT, "fin")
    stream.finish(SERVER, "fin")
    for number, message in enumerate(context.messages, 1):
        message.number = number
    return context.messages


def row(m: Message) -> tuple[object, ...]:
    """What must not depend on how the bytes were split."""
    answers = (m.answers.side, m.answers.start) if m.answers is not None else None
    return m.side, m.protocol, m.kind, m.start, m.end, m.summary, tuple(m.facts.items()), answers, m.complete, m.issue


def rows(messages: list[Message]) -> list[tuple[object, ...]]:
    """Rows of all messages, each side's in its own order (which side comes first depends on the splits)."""
    return [row(m) for side in (CLIENT, SERVER) for m in messages if m.side == side]


def check_tiling(message: Message, schemas: Schemas | None = None) -> Field:
    """The message's tree, whose leaves tile its bytes and whose children lie inside their parents."""
    tree = explain(message, schemas or Schemas())
    at = message.start
    for leaf in tree.leaves():
        assert leaf.start == at, f"{leaf.name} starts at {leaf.start}, not {at}"
        at = leaf.end
    assert at == message.end
    for node in tree.walk():
        assert all(node.start <= child.start <= child.end <= node.end for child in node.children)
    return tree


def value_of(tree: Field, name: str) -> object:
    """The value of the first field of this name."""
    return next(node.value for node in tree.walk() if node.name == name)
