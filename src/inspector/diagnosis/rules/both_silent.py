"""A connection on which nobody said a word: each side may have waited for the other.

What you see
    The client hangs after connecting and gives up in the end: "timed out waiting for greeting", "Lost connection to
    server at 'reading initial communication packet'", or it just waits.

Why it happens
    With SSH, MySQL, SMTP or FTP the server speaks first; with HTTP, Thrift, PostgreSQL, Redis or TLS the client does.
    A client that waits for a greeting from a server that waits for a request waits for ever. The connection may also
    have been opened in advance, by a pool or a browser, or by a monitor that only looks whether the port is open.

How we know (bytes)
    The handshake, and not a single byte of payload from either side until the connection ends.

What to do
    If a client hung: compare the protocol of client and port. If it was a health check or a pool, nothing.

References
    RFC 9293 section 3.5 (establishing a connection); RFC 4253 section 4.2; RFC 9112 section 3.
"""

from typing import Final

from inspector.diagnosis.evidence import flags_evidence
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.segments import Segment, segments
from inspector.diagnosis.words import count, duration
from inspector.model.finding import Finding
from inspector.model.flow import Flow
from inspector.model.sides import CLIENT, SERVER, SIDE_NAMES
from inspector.net.numbers import ACK, FIN, RST, SYN

LONG: Final = 2.0
"""Seconds of silence on a new connection that are longer than a check of whether the port is open takes."""
GREETERS: Final = {21: "FTP", 22: "SSH", 25: "SMTP", 110: "POP3", 143: "IMAP", 587: "SMTP", 3306: "MySQL"}
"""Ports on which the server should have spoken first."""


def find(scene: Scene) -> list[Finding]:
    """Silent connections, those to one server together."""
    silent: dict[tuple[str, int], list[tuple[Flow, list[Segment]]]] = {}
    for flow in scene.flow_table.flows:
        if flow.syn_packet and flow.synack_packet and flow.number not in scene.firsts:
            sent = segments(scene.flow_table, flow.number)
            if _is_silent(sent) and (sent[-1].time - sent[0].time) / 1e9 >= LONG:
                silent.setdefault((flow.server.address, flow.server.port), []).append((flow, sent))
    return [_finding(scene, each) for each in silent.values()]


def _is_silent(sent: list[Segment]) -> bool:
    """Whether the handshake was finished, and no byte followed; keep-alive probes may hold one."""
    finished = any(each.side == CLIENT and each.flags & (SYN | ACK) == ACK for each in sent)
    return finished and all(each.length <= 1 for each in sent)


def _finding(scene: Scene, found: list[tuple[Flow, list[Segment]]]) -> Finding:
    flow, sent = max(found, key=lambda each: each[1][-1].time - each[1][0].time)
    server = flow.server
    end = next((each for each in sent if each.flags & (FIN | RST)), None)
    lasted = duration(((end or sent[-1]).time - sent[0].time) / 1e9)
    how = f"Then the {SIDE_NAMES[end.side]} ended it (packet {end.packet})." if end else "Then the capture ends."
    others = f" So it was on {count(len(found) - 1, 'more connection')} to this port." if len(found) > 1 else ""
    spoken = scene.spoken.get((server.address, server.port), {})
    greeter = GREETERS.get(server.port)
    why = ["The client waited for the server, or had nothing to ask; the server waited for the client."]
    if greeter is not None:
        why.append(
            f"On port {server.port} one expects {greeter}, where the server speaks first: it may be busy (often with "
            "looking up the client's name), or not be what the port says."
        )
    elif spoken:
        names = ", ".join(f"{name} (flow {message.flow})" for name, message in spoken.items())
        why.append(f"On this port the client speaks first: {names}. A client that waits for a greeting waits in vain.")
    evidence = flags_evidence(scene.flow_table, flow.synack_packet, "the server accepts; no byte follows")
    if end is not None:
        evidence += flags_evidence(scene.flow_table, end.packet, f"the {SIDE_NAMES[end.side]} ends it, {lasted} later")
    return Finding(
        rule="both-silent",
        severity="warning" if greeter is not None and (end is None or end.side != SERVER) else "note",
        flow=flow.number,
        title=f"Nobody said a word for {lasted} on a connection to {server}",
        see=f"Flow {flow.number} was opened, and neither side sent a byte for {lasted}. {how}{others}",
        why="\n".join(why),
        do="If a client hung: see which protocol it speaks and which the port speaks. A port that only listens shows "
        f"nothing; one that speaks first greets this:\nnc {server.address} {server.port} < /dev/null\n"
        "Health checks, pools and browsers open connections in advance: then there is nothing to do.",
        evidence=evidence,
        references=["RFC 9293 section 3.5 (establishing a connection)"],
    )
