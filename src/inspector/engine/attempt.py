"""Reading bytes as a protocol that may not be theirs: how far that gets, and what stops it."""

from inspector.engine.detect import protocols
from inspector.engine.explain import explain
from inspector.engine.index import cut_buffer
from inspector.model.buffer import Buffer, Slices
from inspector.model.errors import DecodeError, Truncated
from inspector.model.field import Field
from inspector.model.message import Message
from inspector.model.sides import Side
from inspector.protocols.base import Child, Hints, Sink
from inspector.schema.registry import Schemas
from inspector.wire.recorder import Recorder


class Attempt:
    """`found` are the messages cut, each with its tree; offsets are relative to the bytes that were tried.

    `explained` of the `size` bytes, from the first on, were understood; `stop` says what was wrong behind them, ""
    when nothing was. Bytes that are no message of the protocol have the tree of what its decoder read before it gave
    up. `data` understands nothing.
    """

    __slots__ = ("explained", "found", "protocol", "size", "stop")

    def __init__(self, protocol: str, size: int) -> None:
        self.protocol = protocol
        self.size = size
        self.explained = 0
        self.stop = ""
        self.found: list[tuple[Message, Field]] = []


class _Deaf(Sink):
    """Takes what one step reports and does nothing with it."""

    def __init__(self, protocol: str, buffer: Buffer) -> None:
        self.protocol = protocol
        self.buffer = buffer

    def message(self, side: Side, kind: str, start: int, end: int, summary: str) -> Message:
        return Message(0, side, self.protocol, kind, self.buffer, start, end, summary)

    def derive(self, parent: Message, key: int, hints: Hints, label: str = "") -> Child | None:
        return None

    def handover(self, hints: Hints) -> None:
        return


def attempt_part(buffer: Buffer, start: int, end: int, side: Side, protocol: str, schemas: Schemas) -> Attempt:
    """Try bytes `start:end` of `buffer`; the fields found still know their origins."""
    return attempt(Buffer(f"as {protocol}", Slices([(start, end)]), parent=buffer), side, protocol, schemas)


def attempt(buffer: Buffer, side: Side, protocol: str, schemas: Schemas) -> Attempt:
    """Read all of `buffer`, sent by `side`, as `protocol`, as if a connection began there."""
    done = Attempt(protocol, buffer.size)
    for message in cut_buffer(buffer, side, protocol, schemas):
        top = message.parent is None and message.buffer is buffer
        if top and message.start == 0 and message.protocol != protocol:
            tree = _first_step(message, protocol, schemas, done)
        else:
            tree = explain(message, schemas)
        done.found.append((message, tree))
        if not top or done.stop:
            continue
        done.explained = explained(tree)
        issue = message.issue or tree.issue
        if issue is not None:
            done.stop = issue
        elif message.protocol != protocol:
            done.stop = f"no {protocols()[protocol].title} starts here"
    if protocol == "data":
        done.explained = 0
    return done


def _first_step(message: Message, protocol: str, schemas: Schemas, done: Attempt) -> Field:
    """What a fresh decoder reads of bytes that it then refuses."""
    buffer, start, end = message.buffer, message.start, message.end
    r = Recorder(buffer.read(start, end), start, buffer.holes_in(start, end), protocol)
    conversation = protocols()[protocol].conversation(Hints(), schemas)
    conversation.over = True
    try:
        conversation.step(message.side, r, _Deaf(protocol, buffer))
        tree = r.finish()
    except DecodeError as error:
        # a decoder that waits for more of a line says less than its conversation, which gave up
        waits = isinstance(error, Truncated) and message.issue is not None
        done.stop = message.issue or error.reason if waits else error.reason
        tree = r.finish(done.stop)
        done.explained = explained(tree)
    tree.value = message.summary
    tree.buffer = buffer
    return tree


def explained(tree: Field) -> int:
    """The offset of the first byte that no field explains, or of the first leaf that could not be read whole."""
    if tree.name in {"data", "gap"} or (tree.issue is not None and tree.value is None and not tree.children):
        return tree.start
    for child in tree.children:
        if child.buffer is None:
            reached = explained(child)
            if reached < child.end:
                return reached
    return tree.end
