"""Packets, flows and findings as records."""

from msgspec import Raw

from inspector.export.json import TreeWriter, seconds
from inspector.export.listing import flow_protocols
from inspector.export.origins import Segment, Window
from inspector.export.records import (
    EvidenceRecord,
    FindingRecord,
    FlowRecord,
    NoteRecord,
    PacketRecord,
    ProcessRecord,
    VerdictRecord,
    WitnessRecord,
)
from inspector.model.finding import Finding
from inspector.model.flow import Flow
from inspector.model.sides import SIDE_NAMES
from inspector.model.verdict import STRENGTH_NAMES
from inspector.session import Session


def packet_record(session: Session, number: int) -> PacketRecord:
    """The row of a packet."""
    row = session.packet_row(number)
    packet = session.packet(number)
    return PacketRecord(
        number=number,
        time=seconds(row.time),
        flow=row.flow or None,
        side=SIDE_NAMES[row.side] if row.flow else None,
        source=row.source,
        destination=row.destination,
        protocol=row.protocol,
        length=row.length,
        captured=packet.captured,
        summary=row.summary,
        layers=row.layers,
        comments=packet.comments,
    )


def packet_with_tree(session: Session, writer: TreeWriter, number: int, depth: int = -1) -> PacketRecord:
    """The row of a packet with its header tree."""
    record = packet_record(session, number)
    record.fields = packet_tree(session, writer, number, depth)
    return record


def packet_tree(session: Session, writer: TreeWriter, number: int, depth: int = -1) -> Raw:
    """The header tree of a packet."""
    tree = session.explain_packet(number)
    assert tree.buffer is not None
    window = Window(tree.buffer, tree.start, tree.end)
    window.segments = [Segment(tree.start, tree.end, number, tree.start)]
    return writer.node(tree, window, depth)


class FlowRows:
    """The rows of flows; what needs a look at all messages is counted once."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.protocols = flow_protocols(session.messages)
        self.counts: dict[int, int] = {}
        for message in session.messages:
            self.counts[message.flow] = self.counts.get(message.flow, 0) + 1

    def record(self, flow: Flow) -> FlowRecord:
        """The row of a flow."""
        session = self.session
        return FlowRecord(
            number=flow.number,
            time=seconds(int(session.capture.table.times[flow.first_packet - 1]) if flow.first_packet else 0),
            transport=flow.transport,
            client=str(flow.client),
            server=str(flow.server),
            client_known_by=flow.client_known_by,
            first_packet=flow.first_packet,
            last_packet=flow.last_packet,
            packets=flow.packet_count,
            bytes=[buffer.size for buffer in flow.buffers],
            ends=list(flow.ends),
            protocols=self.protocols.get(flow.number, []),
            messages=self.counts.get(flow.number, 0),
            processes=[
                None if each is None else ProcessRecord(each.name, each.pid) for each in session.processes(flow.number)
            ],
            verdicts=[
                VerdictRecord(
                    SIDE_NAMES[side], each.protocol, STRENGTH_NAMES[each.strength], each.evidence, each.chosen
                )
                for side, each in session.verdicts(flow.number)
            ],
            notes=[
                NoteRecord(note.kind, SIDE_NAMES[note.side], note.packet, note.text)
                for note in session.notes(flow.number)
            ],
        )


def finding_record(finding: Finding) -> FindingRecord:
    """A diagnosis as the contract of `why --json` has it."""
    witness = finding.witness
    return FindingRecord(
        rule=finding.rule,
        severity=finding.severity,
        flow=finding.flow,
        title=finding.title,
        see=finding.see,
        why=finding.why,
        evidence=[
            EvidenceRecord(each.message, each.packet, each.start, each.end, each.bytes.hex(), each.reads_as)
            for each in finding.evidence
        ],
        witness=None if witness is None else WitnessRecord(witness.library, witness.version, witness.says),
        do=finding.do,
        references=finding.references,
    )
