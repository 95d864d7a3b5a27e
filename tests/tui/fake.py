"""A session made by hand: a browser's request that a login-first Thrift server refuses, and lists of any length."""

from types import SimpleNamespace
from typing import cast

import numpy as np

from inspector.capture.processes import Process, Processes
from inspector.capture.table import Capture, PacketTable
from inspector.engine.attempt import Attempt, attempt_part
from inspector.guide import Explanation
from inspector.model.buffer import Buffer, BufferSource, Pieces, Plain
from inspector.model.errors import UsageError
from inspector.model.field import Bits, Field
from inspector.model.finding import Evidence, Finding, Witness
from inspector.model.flow import Endpoint, Flow, FlowNote
from inspector.model.message import Message
from inspector.model.packet import Packet
from inspector.model.verdict import STRONG, Verdict
from inspector.net.rows import PacketRow
from inspector.schema.registry import Schemas
from inspector.session import Session

REQUEST = b"GET / HTTP/1.1\r\n\r\n"
REPLY = b"\x04\x00\x00\x00\x11Invalid status 71"
HEADER = b"\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00"
HEADERS = len(HEADER)
SECOND = 1_000_000_000


class Captured(BufferSource):
    """A stream whose bytes all lie in one packet, behind its header."""

    def __init__(self, content: bytes, packet: int) -> None:
        self.content = content
        self.packet = packet

    def load(self, buffer: Buffer) -> None:
        pieces = Pieces()
        pieces.add(self.packet, HEADERS, len(self.content))
        buffer.fill(pieces)

    def read(self, buffer: Buffer, start: int, end: int) -> bytes:
        return self.content[start:end]


def node(name: str, start: int, end: int, value: object = None, *children: Field) -> Field:
    made = Field(name, value, start, end)
    made.children = list(children)
    return made


def request_tree() -> Field:
    line = node(
        "http.start_line",
        0,
        16,
        "GET / HTTP/1.1",
        node("http.request.method", 0, 3, "GET"),
        node("http.space", 3, 4),
        node("http.request.uri", 4, 5, "/"),
        node("http.space", 5, 6),
        node("http.request.version", 6, 14, "HTTP/1.1"),
        node("http.line_end", 14, 16),
    )
    return node("http", 0, 18, "GET / HTTP/1.1", line, node("http.head_end", 16, 18))


def reply_tree() -> Field:
    status = node("thrift.sasl.status", 0, 1, 4)
    status.bits = [Bits("thrift.sasl.high", 0, 4, 4), Bits("thrift.sasl.low", 4, 0, 4)]
    text = node("thrift.sasl.payload", 5, 22, "Invalid status 71")
    text.issue = "the login was refused"
    return node("thrift", 0, 22, None, status, node("thrift.sasl.length", 1, 5, 17), text)


class FakeGuide:
    """Says something of every field, always the same."""

    def title(self, name: str) -> str:
        return name.rpartition(".")[2].replace("_", " ").capitalize()

    def meaning(self, name: str, value: object) -> str:
        return "ERROR" if name == "thrift.sasl.status" else ""

    def explain(self, field: Field, raw: bytes, parent: Field | None = None) -> Explanation:
        around = f" in {parent.name}" if parent is not None else ""
        text = f"What {field.name} is: {len(raw)} bytes{around}, {raw[:4].hex(' ')}. These words are to be wrapped."
        return Explanation(self.title(field.name), self.meaning(field.name, field.value), text, "RFC 9110 §9")

    def explain_bits(self, bits: Bits, raw: bytes) -> Explanation:
        return Explanation(self.title(bits.name), "", f"{bits.width} bits of {raw.hex()}", "RFC 9110 §9")

    def bits_title(self, bits: Bits, raw: bytes) -> str:
        return f"{bits.value:0{bits.width}b} = {self.title(bits.name)}"

    def entries(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(name=name) for name in ("http.request.method", "thrift.sasl.status")]


