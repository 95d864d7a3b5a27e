"""A client asked to connect, and heard nothing: its SYN was lost, dropped, or answered late.

What you see
    curl says "(28) Connection timed out" or "(7) Failed to connect ... Couldn't connect to server" after a long wait,
    others "Connection timed out" or "No route to host". Or connecting works, but takes 1, 3 or 7 seconds.

Why it happens
    A port where nothing listens refuses at once, with RST. Silence is different: a firewall or a cloud's security group
    drops the packet, the machine is down, the address is wrong, or the server's queue of new connections is full. The
    client sends its SYN again after 1, 2, 4 s.

How we know (bytes)
    SYN packets with the same sequence number, their times, and no packet of the other side; or the SYN and ACK that
    answers one of the later ones.

What to do
    Ask on the server whether the SYN arrives (tcpdump 'tcp[13] & 2 != 0'). If it does not, look at firewalls on the
    way. If it does and is not answered, look at the accept queue: ss -ltn shows it, and netstat -s "listen queue".

References
    RFC 9293 section 3.5 (establishing a connection); RFC 6298 section 5.7 (lost SYN).
"""

from typing import Final

from inspector.diagnosis.evidence import flags_evidence
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.segments import resent
from inspector.diagnosis.words import count, duration
from inspector.model.finding import Evidence, Finding
from inspector.model.flow import Flow
from inspector.model.sides import CLIENT
from inspector.net.numbers import ACK, RST, SYN

WAITED: Final = 1.0
"""Seconds after which a SYN without an answer says something: RFC 6298 2.1, the first timeout."""
MANY_PORTS: Final = 8
"""Ports of one address from which on it is told once: such a client looks for open ones."""
SHOWN: Final = 4
"""Packets that are given as evidence."""


def find(scene: Scene) -> list[Finding]:
    """Connections that were asked for in vain, each server once; and those that came late."""
    silent: dict[str, dict[int, list[Flow]]] = {}
    found: list[Finding] = []
    end = int(scene.flow_table.table.times[-1]) if len(scene.flow_table.table) else 0
    for flow in scene.flow_table.flows:
        if not flow.syn_packet or flow.refused:
            continue
        if flow.synack_packet:
            if flow.number in resent(scene):
                found.extend(_late(scene, flow))
        elif _is_silent(scene, flow) and end - int(scene.flow_table.table.times[flow.syn_packet - 1]) >= WAITED * 1e9:
            silent.setdefault(flow.server.address, {}).setdefault(flow.server.port, []).append(flow)
    for ports in silent.values():
        if len(ports) >= MANY_PORTS:
            found.append(_many(scene, ports))
        else:
            found.extend(_one(scene, flows) for flows in ports.values())
    return found


def _is_silent(scene: Scene, flow: Flow) -> bool:
    """Whether nothing but SYN was captured: an ACK of the client's would answer a packet that was not captured."""
    h = scene.flow_table.headers
    return all(int(h.flags[packet - 1]) & (SYN | ACK | RST) == SYN for packet in scene.flow_table.packets(flow.number))


def _attempts(scene: Scene, flow: Flow) -> list[int]:
    """The packets of a flow's SYN, those captured twice once."""
    again = [each for each in resent(scene).get(flow.number, []) if each.packets[0] == flow.syn_packet]
    return list(again[0].packets) if again else [flow.syn_packet]


