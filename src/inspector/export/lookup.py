"""Where the values of a name come from: the row, its facts, its packets, and only then its field tree."""

from collections.abc import Callable, Collection
from typing import Final, Protocol

from inspector.engine.detect import protocols
from inspector.model.field import Field
from inspector.model.flow import Flow
from inspector.model.message import Message
from inspector.model.packet import Packet
from inspector.model.sides import SIDE_NAMES

Column = tuple[str, str, str]
"""Name, title and what it says."""

COLUMNS: Final[tuple[Column, ...]] = (
    ("number", "Message number", "Place in the list, from 1."),
    ("time", "Time", "Seconds since 1970 of the first byte."),
    ("flow", "Flow", "Number of the conversation, from 1."),
    ("side", "Side", "Who sent it: client or server."),
    ("protocol", "Protocol", "Protocol of the message."),
    ("kind", "Kind", "What the protocol calls it: request, data, call."),
    ("length", "Length", "Bytes of the message."),
    ("severity", "Severity", "Worst of what is wrong with it: error, warning or note."),
    ("issue", "Issue", "Why the message could not be read as it should."),
    ("summary", "Summary", "The message in one line."),
    ("latency", "Latency", "Seconds from the end of the request to the start of the answer."),
    ("parent", "Parent", "Number of the message that carried it."),
    ("answers", "Answers", "Number of the request that it answers."),
    ("frame.number", "Packet number", "Place in the capture, from 1."),
    ("frame.len", "Packet length", "Bytes on the wire."),
    ("frame.cap_len", "Captured length", "Bytes in the capture."),
    ("frame.time_epoch", "Time since 1970", "Seconds."),
    ("frame.time_relative", "Time since the first packet", "Seconds."),
    ("ip.src", "Source address", "IPv4 address of the sender."),
    ("ip.dst", "Destination address", "IPv4 address of the receiver."),
    ("ip.addr", "Address", "IPv4 address of either side."),
    ("ipv6.src", "Source address", "IPv6 address of the sender."),
    ("ipv6.dst", "Destination address", "IPv6 address of the receiver."),
    ("ipv6.addr", "Address", "IPv6 address of either side."),
    ("tcp.srcport", "Source port", "TCP port of the sender."),
    ("tcp.dstport", "Destination port", "TCP port of the receiver."),
    ("tcp.port", "Port", "TCP port of either side."),
    ("tcp.stream", "TCP stream", "Number of the TCP conversation as Wireshark counts, from 0."),
    ("udp.srcport", "Source port", "UDP port of the sender."),
    ("udp.dstport", "Destination port", "UDP port of the receiver."),
    ("udp.port", "Port", "UDP port of either side."),
    ("udp.stream", "UDP stream", "Number of the UDP conversation as Wireshark counts, from 0."),
)
"""Names that need no decoding."""

HEADERS: Final = frozenset(("eth", "vlan", "sll", "null", "ppp", "arp", "ip", "ipv6", "icmp", "icmpv6", "tcp", "udp"))
"""Protocols below the messages: their other fields are read from the packets' headers."""

CARRIERS: Final = {
    "protobuf": ("grpc", "websocket"),
    "json": ("http", "http2", "sse", "websocket"),
    "urlencoded-form": ("http", "http2"),
    "mime_multipart": ("http", "http2"),
}
"""Protocols whose messages hold others as a part of their own tree."""
BODIES: Final = ("http.file_data", "http.coded_data")
"""What a body is called, also where DATA frames carry it."""
TRANSPORTS: Final = ("tcp", "udp")
NANOSECONDS: Final = 1e9

Reading = Callable[[Message], list[object]]


class Decoded(Protocol):
    """A capture that was decoded, or is being decoded; `Session` says what each means."""

    @property
    def messages(self) -> list[Message]: ...
    @property
    def flows(self) -> list[Flow]: ...
    @property
    def packet_count(self) -> int: ...
    def packet(self, number: int) -> Packet: ...
    def packets_of(self, message: Message) -> list[int]: ...
    def explain(self, message: Message) -> Field: ...
    def explain_packet(self, number: int) -> Field: ...
    def layers(self, message: Message) -> list[str]: ...
    def latency(self, message: Message) -> float | None: ...
    def severity(self, message: Message) -> str | None: ...


