"""One item of a list opened for looking: the headers of its packet, then the fields of its message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from inspector.engine.cursor import NOWHERE, Outline
from inspector.model.buffer import Origin
from inspector.model.field import Field

if TYPE_CHECKING:
    from inspector.model.message import Message
    from inspector.model.verdict import Verdict
    from inspector.session import Session

PAYLOAD_NAMES = frozenset({"payload", "tcp.payload", "udp.payload", "frame.payload", "data"})
"""Leaves of a packet tree whose bytes the message's own tree explains."""


Verdicts = dict[int, list[tuple[int, "Verdict"]]]


class Stop(NamedTuple):
    """What a row of a list stands for: a message (its index in the session) or a packet without one (-1).

    The packet is the one that a message begins in, 0 when that was never captured.
    """

    message: int
    packet: int


@dataclass(slots=True)
class Study:
    """`root` is the outline index of the message's own layer, of the uppermost header for a packet without a message.

    `start` is the line to look at first: the root, or the flags of a TCP packet without a message.
    """

    stop: Stop
    message: Message | None
    outline: Outline
    root: int
    start: int
    packets: list[int] = field(default_factory=list)
    verdicts: list[tuple[int, Verdict]] = field(default_factory=list)

    @property
    def handover(self) -> int:
        """The outline index where the packet's headers end and the message begins, NOWHERE without a message."""
        return self.root if self.message is not None else NOWHERE

    def origins(self, index: int) -> list[Origin]:
        """The captured bytes that a field came from; for an empty one, none."""
        return self.outline.origins(index)


def study(session: Session, stop: Stop, verdicts: Verdicts | None = None) -> Study:
    """Explain what a row stands for; slow, so not for the thread that draws. `verdicts` keeps those of flows seen."""
    outline = Outline()
    message = session.messages[stop.message] if stop.message >= 0 else None
    headers = session.explain_packet(stop.packet) if stop.packet else None
    if headers is not None and headers.buffer is not None:
        for layer in _layers(headers, message):
            outline.add(layer, headers.buffer)
    if message is None:
        root = outline.layers[-1]
        for index in outline.layers:
            if outline.first_child(index) != NOWHERE:
                root = index
        flags = [index for index, node in enumerate(outline.nodes) if node.name == "tcp.flags"]
        return Study(stop, None, outline, root, flags[0] if flags else root, [stop.packet])
    root = outline.add(session.explain(message), message.buffer)
    packets = session.packets_of(message)
    known = verdicts if verdicts is not None else {}
    if message.flow not in known:
        known[message.flow] = session.verdicts(message.flow)
    return Study(stop, message, outline, root, root, packets, known[message.flow])


def _layers(headers: Field, message: Message | None) -> list[Field]:
    if not headers.children:
        return [headers]
    if message is None:
        return headers.children
    kept = [child for child in headers.children if child.children or child.name not in PAYLOAD_NAMES]
    return kept or headers.children
