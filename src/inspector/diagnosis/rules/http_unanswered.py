"""An HTTP request was received, and the server sent nothing back.

What you see
    curl says "(52) Empty reply from server", "(56) Connection reset by peer", or hangs until its time limit (28).
    The request is acknowledged; then comes FIN, RST or silence, and not a single byte of an answer.

Why it happens
    Most likely the server does not speak HTTP. Many binary protocols begin with a length, and read the request's
    first four bytes as one: "GET " is 1,195,725,856. They find it impossible and hang up, or wait for that many
    bytes. The port does not tell which protocol it is, so the candidates are ranked by how well each explains
    what the server did: one that had read the whole request ends with FIN, one that left bytes unread with RST, one
    that waits stays silent. Those that would have sent something are ruled out. It may also be an HTTP server that
    crashed or was told to hang up.

How we know (bytes)
    The request's first bytes as each candidate reads them; the acknowledgement number that covers the request; the
    flags of the packet that ended the connection, and when it came.

What to do
    Find out what listens there (ss -ltnp on the server) and look for the lines given in its log. Then use a client
    for that protocol.

References
    RFC 9112 section 3; RFC 9293 section 3.6; RFC 1122 section 4.2.2.13; RFC 2525 section 2.17; the specifications of
    the protocols named.
"""

from inspector.diagnosis import readings
from inspector.diagnosis.clients import client_words
from inspector.diagnosis.ending import CLOSED, HALF_CLOSED, HANG, RESET, Ending
from inspector.diagnosis.evidence import ack_evidence, ending_evidence, reading_evidence
from inspector.diagnosis.fits import SLOW, Fit, fits
from inspector.diagnosis.readers import log_lines
from inspector.diagnosis.readings import number, sized
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.services import protocol_name, usual_family
from inspector.diagnosis.testimony import testimony_of
from inspector.diagnosis.thrift_port import ending_kind, thrift_sign, what_was_seen
from inspector.diagnosis.words import duration
from inspector.model.finding import Finding

TITLES = {
    CLOSED: "HTTP request without an answer: the server hung up in silence",
    RESET: "HTTP request without an answer: the server reset the connection",
    HANG: "HTTP request without an answer: the server stays silent",
}

WELL = 2
"""The score from which on a candidate explains the ending well."""

REFERENCES = [
    "RFC 9112 section 3 (HTTP/1.1 request line)",
    "RFC 9293 section 3.6 (closing a TCP connection)",
    "RFC 1122 section 4.2.2.13 and RFC 2525 section 2.17 (closing with unread data sends RST)",
    "Apache Thrift, doc/specs/thrift-binary-protocol.md and thrift-rpc.md",
    "PostgreSQL documentation, Message Formats, StartupMessage",
    "Redis serialization protocol specification, Inline commands",
    "Kafka protocol guide, Common Request and Response Structure",
    "RFC 8446 section 5.1 (TLS records), RFC 9113 section 3.4 (HTTP/2 preface)",
]


def find(scene: Scene) -> list[Finding]:
    """HTTP requests that nobody answered, on ports that are not known to speak Thrift."""
    found: list[Finding] = []
    for case in scene.cases:
        if case.speaks_http and case.silent and thrift_sign(case) is None:
            severity = _severity(case)
            if severity:
                found.append(_finding(case, severity))
    return found


def _severity(case: Case) -> str:
    """Error where a whole request was received and the server ended without a byte; "" where nothing is wrong."""
    ending = case.ending
    if ending.kind not in {CLOSED, RESET, HANG, HALF_CLOSED}:
        return ""
    if ending.kind == HALF_CLOSED:
        return "note"
    if ending.kind == HANG and (not case.request_whole or not ending.acknowledged):
        return ""
    received = ending.acknowledged >= case.flow.buffers[0].size and case.request_whole
    # an HTTP server that takes its time is no error, nor is one that may answer after the capture's end
    slow = ending.kind == HANG and (not ending.packet or "http" in {*case.spoken, usual_family(case.flow.server.port)})
    return "error" if case.whole and received and not slow else "warning"


