"""The same bytes were sent again and again, because nobody acknowledged them.

What you see
    A connection hangs, is slow, or ends in a time-out ("Connection timed out", ETIMEDOUT). Requests take 0.2 s or some
    seconds longer than others for no reason.

Why it happens
    What is not acknowledged in time is sent again, and each time TCP waits twice as long: 0.2, 0.4, 0.8 s and so on.
    Once is nothing. The same segment three times and more says that the path is broken: the other machine is gone, a
    firewall or NAT has dropped the connection from its table, a packet of that size does not get through (MTU). Many
    segments sent twice say that the path loses packets.

How we know (bytes)
    Packets of the same side with the same sequence number and no acknowledgement in between, with the times between
    them. Packets that were captured twice are told apart by their time, and nothing is said of a flow of which only
    one side was captured.

What to do
    Capture at the other end as well: what is sent there and does not arrive here is lost in between. Small packets that
    pass while large ones do not are an MTU problem (ping -M do -s 1472).

References
    RFC 6298 (retransmission timer, section 5.5: back off); RFC 9293 section 3.8; RFC 4821 (path MTU).
"""

from typing import Final

from inspector.diagnosis.evidence import tcp_evidence
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.segments import Resent, Segment, after, both_seen, resent, segments
from inspector.diagnosis.words import count, duration
from inspector.model.finding import Evidence, Finding
from inspector.model.flow import Flow
from inspector.model.sides import SIDE_NAMES, other
from inspector.net.numbers import ACK, RST, SYN

STORM: Final = 4
"""Times that one segment is sent from which on the path is broken rather than lossy."""
PATIENCE: Final = 0.15
"""Seconds before the first repeat: what comes earlier is a fast retransmission (RFC 5681 3.2), which costs little."""
MANY: Final = 10
SHARE: Final = 0.03
"""Segments sent again, and their part of all, from which on a path is called lossy."""
IDLE: Final = 30.0
"""Seconds of silence after which firewalls and NATs begin to forget a connection."""
SHOWN: Final = 5
"""Packets of a storm that are given as evidence."""


def find(scene: Scene) -> list[Finding]:
    """Flows with a storm of one segment, or with many segments sent again."""
    found: list[Finding] = []
    for number, again in resent(scene).items():
        flow = scene.flow_table.flow(number)
        if not both_seen(scene, flow):
            continue
        repeats = [each for each in again if not _is_syn(scene, each)]
        storms = [each for each in repeats if len(each.packets) >= STORM and each.waits[0] >= PATIENCE]
        if storms:
            sent = segments(scene.flow_table, number)
            storms = [each for each in storms if not _acknowledged_between(sent, each)]
        if storms:
            found.append(_storm(scene, flow, max(storms, key=lambda each: len(each.packets)), sent))
        else:
            found.extend(_lossy(scene, flow, repeats))
    return found


def _is_syn(scene: Scene, each: Resent) -> bool:
    return bool(scene.flow_table.headers.flags[each.packets[0] - 1] & SYN)


def _acknowledged_between(sent: list[Segment], each: Resent) -> bool:
    """Whether the other side had received the bytes before they came again: then it was no loss of theirs."""
    first = next(segment for segment in sent if segment.packet == each.packets[0])
    return any(
        segment.side != each.side
        and segment.flags & (ACK | RST) == ACK
        and each.packets[0] < segment.packet < each.packets[-2]
        and not after(segment.ack, first.end)
        for segment in sent
    )


def _storm(scene: Scene, flow: Flow, worst: Resent, sent: list[Segment]) -> Finding:
    who, whom = SIDE_NAMES[worst.side], SIDE_NAMES[other(worst.side)]
    first = next(segment for segment in sent if segment.packet == worst.packets[0])
    arrived = next((s for s in sent if s.packet > first.packet and _covers(s, first)), None)
    again = len(worst.packets) - 1
    waits = ", ".join(duration(wait) for wait in worst.waits[:8]) + (" and so on" if again > 8 else "")
    see = (
        f"The {who} sent {count(first.length, 'byte')} (packet {first.packet}) and sent them {count(again, 'time')} "
        f"more, waiting {waits}. "
    )
    if arrived is not None:
        gap = duration((arrived.time - first.time) / 1e9)
        see += f"Only packet {arrived.packet}, {gap} after the first, acknowledged them."
    else:
        see += f"Nothing that the {whom} sent acknowledged them; {_how_it_ended(flow, sent)}."
    return Finding(
        rule="tcp-retransmissions",
        severity="warning" if arrived is not None else "error",
        flow=flow.number,
        title=f"The same segment sent {len(worst.packets)} times, "
        + ("then received" if arrived is not None else "and never acknowledged"),
        see=see,
        why=_why(who, whom, worst, first, sent),
        do=f"Capture on the {whom}'s machine too: if these packets do not arrive there, the path loses them; if they "
        f"do, its acknowledgements are lost, or its machine is stuck.\nIf small packets pass and large ones do not, "
        f"look for the MTU:\nping -M do -s 1472 {(flow.client if worst.side else flow.server).address}",
        evidence=_evidence(scene, worst),
        references=["RFC 6298 section 5 (managing the timer; 5.5 back off)", "RFC 9293 section 3.8.1"],
    )


