"""An answer stopped in the middle: the connection was closed or reset before it was complete.

What you see
    curl says "(18) transfer closed with outstanding read data remaining" or "(56) Recv failure: Connection reset by
    peer", Python's requests IncompleteRead or ChunkedEncodingError, a browser ERR_INCOMPLETE_CHUNKED_ENCODING. Half of
    a page, a file or an event stream is there.

Why it happens
    The answer said how long it would be (Content-Length, chunks), and less came. The server's program crashed or was
    stopped, a proxy's time-out or buffer limit cut it, or the server counts characters where it should count bytes.

How we know (bytes)
    The head of the answer with its length; how many bytes of the body came; the FIN or RST behind the last of them.

What to do
    Look at the log of the server, and of the proxies before it, at the time of that packet.

References
    RFC 9112 sections 6.3 (message body length), 7.1 (chunked) and 8 (incomplete messages).
"""

from typing import Final

from inspector.diagnosis.ending import seconds
from inspector.diagnosis.event_streams import EVENT_STREAM, media_type_of
from inspector.diagnosis.evidence import flags_evidence, message_evidence
from inspector.diagnosis.idle import IDLE
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.words import count, duration
from inspector.model.finding import Finding
from inspector.model.flow import Flow
from inspector.model.message import Message
from inspector.model.sides import SERVER

SHOWN: Final = 16


def find(scene: Scene) -> list[Finding]:
    """Last answers of flows that the server ended before they were complete."""
    found: list[Finding] = []
    for number, (_, answer) in scene.lasts.items():
        if answer is not None and not answer.complete and answer.issue and answer.protocol == "http":
            flow = scene.flow_table.flow(number)
            packet = _ended_by(flow)
            if packet and not flow.buffers[SERVER].holes and not _is_idle_stream(scene, answer, packet):
                found.append(_finding(scene, flow, answer, packet))
    return found


def _is_idle_stream(scene: Scene, answer: Message, packet: int) -> bool:
    """Whether it is an event stream that was cut off in silence: sse-idle-closed says more about that."""
    return media_type_of(answer) == EVENT_STREAM and _gap(scene, answer, packet) >= IDLE


def _gap(scene: Scene, answer: Message, packet: int) -> float:
    """Seconds from the last byte that came to the packet that ended the connection."""
    return max(0.0, seconds(scene.flow_table, answer.buffer.packet_at(answer.end - 1), packet))


def _ended_by(flow: Flow) -> int:
    """The server's FIN or RST; 0 where the client, or the capture, ended it first."""
    ends = [packet for packet in (flow.fin_packets[SERVER], flow.rst_packets[SERVER]) if packet]
    gone = [packet for packet in (flow.fin_packets[0], flow.rst_packets[0]) if packet]
    if not ends or (gone and min(gone) < min(ends)):
        return 0
    return min(ends)


def _finding(scene: Scene, flow: Flow, answer: Message, packet: int) -> Finding:
    reset = packet == flow.rst_packets[SERVER]
    gap = duration(_gap(scene, answer, packet))
    asked = answer.answers
    what = f"{asked.summary} was answered with {answer.summary}" if asked is not None else answer.summary
    curl = '"curl: (56) Recv failure: Connection reset by peer"' if reset else '"curl: (18) transfer closed"'
    return Finding(
        rule="answer-cut-short",
        severity="error" if reset else "warning",
        flow=flow.number,
        title=f"The answer stops in the middle: the server {'reset' if reset else 'closed'} the connection",
        see=f"{what} (message {answer.number}), of which {count(answer.length, 'byte')} came: {answer.issue}. The "
        f"server {'reset' if reset else 'closed'} the connection {gap} after the last of them (packet {packet}).\n"
        f"curl prints {curl}, Python's requests ChunkedEncodingError or IncompleteRead.",
        why="The head of an answer says how its end is known: by a length or by a last chunk of size 0. The connection "
        "ended before that, so the client knows that something is missing. The program that wrote the answer crashed "
        "or was stopped, or a time-out of the server's or of a proxy's cut it.",
        do="Look at the server's log at that time, and at the time-outs of proxies before it (nginx's "
        "proxy_read_timeout, HAProxy's timeout server).",
        evidence=message_evidence(answer, 0, SHOWN, f"the answer begins: {answer.summary}")
        + message_evidence(answer, max(0, answer.length - SHOWN), answer.length, "the last of its bytes that came")
        + flags_evidence(scene.flow_table, packet, f"the server ends it, {gap} later"),
        references=["RFC 9112 section 6.3 (message body length) and section 8 (incomplete messages)"],
    )
