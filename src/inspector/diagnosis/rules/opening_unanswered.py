"""A client spoke HTTP/2, Redis, PostgreSQL or SSH to a port that said nothing to it.

What you see
    The client says that the connection was closed, was reset, or timed out. It had sent the opening of its protocol,
    which was acknowledged; the server sent not a single byte.

Why it happens
    Most likely the server speaks another protocol. Binary ones begin with a length, and read the first four bytes of
    any other protocol as one: "PRI " is 1,347,569,952, "SSH-" 1,397,966,893. Servers that hold it impossible hang up;
    servers that believe it wait.

How we know (bytes)
    The opening as its own protocol and as others read it, the acknowledgement, and what ended the connection.

What to do
    Find out what listens there, and use a client for that protocol.

References
    RFC 9113 section 3.4; RFC 4253 section 4.2; PostgreSQL, Message Formats; Redis serialization protocol; Apache
    Thrift, doc/specs/thrift-rpc.md.
"""

from inspector.diagnosis import readings
from inspector.diagnosis.ending import CLOSED, HANG, RESET
from inspector.diagnosis.evidence import ack_evidence, ending_evidence, reading_evidence
from inspector.diagnosis.fits import Fit, fits
from inspector.diagnosis.openings import Opening, opening_of, shown
from inspector.diagnosis.readings import Reading, sized
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.testimony import testimony_of
from inspector.diagnosis.thrift_port import client_commands, how_it_ended, thrift_sign
from inspector.model.finding import Finding

WELL = 2
"""The score from which on a candidate explains the ending well."""
LISTED = 6
LENGTH = 4
"""Bytes that most binary protocols begin with: a length."""


def find(scene: Scene) -> list[Finding]:
    """Openings of known protocols that nobody answered; HTTP/1, TLS and Thrift have rules of their own."""
    found: list[Finding] = []
    for case in scene.cases:
        if case.silent and case.whole and case.asked.protocol not in {"http", "tls", "thrift"}:
            opening = opening_of(case.opening) or _short(case)
            ends = case.ending.kind in {CLOSED, RESET, HANG} and case.ending.acknowledged > 0
            if opening is not None and opening.name != "TLS" and ends:
                found.append(_finding(case, opening))
    return found


def _short(case: Case) -> Opening | None:
    """Fewer bytes than a length takes, after which nothing happened."""
    if not 0 < len(case.opening) < LENGTH or case.ending.kind != HANG:
        return None
    text = f"{len(case.opening)} of the {LENGTH} bytes that a length takes"
    return Opening("fewer bytes than a length", Reading(len(case.opening), text))


def _finding(case: Case, opening: Opening) -> Finding:
    if len(case.opening) < LENGTH:
        return _short_finding(case, opening)
    sign = thrift_sign(case)
    likely = [fit for fit in fits(case) if fit.score >= WELL and fit.reader.family not in {"http", "greeter"}]
    certain = bool(case.spoken) and "http2" not in case.spoken
    port = f"a port that speaks {', '.join(case.spoken)}" if certain else "a port that did not answer"
    return Finding(
        rule="opening-unanswered",
        severity="error" if certain else "warning",
        flow=case.flow.number,
        title=f"{opening.name} sent to {port}",
        see=f"The client began to speak {opening.name} to {case.flow.server}: {shown(case)}. {how_it_ended(case)}",
        why=_why(case, opening, likely, sign.text if sign is not None else ""),
        do=_do(case, opening),
        evidence=reading_evidence(
            case,
            [opening.reading, readings.name_reading(case.opening), readings.frame_reading(case.opening)],
        )
        + ack_evidence(case)
        + ending_evidence(case),
        witness=testimony_of(likely, case.opening),
        references=[
            "Apache Thrift, doc/specs/thrift-rpc.md, Framed vs. unframed transport",
            "RFC 9293 section 3.6 (closing a TCP connection)",
        ],
    )


def _short_finding(case: Case, opening: Opening) -> Finding:
    return Finding(
        rule="opening-unanswered",
        severity="note",
        flow=case.flow.number,
        title="A few bytes, and silence",
        see=f"The client sent {shown(case)} to {case.flow.server}. {how_it_ended(case)}",
        why="A server that reads a four-byte length first (Thrift in the binary protocol or framed, PostgreSQL, Kafka) "
        "waits for the rest of it. Thrift's compact and JSON protocols and zlib would have closed at once.",
        do="Send a whole request, or close the connection.",
        evidence=reading_evidence(case, [opening.reading]) + ack_evidence(case) + ending_evidence(case),
        references=["Apache Thrift, doc/specs/thrift-rpc.md, Framed vs. unframed transport"],
    )


def _why(case: Case, opening: Opening, likely: list[Fit], sign: str) -> str:
    lines = [
        f"The client believes that it speaks {opening.name} with the server.",
        f"A server that expects a length first reads {case.opening[:4].hex(' ')} as {sized(case.opening)}.",
    ]
    lines += [f"The same port speaks {name} in flow {message.flow}." for name, message in case.spoken.items()]
    if sign and not case.spoken:
        lines.append(f"{sign}.")
    if likely:
        lines.append("What may have read it, best explanation first:")
        lines += [f"{place}. {fit.line}" for place, fit in enumerate(likely[:LISTED], 1)]
    return "\n".join(lines)


def _do(case: Case, opening: Opening) -> str:
    server = case.flow.server
    if thrift_sign(case) is not None:
        return "\n".join(client_commands(server.address, server.port))
    return (
        f"Check address and port that the {opening.name} client was given. On the server, see who listens:\n"
        f"ss -ltnp 'sport = :{server.port}'"
    )
