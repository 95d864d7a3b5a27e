"""The only assembler: opens a capture and answers what screens, commands and exports ask."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from inspector.capture.table import Capture
from inspector.guide import Guide
from inspector.model.field import Field
from inspector.model.finding import Finding
from inspector.model.flow import Flow, FlowNote
from inspector.model.message import Message
from inspector.model.packet import Packet
from inspector.model.sides import Side
from inspector.model.verdict import Verdict
from inspector.net.flows import PacketRow

Progress = Callable[[str, float], None]
"""Called now and then with what is being done and the fraction done (0 to 1)."""


@dataclass(slots=True)
class Options:
    """What the user said about a capture.

    `decode_as` maps a selector ("flow 3", "port 9999", "file") to a protocol name; `thrift` lists IDL files
    read besides the bundled ones.
    """

    decode_as: dict[str, str] = field(default_factory=dict)
    thrift: list[Path] = field(default_factory=list)
    language: str = "en"


class Session:
    """One opened capture, decoded."""

    path: str
    capture: Capture
    flows: list[Flow]
    messages: list[Message]
    issues: list[str]
    guide: Guide

    @classmethod
    def open(cls, path: str, options: Options | None = None, progress: Progress | None = None) -> "Session":
        """Open `path` ("-": standard input) and cut all its messages.

        Raises CaptureError when it is missing or no capture. A cut or partly readable file opens: see `issues`.
        """
        raise NotImplementedError

    def packet(self, number: int) -> Packet:
        """The captured packet `number`, from 1."""
        raise NotImplementedError

    def packet_row(self, number: int) -> PacketRow:
        """One line about packet `number` for lists."""
        raise NotImplementedError

    def explain(self, message: Message) -> Field:
        """The field tree of a message; the root names its buffer. Kept for the messages looked at last."""
        raise NotImplementedError

    def explain_packet(self, number: int) -> Field:
        """The header tree of a packet (children: frame layers, then payload); its buffer is the packet itself."""
        raise NotImplementedError

    def packets_of(self, message: Message) -> list[int]:
        """Numbers of the packets that carried the message."""
        raise NotImplementedError

    def layers(self, message: Message) -> list[str]:
        """Protocol names from the link up, such as eth, ip, tcp, http."""
        raise NotImplementedError

    def latency(self, message: Message) -> float | None:
        """Seconds from the last byte of the message that it answers to its first byte."""
        raise NotImplementedError

    def severity(self, message: Message) -> str | None:
        """"error", "warning", "note" or None: the worst of its own issue and the findings that name it."""
        raise NotImplementedError

    def verdicts(self, flow: int) -> list[tuple[Side, Verdict]]:
        """All that detection thought of the flow's two sides, the chosen ones marked."""
        raise NotImplementedError

    def notes(self, flow: int) -> list[FlowNote]:
        """Retransmissions, holes and the like in a flow."""
        raise NotImplementedError

    def findings(self) -> list[Finding]:
        """All diagnoses, worst first; made when first asked for."""
        raise NotImplementedError
