"""Where the cursor lands in a message that is opened: at its root, its ends, a byte, an issue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from inspector.engine.cursor import NOWHERE, Outline
from inspector.tui.study import Stop, Study

if TYPE_CHECKING:
    from inspector.session import Session
    from inspector.spool import Row
    from inspector.tui.views import View

Landing = Callable[[Study], int]
Move = Callable[[Outline, int], int]
"""From a field to another one, or NOWHERE."""


def root(study: Study) -> int:
    """The message as a whole; what matters most in a packet without one."""
    return study.start


def first(study: Study) -> int:
    """Its first field; packet headers are behind."""
    found = study.outline.next_step(study.root - 1)
    return study.root if found == NOWHERE else found


def last(study: Study) -> int:
    """Its last field."""
    found = study.outline.previous_step(len(study.outline))
    return study.root if found == NOWHERE else found


def first_issue(study: Study) -> int:
    """Its first field with an issue, else the whole."""
    found = study.outline.next_issue(study.root - 1)
    return study.root if found == NOWHERE else found


def last_issue(study: Study) -> int:
    """Its last field with an issue, else the whole."""
    found = study.outline.previous_issue(len(study.outline))
    return study.root if found < study.root else found


def field(index: int) -> Landing:
    """The field at an index, when the message is the same as before."""
    return lambda study: index if index < len(study.outline) else study.root


def then(land: Landing, move: Move) -> Landing:
    """Where a move leads from where one would land; there, when it leads nowhere."""

    def moved(study: Study) -> int:
        at = land(study)
        found = move(study.outline, at)
        return at if found == NOWHERE else found

    return moved


def stream_byte(view: View, offset: int) -> Landing:
    """The field that covers a byte of a stream."""

    def land(study: Study) -> int:
        found = study.outline.at(view.buffer, offset)
        return study.root if found == NOWHERE else found

    return land


def packet_byte(packet: int, offset: int) -> Landing:
    """The field that a byte of a packet became."""

    def land(study: Study) -> int:
        found = study.outline.at_packet_byte(packet, offset)
        return study.root if found == NOWHERE else found

    return land


def message_at(session: Session, study: Study, view: View, offset: int) -> Stop | None:
    """The message that a byte of a stream belongs to, or that begins in a packet after the one explained."""
    current = study.message
    if current is None or view.packet:
        return None
    for index, message in enumerate(session.messages):
        if message.buffer is view.buffer and message.start <= offset < message.end:
            return Stop(index, message.packet)
    return None


def message_of_row(session: Session, row: Row) -> int:
    """The index of the message that a row of the live list shows, or of the nearest; -1 when nothing is near.

    The whole file is cut anew, so that numbers differ, but not where messages begin.
    """
    best, found = 0, -1
    for index, message in enumerate(session.messages):
        if message.packet != row.packet:
            continue
        same = (message.side == row.side, message.protocol == row.protocol, message.summary == row.summary)
        likeness = 1 + sum(same)
        if likeness > best:
            best, found = likeness, index
    return found
