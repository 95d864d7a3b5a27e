"""Pass 2: the full field tree of one message."""

from inspector.engine.bodies import read_bodies
from inspector.engine.bugs import told
from inspector.engine.detect import protocols
from inspector.model.errors import DecodeError
from inspector.model.field import Field
from inspector.model.message import Message
from inspector.schema.registry import Schemas
from inspector.wire.recorder import Recorder


def explain(message: Message, schemas: Schemas) -> Field:
    """Decode the bytes of `message` again, recording every field; the root names its buffer.

    Whatever stops the decoder, the tree made so far is kept and the rest becomes a gap that says why.
    """
    buffer = message.buffer
    start, end = message.start, message.end
    r = Recorder(buffer.read(start, end), start, buffer.holes_in(start, end), message.protocol)
    if message.kind == "hole":
        r.skip("data.data", end - start)
        tree = r.finish()
    else:
        try:
            protocols()[message.protocol].explain(message, r, schemas)
            tree = r.finish()
        except DecodeError as error:
            tree = r.finish(error.reason)
        except Exception as bug:  # noqa: BLE001 (one decoder's bug must not take the rest of a capture away)
            tree = r.finish(told(bug, message.protocol, r.offset).reason)
        if r.bodies:
            read_bodies(message, r.bodies, schemas)
    tree.value = message.summary
    if message.issue is not None:
        tree.issue = message.issue
    tree.buffer = buffer
    return tree
