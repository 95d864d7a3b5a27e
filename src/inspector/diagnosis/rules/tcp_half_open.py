"""Only one end holds a connection to be open: a handshake that was never finished, or bytes for an end that has gone.

What you see
    "Connection reset by peer", "Broken pipe", an upload that breaks off, or a server full of connections in SYN-RECV.

Why it happens
    A connection has two ends, and each has its own idea of it. An end that has closed, crashed or been restarted
    answers with RST what still comes for it. And a server that answered a SYN keeps waiting for the ACK that finishes
    the handshake: it never comes when the client is gone, when a firewall drops it, or when the sender's address was
    forged (a SYN flood).

How we know (bytes)
    The FIN of one side, bytes of the other behind it, and the RST that answers them; a RST without the ACK flag, which
    says that its sender knows of no such connection; the same SYN, ACK sent again and again.

What to do
    Find out why that end closed or vanished: its log at that time, restarts, a limit on the size of requests.

References
    RFC 9293 sections 3.5.1 (half-open connections), 3.5.2 (reset generation) and 3.6 (closing).
"""

from typing import Final

from inspector.diagnosis.closings import FORGOTTEN, Closing, closings
from inspector.diagnosis.evidence import flags_evidence, payload_evidence
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.segments import resent
from inspector.diagnosis.words import count, duration
from inspector.model.finding import Finding
from inspector.model.flow import Flow
from inspector.model.sides import CLIENT, SIDE_NAMES, other
from inspector.net.numbers import SYN

REFERENCES = ["RFC 9293 section 3.5.1 (half-open connections) and section 3.5.2 (reset generation)"]
FLOOD: Final = 50
"""Unfinished handshakes with one server from which on it may be a flood."""
SHOWN: Final = 4


def find(scene: Scene) -> list[Finding]:
    """Bytes sent to an end that had gone, and handshakes that were never finished, each server once."""
    found = [_gone(scene, closing) for closing in closings(scene).values() if not closing.idle]
    by_server: dict[tuple[str, int], list[Flow]] = {}
    for number in resent(scene):
        flow = scene.flow_table.flow(number)
        if flow.synack_packet and _is_unfinished(scene, flow):
            by_server.setdefault((flow.server.address, flow.server.port), []).append(flow)
    return found + [_unfinished(scene, flows) for flows in by_server.values()]


def _is_unfinished(scene: Scene, flow: Flow) -> bool:
    """Whether the client sent nothing but SYN."""
    table = scene.flow_table
    sent = [packet for packet in table.packets(flow.number) if table.side_of[packet - 1] == CLIENT]
    return bool(sent) and all(int(table.headers.flags[packet - 1]) & SYN for packet in sent)


def _unfinished(scene: Scene, flows: list[Flow]) -> Finding:
    first = flows[0]
    packets = [packet for each in resent(scene)[first.number] if each.side != CLIENT for packet in each.packets]
    many = len(flows) >= FLOOD
    return Finding(
        rule="tcp-half-open",
        severity="warning",
        flow=first.number,
        title=f"{count(len(flows), 'handshake')} with {first.server} never finished",
        see=f"{first.server} answered SYN with SYN, ACK, and sent that {count(len(packets), 'time')} in flow "
        f"{first.number}: the client's ACK never came.",
        why="So many at a time, and none finished, look like a SYN flood from forged addresses."
        if many
        else "The answer does not reach the client, or its ACK does not reach the server: a firewall that lets packets "
        "through in one direction only, a route back that is another one (asymmetric), or a client that is gone.",
        do="On the server, see how many there are:\nss -tn state syn-recv | wc -l\n"
        "Capture on the client: see whether the SYN, ACK arrives there.",
        evidence=[
            each
            for packet in packets[:SHOWN]
            for each in flags_evidence(scene.flow_table, packet, "the server answers, and waits for ACK")
        ],
        references=["RFC 9293 section 3.5 (establishing a connection)", "RFC 4987 (SYN flooding)"],
    )


def _gone(scene: Scene, closing: Closing) -> Finding:
    who, whom = SIDE_NAMES[closing.side], SIDE_NAMES[other(closing.side)]
    late, lost = closing.late, closing.lost
    assert late is not None
    forgotten = closing.kind == FORGOTTEN
    what = f"{lost.summary} (message {lost.number})" if lost is not None else count(late.length, "byte")
    end = "an end that knows no such connection" if forgotten else f"a {who} that had closed"
    gap = duration((late.time - closing.closed.time) / 1e9)
    see = (
        f"The {whom} sent {what} in packet {late.packet}, and got RST (packet {closing.reset.packet})."
        if forgotten
        else f"The {who} closed the connection in packet {closing.closed.packet}. {gap} later the {whom} sent {what}, "
        f"and got RST (packet {closing.reset.packet})."
    )
    return Finding(
        rule="tcp-half-open",
        severity="error" if lost is not None else "warning" if closing.side != CLIENT else "note",
        flow=closing.flow.number,
        title=f"The {whom} sent to {end}",
        see=see,
        why=_why(closing, who),
        do=f"See in the {who}'s log why it {'lost' if forgotten else 'closed'} the connection at that time"
        + (
            ": a restart, a crash, a limit on the size of requests or on their number for each connection."
            if closing.side != CLIENT
            else "; a client that is stopped, or has enough, does this, and it is harmless then."
        ),
        evidence=([] if forgotten else flags_evidence(scene.flow_table, closing.closed.packet, f"the {who} closes"))
        + payload_evidence(scene.flow_table, late.packet, f"the {whom} still sends", lost)
        + flags_evidence(scene.flow_table, closing.reset.packet, f"the {who} refuses it"),
        references=REFERENCES,
    )


def _why(closing: Closing, who: str) -> str:
    if closing.kind == FORGOTTEN:
        return (
            f"The RST has no ACK flag, so the TCP that sent it knows of no such connection: the {who} was restarted, "
            "or the packet reached another machine than before (a load balancer, a failover), or a firewall refused it."
        )
    if closing.side == CLIENT:
        return "The client had seen enough, or had been stopped, and closed while the server was still sending."
    if closing.unheard:
        return (
            "The server accepted the connection and closed it without reading a byte: an access list, a limit on the "
            "number of connections, or a forwarder (ssh -L, kubectl port-forward, docker-proxy, a load balancer) that "
            "could not reach the server behind it."
        )
    return (
        "FIN says that the server sends no more; the RST says that it does not read any more either. It had given the "
        "connection up, while the client was still sending."
    )