class Lookup:
    """Values by name, for one message at a time."""

    def __init__(self, session: Decoded) -> None:
        self.session = session
        self.flows: dict[int, Flow] = {}
        self.streams: dict[int, int] = {}
        self._counts: dict[str, int] = {}
        self.start = session.packet(1).time if session.packet_count else 0
        for flow in session.flows:
            self.take(flow)
        self._readings: dict[str, Reading] = _readings(self)
        self._facts: dict[tuple[str, str], bool] = {}
        self._protocols = frozenset(protocols())
        self._message: Message | None = None
        self._trees: dict[str, list[object]] | None = None

    def take(self, flow: Flow) -> None:
        """Know a conversation, after those before it. Wireshark numbers those of TCP and of UDP apart."""
        self.flows[flow.number] = flow
        self.streams[flow.number] = self._counts.get(flow.transport, 0)
        self._counts[flow.transport] = self.streams[flow.number] + 1
        if not self.start:
            self.start = self.session.packet(1).time

    def forget(self, kept: Collection[int]) -> None:
        """Know no other conversations any more than those with these numbers."""
        self.flows = {number: flow for number, flow in self.flows.items() if number in kept}
        self.streams = {number: self.streams[number] for number in self.flows}

    def at(self, message: Message) -> "Lookup":
        """Look at `message` from now on."""
        self._message = message
        self._trees = None
        return self

    def look(self, message: Message) -> "Lookup":
        """Look at `message`, keeping what is known when it is the same as before."""
        return self if self._message is message else self.at(message)

    def values(self, name: str) -> list[object]:
        """All values of `name` in the message looked at."""
        message = self._message
        assert message is not None
        fact = message.facts.get(name)
        if fact is not None:
            return [fact]
        reading = self._readings.get(name)
        if reading is not None:
            return reading(message)
        prefix, dot, _ = name.partition(".")
        if not dot:
            return self._has_layer(message, name)
        if prefix in HEADERS:
            return self._in_headers(message, name)
        carried = message.protocol in CARRIERS.get(prefix, ()) or (message.kind == "data" and name in BODIES)
        if self._is_fact(message.protocol, name) or (
            prefix != message.protocol and prefix in self._protocols and not carried
        ):
            return []
        return self._in_tree(message, name)

    def _has_layer(self, message: Message, name: str) -> list[object]:
        """Whether the message is carried by `name` or is one; what a protocol hands on becomes messages of its own."""
        carrier: Message | None = message
        while carrier is not None:
            if carrier.protocol == name:
                return [True]
            carrier = carrier.parent
        flow = self.flows.get(message.flow)
        if name in self._protocols:
            return []
        if flow is not None and name in TRANSPORTS:
            return [True] if flow.transport == name else []
        if name in HEADERS:
            return [True] if name in self.session.layers(message) else []
        return self._in_tree(message, name)

    def _is_fact(self, protocol: str, name: str) -> bool:
        """Whether the protocol keeps `name` in the facts of its messages, so that no tree needs to be made for it."""
        key = (protocol, name)
        known = self._facts.get(key)
        if known is None:
            known = any(each.protocol == protocol and name in each.facts for each in self.session.messages)
            self._facts[key] = known
        return known

    def _in_tree(self, message: Message, name: str) -> list[object]:
        if self._trees is None:
            self._trees = collect(self.session.explain(message), message)
        return self._trees.get(name, [])

    def _in_headers(self, message: Message, name: str) -> list[object]:
        found: list[object] = []
        for number in self.session.packets_of(message):
            found += collect(self.session.explain_packet(number), None).get(name, [])
        return found


