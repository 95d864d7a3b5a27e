"""The content of a message, unmasked and inflated: text, JSON, protobuf, or bytes that nobody knows."""

from typing import Final

from inspector.protocols.protobuf_guess import NESTED, choose_length_delimited
from inspector.protocols.protobuf_read import read_message
from inspector.protocols.protobuf_summary import summarise
from inspector.protocols.protobuf_wire import LEN, Wire
from inspector.protocols.websocket_calls import json_start
from inspector.protocols.websocket_frames import is_utf8
from inspector.schema.proto import ProtoMessage
from inspector.schema.registry import Schemas
from inspector.wire.reader import Reader
from inspector.wire.recorder import Body, Recorder

PROTOBUF: Final = "protobuf"
SHORTEST: Final = 4
"""Bytes of the shortest message that is taken for protobuf without anything else saying so."""
JSON: Final = "application/json"


def read_text(r: Reader, name: str, subprotocol: str) -> None:
    """The rest as the text `name`; JSON in it is handed on."""
    size = r.left
    raw = r.peek(size)
    start = 0
    if subprotocol in ("engine.io", "socket.io"):
        start = json_start(raw.decode("latin-1"))
    if start > 0:
        r.begin(name)
        r.text("websocket.payload.prefix", start)
        r.text("websocket.payload.json", size - start)
        _hand_on(r, raw[start:])
        r.close(raw.decode("utf-8", "replace"))
        return
    r.text(name, size)
    _hand_on(r, raw)


def read_binary(r: Reader, name: str, subprotocol: str, schemas: Schemas) -> None:
    """The rest as the bytes `name`: protobuf where it is known or cannot be else, JSON where it is that."""
    raw = r.peek(r.left)
    if subprotocol == PROTOBUF:
        r.begin(name)
        read_message(r, schemas.proto.chosen, schemas.proto)
        r.close(raw)
        return
    r.skip(name, r.left)
    if is_utf8(raw):
        _hand_on(r, raw)


def _hand_on(r: Reader, raw: bytes) -> None:
    """What looks like JSON goes on to whoever reads it."""
    content = raw.strip()
    if isinstance(r, Recorder) and content[:1] + content[-1:] in (b"{}", b"[]"):
        r.bodies.append(Body(r.last, None, JSON, True))


def strongly_protobuf(content: bytes) -> bool:
    """Whether bytes without any hint are protobuf beyond reasonable doubt: they split into fields exactly, and most
    of them lie in values whose lengths agree with the end."""
    size = len(content)
    if size < SHORTEST or choose_length_delimited(content, 0, size) != NESTED:
        return False
    wire = Wire(content, 0, size)
    covered = 0
    while wire.tag():
        before = wire.pos
        wire.skip()
        if wire.wire == LEN:
            covered += wire.pos - before
    return 2 * covered >= size


def protobuf_words(content: bytes, message: ProtoMessage | None) -> str:
    """A protobuf message for a row."""
    return f"({summarise(content, 0, len(content), message)})"