def _one(scene: Scene, flows: list[Flow]) -> Finding:
    first = flows[0]
    server = first.server
    packets = [packet for flow in flows for packet in _attempts(scene, flow)]
    times = scene.flow_table.table.times
    lasted = duration((int(times[packets[-1] - 1]) - int(times[packets[0] - 1])) / 1e9)
    accepted = scene.accepted.get((server.address, server.port), [])
    elsewhere = [port for address, port in scene.accepted if address == server.address]
    why = ["The kernel of a machine that lives answers a SYN at once, be it with RST. Here nobody did."]
    if accepted:
        why.append(
            f"The port does accept flow {accepted[0].number} (packet {accepted[0].synack_packet}): either packets get "
            "lost, or the server's queue of new connections is full."
        )
    elif elsewhere:
        why.append(
            f"The machine lives: its port {elsewhere[0]} accepts connections. So a firewall drops what goes to "
            f"{server.port}."
        )
    else:
        why.append("A firewall drops it, the machine is down, or the address is wrong.")
    return Finding(
        rule="tcp-connect-unanswered",
        severity="warning" if len(packets) > 1 else "note",
        flow=first.number,
        title=f"No answer to SYN: {server} is firewalled, down or not there",
        see=f"{first.client.address} asked {server} to connect: {count(len(packets), 'SYN')} in "
        f"{count(len(flows), 'connection')} over {lasted}, and not a packet came back. "
        'curl would print "curl: (28) Connection timed out" or "(7) Failed to connect".',
        why="\n".join(why),
        do="See whether the SYN arrives on the server:\n"
        f"tcpdump -ni any 'tcp port {server.port} and tcp[13] & 2 != 0'\n"
        "If not, look at the firewalls and security groups on the way. If it does, look at its accept queue (ss -ltn).",
        evidence=_evidence(scene, packets),
        references=["RFC 9293 section 3.5 (establishing a connection)", "RFC 6298 section 5 (retransmission timer)"],
    )


def _many(scene: Scene, ports: dict[int, list[Flow]]) -> Finding:
    flows = sorted((flow for each in ports.values() for flow in each), key=lambda flow: flow.number)
    first = flows[0]
    names = ", ".join(str(port) for port in sorted(ports)[:MANY_PORTS])
    return Finding(
        rule="tcp-connect-unanswered",
        severity="note",
        flow=first.number,
        title=f"No answer to SYN on {len(ports):,} ports of {first.server.address}",
        see=f"{count(len(flows), 'connection')} asked for in vain, to ports {names} and others: nothing came back.",
        why="A client that tries so many ports looks for open ones, and a firewall drops what it sends.",
        do="If this is no scan of your own, see who runs on the client.",
        evidence=_evidence(scene, [flow.syn_packet for flow in flows[:SHOWN]]),
        references=["RFC 9293 section 3.5 (establishing a connection)"],
    )


def _evidence(scene: Scene, packets: list[int]) -> list[Evidence]:
    found: list[Evidence] = []
    for index, packet in enumerate(packets[:SHOWN]):
        found += flags_evidence(scene.flow_table, packet, "the client asks again" if index else "the client asks")
    return found


def _late(scene: Scene, flow: Flow) -> list[Finding]:
    """The finding of a connection whose first SYN was lost."""
    packets = _attempts(scene, flow)
    times = scene.flow_table.table.times
    before = [packet for packet in packets if packet < flow.synack_packet]
    took = (int(times[flow.synack_packet - 1]) - int(times[packets[0] - 1])) / 1e9
    if len(before) < 2 or took < WAITED / 2 or scene.flow_table.side_of[packets[0] - 1] != CLIENT:
        return []
    return [
        Finding(
            rule="tcp-connect-unanswered",
            severity="note",
            flow=flow.number,
            title=f"Connecting took {duration(took)}: the first SYN was not answered",
            see=f"The client sent SYN {count(len(before), 'time')} before {flow.server} answered (packet "
            f"{flow.synack_packet}), {duration(took)} after the first.",
            why="The first SYN, or the answer to it, was lost or dropped. A full queue of new connections drops them "
            "too: then it happens under load, and mostly with 1 s or 3 s of delay.",
            do="On the server, see whether its accept queue overflows:\nnetstat -s | grep -i listen",
            evidence=_evidence(scene, before) + flags_evidence(scene.flow_table, flow.synack_packet, "the answer"),
            references=["RFC 6298 section 5.7 (a lost SYN)"],
        )
    ]
