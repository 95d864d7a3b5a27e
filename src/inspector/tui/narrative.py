"""What the Explain pane says of a field: what it is, what it means here, where it came from, and why we think so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.model.sides import SIDE_NAMES
from inspector.model.verdict import NONE, STRENGTH_NAMES
from inspector.tui.text import ARROWS, Line, duration, paragraphs, plural, printable, size

if TYPE_CHECKING:
    from inspector.engine.cursor import Node
    from inspector.model.buffer import Origin
    from inspector.model.flow import Flow
    from inspector.session import Session
    from inspector.tui.fields import Naming
    from inspector.tui.study import Study

MOST_BYTES = 4096
"""Bytes of a field handed to the guide; no explanation looks at more."""
FALLBACK = "data"
"""The protocol of bytes that no other claims; that it was not chosen says nothing."""
SUSPECT = "port"
"""A word in the evidence against a protocol that makes it worth telling: the port spoke for it."""
MOST_ORIGINS = 4
"""Packets named one by one before the rest is counted."""


def explain_lines(session: Session, study: Study, index: int, naming: Naming) -> list[Line]:
    """The whole text about one line of the outline, not yet wrapped."""
    node = study.outline.nodes[index]
    title, meaning, text, spec = _guide(session, study, node)
    lines: list[Line] = [_headline(node, title, meaning, naming)]
    if node.field.issue is not None and node.bits is None:
        lines.append([("error", "! "), ("error", printable(node.field.issue))])
    lines += paragraphs("", text) if text else []
    lines += _bit_lines(session, node)
    if index == study.root:
        lines += _evidence(study)
    lines += _handover(session, study, index)
    if index == study.root and study.message is not None:
        lines += _message_lines(session, study)
    elif index == study.start and study.message is None:
        flow = session.packet_row(study.stop.packet).flow
        if flow:
            lines.append([("dim", "flow       "), ("", flow_text(session, session.flows[flow - 1]))])
    lines.append(_source(study, node, study.origins(index)))
    if spec:
        lines.append([("dim", "spec       "), ("reference", spec)])
    return lines


def strip_line(session: Session, study: Study, index: int, naming: Naming) -> Line:
    """The explanation in one line, for screens too small for the pane."""
    node = study.outline.nodes[index]
    title, meaning, text, _ = _guide(session, study, node)
    line = _headline(node, title, meaning, naming)
    if node.field.issue is not None and node.bits is None:
        line.append(("error", f"  ! {printable(node.field.issue)}"))
    return [*line, ("", "  " + printable(" ".join(text.split())))]


def _guide(session: Session, study: Study, node: Node) -> tuple[str, str, str, str]:
    field = node.field
    raw = node.buffer.read(field.start, min(field.end, field.start + MOST_BYTES))
    if node.bits is not None:
        said = session.guide.explain_bits(node.bits, raw)
    else:
        parent = study.outline.nodes[node.parent].field if node.parent >= 0 else None
        said = session.guide.explain(field, raw, parent)
    return said.title, said.meaning, said.text, said.spec


def _headline(node: Node, title: str, meaning: str, naming: Naming) -> Line:
    label = node.field.label if node.bits is None else ""
    line: Line = [("title", printable(label or title or node.name))]
    value = naming.value(node)
    if value:
        line.append(("value", f"  {value}"))
    if meaning and meaning not in value:
        line.append(("", f"  ({printable(meaning)})"))
    return [*line, ("dim", f"  {node.name}" if node.name != title else "")]


def _bit_lines(session: Session, node: Node) -> list[Line]:
    if node.bits is not None:
        return []
    return [[("dim", "  "), ("", session.guide.bits_title(bits, node.raw))] for bits in node.field.bits]


def _handover(session: Session, study: Study, index: int) -> list[Line]:
    """Where one layer ends and the next begins."""
    message = study.message
    if message is None or index not in {study.root, study.outline.next_step(study.root - 1)}:
        return []
    arrow = ("dim", "handed on  ")
    if message.parent is not None:
        parent = message.parent
        text = f"{size(message.length)} taken out of message {parent.number} ({parent.protocol} {parent.kind})"
        text += f" are read as {message.protocol}"
        return [[arrow, ("", text)]]
    lower = "TCP" if session.flows[message.flow - 1].transport == "tcp" else "UDP"
    side = SIDE_NAMES[message.side]
    text = f"the {lower} payload from the {side}, stream byte {message.start} on, is read as {message.protocol}"
    return [[arrow, ("", text)]]


def _message_lines(session: Session, study: Study) -> list[Line]:
    message = study.message
    assert message is not None
    lines: list[Line] = []
    if message.issue is not None:
        lines.append([("error", "! "), ("error", printable(message.issue))])
    answered = message.answers
    if answered is not None:
        after = session.latency(message)
        took = f" after {duration(after)}" if after is not None else ""
        lines.append([("dim", "answers    "), ("", f"message {answered.number}{took}: {printable(answered.summary)}")])
    lines.append([("dim", "flow       "), ("", flow_text(session, session.flows[message.flow - 1]))])
    return lines


def flow_text(session: Session, flow: Flow) -> str:
    """A conversation in one sentence."""
    parts = [f"c{flow.number} {flow.client} {ARROWS[0]} {flow.server} ({flow.transport})"]
    if flow.syn_packet and flow.synack_packet:
        taken = session.packet(flow.synack_packet).time - session.packet(flow.syn_packet).time
        parts.append(f"SYN answered after {duration(taken / 1e9)}")
    for side, end in enumerate(flow.ends):
        if end:
            packet = (flow.rst_packets if end == "rst" else flow.fin_packets)[side]
            parts.append(f"{SIDE_NAMES[side]} ended it with {end.upper()} in packet {packet}")
    known = f". {flow.client_known_by}" if flow.client_known_by else ""
    return ", ".join(parts) + known


def _evidence(study: Study) -> list[Line]:
    """Why we think this is what we say it is, and what else it could be."""
    message = study.message
    lines: list[Line] = []
    if message is None or message.parent is not None:
        return lines
    others: list[str] = []
    for side, verdict in study.verdicts:
        if side != message.side or verdict.protocol == FALLBACK:
            continue
        said = f"{verdict.protocol} ({STRENGTH_NAMES[verdict.strength]}): {printable(verdict.evidence)}"
        if verdict.chosen:
            lines.insert(0, [("dim", "because    "), ("", said)])
        elif verdict.strength != NONE or SUSPECT in verdict.evidence:
            lines.append([("dim", "but not    "), ("dim", said.replace(" (none)", ""))])
        else:
            others.append(verdict.protocol)
    if others:
        lines.append([("dim", "nor        "), ("dim", ", ".join(others))])
    return lines


def _source(study: Study, node: Node, origins: list[Origin]) -> Line:
    """Which bytes of which packets, and of which buffer."""
    field = node.field
    length = plural(field.length, "byte")
    if not origins:
        where = "no bytes of its own" if not field.length else "never captured"
        return [("dim", "from       "), ("dim", f"{where} at offset {field.start} of {_buffer(study, node)}")]
    packets = [f"packet {each.packet} bytes {each.start}..{each.end - 1}" for each in origins[:MOST_ORIGINS]]
    if len(origins) > MOST_ORIGINS:
        packets.append(f"{len(origins) - MOST_ORIGINS} more")
    made = "" if all(origin.exact for origin in origins) else "made from "
    tail = "" if node.buffer is study.outline.nodes[0].buffer else f" · {_buffer(study, node)} offset {field.start}"
    return [("dim", "from       "), ("dim", f"{made}{', '.join(packets)} ({length}){tail}")]


def _buffer(study: Study, node: Node) -> str:
    buffer = node.buffer
    if buffer.parent is not None or study.message is None:
        return buffer.name
    return f"the {SIDE_NAMES[study.message.side]}'s stream"