def _finding(case: Case, severity: str) -> Finding:
    kind = ending_kind(case.ending)
    found = fits(case)
    likely = [fit for fit in found if fit.score >= WELL]
    distinct = [readings.http_reading(case.opening), *(fit.reader.reads(case.opening) for fit in likely)]
    return Finding(
        rule="http-unanswered",
        severity=severity,
        flow=case.flow.number,
        title=_title(case, kind),
        see=f"{what_was_seen(case)}\n{client_words(case.opening, kind)}",
        why=_why(case, found),
        do=_do(case, likely),
        evidence=reading_evidence(case, distinct) + ack_evidence(case) + ending_evidence(case),
        witness=testimony_of(likely, case.opening),
        references=REFERENCES,
    )


def _title(case: Case, kind: str) -> str:
    names = _spoken(case)
    return f"HTTP sent to {' and '.join(names)}: {TITLES[kind].partition(': ')[2]}" if names else TITLES[kind]


def _spoken(case: Case) -> list[str]:
    """What the port speaks besides HTTP."""
    return [] if "http" in case.spoken else [protocol_name(name) for name in case.spoken]


def _why(case: Case, found: list[Fit]) -> str:
    lines = [
        "The client believes that it speaks HTTP. " + _what_is_known(case),
        _ending_reason(case.ending, number(case.opening)),
        "What may have read the request, best explanation first:",
    ]
    lines += [f"{place}. {fit.line}" for place, fit in enumerate((fit for fit in found if fit.score >= WELL), 1)]
    if _spoken(case) and any(fit.score >= WELL for fit in found):
        return "\n".join(lines)
    less = [fit.short_line for fit in found if 0 < fit.score < WELL]
    if less:
        lines += ["Less likely:", *less]
    return "\n".join([*lines, "Ruled out:", *(fit.short_line for fit in found if not fit.score)])


def _what_is_known(case: Case) -> str:
    port = case.flow.server.port
    if case.spoken:
        heard = " and ".join(
            f"{protocol_name(name)} (flow {message.flow}, message {message.number}: {message.summary})"
            for name, message in case.spoken.items()
        )
        return f"The server believes that the client speaks what others spoke to it on port {port}: {heard}."
    return (
        f"What the server believes, port {port} does not tell. Many protocols begin with a four-byte length: to them "
        f"{case.opening[:4].hex(' ')} is {sized(case.opening)}."
    )


def _ending_reason(ending: Ending, value: int) -> str:
    if ending.kind == HALF_CLOSED:
        return "The client ended its side before any answer, so it may be that the server only followed."
    if ending.kind == CLOSED:
        slow = f" after {duration(ending.waited)}, as with a timeout" if ending.waited >= SLOW else " at once"
        return f"FIN, and not RST, says that the server had read the whole request when it closed{slow}."
    if ending.kind == RESET:
        return (
            "RST, and not FIN, says that the server closed its socket while bytes lay unread in it: it had looked at "
            "the beginning only."
        )
    return (
        f"Silence says that the server waits for more, as one does that believes in {value:,} bytes to come; or that "
        "it is slow."
    )


def _do(case: Case, likely: list[Fit]) -> str:
    port = case.flow.server.port
    lines = ["On the server, see who listens:", f"ss -ltnp 'sport = :{port}'"]
    logs = list(dict.fromkeys(line for fit in likely for line in log_lines(fit.reader, case.opening)))
    if logs:
        lines += ["Then look for one of these in its log:", *logs]
    if case.refused_after is not None:
        lines.append("The port refuses connections afterwards: see whether the process died, and of what.")
    lines.append("If you know what the port speaks, look at the bytes again with it:")
    lines.append(f"inspector ls FILE -d 'port {port}=thrift'")
    return "\n".join(lines)
