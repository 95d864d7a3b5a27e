"""A connection was refused: nothing listens on the port, at least not any more.

What you see
    curl says "(7) Failed to connect", others "Connection refused". The client's SYN is answered with RST at once.

Why it happens
    No process listens on that address and port, so the server's kernel answers for it. Either it never did (a wrong
    port, a wrong address, a service that listens on 127.0.0.1 or on IPv6 only), or it has ended: when the same port
    had accepted connections before in the same capture, something stopped it. One HTTP request is enough to end a
    Thrift server in Java that is not strict: it takes "GET " for a length and asks for 1.1 GiB of memory.

How we know (bytes)
    The SYN flag of the client's packet and the RST flag of the server's answer; the last packet of the port while it
    was open.

What to do
    See what listens (ss -ltnp on the server), start the service again, and read the end of its log.

References
    RFC 9293 section 3.5.2 (reset generation), group 1, and section 3.10.7.1.
"""

from inspector.diagnosis.ending import CLOSED
from inspector.diagnosis.evidence import flags_evidence
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.words import count
from inspector.model.finding import Evidence, Finding
from inspector.model.flow import Flow

SHOWN_ATTEMPTS = 3
"""Attempts whose packets are given as evidence; the others look the same."""
MANY_PORTS = 8
"""Refused ports of one address from which on it is told once: such a client looks for open ports."""


def find(scene: Scene) -> list[Finding]:
    """Ports that refused connections, each once."""
    by_address: dict[str, list[tuple[int, list[Flow]]]] = {}
    for (address, port), flows in scene.refused.items():
        by_address.setdefault(address, []).append((port, flows))
    found: list[Finding] = []
    for address, ports in by_address.items():
        if len(ports) >= MANY_PORTS:
            found.append(_many(scene, address, ports))
        else:
            found.extend(_one(scene, flows) for _, flows in ports)
    return found


def _one(scene: Scene, flows: list[Flow]) -> Finding:
    first = flows[0]
    server = first.server
    accepted = scene.accepted.get((server.address, server.port), [])
    before = [flow for flow in accepted if flow.number < first.number]
    after = [flow for flow in accepted if flow.number > flows[-1].number]
    elsewhere = [each[0] for key, each in scene.accepted.items() if key[1] == server.port and key[0] != server.address]
    see = (
        f"{count(len(flows), 'connection')} to {server} refused: each SYN is answered with RST (packet "
        f'{first.rst_packets[1]} first). curl prints "curl: (7) Failed to connect".'
    )
    why = ["Nothing listens on that address and port, so the kernel of the server refuses by itself."]
    evidence: list[Evidence] = []
    if before:
        last = before[-1]
        see += f"\nThe port was open until packet {last.last_packet}: it accepted flow {last.number}."
        why.append(_what_stopped(scene, last))
        if last.fin_packets[1]:
            evidence += flags_evidence(
                scene.flow_table,
                last.fin_packets[1],
                f"the server's last word while the port was open (flow {last.number})",
            )
    if after:
        why.append(
            f"Later the port is open again: it accepts flow {after[0].number} in packet {after[0].synack_packet}."
        )
    elif elsewhere and not before:
        other = elsewhere[0]
        why.append(
            f"The same port is open on {other.server.address} (flow {other.number}): clients that know several "
            "addresses of a name try one after the other, and this is harmless."
        )
    return Finding(
        rule="connection-refused",
        severity="warning" if before and not after else "note",
        flow=first.number,
        title=f"Connection refused: nothing listens on {server}" + (" any more" if before and not after else ""),
        see=see,
        why="\n".join(why),
        do=_do(server.port, bool(before)),
        evidence=evidence + _attempts(scene, flows),
        references=["RFC 9293 section 3.5.2 (reset generation), group 1", "RFC 9293 section 3.10.7.1 (closed state)"],
    )


def _what_stopped(scene: Scene, last: Flow) -> str:
    """What the last conversation before says about why the port closed."""
    for case in scene.cases:
        if case.flow.number == last.number and case.speaks_http and case.silent and case.ending.kind == CLOSED:
            return (
                f'The last thing that the port received was "{case.request_line}", and it ended without a word. A '
                "Thrift server in Java that is not strict takes its first four bytes for a length and allocates it at "
                "once: java.lang.OutOfMemoryError, and the process dies. See the finding of that flow."
            )
    return "It was open before, so the process has ended or has stopped listening."


def _attempts(scene: Scene, flows: list[Flow]) -> list[Evidence]:
    found: list[Evidence] = []
    for flow in flows[:SHOWN_ATTEMPTS]:
        found += flags_evidence(scene.flow_table, flow.syn_packet, "the client asks to connect")
        found += flags_evidence(scene.flow_table, flow.rst_packets[1], "refused")
    return found


def _do(port: int, was_open: bool) -> str:
    lines = ["On the server, see who listens:", f"ss -ltnp 'sport = :{port}'"]
    if was_open:
        lines.append("Read the end of the service's log, and start it again.")
    else:
        lines.append("Check the address and the port, and on which addresses the service listens.")
    return "\n".join(lines)


def _many(scene: Scene, address: str, ports: list[tuple[int, list[Flow]]]) -> Finding:
    flows = [flow for _, each in ports for flow in each]
    names = ", ".join(str(port) for port, _ in ports[:MANY_PORTS])
    return Finding(
        rule="connection-refused",
        severity="note",
        flow=flows[0].number,
        title=f"Connections refused on {len(ports):,} ports of {address}",
        see=f"{count(len(flows), 'connection')} refused, to ports {names} and others: each SYN is answered with RST.",
        why="Nothing listens on these ports. A client that tries so many looks for open ones.",
        do="If this is no scan of your own, see who runs on the client.",
        evidence=_attempts(scene, flows),
        references=["RFC 9293 section 3.5.2 (reset generation), group 1"],
    )