def _covers(segment: Segment, first: Segment) -> bool:
    """Whether a segment of the other side acknowledges `first` whole."""
    acknowledges = segment.side != first.side and segment.flags & (ACK | RST) == ACK
    return acknowledges and not after(segment.ack, first.end)


def _how_it_ended(flow: Flow, sent: list[Segment]) -> str:
    for side in (0, 1):
        if flow.rst_packets[side]:
            return f"the {SIDE_NAMES[side]} gave the connection up with RST (packet {flow.rst_packets[side]})"
    return f"the last packet of the flow is {sent[-1].packet}"


def _why(who: str, whom: str, worst: Resent, first: Segment, sent: list[Segment]) -> str:
    doubling = sum(later >= 1.5 * earlier for earlier, later in zip(worst.waits, worst.waits[1:], strict=False))
    lines = [f"What is not acknowledged in time is sent again. The {who} heard nothing of these bytes."]
    if doubling >= len(worst.waits) // 2:
        lines.append("It waited about twice as long each time, which is TCP's back-off.")
    before = [segment for segment in sent if segment.packet < first.packet]
    silence = (first.time - before[-1].time) / 1e9 if before else 0.0
    later = any(s.packet > first.packet and s.side != first.side for s in sent)
    if silence >= IDLE:
        lines.append(
            f"The connection had been silent for {duration(silence)} before: most likely a firewall or NAT in between "
            "had forgotten it by then and drops its packets."
        )
    elif later:
        lines.append(
            f"Other packets of the {whom} did come meanwhile, so its machine lives: bytes are lost on the way."
        )
    else:
        lines.append(f"No packet of the {whom} came meanwhile: its machine, or the way to it, is gone.")
    return "\n".join(lines)


def _evidence(scene: Scene, worst: Resent) -> list[Evidence]:
    found: list[Evidence] = []
    for index, packet in enumerate(worst.packets[:SHOWN]):
        text = "TCP sequence number" + (f": the same, {duration(worst.waits[index - 1])} later" if index else "")
        found += tcp_evidence(scene.flow_table, packet, "tcp.seq_raw", 4, text)
    return found


def _lossy(scene: Scene, flow: Flow, repeats: list[Resent]) -> list[Finding]:
    """One finding for the side whose segments had to be sent again most often, where that is often."""
    h = scene.flow_table.headers
    by_side = [[each for each in repeats if each.side == side] for side in (0, 1)]
    side = int(len(by_side[1]) > len(by_side[0]))
    chosen = by_side[side]
    again = sum(len(each.packets) - 1 for each in chosen)
    if again < MANY:
        return []
    filled = sum(
        scene.flow_table.side_of[packet - 1] == side and h.length[packet - 1] > 0
        for packet in scene.flow_table.packets(flow.number)
    )
    if again < SHARE * filled:
        return []
    waited = sum(each.lasted for each in chosen)
    who = SIDE_NAMES[side]
    worst = max(chosen, key=lambda each: each.lasted)
    return [
        Finding(
            rule="tcp-retransmissions",
            severity="warning",
            flow=flow.number,
            title=f"{again / filled:.0%} of the {who}'s segments were sent again",
            see=f"The {who} sent {filled:,} segments with bytes, {again:,} of them for the second time or more. Those "
            f"that had to be repeated arrived {duration(waited / len(chosen))} late on average, the worst "
            f"{duration(worst.lasted)} (packet {worst.packets[0]}).",
            why="The path loses packets: a bad link or radio, a queue that overflows, a duplex mismatch. Or the "
            f"acknowledgements of the {SIDE_NAMES[other(side)]} come too late.",
            do="Capture at the other end as well, and compare which packets arrive. Look at the error counters of the "
            "interfaces on the way:\nip -s link",
            evidence=_evidence(scene, worst),
            references=["RFC 6298 section 5", "RFC 5681 section 3 (congestion control)"],
        )
    ]
