"""Telling WebSocket frames by their shape, where the handshake was not seen. Spec: RFC 6455 5.2."""

import re
from codecs import utf_8_decode
from typing import Final

from inspector.model.errors import DecodeError
from inspector.model.sides import CLIENT, Side
from inspector.model.verdict import MORE, NONE, STRONG, Verdict
from inspector.protocols.base import Hints
from inspector.protocols.websocket_frames import (
    CLOSE,
    CONTINUATION,
    MAX_FRAME,
    RSV1,
    TEXT,
    Frame,
    close_fault,
    faults,
    read_header,
    unmask,
)
from inspector.wire.reader import Reader

SURE: Final = 4
"""Plausible frames in a row that leave no doubt; two do when one of them is text that can be read."""
SHORTEST_TEXT: Final = 2
"""Characters of a text that counts: fewer look right too often by chance."""
MOST_FRAMES: Final = 64
"""Frames looked at in one place; empty ones prove nothing however many there are."""

MOST_BYTES: Final = 256
"""Bytes of a payload looked at."""

_FIRST: Final = (
    re.compile(rb"[\x01\x02\x41\x42\x81\x82\x88\x89\x8a\xc1\xc2][\x80-\xff]"),
    re.compile(rb"[\x01\x02\x41\x42\x81\x82\x88\x89\x8a\xc1\xc2][\x00-\x7f]"),
)
"""How a frame that starts a message, or one about the connection, begins; by side."""


class Look:
    """What a row of frames looks like.

    `frames` are there in full, `filled` of them say something, text was `readable`; a message is `open` when fragments
    of it are to come. `wrong` says what stopped the look, which went to index `end`.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.filled = 0
        self.readable = False
        self.open = False
        self.wrong = False
        self.end = 0

    @property
    def sure(self) -> bool:
        """Whether nothing else begins like this."""
        return self.filled >= SURE or (self.frames >= 2 and self.readable)


def look_at(data: bytes, pos: int, side: Side) -> Look:
    """The frames from index `pos` on, up to where they are beyond doubt, wrong, or incomplete."""
    found = Look()
    r = Reader(data)
    r.seek(pos)
    found.end = pos
    while not found.sure and found.frames < MOST_FRAMES and r.left:
        try:
            frame = read_header(r)
            if frame.length > MAX_FRAME:
                found.wrong = True
                break
            if frame.length > r.left:
                found.wrong = bool(faults(frame, side, RSV1)) or _out_of_turn(frame, found)
                break
            payload = unmask(r.peek(min(frame.length, MOST_BYTES)), frame.key)
            r.skip("websocket.payload", frame.length)
        except DecodeError:
            break
        if not _plausible(frame, payload, side) or _out_of_turn(frame, found):
            found.wrong = True
            break
        found.frames += 1
        found.end = r.pos
        if not frame.control:
            found.open = not frame.fin
        if frame.length and frame.opcode != CONTINUATION:
            found.filled += 1
        if frame.opcode == TEXT and not frame.rsv and len(payload) >= SHORTEST_TEXT:
            found.readable = True
    return found


def _out_of_turn(frame: Frame, found: Look) -> bool:
    """Whether a frame goes on with no message, or begins one inside another (RFC 6455 5.4)."""
    return not frame.control and (frame.opcode == CONTINUATION) != found.open


def _plausible(frame: Frame, payload: bytes, side: Side) -> bool:
    if faults(frame, side, RSV1) or (frame.rsv and (frame.control or frame.opcode == CONTINUATION)):
        return False
    if frame.opcode == CLOSE:
        return not close_fault(payload)
    return frame.opcode != TEXT or bool(frame.rsv) or _is_text(payload, frame.fin and len(payload) == frame.length)


def _is_text(payload: bytes, whole: bool) -> bool:
    try:
        text, _ = utf_8_decode(payload, "strict", whole)
    except UnicodeDecodeError:
        return False
    return all(letter >= " " or letter in "\t\n\r" for letter in text)


def recognise(prefix: bytes, side: Side, hints: Hints) -> Verdict:
    """Several frames in a row that keep the rules: without the handshake one alone could be anything."""
    if _FIRST[side].match(prefix) is None:
        more = len(prefix) == 1 and _FIRST[side].match(prefix + (b"\x80" if side == CLIENT else b"\x00")) is not None
        return Verdict("websocket", MORE if more else NONE, "no frame begins like this")
    found = look_at(prefix, 0, side)
    masked = "masked " if side == CLIENT else ""
    if found.sure:
        return Verdict("websocket", STRONG, f"starts with {found.frames} {masked}frames in a row that keep the rules")
    if found.wrong or found.frames == MOST_FRAMES:
        return Verdict("websocket", NONE, "the frames do not keep the rules")
    return Verdict("websocket", MORE, f"may be {masked}frames: one alone proves nothing")


def find_start(data: bytes, pos: int, side: Side, over: bool, strict: bool) -> int:
    """The index from `pos` where frames start: beyond doubt when `strict`, else one that ends where the bytes do."""
    at = pos
    while True:
        match = _FIRST[side].search(data, at)
        if match is None:
            return -1
        at = match.start()
        found = look_at(data, at, side)
        if found.sure or (not strict and (found.frames >= 2 or (over and found.frames and found.end == len(data)))):
            return at
        if not found.wrong and not over:
            return -1
        at += 1