class FakeSession:
    """`conversations` times the same two messages, each in a packet of its own."""

    def __init__(self, conversations: int = 2) -> None:
        self.path = "made/by/hand.pcap"
        self.issues: list[str] = []
        self.guide = FakeGuide()
        self.explained: list[int] = []
        self.decoded: list[tuple[str, str]] = []
        self.packet_count = conversations * 2
        times = np.arange(self.packet_count, dtype=np.int64) * 1_000_000 + SECOND
        nothing = np.zeros(self.packet_count, np.int64)
        links = np.ones(self.packet_count, np.int32)
        table = PacketTable(b"", nothing, nothing, nothing, times, links, links)
        self.capture = Capture("fake.pcap", "pcap", table, [])
        self.flow_table = SimpleNamespace(flow_of=np.arange(self.packet_count) // 2 + 1)
        self.flows = [self._flow(number) for number in range(1, conversations + 1)]
        self.messages: list[Message] = []
        for flow in self.flows:
            self._messages(flow)

    def _flow(self, number: int) -> Flow:
        flow = Flow(number, "tcp", Endpoint("10.0.0.1", 40000 + number % 1000), Endpoint("10.0.0.2", 9083))
        flow.first_packet, flow.last_packet, flow.packet_count = number * 2 - 1, number * 2, 2
        flow.client_known_by = "The client sent the SYN."
        return flow

    def _messages(self, flow: Flow) -> None:
        sent = (
            (0, "http", "request", REQUEST, "GET / HTTP/1.1"),
            (1, "thrift", "sasl", REPLY, 'SASL ERROR "Invalid status 71"'),
        )
        for side, protocol, kind, content, summary in sent:
            packet = flow.first_packet + side
            buffer = Buffer(f"flow {flow.number} {side}", Captured(content, packet))
            flow.buffers.append(buffer)
            message = Message(flow.number, side, protocol, kind, buffer, 0, len(content), summary)
            message.number = len(self.messages) + 1
            message.packet = message.last_packet = packet
            message.time = SECOND + (packet - 1) * 1_000_000
            self.messages.append(message)

    def packet(self, number: int) -> Packet:
        content = REQUEST if number % 2 else REPLY
        return Packet(number, SECOND + (number - 1) * 1_000_000, HEADER + content, HEADERS + len(content), 1)

    def packet_row(self, number: int) -> PacketRow:
        side = (number - 1) % 2
        ends = ("10.0.0.1:40001", "10.0.0.2:9083")
        packet = self.packet(number)
        return PacketRow(
            number, packet.time, ends[side], ends[1 - side], "tcp", packet.length, "PSH ACK", (number + 1) // 2, side
        )

    def explain_packet(self, number: int) -> Field:
        packet = self.packet(number)
        header = node(
            "eth", 0, 14, None, node("eth.dst", 0, 6, "2"), node("eth.src", 6, 12, "2"), node("eth.type", 12, 14, 2048)
        )
        tree = node("frame", 0, packet.length, None, header, node("tcp.payload", 14, packet.length))
        tree.buffer = Buffer(f"packet {number}", Plain(packet.data))
        tree.buffer.key = number
        return tree

    def explain(self, message: Message) -> Field:
        self.explained.append(message.number)
        tree = request_tree() if message.side == 0 else reply_tree()
        tree.buffer = message.buffer
        return tree

    def read_as(self, message: Message, protocol: str, most: int) -> Attempt:
        end = min(message.end, message.start + most)
        return attempt_part(message.buffer, message.start, end, message.side, protocol, Schemas())

    def packets_of(self, message: Message) -> list[int]:
        return [message.packet]

    def latency(self, message: Message) -> float | None:
        return 0.001 if message.side else None

    def severity(self, message: Message) -> str | None:
        return "error" if message.flow == 1 else None

    def processes(self, flow: int) -> Processes:
        return (Process("curl", 12), None)

    def verdicts(self, flow: int) -> list[tuple[int, Verdict]]:
        found = [(0, Verdict("http", STRONG, "starts with a method")), (0, Verdict("tls", 0, "no record header"))]
        found[0][1].chosen = True
        return found

    def notes(self, flow: int) -> list[FlowNote]:
        return []

    def decode_as(self, selector: str, protocol: str) -> None:
        if protocol == "tls":
            raise UsageError("tls: not here")
        self.decoded.append((selector, protocol))

    def findings(self) -> list[Finding]:
        evidence = [
            Evidence(1, 1, 14, 18, b"GET ", "HTTP: a method and a space"),
            Evidence(1, 1, 14, 18, b"GET ", "Thrift: a frame of 1,195,725,856 bytes"),
            Evidence(2, 2, 14, 15, b"\x04", "Thrift: SASL status ERROR"),
        ]
        finding = Finding(
            "http-to-thrift-sasl",
            "error",
            1,
            "HTTP sent to a Thrift port that begins with SASL",
            "The client sent a request and got 22 bytes that are no HTTP.",
            "The first byte is read as a login status.",
            "Speak Thrift to this port.",
            evidence,
            Witness("thrift", "0.0", "Invalid status 71"),
            ["RFC 4422"],
        )
        return [finding]


def session(conversations: int = 2) -> Session:
    """A session for screens, which look at no more of it than this has."""
    return cast("Session", FakeSession(conversations))
