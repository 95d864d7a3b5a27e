"""Rows of messages while they are captured: lines of text, and records with the keys of `ls --jsonl`."""

from inspector.engine.live import LiveDecoder
from inspector.engine.stream import Clock
from inspector.export.json import plain_facts, seconds, stack
from inspector.export.origins import packets
from inspector.export.records import MessageRecord
from inspector.export.words import ARROWS, GLYPHS, Paint, decimal_seconds, printable
from inspector.model.flow import Flow
from inspector.model.message import Message
from inspector.model.sides import SIDE_NAMES

TIME_WIDTH = 12
FLOW_WIDTH = 3
PORT_WIDTH = 6
PROTOCOL_WIDTH = 9
LENGTH_WIDTH = 7


class LiveRows:
    """Writes messages of `decoder`, times relative to the first packet."""

    def __init__(self, decoder: LiveDecoder, paint: Paint) -> None:
        self.decoder = decoder
        self.paint = paint

    def line(self, m: Message) -> str:
        """Number, time, flow, direction, protocol, length, severity, summary, aligned for usual sizes."""
        flow = self.decoder.flow(m.flow)
        client, server = f":{flow.client.port}", f":{flow.server.port}"
        ends = f"{client:>{PORT_WIDTH}} {ARROWS[m.side]} {server:<{PORT_WIDTH}}"
        ends = self.paint("server" if m.side else "client", ends)
        glyph = " " if m.issue is None else self.paint("warning", GLYPHS["warning"])
        time = decimal_seconds(m.time - self.decoder.clock.time(1)).rjust(TIME_WIDTH)
        more = "" if m.complete else " …"
        return (
            f"{m.number:>5} {time}  {m.flow:>{FLOW_WIDTH}}  {ends}  {m.protocol:<{PROTOCOL_WIDTH}} "
            f"{m.length:>{LENGTH_WIDTH}} {glyph} {printable(m.summary)}{more}"
        )

    def record(self, m: Message) -> MessageRecord:
        """The row as `ls --jsonl` has it; `number` counts messages as they are cut."""
        return MessageRecord(
            m.number,
            seconds(m.time),
            m.flow,
            SIDE_NAMES[m.side],
            m.protocol,
            m.kind,
            m.summary,
            m.length,
            packets(m.buffer, m.start, m.end),
            layers(self.decoder.flow(m.flow), m),
            None if m.parent is None else m.parent.number,
            None if m.answers is None else m.answers.number,
            latency(self.decoder.clock, m),
            None if m.issue is None else "warning",
            m.issue,
            plain_facts(m.facts),
        )


def layers(flow: Flow, message: Message) -> list[str]:
    """Protocol names from the link up, such as eth, ip, tcp, http."""
    return ["eth", "ipv6" if ":" in flow.client.address else "ip", flow.transport, *stack(message)]


def latency(clock: Clock, message: Message) -> float | None:
    """Seconds from the last byte of the message that it answers to its first byte."""
    asked = message.answers
    if asked is None:
        return None
    last = asked.buffer.packet_at(max(asked.end - 1, asked.start))
    return (message.time - clock.time(last)) / 1e9 if last else None
