"""A side told the other to stop sending: its receive window was zero.

What you see
    A transfer stops in the middle, goes on after a while, or never does. Network and sender have nothing to do.

Why it happens
    With every packet a side says how many more bytes it has room for, its window. The kernel fills that room until the
    program reads. A program that does not read (it computes, waits for a disk or for another service, or hangs) lets
    the window fall to 0, and then the other side may send nothing but probes of a byte or none.

How we know (bytes)
    The window field of the packet that says 0, and that of the packet that opens it again. The probes in between.

What to do
    Look at the program that does not read, not at the network: Recv-Q of its socket in ss -tn, its threads, its load.

References
    RFC 9293 section 3.8.6 (managing the window) and 3.8.6.1 (zero-window probing).
"""

from dataclasses import dataclass
from typing import Final

from inspector.diagnosis.evidence import tcp_evidence
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.segments import WRAP, Segment, flows_with, is_bare, segments
from inspector.diagnosis.words import count, duration
from inspector.model.finding import Evidence, Finding
from inspector.model.flow import Flow
from inspector.model.sides import SIDE_NAMES, Side, other
from inspector.net.numbers import ACK, FIN, RST, SYN

SHORT: Final = 0.05
"""Seconds of waiting that nobody notices."""
LONG: Final = 0.5
"""Seconds of waiting in all that are worth a warning."""


@dataclass(slots=True)
class Stall:
    """`closed` says a window of 0, `opened` is the first packet after it that says more; None: never captured."""

    closed: Segment
    opened: Segment | None
    lost: float
    probes: int


def find(scene: Scene) -> list[Finding]:
    """Flows in which a side had to wait for the other's window."""
    h = scene.flow_table.headers
    closed = (h.window == 0) & (h.flags & (SYN | FIN | RST | ACK) == ACK)
    found: list[Finding] = []
    for flow in flows_with(scene, closed):
        sent = segments(scene.flow_table, flow.number)
        for side in (0, 1):
            stalls = [stall for stall in _stalls(sent, side) if stall.lost >= SHORT]
            if stalls:
                found.append(_finding(scene, flow, side, stalls))
    return found


def _stalls(sent: list[Segment], side: Side) -> list[Stall]:
    """Each time that `side` closed its window, until it opened it or the conversation ended."""
    found: list[Stall] = []
    closed: Segment | None = None
    probes = 0
    for segment in sent:
        ends = segment.flags & (RST | FIN)
        if segment.side != side:
            if closed is not None and _probes(segment, closed):
                probes += 1
            if not segment.flags & RST:
                continue
        if closed is not None and (ends or segment.window):
            opened = segment if segment.window and not ends else None
            found.append(Stall(closed, opened, (segment.time - closed.time) / 1e9, probes))
            closed, probes = None, 0
        elif closed is None and is_bare(segment.flags) and not segment.window and segment.side == side:
            closed = segment
        if ends and segment.side == side:
            return found
    if closed is not None:
        found.append(Stall(closed, None, (sent[-1].time - closed.time) / 1e9, probes))
    return found


def _probes(segment: Segment, closed: Segment) -> bool:
    """Whether a segment asks for the window: one byte, or none, at the edge of what is acknowledged."""
    if segment.length == 0:
        return segment.seq == (closed.ack - 1) % WRAP
    return segment.length == 1 and segment.seq == closed.ack


def _finding(scene: Scene, flow: Flow, side: Side, stalls: list[Stall]) -> Finding:
    reader, sender = SIDE_NAMES[side], SIDE_NAMES[other(side)]
    lost = sum(stall.lost for stall in stalls)
    worst = max(stalls, key=lambda stall: stall.lost)
    probes = sum(stall.probes for stall in stalls)
    stuck = stalls[-1].opened is None
    asked = f" The {sender} asked {count(probes, 'time')} whether there is room again." if probes else ""
    end = (
        f"The window was still 0 when the conversation, or the capture, ended (packet {stalls[-1].closed.packet})."
        if stuck
        else f"Each time the {reader} opened it again."
    )
    return Finding(
        rule="tcp-zero-window",
        severity="warning" if lost >= LONG else "note",
        flow=flow.number,
        title=f"The {reader} did not read: its TCP window was 0 for {duration(lost)}",
        see=f"The {reader} closed its receive window {count(len(stalls), 'time')}, for {duration(lost)} in all; the "
        f"longest wait, {duration(worst.lost)}, began with packet {worst.closed.packet}.{asked} {end}",
        why=f"The {reader}'s kernel had received everything and had no room left, as the program behind it did not "
        f"read. Until it does, the {sender} may not send. The network is not to blame, and neither is the {sender}.",
        do=f"Look at the program on {flow.client if side == 0 else flow.server}: what it waits for while it should "
        f"read. Its socket shows a full Recv-Q:\nss -tn 'sport = :{(flow.client if side == 0 else flow.server).port}'"
        "\nA larger receive buffer only hides a reader that is too slow on the whole.",
        evidence=_evidence(scene, worst),
        references=["RFC 9293 section 3.8.6.1 (zero-window probing)", "RFC 1122 section 4.2.2.17"],
    )


def _evidence(scene: Scene, stall: Stall) -> list[Evidence]:
    field = "tcp.window_size_value"
    found = tcp_evidence(scene.flow_table, stall.closed.packet, field, 2, "TCP window: 0 bytes")
    if stall.opened is not None:
        text = f"TCP window, {duration(stall.lost)} later: {stall.opened.window:,} (before scaling)"
        found += tcp_evidence(scene.flow_table, stall.opened.packet, field, 2, text)
    return found
