"""Prints one message, packet or flow."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from inspector.cli.colour import painter
from inspector.cli.opening import exit_code, open_session
from inspector.cli.output import Output
from inspector.cli.target import Target
from inspector.export.documents import head
from inspector.export.json import RowWriter, Titles, TreeWriter
from inspector.export.listing import ending_words, flow_protocols
from inspector.export.origins import Window
from inspector.export.rows import FlowRows, packet_with_tree
from inspector.export.tree import derived, hex_lines, tree_lines
from inspector.export.words import GLYPHS, Clock, Paint, packets_words, plural, printable
from inspector.guide import Guide
from inspector.model.errors import UsageError
from inspector.model.field import Field
from inspector.model.flow import Flow
from inspector.model.message import Message
from inspector.model.sides import SIDE_NAMES
from inspector.model.verdict import STRENGTH_NAMES
from inspector.session import Session


@dataclass(slots=True)
class Look:
    """How to show something; `depth` -1 shows all levels, `protocols` are those a message is also read as."""

    level: str
    with_hex: bool
    depth: int
    as_json: bool
    raw: bool
    color: str
    protocols: tuple[str, ...] = ()


def show(target: Target, look: Look) -> int:
    """Print what `target` names and return the exit code."""
    session = open_session(target.path, target.how)
    if look.protocols:
        from inspector.cli.trying import show_attempts

        return show_attempts(session, session.message(target.number), look)
    output = Output()
    if look.as_json:
        output.document(head(look.level, session.path, session.issues), _record(session, target.number, look))
    else:
        paint = painter(look.color, sys.stdout)
        output.lines(_SHOWN[look.level](session, target.number, look, paint))
    output.close()
    return exit_code(session)


def _record(session: Session, number: int, look: Look) -> object:
    if look.level == "flow":
        return FlowRows(session).record(session.flow(number))
    if look.level == "packet":
        writer = TreeWriter(Titles(session.guide), look.raw)
        return packet_with_tree(session, writer, checked_packet(session, number), look.depth)
    return RowWriter(session, look.raw).with_tree(session.message(number), look.depth)


def checked_packet(session: Session, number: int) -> int:
    """`number` if there is such a packet. Raises UsageError otherwise."""
    if not 1 <= number <= session.packet_count:
        raise UsageError(f"{session.path}: there is no packet {number}, the last is {session.packet_count}")
    return number


def _clock(session: Session) -> Clock:
    times = session.capture.table.times
    return Clock("r", int(times[0]), int(times[0])) if len(times) else Clock("r", 0, 0)


def _message(session: Session, number: int, look: Look, paint: Paint) -> Iterator[str]:
    message = session.message(number)
    yield from heading(session, message, paint)
    yield from _relations(session, message)
    yield from _remarks(session, message, paint)
    yield ""
    tree = session.explain(message)
    yield from tree_with_hex(tree, _window(tree), session.guide, look, paint)


def heading(session: Session, message: Message, paint: Paint) -> Iterator[str]:
    """What a message is, who sent it and in which packets."""
    flow = session.flow(message.flow)
    sender, receiver = (flow.server, flow.client) if message.side else (flow.client, flow.server)
    style = "server" if message.side else "client"
    yield f"{paint('title', printable(message.summary))}"
    yield (
        f"message {message.number}, {message.protocol} {message.kind}, {plural(message.length, 'byte')},"
        f" at {_clock(session).write(message.time).strip()} s"
    )
    yield f"flow {message.flow}, {SIDE_NAMES[message.side]}: " + paint(style, f"{sender} → {receiver}")
    yield f"layers {' / '.join(session.layers(message))}; {packets_words(session.packets_of(message))}"


def _window(tree: Field) -> Window:
    assert tree.buffer is not None
    return Window(tree.buffer, tree.start, tree.end)


def _relations(session: Session, message: Message) -> Iterator[str]:
    if message.parent is not None:
        yield f"carried by message {message.parent.number}: {printable(message.parent.summary)}"
    if message.answers is not None:
        latency = session.latency(message)
        after = f" after {latency * 1000:.3f} ms" if latency is not None else ""
        yield f"answers message {message.answers.number}{after}: {printable(message.answers.summary)}"
    for other in session.messages:
        if other.answers is message:
            yield f"answered by message {other.number}: {printable(other.summary)}"
    carried = [other.number for other in session.messages if other.parent is message]
    if carried:
        shown = ", ".join(str(each) for each in carried[:12]) + (", …" if len(carried) > 12 else "")
        yield f"carries {plural(len(carried), 'message')}: {shown}"


def _remarks(session: Session, message: Message, paint: Paint) -> Iterator[str]:
    if message.issue is not None:
        yield paint("warning", f"? {printable(message.issue)}")
    for finding in session.findings():
        if any(evidence.message == message.number for evidence in finding.evidence):
            yield paint(finding.severity, f"{GLYPHS[finding.severity]} {printable(finding.title)}")


def tree_with_hex(tree: Field, window: Window, guide: Guide, look: Look, paint: Paint) -> Iterator[str]:
    """A tree and, if asked for, the dumps of its buffers."""
    yield from tree_lines(tree, window, guide, paint, look.depth)
    if not look.with_hex:
        return
    yield ""
    yield paint("dim", window.buffer.name)
    yield from hex_lines(window, paint)
    for buffer, field in derived(tree, window.buffer):
        yield ""
        yield paint("dim", f"{buffer.name} (derived)")
        yield from hex_lines(Window(buffer, field.start, field.end), paint)


def _packet(session: Session, number: int, look: Look, paint: Paint) -> Iterator[str]:
    row = session.packet_row(checked_packet(session, number))
    packet = session.packet(number)
    cut = f" on the wire, {packet.captured} captured" if packet.captured != row.length else ""
    yield paint("title", printable(row.summary))
    at = _clock(session).write(row.time).strip()
    yield f"packet {number}, {row.protocol}, {plural(row.length, 'byte')}{cut}, at {at} s"
    in_flow = f"flow {row.flow}, {SIDE_NAMES[row.side]}: " if row.flow else ""
    yield f"{in_flow}{row.source} → {row.destination}"
    for comment in packet.comments:
        yield f"comment: {printable(comment)}"
    yield ""
    tree = session.explain_packet(number)
    yield from tree_with_hex(tree, _window(tree), session.guide, look, paint)


def _flow(session: Session, number: int, look: Look, paint: Paint) -> Iterator[str]:
    flow = session.flow(number)
    names = ", ".join(flow_protocols(session.messages).get(number, [])) or "no payload"
    yield paint("title", f"flow {number}: {flow.transport} {flow.client} → {flow.server}, {names}")
    yield (
        f"{plural(flow.packet_count, 'packet')}, {flow.first_packet} to {flow.last_packet};"
        f" {plural(flow.buffers[0].size, 'byte')} from the client, {flow.buffers[1].size} from the server"
    )
    if flow.client_known_by:
        yield f"client: {flow.client_known_by}"
    for who, process in zip(SIDE_NAMES, session.processes(number), strict=True):
        if process is not None:
            yield f"{who} process: {printable(str(process))}"
    if ending_words(flow):
        yield f"end: {ending_words(flow)}"
    yield from _verdicts(session, flow, paint)
    notes = session.notes(number)
    if notes:
        yield ""
        yield paint("title", "What else was seen")
    for note in notes:
        yield f"  packet {note.packet}, {SIDE_NAMES[note.side]}, {note.kind}: {printable(note.text)}"


def _verdicts(session: Session, flow: Flow, paint: Paint) -> Iterator[str]:
    found = session.verdicts(flow.number)
    if not found:
        return
    yield ""
    yield paint("title", "Which protocol is it? (* chosen)")
    for side, verdict in found:
        mark = "*" if verdict.chosen else " "
        yield (
            f"{mark} {SIDE_NAMES[side]}  {verdict.protocol:<9}  {STRENGTH_NAMES[verdict.strength]:<16}  "
            f"{printable(verdict.evidence)}"
        )


_SHOWN = {"message": _message, "packet": _packet, "flow": _flow}
