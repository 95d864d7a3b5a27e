"""A side closed the connection because nothing had been said for a while, and the next request was lost.

What you see
    Now and then a request fails at once: "Connection reset by peer", "Broken pipe", "Remote end closed connection
    without response", NoHttpResponseException, "TTransportException: Cannot write to null outputStream". The same
    request works when it is sent again. It happens after pauses.

Why it happens
    Both ends keep a connection open for later requests, and each has its own time-out. Where the server's is shorter,
    it sends FIN while the client still holds the connection for good; a request that goes out then is answered with
    RST. A firewall, NAT or load balancer in between may also forget an idle connection, and answer for the server.

How we know (bytes)
    The silence before the FIN or RST, the bytes that the other side sent behind it, and the RST that answers them. A
    RST without the ACK flag says that the TCP that sent it knows of no such connection.

What to do
    Let the client's idle time-out be shorter than the server's and than that of everything in between, or let it send
    keep-alives. Clients may send a request again that changes nothing.

References
    RFC 9112 section 9.3.1 and 9.5 (retrying, failures and timeouts); RFC 9293 section 3.5.2 (reset generation);
    RFC 5382 section 5 (NAT time-outs for TCP).
"""

from inspector.diagnosis.closings import CLOSED, DROPPED, FORGOTTEN, Closing, closings
from inspector.diagnosis.evidence import flags_evidence, payload_evidence
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.words import count, duration
from inspector.model.finding import Evidence, Finding
from inspector.model.sides import CLIENT, SIDE_NAMES, other

REFERENCES = [
    "RFC 9112 section 9.3.1 (retrying requests) and section 9.5 (failures and timeouts)",
    "RFC 9293 section 3.5.2 (reset generation)",
]


def find(scene: Scene) -> list[Finding]:
    """Connections that ended after a silence, with bytes lost or by RST."""
    return [_finding(scene, closing) for closing in closings(scene).values() if closing.idle]


def _finding(scene: Scene, closing: Closing) -> Finding:
    who, whom = SIDE_NAMES[closing.side], SIDE_NAMES[other(closing.side)]
    lost = closing.lost
    pause = duration(closing.silence)
    title = f"The {who} had dropped the connection after {pause} of silence"
    if lost is not None:
        title += ": the next request was lost"
    return Finding(
        rule="tcp-idle-closed",
        severity="error" if lost is not None else "note",
        flow=closing.flow.number,
        title=title,
        see=_see(closing, who, whom),
        why=_why(closing, who),
        do=_do(closing, who, whom),
        evidence=_evidence(scene, closing, who, whom),
        references=REFERENCES,
    )


def _see(closing: Closing, who: str, whom: str) -> str:
    pause = duration(closing.silence)
    if closing.kind == DROPPED:
        return f"After {pause} without a byte the {who} reset the connection (packet {closing.closed.packet})."
    late = closing.late
    assert late is not None
    what = f"{closing.lost.summary} (message {closing.lost.number})" if closing.lost is not None else "more bytes"
    if closing.kind == FORGOTTEN:
        text = f"After {pause} without a byte the {whom} sent {what}, and got RST (packet {closing.reset.packet})."
    else:
        gap = duration((late.time - closing.closed.time) / 1e9)
        text = (
            f"After {pause} without a byte the {who} closed the connection (packet {closing.closed.packet}). {gap} "
            f"later the {whom} sent {what}, and got RST (packet {closing.reset.packet})."
        )
    if closing.lost is not None:
        text += '\ncurl sends such a request again by itself; others say "Connection reset by peer" or "Broken pipe".'
    return text


def _why(closing: Closing, who: str) -> str:
    if closing.kind == FORGOTTEN:
        return (
            f"The RST has no ACK flag: whoever sent it in the {who}'s name knows of no such connection. Either the "
            f"{who} was restarted meanwhile, or a firewall, NAT or load balancer in between forgot the connection."
        )
    if closing.kind == DROPPED:
        return (
            f"An idle time-out of the {who}'s, or of something in between. Nothing was under way, so nothing is lost."
        )
    owner = "an idle connection of its pool" if closing.side != CLIENT else "its end of the connection"
    return (
        f"The {who}'s idle time-out is shorter than the other end's, which had not yet noticed the FIN, or did not "
        f"look for it, when it used {owner} again."
    )


def _do(closing: Closing, who: str, whom: str) -> str:
    pause = duration(closing.silence)
    if closing.kind == DROPPED:
        return f"Nothing, as long as the {whom} opens a new connection by itself."
    return (
        f"Let the {whom} give up idle connections sooner than after {pause}, or the {who} later (nginx "
        "keepalive_timeout, node keepAliveTimeout, hive.server2.thrift.client idle settings). TCP keep-alive holds the "
        "entry of a NAT or firewall:\nsysctl net.ipv4.tcp_keepalive_time"
    )


def _evidence(scene: Scene, closing: Closing, who: str, whom: str) -> list[Evidence]:
    found: list[Evidence] = []
    if closing.kind == CLOSED:
        text = f"the {who} closes after {duration(closing.silence)} of silence"
        found += flags_evidence(scene.flow_table, closing.closed.packet, text)
    if closing.late is not None:
        text = f"the {whom} still sends: {count(closing.late.length, 'byte')}"
        found += payload_evidence(scene.flow_table, closing.late.packet, text, closing.lost)
    return found + flags_evidence(scene.flow_table, closing.reset.packet, f"the {who} refuses it")
