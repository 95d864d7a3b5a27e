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
from inspector.diagnosis.clients import http2_words
from inspector.diagnosis.ending import CLOSED, HANG, RESET
from inspector.diagnosis.evidence import ack_evidence, ending_evidence, reading_evidence
from inspector.diagnosis.fits import Fit, fits
from inspector.diagnosis.openings import Opening, opening_of, proxy_header, shown
from inspector.diagnosis.readings import Reading, sized
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.services import protocol_name
from inspector.diagnosis.testimony import testimony_of
from inspector.diagnosis.thrift_port import client_commands, how_it_ended, thrift_sign
from inspector.diagnosis.words import count
from inspector.model.finding import Finding
from inspector.model.sides import CLIENT

WELL = 2
"""The score from which on a candidate explains the ending well."""
LISTED = 6
SHORT_HANG = (
    "A server that reads a four-byte length first (Thrift in the binary protocol or framed, PostgreSQL, Kafka) waits "
    "for the rest of it, and one that reads lines (HTTP) for their end. Thrift's compact and JSON protocols and zlib "
    "would have closed at once."
)
SHORT_CLOSED = (
    "A server that reads a four-byte length first (Thrift in the binary protocol or framed, PostgreSQL, Kafka) would "
    "have waited for the rest of it. One that looks at the first byte or two closes at once: Thrift's compact "
    "protocol (0x82), its JSON protocol ('['), zlib."
)
CANCEL_REQUEST = b"\0\0\0\x10\x04\xd2\x16\x2e"
"""PostgreSQL's CancelRequest: the server acts on it, and closes without a word (Message Flow, Canceling Requests)."""
OTHERS = frozenset({"http", "tls", "thrift"})
"""Protocols that have rules of their own."""
LENGTH = 4
"""Bytes that most binary protocols begin with: a length."""


def find(scene: Scene) -> list[Finding]:
    """Openings of known protocols that nobody answered; HTTP/1, TLS and Thrift have rules of their own."""
    found: list[Finding] = []
    for case in scene.cases:
        if case.silent and case.whole and case.asked.protocol not in OTHERS and proxy_header(case.opening) is None:
            ends = case.ending.kind in {CLOSED, RESET, HANG} and case.ending.acknowledged > 0
            if ends and case.opening and not case.speaks_http:
                finding = _finding_of(case)
                if finding is not None:
                    found.append(finding)
    return found


def _finding_of(case: Case) -> Finding | None:
    if len(case.opening) < LENGTH:
        return _short_finding(case)
    opening = opening_of(case.opening)
    if opening is not None:
        return None if opening.name == "TLS" else _finding(case, opening)
    # somebody who only reports, to a logger for example, is owed no answer
    owed = case.ending.kind != HANG and not case.opening.startswith(CANCEL_REQUEST)
    return _unknown_finding(case) if owed else None


def _finding(case: Case, opening: Opening) -> Finding:
    sign = thrift_sign(case)
    likely = [fit for fit in fits(case) if fit.score >= WELL and fit.reader.family not in {"http", "greeter"}]
    certain = bool(case.spoken) and opening.family not in case.spoken
    port = (
        f"a port that speaks {', '.join(protocol_name(each) for each in case.spoken)}"
        if certain
        else "a port that did not answer"
    )
    return Finding(
        rule="opening-unanswered",
        severity="error" if certain else "warning",
        flow=case.flow.number,
        title=f"{opening.name} sent to {port}",
        see=f"The client began to speak {opening.name} to {case.flow.server}: {shown(case)}. {how_it_ended(case)}"
        + (f"\n{http2_words(case.ending.kind)}" if opening.family == "http2" else ""),
        why=_why(case, opening.name, likely, sign.text if sign is not None else ""),
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


def _short_finding(case: Case) -> Finding:
    hangs = case.ending.kind == HANG
    text = f"{len(case.opening)} of the {LENGTH} bytes that a length takes"
    return Finding(
        rule="opening-unanswered",
        severity="note",
        flow=case.flow.number,
        title="A few bytes, and silence" if hangs else "A few bytes, and the server hung up",
        see=f"The client sent {shown(case)} to {case.flow.server}. {how_it_ended(case)}",
        why=SHORT_HANG if hangs else f"{SHORT_CLOSED} This one did not like 0x{case.opening[0]:02x}.",
        do="Send a whole request, or close the connection.",
        evidence=reading_evidence(case, [Reading(len(case.opening), text)])
        + ack_evidence(case)
        + ending_evidence(case),
        references=["Apache Thrift, doc/specs/thrift-rpc.md, Framed vs. unframed transport"],
    )


def _unknown_finding(case: Case) -> Finding:
    """Bytes of no protocol that is known here, which the server did not like."""
    likely = [fit for fit in fits(case) if fit.score >= WELL and fit.reader.family not in {"http", "greeter"}]
    opening = case.opening
    return Finding(
        rule="opening-unanswered",
        severity="note",
        flow=case.flow.number,
        title="Bytes of an unknown protocol, and the server hung up",
        see=f"The client sent {count(case.flow.buffers[CLIENT].size, 'byte')} to {case.flow.server} that begin with "
        f"{shown(case)}. {how_it_ended(case)}",
        why=_why(case, "a protocol that is not known here", likely, ""),
        do="If you know what the client speaks, read the bytes as that:\n"
        f"inspector ls FILE -d 'port {case.flow.server.port}=thrift'",
        evidence=reading_evidence(case, [readings.name_reading(opening), readings.frame_reading(opening)])
        + ack_evidence(case)
        + ending_evidence(case),
        references=["RFC 9293 section 3.6 (closing a TCP connection)"],
    )


def _why(case: Case, name: str, likely: list[Fit], sign: str) -> str:
    lines = [
        f"The client believes that it speaks {name} with the server.",
        f"A server that expects a length first reads {case.opening[:4].hex(' ')} as {sized(case.opening)}.",
    ]
    lines += [
        f"The same port speaks {protocol_name(each)} in flow {message.flow}." for each, message in case.spoken.items()
    ]
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