def collect(tree: Field, message: Message | None) -> dict[str, list[object]]:
    """The values of all fields and bits of a tree by name; a leaf without a value stands for its bytes."""
    found: dict[str, list[object]] = {}
    buffer = tree.buffer if tree.buffer is not None or message is None else message.buffer
    stack = [(tree, buffer)]
    while stack:
        field, buffer = stack.pop()
        value = field.value
        if value is None:
            # readings of derived bytes leave it a leaf
            leaf = all(child.buffer is not None for child in field.children)
            value = buffer.read(field.start, field.end) if buffer is not None and leaf else True
        found.setdefault(field.name, []).append(value)
        for bits in field.bits:
            found.setdefault(bits.name, []).append(bits.value)
        stack += [(child, child.buffer or buffer) for child in reversed(field.children)]
    return found


def _readings(lookup: Lookup) -> dict[str, Reading]:
    """How each column is read off a message."""
    session = lookup.session
    readings: dict[str, Reading] = {
        "number": lambda m: [m.number],
        "time": lambda m: [m.time / NANOSECONDS],
        "flow": lambda m: [m.flow],
        "side": lambda m: [SIDE_NAMES[m.side]],
        "protocol": lambda m: [m.protocol],
        "kind": lambda m: [m.kind],
        "length": lambda m: [m.end - m.start],
        "severity": lambda m: _optional(session.severity(m)),
        "issue": lambda m: _optional(m.issue),
        "summary": lambda m: [m.summary],
        "latency": lambda m: _optional(session.latency(m)),
        "parent": lambda m: [] if m.parent is None else [m.parent.number],
        "answers": lambda m: [] if m.answers is None else [m.answers.number],
        "frame.number": lambda m: list(session.packets_of(m)),
        "frame.len": lambda m: [session.packet(n).length for n in session.packets_of(m)],
        "frame.cap_len": lambda m: [session.packet(n).captured for n in session.packets_of(m)],
        "frame.time_epoch": lambda m: [m.time / NANOSECONDS],
        "frame.time_relative": lambda m: [(m.time - lookup.start) / NANOSECONDS],
    }
    for transport in TRANSPORTS:
        readings[f"{transport}.srcport"] = _ports(lookup, transport, sender=True, receiver=False)
        readings[f"{transport}.dstport"] = _ports(lookup, transport, sender=False, receiver=True)
        readings[f"{transport}.port"] = _ports(lookup, transport, sender=True, receiver=True)
        readings[f"{transport}.stream"] = _streams(lookup, transport)
    for network in ("ip", "ipv6"):
        readings[f"{network}.src"] = _addresses(lookup, network, sender=True, receiver=False)
        readings[f"{network}.dst"] = _addresses(lookup, network, sender=False, receiver=True)
        readings[f"{network}.addr"] = _addresses(lookup, network, sender=True, receiver=True)
    return readings


def _optional(value: object) -> list[object]:
    return [] if value is None else [value]


def _streams(lookup: Lookup, transport: str) -> Reading:
    def read(message: Message) -> list[object]:
        flow = lookup.flows.get(message.flow)
        return [lookup.streams[flow.number]] if flow is not None and flow.transport == transport else []

    return read


def _ports(lookup: Lookup, transport: str, sender: bool, receiver: bool) -> Reading:
    def read(message: Message) -> list[object]:
        flow = lookup.flows.get(message.flow)
        if flow is None or flow.transport != transport:
            return []
        ends = (flow.client, flow.server) if message.side == 0 else (flow.server, flow.client)
        return [end.port for end, wanted in zip(ends, (sender, receiver), strict=True) if wanted]

    return read


def _addresses(lookup: Lookup, network: str, sender: bool, receiver: bool) -> Reading:
    def read(message: Message) -> list[object]:
        flow = lookup.flows.get(message.flow)
        if flow is None or (":" in flow.client.address) != (network == "ipv6"):
            return []
        ends = (flow.client, flow.server) if message.side == 0 else (flow.server, flow.client)
        return [end.address for end, wanted in zip(ends, (sender, receiver), strict=True) if wanted]

    return read
