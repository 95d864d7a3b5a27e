"""The only assembler: opens a capture and answers what screens, commands and exports ask."""

import gc
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from inspector.capture.open import open_capture
from inspector.capture.processes import Processes, processes_in
from inspector.capture.table import Capture
from inspector.engine.attempt import Attempt, attempt, attempt_part
from inspector.engine.detect import PREFIX, protocols, sender, verdicts
from inspector.engine.explain import explain
from inspector.engine.index import cut_all, hints_for
from inspector.guide import Guide
from inspector.model.buffer import Buffer, Plain
from inspector.model.errors import UsageError
from inspector.model.field import Field
from inspector.model.finding import SEVERITIES, Finding
from inspector.model.flow import Flow, FlowNote
from inspector.model.message import Message
from inspector.model.packet import Packet
from inspector.model.sides import Side
from inspector.model.verdict import Verdict
from inspector.net.flows import FlowTable, PacketRow
from inspector.net.headers import explain_packet, understands
from inspector.schema.registry import Schemas

Progress = Callable[[str, float], None]
"""Called now and then with what is being done and the fraction done (0 to 1)."""

COLLECT_EVERY: Final = 100_000
"""Objects between two looks for cycles: field trees come and go by the thousand and have none."""

MAX_ATTEMPT: Final = 16 << 20
"""Bytes of one message that are read as another protocol: as many as a frame of Thrift may have."""

KEPT_TREES: Final = 256
"""Explained messages kept: a screenful of stepping back and forth."""


@dataclass(slots=True)
class Options:
    """What the user said about a capture.

    `decode_as` maps a selector ("flow 3", "port 9999", "file") to a protocol name; `thrift` lists IDL files,
    `thrift_modules` Python modules with Thrift services, and
    `proto` `.proto` files, descriptor sets or directories of them, read besides the bundled ones. `message_type` is
    what protobuf without any framing holds.
    """

    decode_as: dict[str, str] = field(default_factory=dict)
    thrift: list[Path] = field(default_factory=list)
    thrift_modules: list[str] = field(default_factory=list)
    proto: list[Path] = field(default_factory=list)
    message_type: str = ""
    language: str = "en"


def bundled(folder: str) -> Path:
    """Where the project's `captures` or `idl` are: inside the installed package, else beside the sources."""
    here = Path(__file__).parent
    inside = here / folder
    return inside if inside.is_dir() else here.parent.parent / folder


def bundled_captures() -> list[Path]:
    """The captures that come with the project, in order of name."""
    return sorted(p for p in bundled("captures").glob("*.pcap*") if p.is_file())


def load_schemas(options: Options) -> Schemas:
    """The bundled schemas and those the user named. Raises UsageError for one that cannot be read."""
    schemas = Schemas()
    schemas.thrift.load_directory(bundled("idl"))
    for path in options.thrift:
        schemas.thrift.load(path)
    for module in options.thrift_modules:
        schemas.thrift.load_module(module)
    schemas.proto.load_later(bundled("protos") / "all.desc")
    for path in options.proto:
        schemas.proto.load(path)
    if options.message_type:
        schemas.proto.choose(options.message_type)
    return schemas


def check_protocol(name: str) -> str:
    """`name` if it is a protocol. Raises UsageError with the known names otherwise."""
    if name not in protocols():
        raise UsageError(f"unknown protocol {name!r}: known are {', '.join(sorted(protocols()))}")
    return name


