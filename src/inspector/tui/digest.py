"""What lists need to know about a whole capture, gathered once, away from the thread that draws."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, NamedTuple

from inspector.model.sides import SIDE_NAMES, Side, other
from inspector.tui.text import GLYPHS

if TYPE_CHECKING:
    from inspector.model.finding import Finding
    from inspector.model.flow import Flow
    from inspector.session import Session
    from inspector.tui.study import Stop


LOOK_BACK = 5000
"""Messages looked at to find the one that a packet continues."""


class Event(NamedTuple):
    """Something without a message that a list of messages should not hide."""

    flow: int
    side: Side
    glyph: str
    text: str


class Digest:
    """Gathered facts; empty until `gather` and `diagnose` have run, and good for drawing at once.

    Messages are named by their index in the session, conversations and packets by their number. `codes` are the rows
    of the list of messages: an index, or the negative number of a packet that is an event. `troubled` are the rows of
    those with something wrong.
    """

    def __init__(self) -> None:
        self.origin = 0
        self.events: dict[int, Event] = {}
        self.codes: Sequence[int] = ()
        self.troubled: list[int] = []
        self.counts: dict[str, int] = dict.fromkeys(GLYPHS, 0)
        self.findings: list[Finding] = []
        self.severities: dict[int, str] = {}
        self.firsts: dict[int, int] = {}
        self.message_counts: dict[int, int] = {}
        self.protocols: dict[int, list[str]] = {}
        self.by_flow: dict[int, list[Finding]] = {}
        self.complete = False
        self.packets: list[int] = []
        self.carried: list[int] = []

    def severity(self, message: int) -> str:
        """The worst severity of the message at an index, "" when nothing is wrong."""
        return self.severities.get(message, "")

    def first_message(self, flow: int) -> int:
        """The index of a conversation's first message, -1 when it has none."""
        return self.firsts.get(flow, -1)

    def message_count(self, flow: int) -> int:
        """Messages in a conversation."""
        return self.message_counts.get(flow, 0)

    def protocols_of(self, flow: int) -> str:
        """The protocols spoken in a conversation, in order of appearance."""
        return " ".join(self.protocols.get(flow, ()))

    def findings_of(self, flow: int) -> list[Finding]:
        """The diagnoses of a conversation, worst first."""
        return self.by_flow.get(flow, [])

    def flow_of(self, session: Session, code: int) -> int:
        """The conversation of a row code: a message's index, or a negative packet number."""
        return session.messages[code].flow if code >= 0 else self.events[-code].flow

    def place(self, stop: Stop) -> int:
        """The row of a stop in `codes`, or where it would be."""
        code = stop.message if stop.message >= 0 else -stop.packet
        if code in self.codes:
            return self.codes.index(code)
        return bisect_right(self.packets, stop.packet)

    def message_in(self, session: Session, packet: int) -> int:
        """The index of the first message that begins in a packet, else of one that reaches into it, -1 without any."""
        place = bisect_right(self.packets, packet) - 1
        if place < 0:
            return -1
        if self.packets[place] == packet:
            return self.carried[bisect_left(self.packets, packet)]
        row = session.packet_row(packet)
        for at in range(place, max(-1, place - LOOK_BACK), -1):
            message = session.messages[self.carried[at]]
            if message.flow == row.flow and message.side == row.side:
                return self.carried[at] if message.last_packet >= packet else -1
        return -1


def quick(session: Session) -> Digest:
    """What is needed to draw the list of messages: nothing that looks at each of them."""
    digest = Digest()
    digest.codes = range(len(session.messages))
    if len(session.capture.table):
        digest.origin = int(session.capture.table.times[0])
    return digest


def gather(session: Session) -> Digest:
    """What is in the capture, without diagnosing it; slow for large captures."""
    digest = quick(session)
    spoken: dict[int, list[int]] = {}
    starts: list[tuple[int, int]] = []
    for index, message in enumerate(session.messages):
        flow = message.flow
        digest.firsts.setdefault(flow, index)
        digest.message_counts[flow] = digest.message_counts.get(flow, 0) + 1
        names = digest.protocols.setdefault(flow, [])
        if message.protocol not in names:
            names.append(message.protocol)
        spoken.setdefault(flow, [0, 0])[message.side] += 1
        if message.packet:
            starts.append((message.packet, index))
    starts.sort()
    digest.packets = [packet for packet, _ in starts]
    digest.carried = [index for _, index in starts]
    for conversation in session.flows:
        _add_endings(conversation, spoken.get(conversation.number, [0, 0]), digest)
    digest.codes = _merge(session, digest)
    return digest


def diagnose(session: Session, gathered: Digest) -> Digest:
    """The same with findings and severities; runs the rules over the whole capture."""
    digest = copy(gathered)
    digest.counts = dict.fromkeys(GLYPHS, 0)
    digest.findings = session.findings()
    digest.by_flow, digest.severities = {}, {}
    for finding in digest.findings:
        digest.by_flow.setdefault(finding.flow, []).append(finding)
    for index, message in enumerate(session.messages):
        severity = session.severity(message)
        if severity is not None:
            digest.severities[index] = severity
            digest.counts[severity] += 1
    digest.troubled = [row for row, code in enumerate(digest.codes) if code < 0 or code in digest.severities]
    digest.complete = True
    return digest


def _add_endings(flow: Flow, spoken: list[int], digest: Digest) -> None:
    """A side that ends without having said anything, and every reset."""
    for side, name in enumerate(SIDE_NAMES):
        if flow.rst_packets[side]:
            text = f"RST: the {name} {'refuses the connection' if flow.refused else 'aborts the connection'}"
            digest.events[flow.rst_packets[side]] = Event(flow.number, side, "!", text)
        elif flow.fin_packets[side] and not spoken[side] and spoken[other(side)]:
            text = f"FIN: the {name} closes without having sent a byte"
            digest.events[flow.fin_packets[side]] = Event(flow.number, side, "?", text)
    if not any(spoken) and flow.syn_packet and not any(flow.rst_packets):
        digest.events[flow.syn_packet] = Event(flow.number, 0, "i", "SYN: a connection that carries no data")


def _merge(session: Session, digest: Digest) -> Sequence[int]:
    """Messages in their order with the events between them, as row codes."""
    if not digest.events:
        return digest.codes
    pending = sorted(digest.events, reverse=True)
    codes: list[int] = []
    for index, message in enumerate(session.messages):
        while pending and pending[-1] < message.packet:
            codes.append(-pending.pop())
        codes.append(index)
    codes.extend(-packet for packet in reversed(pending))
    return codes
