"""Lists as aligned lines of text, one for each message, packet or flow."""

from typing import Generic, TypeVar

from inspector.export.words import ARROWS, GLYPHS, Clock, Paint, packets_words, plural, printable
from inspector.model.finding import Finding
from inspector.model.flow import Flow
from inspector.model.message import Message
from inspector.net.rows import PacketRow
from inspector.session import Session

Item = TypeVar("Item")

LENGTH_WIDTH = 7
PROTOCOL_WIDTH = 9
"""The longest protocol name is websocket."""


class Lines(Generic[Item]):
    """Writes one kind of row as lines of text."""

    def line(self, item: Item) -> str:
        """One row."""
        raise NotImplementedError


class MessageLines(Lines[Message]):
    """Lines about messages: number, time, flow, direction, protocol, length, severity, summary."""

    def __init__(self, session: Session, clock: Clock, paint: Paint) -> None:
        self.session = session
        self.clock = clock
        self.paint = paint
        self.number_width = len(str(len(session.messages)))
        self.named = {evidence.message for finding in session.findings() for evidence in finding.evidence}
        self.directions: dict[tuple[int, int, str], str] = {}
        flows = session.flows
        self.flow_width = len(str(len(flows)))
        self.client_width = max((len(str(flow.client.port)) for flow in flows), default=0) + 1
        self.server_width = max((len(str(flow.server.port)) for flow in flows), default=0) + 1

    def line(self, item: Message) -> str:
        key = (item.flow, item.side, item.protocol)
        middle = self.directions.get(key)
        if middle is None:
            middle = self.directions[key] = self._middle(item)
        number = item.number
        glyph = " "
        if item.issue is not None or number in self.named:
            severity = self.session.severity(item)
            glyph = " " if severity is None else self.paint(severity, GLYPHS[severity])
        summary = item.summary
        if not summary.isprintable():
            summary = printable(summary)
        place = str(number).rjust(self.number_width)
        length = str(item.end - item.start).rjust(LENGTH_WIDTH)
        return f"{place}  {self.clock.write(item.time)}  {middle} {length} {glyph} {summary}"

    def _middle(self, message: Message) -> str:
        """Everything about a message that is the same for all of its protocol on one side of a flow."""
        flow = self.session.flow(message.flow)
        client = f":{flow.client.port}".rjust(self.client_width)
        server = f":{flow.server.port}".ljust(self.server_width)
        arrow = ARROWS[message.side]
        style = "server" if message.side else "client"
        ends = self.paint(style, f"{client} {arrow} {server}")
        return f"{message.flow:>{self.flow_width}}  {ends}  {message.protocol:<{PROTOCOL_WIDTH}}"


class PacketLines(Lines[PacketRow]):
    """Lines about packets: number, time, flow, addresses, protocol, length, summary."""

    def __init__(self, session: Session, clock: Clock, paint: Paint) -> None:
        self.clock = clock
        self.paint = paint
        self.number_width = len(str(session.packet_count))
        self.flow_width = len(str(len(session.flows)))
        self.address_width = max(
            (len(str(end)) for flow in session.flows for end in (flow.client, flow.server)), default=9
        )

    def line(self, item: PacketRow) -> str:
        flow = str(item.flow) if item.flow else ""
        width = self.address_width
        style = ("server" if item.side else "client") if item.flow else "dim"
        ends = self.paint(style, f"{item.source:>{width}} → {item.destination:<{width}}")
        return (
            f"{item.number:>{self.number_width}}  {self.clock.write(item.time)}  {flow:>{self.flow_width}}  {ends}"
            f"  {item.protocol:<{PROTOCOL_WIDTH}} {item.length:>7}   {printable(item.summary)}"
        )


class FlowLines(Lines[Flow]):
    """Lines about flows: number, time, ends, transport, protocols, packets, bytes each way, how each side ended."""

    def __init__(self, session: Session, clock: Clock, paint: Paint) -> None:
        self.session = session
        self.clock = clock
        self.paint = paint
        self.flow_width = len(str(len(session.flows)))
        self.client_width = max((len(str(flow.client)) for flow in session.flows), default=0)
        self.server_width = max((len(str(flow.server)) for flow in session.flows), default=0)
        self.protocols = flow_protocols(session.messages)
        self.protocol_width = max((len("+".join(names)) for names in self.protocols.values()), default=1)

    def line(self, item: Flow) -> str:
        time = int(self.session.capture.table.times[item.first_packet - 1]) if item.first_packet else 0
        names = "+".join(self.protocols.get(item.number, [])) or "-"
        sent, received = (buffer.size for buffer in item.buffers)
        return (
            f"{item.number:>{self.flow_width}}  {self.clock.write(time)}"
            f"  {item.client!s:>{self.client_width}} → {item.server!s:<{self.server_width}}"
            f"  {item.transport} {names:<{self.protocol_width}} {plural(item.packet_count, 'packet'):>11}"
            f"  {sent:>8} → ← {received:<8}  {ending_words(item)}{process_words(self.session, item)}"
        )


def flow_protocols(messages: list[Message]) -> dict[int, list[str]]:
    """The protocols of each flow by flow number, in the order they first appear."""
    found: dict[int, list[str]] = {}
    seen: set[tuple[int, str]] = set()
    for message in messages:
        key = (message.flow, message.protocol)
        if key not in seen:
            seen.add(key)
            found.setdefault(message.flow, []).append(message.protocol)
    return found


def process_words(session: Session, flow: Flow) -> str:
    """The processes at both ends, where the capture names any: "  curl (pid 12) → nginx (pid 3)"."""
    client, server = session.processes(flow.number)
    if client is None and server is None:
        return ""
    return f"  {printable(str(client or '?'))} → {printable(str(server or '?'))}"


def ending_words(flow: Flow) -> str:
    """How a flow ended, in a few words."""
    if flow.refused:
        return "refused"
    client, server = flow.ends
    if not client and not server:
        return "open" if flow.transport == "tcp" else ""
    said = [
        f"{who} {'reset' if how == 'rst' else 'closed'}" for who, how in (("client", client), ("server", server)) if how
    ]
    return ", ".join(said)


def finding_line(finding: Finding, paint: Paint) -> str:
    """One finding for the foot of a list."""
    glyph = paint(finding.severity, GLYPHS[finding.severity])
    where = f"flow {finding.flow}: " if finding.flow else ""
    packets = sorted({evidence.packet for evidence in finding.evidence if evidence.packet})
    proof = f" ({packets_words(packets)})" if packets else ""
    return f"{glyph} {where}{printable(finding.title)}{proof}"