class Session:
    """One opened capture, decoded."""

    def __init__(self, capture: Capture, options: Options, progress: Progress | None = None) -> None:
        self.path = capture.path
        self.capture = capture
        self.options = options
        self.issues: list[str] = [capture.issue] if capture.issue is not None else []
        self.guide = Guide(options.language)
        self.schemas = load_schemas(options)
        self.flow_table = FlowTable(capture.table, judge=sender)
        self.flows: list[Flow] = self.flow_table.flows
        self.messages: list[Message] = []
        self._trees: OrderedDict[int, Field] = OrderedDict()
        self._findings: list[Finding] | None = None
        self._chosen: set[tuple[int, Side, str]] | None = None
        self._severities: dict[int, str] = {}
        self._cut(progress)

    @classmethod
    def open(cls, path: str, options: Options | None = None, progress: Progress | None = None) -> "Session":
        """Open `path` ("-": standard input) and cut all its messages.

        Raises CaptureError when it is missing or no capture, UsageError for options that make no sense. A cut or
        partly readable file opens: see `issues`.
        """
        options = options or Options()
        for name in options.decode_as.values():
            check_protocol(name)
        return cls(open_capture(path, progress), options, progress)

    def _cut(self, progress: Progress | None = None) -> None:
        # millions of rows and no cycles among them: the collector would only walk them again and again
        gc.disable()
        try:
            self.messages = cut_all(self.capture.table, self.flows, self.schemas, self.options.decode_as, progress)
            if self.schemas.proto.news:
                # a server told, by reflection, of types that messages before it need
                self.schemas.proto.news = False
                self.messages = cut_all(self.capture.table, self.flows, self.schemas, self.options.decode_as, progress)
        finally:
            gc.freeze()
            gc.set_threshold(COLLECT_EVERY)
            gc.enable()
        self._trees.clear()
        self._findings = None
        self._chosen = None
        self._severities = {}

    def decode_as(self, selector: str, protocol: str) -> None:
        """Read a flow ("flow 3"), a port ("port 9999") or all ("file") as `protocol` ("": back to detection)."""
        if protocol:
            self.options.decode_as[selector] = check_protocol(protocol)
        else:
            self.options.decode_as.pop(selector, None)
        self._cut()

    # packets

    @property
    def packet_count(self) -> int:
        """Packets in the capture."""
        return len(self.capture.table)

    def packet(self, number: int) -> Packet:
        """The captured packet `number`, from 1."""
        return self.capture.packet(number)

    def packet_row(self, number: int) -> PacketRow:
        """One line about packet `number` for lists."""
        return self.flow_table.row(number)

    def explain_packet(self, number: int) -> Field:
        """The header tree of a packet; its buffer is the packet itself. What we do not decode, scapy does."""
        packet = self.packet(number)
        flow = int(self.flow_table.flow_of[number - 1])
        if not understands(packet):
            from inspector.capture.scapy_tree import scapy_tree

            tree = scapy_tree(packet)
        else:
            tree = explain_packet(packet)
            if flow and self.flows[flow - 1].transport == "udp":
                _read_datagram(tree, packet)
        tree.buffer = packet_buffer(packet)
        return tree

    def packets_of(self, message: Message) -> list[int]:
        """Numbers of the packets that carried the message, ascending."""
        return sorted({origin.packet for origin in message.buffer.origins(message.start, message.end)})

    # messages

    def message(self, number: int) -> Message:
        """Message `number`, from 1. Raises UsageError when there is none."""
        if not 1 <= number <= len(self.messages):
            raise UsageError(f"{self.path}: there is no message {number}, the last is {len(self.messages)}")
        return self.messages[number - 1]

    def explain(self, message: Message, keep: bool = True) -> Field:
        """The field tree of a message; the root names its buffer. Kept for the messages looked at last.

        Whoever goes through all messages once keeps none: memory that is used again at once is faster.
        """
        tree = self._trees.get(message.number)
        if tree is None:
            tree = explain(message, self.schemas)
            if not keep:
                return tree
            self._trees[message.number] = tree
            if len(self._trees) > KEPT_TREES:
                self._trees.popitem(last=False)
        else:
            self._trees.move_to_end(message.number)
        return tree

    def read_as(self, message: Message, protocol: str, most: int = MAX_ATTEMPT) -> Attempt:
        """A message's first `most` bytes read as another protocol, by themselves. Raises UsageError."""
        end = min(message.end, message.start + most)
        return attempt_part(message.buffer, message.start, end, message.side, check_protocol(protocol), self.schemas)

    def layers(self, message: Message) -> list[str]:
        """Protocol names from the link up, such as eth, ip, tcp, http."""
        above: list[str] = []
        at: Message | None = message
        while at is not None:
            if not above or above[-1] != at.protocol:
                above.append(at.protocol)
            at = at.parent
        below = self.flow_table.layers(message.packet) if message.packet else []
        return [*below, *reversed(above)]

    def latency(self, message: Message) -> float | None:
        """Seconds from the last byte of the message that it answers to its first byte; what a whole call took."""
        asked = message.answers
        if asked is None:
            took = message.facts.get("grpc.duration")
            return float(took) if isinstance(took, str) else None
        last = asked.buffer.packet_at(max(asked.end - 1, asked.start))
        return (message.time - int(self.capture.table.times[last - 1])) / 1e9 if last else None

    def severity(self, message: Message) -> str | None:
        """The worst of a message's own issue and the findings that name it: "error", "warning", "note" or None."""
        self.findings()
        found = self._severities.get(message.number)
        if found is None and message.issue is not None:
            return "warning"
        return found

    # flows

    def flow(self, number: int) -> Flow:
        """Flow `number`, from 1. Raises UsageError when there is none."""
        if not 1 <= number <= len(self.flows):
            raise UsageError(f"{self.path}: there is no flow {number}, the last is {len(self.flows)}")
        return self.flows[number - 1]

    def packets_of_flow(self, number: int) -> list[int]:
        """Numbers of the packets of flow `number`, ascending."""
        return self.flow_table.packets(number)

    def verdicts(self, flow: int) -> list[tuple[Side, Verdict]]:
        """All that detection thought of the flow's two sides, the chosen ones marked."""
        f = self.flow(flow)
        if self._chosen is None:
            self._chosen = {(m.flow, m.side, m.protocol) for m in self.messages if m.parent is None}
        found: list[tuple[Side, Verdict]] = []
        for side, buffer in enumerate(f.buffers):
            prefix = buffer.read(0, min(PREFIX, buffer.size))
            for verdict in verdicts(prefix, side, hints_for(f)) if prefix else []:
                verdict.chosen = (flow, side, verdict.protocol) in self._chosen
                found.append((side, verdict))
        return found

    def processes(self, flow: int) -> Processes:
        """The processes at both ends of a flow, where the capture names them."""
        f = self.flow(flow)
        return processes_in(self.capture.comments.get(f.syn_packet or f.first_packet, []))

    def notes(self, flow: int) -> list[FlowNote]:
        """Retransmissions, holes and the like in a flow."""
        return self.flow_table.notes(flow)

    # diagnosis

    def findings(self) -> list[Finding]:
        """All diagnoses, worst first; made when first asked for."""
        if self._findings is None:
            from inspector.diagnosis import diagnose

            self._findings = diagnose(self.flow_table, self.messages, self.schemas)
            for finding in reversed(self._findings):
                for evidence in finding.evidence:
                    if evidence.message is not None:
                        before = self._severities.get(evidence.message, "note")
                        self._severities[evidence.message] = max(before, finding.severity, key=SEVERITIES.index)
        return self._findings


def _read_datagram(tree: Field, packet: Packet) -> None:
    """What a datagram holds (DNS, DHCP, NTP) is scapy's to say, below our leaf of its bytes."""
    from inspector.capture.scapy_tree import scapy_tree

    payload = next((field for field in tree.children if field.name == "udp.payload"), None)
    layers = scapy_tree(packet).children
    names = [layer.name for layer in layers]
    if payload is None or "udp" not in names:
        return
    for layer in layers[names.index("udp") + 1 :]:
        if layer.name not in {"raw", "padding"}:
            layer.buffer = packet_buffer(packet)
            payload.children.append(layer)


def packet_buffer(packet: Packet) -> Buffer:
    """The captured bytes of one packet as a buffer named "packet n"."""
    buffer = Buffer(f"packet {packet.number}", Plain(packet.data))
    buffer.key = packet.number
    return buffer


def read_bytes(data: bytes, side: Side, protocol: str, options: Options | None = None) -> Attempt:
    """Bytes that came from no capture, read as `protocol`. Raises UsageError."""
    schemas = load_schemas(options or Options())
    return attempt(Buffer("bytes", Plain(data)), side, check_protocol(protocol), schemas)
