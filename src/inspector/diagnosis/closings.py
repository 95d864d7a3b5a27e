"""Connections that one side had given up while the other still sent on them."""

from dataclasses import dataclass
from typing import Final

from inspector.diagnosis.scene import Scene
from inspector.diagnosis.segments import Segment, segments
from inspector.model.flow import Flow
from inspector.model.message import Message
from inspector.model.sides import CLIENT, Side, other
from inspector.net.numbers import ACK, FIN, RST, SYN

IDLE: Final = 1.0
"""Seconds without a byte after which a close is a time-out's: servers' shortest keep-alive is a few seconds."""
GOODBYE: Final = 64
"""Bytes that may be no more than a farewell: HTTP/2 GOAWAY, a close frame, QUIT."""
ALERT: Final = b"\x15"
"""The first byte of a TLS alert record, RFC 8446 5.1: close_notify takes up to 85 bytes."""
ASKING: Final = frozenset({"request", "call", "oneway"})
"""Kinds of messages that ask something."""

CLOSED: Final = "closed"
"""It had sent FIN, and answered what came then with RST."""
FORGOTTEN: Final = "forgotten"
"""It answered with a RST that acknowledges nothing: its TCP knows of no such connection (RFC 9293 3.5.2, group 1)."""
DROPPED: Final = "dropped"
"""It sent RST by itself, when nothing had been said for a while."""


@dataclass(slots=True)
class Closing:
    """How `side` gave a connection up: `closed` is its FIN, or its RST; `late` what the other side sent then.

    `silence` counts seconds without a byte of either side before that; `lost` is the request that was lost, None where
    none was.
    """

    flow: Flow
    kind: str
    side: Side
    closed: Segment
    late: Segment | None
    reset: Segment
    silence: float
    lost: Message | None

    @property
    def unheard(self) -> bool:
        """Whether the server gave it up before it was asked anything, without having said a word."""
        asked = self.flow.buffers[CLIENT].packet_at(0) if self.flow.buffers[CLIENT].size else 0
        return self.side != CLIENT and not self.flow.buffers[self.side].size and self.closed.packet < asked

    @property
    def idle(self) -> bool:
        """Whether it ended after a silence."""
        return self.silence >= IDLE


def closings(scene: Scene) -> dict[int, Closing]:
    """By flow; one at most in each."""
    known = scene.worked_out.get("closings")
    if isinstance(known, dict):
        return known
    found: dict[int, Closing] = {}
    for flow in scene.flow_table.flows:
        if flow.transport == "tcp" and (flow.rst_packets[0] or flow.rst_packets[1]) and not flow.refused:
            closing = _find(scene, flow)
            if closing is not None:
                found[flow.number] = closing
    scene.worked_out["closings"] = found
    return found


def _find(scene: Scene, flow: Flow) -> Closing | None:
    sent = segments(scene.flow_table, flow.number)
    reset = next(segment for segment in sent if segment.flags & RST)
    side = reset.side
    before = [segment for segment in sent if segment.packet < reset.packet]
    closed = next((segment for segment in before if segment.side == side and segment.flags & FIN), None)
    if closed is not None:
        return _closed(scene, flow, closed, reset, before)
    late = before[-1] if before and before[-1].side == other(side) and before[-1].length else None
    if late is not None and not reset.flags & ACK and reset.seq == late.ack:
        silence = _silence([segment for segment in before if segment is not late], late)
        return Closing(flow, FORGOTTEN, side, reset, late, reset, silence, _lost(scene, flow, side, late.packet))
    silence = _silence(before, reset)
    if silence >= IDLE and _said(before) and not _outstanding(before):
        return Closing(flow, DROPPED, side, reset, None, reset, silence, None)
    return None


def _closed(scene: Scene, flow: Flow, closed: Segment, reset: Segment, before: list[Segment]) -> Closing | None:
    """FIN, bytes of the other side, RST."""
    side = closed.side
    behind = [s for s in before if s.packet > closed.packet and s.side != side and s.length]
    if not behind:
        return None
    lost = _lost(scene, flow, side, closed.packet)
    if lost is None and _is_farewell(scene, behind):
        return None
    silence = _silence([segment for segment in before if segment.packet < closed.packet], closed)
    return Closing(flow, CLOSED, side, closed, behind[0], reset, silence, lost)


def _is_farewell(scene: Scene, behind: list[Segment]) -> bool:
    """Whether the bytes behind a FIN are few, or a TLS alert."""
    table, row = scene.flow_table.table, behind[0].packet - 1
    start = int(scene.flow_table.headers.start[row])
    first = table.data(row + 1)[start : start + 1]
    return first == ALERT or sum(segment.length for segment in behind) < GOODBYE


def _silence(before: list[Segment], event: Segment) -> float:
    """Seconds without payload before an event; 0 where none had been captured."""
    filled = [segment for segment in before if segment.length > 1 or segment.flags & SYN]
    return (event.time - filled[-1].time) / 1e9 if filled else 0.0


def _said(before: list[Segment]) -> bool:
    """Whether both sides had sent bytes."""
    return {segment.side for segment in before if segment.length} == {0, 1}


def _outstanding(before: list[Segment]) -> bool:
    """Whether the last bytes are the client's: then the server still owed something."""
    filled = [segment for segment in before if segment.length]
    return filled[-1].side == CLIENT


def _lost(scene: Scene, flow: Flow, side: Side, packet: int) -> Message | None:
    """The request that the client sent from packet `packet` on, where the server (`side`) had given up."""
    asked = scene.last(flow.number, CLIENT)
    if side == CLIENT or asked is None or asked.packet < packet or asked.kind not in ASKING:
        return None
    return asked
