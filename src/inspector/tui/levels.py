"""The three lists: conversations, messages, packets. Rows are made when they are drawn."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from inspector.model.sides import CLIENT, SIDE_NAMES
from inspector.tui.study import Stop
from inspector.tui.text import ARROWS, GLYPHS, Line, clock, duration, size
from inspector.tui.widgets.virtual_table import Column

if TYPE_CHECKING:
    from inspector.capture.processes import Processes
    from inspector.model.flow import Flow
    from inspector.session import Session
    from inspector.tui.digest import Digest
    from inspector.tui.filtering import Choice

FLOWS: Final = "flows"
MESSAGES: Final = "messages"
PACKETS: Final = "packets"
LEVELS: Final = (FLOWS, MESSAGES, PACKETS)
SIDE_ROLES: Final = SIDE_NAMES
"""The role that draws each side in its colour."""
MAX_INDENT: Final = 3


class ListedRows:
    """Rows that stand for `items`: numbers or codes, made into cells when they are drawn."""

    def __init__(self, session: Session, digest: Digest, items: Sequence[int]) -> None:
        self.session = session
        self.digest = digest
        self.items = items

    def __len__(self) -> int:
        return len(self.items)


class MessageRows(ListedRows):
    """Messages, and the packets that end a conversation in a way worth a row of their own (as negative numbers)."""

    columns: ClassVar = (
        Column("", 1),
        Column("#", 5, right=True),
        Column("time", 10, right=True, drop=2),
        Column("conv", 5, drop=3),
        Column("client", 6, right=True, drop=5),
        Column("", 1),
        Column("server", 6, drop=5),
        Column("protocol", 9),
        Column("bytes", 7, right=True, drop=1),
        Column("after", 7, right=True, drop=6),
        Column("summary", 38, grow=True),
    )

    def flow(self, row: int) -> int:
        """The conversation of a row."""
        return self.digest.flow_of(self.session, self.items[row])

    def stop(self, row: int) -> Stop:
        """What a row stands for."""
        code = self.items[row]
        if code < 0:
            return Stop(-1, -code)
        return Stop(code, self.session.messages[code].packet)

    def find(self, stop: Stop) -> int:
        """The row nearest to `stop`, -1 in an empty list."""
        code = stop.message if stop.message >= 0 else -stop.packet
        if code in self.items:
            return self.items.index(code)
        for row in range(len(self.items)):
            if self.stop(row).packet >= stop.packet:
                return row
        return len(self.items) - 1

    def cells(self, row: int) -> Line:
        code = self.items[row]
        return self._event(-code) if code < 0 else self._message(code)

    def _message(self, index: int) -> Line:
        session, message = self.session, self.session.messages[index]
        flow = session.flows[message.flow - 1]
        severity = self.digest.severity(index)
        role = SIDE_ROLES[message.side]
        depth, parent = 0, message.parent
        while parent is not None and depth < MAX_INDENT:
            depth, parent = depth + 1, parent.parent
        after = session.latency(message)
        return [
            (severity, GLYPHS.get(severity, " ")),
            ("dim", str(message.number)),
            ("dim", clock(message.time - self.digest.origin) if message.packet else ""),
            ("dim", f"c{message.flow}"),
            ("dim", f":{flow.client.port}"),
            (role, ARROWS[message.side]),
            ("dim", f":{flow.server.port}"),
            (role, message.protocol),
            ("", size(message.length)),
            ("dim", "" if after is None or after < 0 else duration(after)),
            (
                "" if message.issue is None else severity or "warning",
                ("  " * depth) + ("└ " if depth else "") + message.summary,
            ),
        ]

    def _event(self, packet: int) -> Line:
        event = self.digest.events[packet]
        flow = self.session.flows[event.flow - 1]
        role = SIDE_ROLES[event.side]
        return [
            ("warning", event.glyph),
            ("dim", "·"),
            ("dim", clock(self.session.packet(packet).time - self.digest.origin)),
            ("dim", f"c{event.flow}"),
            ("dim", f":{flow.client.port}"),
            (role, ARROWS[event.side]),
            ("dim", f":{flow.server.port}"),
            (role, "tcp"),
            ("dim", ""),
            ("dim", ""),
            ("", event.text),
        ]


class FlowRows(ListedRows):
    """Conversations."""

    columns: ClassVar = (
        Column("", 1),
        Column("conv", 5),
        Column("", 1),
        Column("client", 21, drop=2),
        Column("", 1, drop=2),
        Column("server", 21),
        Column("protocol", 14),
        Column("messages", 8, right=True, drop=1),
        Column("packets", 7, right=True, drop=3),
        Column("ended", 14, drop=4),
        Column("processes", 24, drop=5),
        Column("finding", 32, grow=True),
    )

    def flow(self, row: int) -> int:
        """The conversation of a row."""
        return self.items[row]

    def stop(self, row: int) -> Stop:
        """The first message of a conversation, or its first packet."""
        flow = self.session.flows[self.items[row] - 1]
        first = self.digest.first_message(flow.number)
        if first < 0:
            return Stop(-1, flow.first_packet)
        return Stop(first, self.session.messages[first].packet)

    def find(self, stop: Stop) -> int:
        """The row of the conversation that `stop` is part of, 0 when it is not listed."""
        session = self.session
        flow = session.messages[stop.message].flow if stop.message >= 0 else session.packet_row(stop.packet).flow
        return self.items.index(flow) if flow in self.items else 0

    def cells(self, row: int) -> Line:
        flow = self.session.flows[self.items[row] - 1]
        findings = self.digest.findings_of(flow.number)
        severity = findings[0].severity if findings else ""
        return [
            (severity, GLYPHS.get(severity, " ")),
            ("", f"c{flow.number}"),
            ("dim", state_glyph(flow)),
            ("client", str(flow.client)),
            ("dim", ARROWS[CLIENT]),
            ("server", str(flow.server)),
            ("value", self.digest.protocols_of(flow.number) or flow.transport),
            ("", str(self.digest.message_count(flow.number))),
            ("dim", str(flow.packet_count)),
            ("dim", ended(flow)),
            ("dim", owners(self.session.processes(flow.number))),
            ("", findings[0].title if findings else ""),
        ]


class NamedFlowRows(FlowRows):
    """Conversations of a capture that names processes: worth more than how a conversation ended."""

    columns: ClassVar = (
        *FlowRows.columns[:6],
        Column("protocol", 10),
        *FlowRows.columns[7:10],
        Column("processes", 22, drop=1),
        Column("finding", 18, grow=True),
    )


class PacketRows(ListedRows):
    """Packets as they were captured."""

    columns: ClassVar = (
        Column("#", 6, right=True),
        Column("time", 10, right=True, drop=1),
        Column("conv", 5, drop=2),
        Column("from", 21, drop=4),
        Column("to", 21, drop=3),
        Column("", 1),
        Column("protocol", 8),
        Column("bytes", 7, right=True),
        Column("summary", 20, grow=True),
    )

    def flow(self, row: int) -> int:
        """The conversation of a row, 0 outside all."""
        return int(self.session.flow_table.flow_of[self.items[row] - 1])

    def stop(self, row: int) -> Stop:
        """The packet, with the message whose bytes it carries."""
        number = self.items[row]
        return Stop(self.digest.message_in(self.session, number), number)

    def find(self, stop: Stop) -> int:
        """The row of a packet, or of the one listed before it."""
        return max(0, bisect_right(self.items, stop.packet) - 1)

    def cells(self, row: int) -> Line:
        number = self.items[row]
        packet = self.session.packet_row(number)
        side = packet.side if packet.flow else CLIENT
        role = SIDE_ROLES[side] if packet.flow else ""
        return [
            ("", str(number)),
            ("dim", clock(packet.time - self.digest.origin)),
            ("dim", f"c{packet.flow}" if packet.flow else ""),
            ("dim", packet.source),
            ("dim", packet.destination),
            (role, ARROWS[side] if packet.flow else " "),
            (role, packet.protocol),
            ("", size(packet.length)),
            ("", packet.summary),
        ]


def state_glyph(flow: Flow) -> str:
    """How a conversation stands: refused, opening, open, half closed, closed, reset."""
    if flow.refused:
        return "✗"
    ends = flow.ends
    if "rst" in ends:
        return "✗"
    if all(ends):
        return "●"
    if any(ends):
        return "◐"
    return "○"


def owners(processes: Processes) -> str:
    """The processes at both ends, where the capture names any: "curl 12 ► nginx 3"."""
    names = ["" if each is None else f"{each.name} {each.pid}" for each in processes]
    return f"{names[0]} {ARROWS[CLIENT]} {names[1]}".strip() if any(names) else ""


def ended(flow: Flow) -> str:
    """How each side ended, in a few words."""
    if flow.refused:
        return "refused"
    ends = flow.ends
    if not any(ends):
        return "still open"
    return " ".join(f"{ARROWS[side]}{end.upper()}" for side, end in enumerate(ends) if end)


LevelRows = FlowRows | MessageRows | PacketRows


def rows_of(level: str, session: Session, digest: Digest, choice: Choice) -> LevelRows:
    """The rows of a level."""
    if level == FLOWS:
        return (NamedFlowRows if session.capture.comments else FlowRows)(session, digest, choice.flows)
    if level == PACKETS:
        return PacketRows(session, digest, choice.packets)
    return MessageRows(session, digest, choice.codes)
