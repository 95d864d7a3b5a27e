"""Display filters over a capture that goes on."""

import struct

from inspector.capture.blocks import MAGIC
from inspector.capture.pcap import read_pcap
from inspector.capture.pcapng import read_pcapng
from inspector.engine.explain import explain
from inspector.engine.live import LiveDecoder
from inspector.export.live import latency, layers
from inspector.export.lookup import Lookup
from inspector.export.names import compile_known
from inspector.export.origins import packets
from inspector.model.field import Field
from inspector.model.flow import Flow
from inspector.model.message import Message
from inspector.model.packet import Packet
from inspector.net.headers import explain_packet

MORE = 1000
"""Conversations that are over and may be remembered besides: they are not looked through for every batch."""
LENGTHS = 8
"""Before the bytes of a packet both formats have how many were captured and how many there were, four bytes each."""


class Growing:
    """What a lookup asks of a session, out of a decoder that goes on; `messages` are the ones just cut."""

    def __init__(self, decoder: LiveDecoder) -> None:
        self.decoder = decoder
        self.messages: list[Message] = []
        self.link_type = -1
        self.order = "<"

    @property
    def flows(self) -> list[Flow]:
        """All conversations so far."""
        return list(self.decoder.flows.values())

    @property
    def packet_count(self) -> int:
        """Packets so far."""
        return self.decoder.packets

    def packet(self, number: int) -> Packet:
        """The captured packet `number`, from 1."""
        tail, start = self.decoder.tail, self.decoder.source.starts.at(number - 1)
        if self.link_type < 0:
            pcapng = tail.head[:4] == MAGIC
            self.link_type = (read_pcapng if pcapng else read_pcap)(tail.path, tail.head).interfaces[0].link_type
            little = tail.head[8:9] == b"\x4d" if pcapng else tail.head[3:4] == b"\xa1"
            self.order = "<" if little else ">"
        captured, length = struct.unpack(f"{self.order}II", tail.read(start - LENGTHS, LENGTHS))
        data = tail.read(start, captured)
        return Packet(number, self.decoder.clock.time(number), data, length, self.link_type)

    def packets_of(self, message: Message) -> list[int]:
        """Numbers of the packets that carried the message, ascending."""
        return packets(message.buffer, message.start, message.end)

    def explain(self, message: Message) -> Field:
        """The field tree of a message."""
        return explain(message, self.decoder.context.schemas)

    def explain_packet(self, number: int) -> Field:
        """The header tree of a packet."""
        return explain_packet(self.packet(number))

    def layers(self, message: Message) -> list[str]:
        """Protocol names from the link up."""
        return layers(self.decoder.flow(message.flow), message)

    def latency(self, message: Message) -> float | None:
        """Seconds from the end of the request to the answer."""
        return latency(self.decoder.clock, message)

    def severity(self, message: Message) -> str | None:
        """What is wrong with the message itself; findings come when the file is opened."""
        return None if message.issue is None else "warning"


class LiveFilter:
    """Keeps the messages that match `text`. Raises UsageError."""

    def __init__(self, decoder: LiveDecoder, text: str) -> None:
        self.growing = Growing(decoder)
        self.lookup = Lookup(self.growing)
        self.filter = compile_known(text)
        self.seen = decoder.flow_count

    def of(self, messages: list[Message]) -> list[Message]:
        """Those of them that match."""
        self.growing.messages = messages
        flows = self.growing.decoder.flows
        while self.seen < self.growing.decoder.flow_count:
            self.seen += 1
            if self.seen in flows:
                self.lookup.take(flows[self.seen])
        if len(self.lookup.flows) > 2 * len(flows) + MORE:
            self.lookup.forget(flows)
        return [each for each in messages if self.filter.matches(self.lookup.at(each).values)]
