"""What lists need to know about a whole capture, gathered once, away from the thread that draws."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from inspector.model.sides import SIDE_NAMES, Side, other
from inspector.tui.text import GLYPHS

if TYPE_CHECKING:
    from inspector.model.finding import Finding
    from inspector.model.flow import Flow
    from inspector.session import Session


LOOK_BACK = 5000
"""Messages looked at to find the one that a packet continues."""


class Event(NamedTuple):
    """Something without a message that a list of messages should not hide."""

    flow: int
    side: Side
    glyph: str
    text: str


class Digest:
    """Gathered facts; empty until `gather` has run, and good for drawing at once."""

    def __init__(self) -> None:
        self.origin = 0
        self.events: dict[int, Event] = {}
        self.codes: Sequence[int] = ()
        self.troubled: list[int] = []
        self.counts: dict[str, int] = dict.fromkeys(GLYPHS, 0)
        self.findings: list[Finding] = []
        self._severities: dict[int, str] = {}
        self._first: dict[int, int] = {}
        self._messages: dict[int, int] = {}
        self._protocols: dict[int, list[str]] = {}
        self._findings: dict[int, list[Finding]] = {}
        self.complete = False
        self._packets: list[int] = []
        self._carried: list[int] = []

    def severity(self, message: int) -> str:
        """The worst severity of the message at an index, "" when nothing is wrong."""
        return self._severities.get(message, "")

    def first_message(self, flow: int) -> int:
        """The index of a conversation's first message, -1 when it has none."""
        return self._first.get(flow, -1)

    def message_count(self, flow: int) -> int:
        """Messages in a conversation."""
        return self._messages.get(flow, 0)

    def protocols_of(self, flow: int) -> str:
        """The protocols spoken in a conversation, in order of appearance."""
        return " ".join(self._protocols.get(flow, ()))

    def findings_of(self, flow: int) -> list[Finding]:
        """The diagnoses of a conversation, worst first."""
        return self._findings.get(flow, [])

    def flow_of(self, session: Session, code: int) -> int:
        """The conversation of a row code: a message's index, or a negative packet number."""
        return session.messages[code].flow if code >= 0 else self.events[-code].flow

    def place(self, stop: Stop) -> int:
        """The row of a stop in `codes`, or where it would be."""
        code = stop.message if stop.message >= 0 else -stop.packet
        if code in self.codes:
            return self.codes.index(code)
        return bisect_right(self._packets, stop.packet)

    def message_in(self, session: Session, packet: int) -> int:
        """The index of the first message that begins in a packet, else of one that reaches into it, -1 without any."""
        place = bisect_right(self._packets, packet) - 1
        if place < 0:
            return -1
        if self._packets[place] == packet:
            return self._carried[bisect_left(self._packets, packet)]
        row = session.packet_row(packet)
        for at in range(place, max(-1, place - LOOK_BACK), -1):
            message = session.messages[self._carried[at]]
            if message.flow == row.flow and message.side == row.side:
                return self._carried[at] if message.last_packet >= packet else -1
        return -1


def quick(session: Session) -> Digest:
    """What is needed to draw the list of messages: nothing that looks at each of them."""
    digest = Digest()
    digest.codes = range(len(session.messages))
    if len(session.capture.table):
        digest.origin = int(session.capture.table.times[0])
    return digest


def gather(session: Session) -> Digest:
    """Everything; slow for large captures."""
    digest = quick(session)
    spoken: dict[int, list[int]] = {}
    starts: list[tuple[int, int]] = []
    for index, message in enumerate(session.messages):
        flow = message.flow
        digest._first.setdefault(flow, index)
        digest._messages[flow] = digest._messages.get(flow, 0) + 1
        names = digest._protocols.setdefault(flow, [])
        if message.protocol not in names:
            names.append(message.protocol)
        spoken.setdefault(flow, [0, 0])[message.side] += 1
        if message.packet:
            starts.append((message.packet, index))
    starts.sort()
    digest._packets = [packet for packet, _ in starts]
    digest._carried = [index for _, index in starts]
    _diagnose(session, digest)
    for flow in session.flows:
        _add_endings(flow, spoken.get(flow.number, [0, 0]), digest)
    digest.codes = _merge(session, digest)
    digest.troubled = [row for row, code in enumerate(digest.codes) if code < 0 or code in digest._severities]
    digest.complete = True
    return digest


def _diagnose(session: Session, digest: Digest) -> None:
    digest.findings = session.findings()
    for finding in digest.findings:
        digest._findings.setdefault(finding.flow, []).append(finding)
    for index, message in enumerate(session.messages):
        severity = session.severity(message)
        if severity is not None:
            digest._severities[index] = severity
            digest.counts[severity] += 1


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

