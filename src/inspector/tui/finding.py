"""Finding bytes in the messages of a list, whether they are on the screen or not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inspector.engine.cursor import NOWHERE

if TYPE_CHECKING:
    from threading import Lock

    from inspector.model.buffer import Buffer
    from inspector.session import Session
    from inspector.tui.landing import Landing
    from inspector.tui.study import Study

_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2}[ :])+[0-9a-fA-F]{2}|0x(?:[0-9a-fA-F]{2})+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for: bytes, and whether large and small letters are the same."""

    raw: bytes
    folded: bool

    def within(self, data: bytes) -> bytes:
        """`data` as it is compared."""
        return data.lower() if self.folded else data


def wanted(text: str) -> Wanted | None:
    """Bytes as pairs of hex digits (47 45 54, 47:45, 0x4745), else text; in small letters it finds large ones too."""
    if _HEX.fullmatch(text.strip()):
        return Wanted(bytes.fromhex(text.strip().removeprefix("0x").replace(":", " ")), False)
    raw = text.encode("utf-8", "replace")
    return Wanted(raw, raw == raw.lower()) if raw else None


def search(
    session: Session,
    codes: Sequence[int],
    place: int,
    offset: int,
    want: Wanted,
    by: int,
    lock: Lock,
    stop: Callable[[], bool],
) -> tuple[int, int] | None:
    """The next message (or the one before) that holds what is wanted, as index in the session and buffer offset.

    It begins behind (or before) buffer byte `offset` of the message at `place` in `codes`, and goes around once.
    """
    count = len(codes)
    for step in range(count + 1):
        code = codes[(place + step * by) % count]
        if stop():
            return None
        if code < 0:
            continue
        message = session.messages[code]
        with lock:
            data = want.within(message.buffer.read(message.start, message.end))
        here = offset - message.start
        if by > 0:
            found = data.find(want.raw, max(0, here + 1) if not step else 0)
        else:
            found = data.rfind(want.raw, 0, max(0, here + len(want.raw) - 1) if not step else len(data))
        if found >= 0:
            return code, message.start + found
    return None


def byte_of(buffer: Buffer, offset: int) -> Landing:
    """The deepest field that covers a byte of a buffer."""

    def land(study: Study) -> int:
        found = study.outline.at(buffer, offset)
        return study.root if found == NOWHERE else found

    return land
