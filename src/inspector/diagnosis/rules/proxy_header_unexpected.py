"""A load balancer sent the PROXY protocol's header to a server that does not expect it.

What you see
    Every connection through the load balancer fails, those made directly work. The server's log shows a bad request, a
    broken handshake, "Invalid status 80" or a frame of 1347571544 bytes.

Why it happens
    The PROXY protocol tells the server whose connection it is: a line "PROXY TCP4 ..." or 12 fixed bytes and a block,
    before anything else. Both sides must agree on it. A server that does not expect it reads the header as the first
    bytes of its own protocol: "PROX" is 1,347,571,544 as a length, 80 as a first byte.

How we know (bytes)
    The header itself, at the very beginning of what the client sent; and an error, a close or silence in answer.

What to do
    Switch it on in the server (nginx: listen ... proxy_protocol), or off in the load balancer (HAProxy: send-proxy,
    AWS NLB: proxy_protocol_v2.enabled).

References
    The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt), sections 2.1 and 2.2.
"""

from typing import Final

from inspector.diagnosis import readings
from inspector.diagnosis.ending import CLOSED, HANG, RESET
from inspector.diagnosis.evidence import (
    ack_evidence,
    answer_evidence,
    ending_evidence,
    reading_evidence,
    server_end_evidence,
)
from inspector.diagnosis.greetings import greeting_of
from inspector.diagnosis.openings import proxy_header
from inspector.diagnosis.readings import Reading, sized
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.thrift_port import how_it_ended
from inspector.model.finding import Finding
from inspector.model.sides import SERVER
from inspector.protocols.data import preview

STARTS: Final = (b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n")
JAVA: Final = (
    "\nThat is less than the 256 MiB which Thrift's non-blocking servers in Java take from anybody: they set aside "
    "that much memory for a frame that never comes, which a small heap does not have."
)
"""AbstractNonblockingServer of libthrift: maxReadBufferBytes is 256 MiB unless set."""
SHOWN: Final = 32


def find(scene: Scene) -> list[Finding]:
    """PROXY headers that were met with an error, a close or silence."""
    found: list[Finding] = []
    for number, (asked, answered) in scene.firsts.items():
        # detection knows of no such protocol, and what it calls data is rare
        if asked is None or asked.protocol != "data" or asked.start:
            continue
        case = Case(scene, scene.flow_table.flow(number), asked, answered)
        if case.opening.startswith(STARTS) and case.flow.transport == "tcp" and case.whole and _is_refused(case):
            found.append(_finding(case))
    return found


def _is_refused(case: Case) -> bool:
    if case.silent:
        return case.ending.kind in {CLOSED, RESET, HANG} and case.ending.acknowledged > 0
    answer = case.answer
    return not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3", b"HTTP/1.0 2", b"HTTP/1.0 3")) and (
        answer.startswith((b"HTTP/1", b"<", b"-ERR", b"\x15\x03", b"\x04\0\0", b"Invalid SSH"))
        or greeting_of(answer) is not None
        or case.flow.ends[SERVER] == "rst"
    )


def _finding(case: Case) -> Finding:
    header = proxy_header(case.opening)
    name = header.name if header is not None else "the PROXY protocol"
    first = [header.reading] if header is not None else []
    reading = readings.frame_reading(case.opening)
    came = how_it_ended(case) if case.silent else f"The server answered {preview(case.answer[:SHOWN])}."
    evidence = reading_evidence(case, [*first, *_misread(case), reading])
    if case.silent:
        evidence += ack_evidence(case) + ending_evidence(case)
    else:
        evidence += answer_evidence(case, [(0, min(SHOWN, len(case.answer)), "an error in the server's own protocol")])
        evidence += server_end_evidence(case)
    return Finding(
        rule="proxy-header-unexpected",
        severity="error" if not case.silent else "warning",
        flow=case.flow.number,
        title="PROXY protocol header sent to a server that does not expect it",
        see=f"The client's first bytes to {case.flow.server} are {name}: {preview(case.opening)}. {came}",
        why="The client, a load balancer, believes that the server wants to be told whose connection this is.\n"
        "The server believes that its own protocol begins. As a length the first four bytes are "
        f"{sized(case.opening)}; to HTTP they are no request line."
        + (JAVA if case.opening.startswith(STARTS[1]) else ""),
        do="Either end may give in. In the server: nginx listen ... proxy_protocol, HAProxy accept-proxy; PostgreSQL "
        "and Thrift servers have no such setting. In the load balancer: HAProxy without send-proxy, AWS NLB "
        'proxy_protocol_v2.enabled=false, ingress-nginx use-proxy-protocol: "false".',
        evidence=evidence,
        references=["The PROXY protocol, versions 1 and 2 (haproxy.org), sections 2.1 and 2.2"],
    )


def _misread(case: Case) -> list[Reading]:
    """How the server, by its answer, read the first bytes."""
    if case.answer.startswith(b"\x04\0\0"):
        return [readings.sasl_reading(case.opening)]
    if case.answer.startswith(b"\x15\x03"):
        return [readings.tls_reading(case.opening)]
    return []
