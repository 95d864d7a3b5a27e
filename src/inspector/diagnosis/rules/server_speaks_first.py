"""A client of another protocol met the greeting of a server that speaks first: SSH, MySQL, SMTP, FTP, IMAP.

What you see
    curl says "(1) Received HTTP/0.9 when not allowed", wget prints a line such as "SSH-2.0-OpenSSH_9.2" or
    "220 mail ESMTP", a Thrift client speaks of a frame of 1397966893 bytes.

Why it happens
    With some protocols the server says who it is as soon as it is connected to. The client here speaks another
    protocol: it has sent its request, and takes the greeting for the answer to it.

How we know (bytes)
    The client's first bytes; the server's, which are a greeting, and were sent before or without regard to them.

What to do
    Use the client that the greeting asks for, or the port of the service that you wanted.

References
    RFC 4253 section 4.2 (SSH); RFC 5321 section 4.2 (SMTP); MySQL, Connection Phase; RFC 9112 section 4.
"""

from inspector.diagnosis import readings
from inspector.diagnosis.clients import BINARY, client_words
from inspector.diagnosis.evidence import answer_evidence, reading_evidence, server_end_evidence
from inspector.diagnosis.greetings import Greeting, greeting_of
from inspector.diagnosis.openings import dialect_of, opening_of
from inspector.diagnosis.readings import Reading
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.witness import FRAMED, STRICT, quote, thrift_reader
from inspector.model.finding import Finding


def find(scene: Scene) -> list[Finding]:
    """Openings of known protocols that met a greeting of another; TLS has a rule of its own."""
    found: list[Finding] = []
    for case in scene.cases:
        if case.asked.protocol != "tls" and case.answered is not None and case.answered.protocol in {"data", "thrift"}:
            greeting = greeting_of(case.answer)
            name = _spoken(case) if greeting is not None else ""
            if greeting is not None and name and name != greeting.name:
                found.append(_finding(case, greeting, name))
    return found


def _spoken(case: Case) -> str:
    """What the client spoke, "" when it is not known."""
    if case.speaks_http:
        return "HTTP"
    if case.asked.protocol == "thrift":
        return dialect_of(case.asked)
    opening = opening_of(case.opening)
    return opening.name if opening is not None else ""


def _finding(case: Case, greeting: Greeting, name: str) -> Finding:
    server = case.flow.server
    first = _readings(case)
    before = case.answered is not None and 0 < case.answered.packet < case.asked.packet
    when = "Before the client had said a word" if before else "In answer"
    parts = [(0, greeting.reading.end, greeting.reading.text)]
    witness = None
    see = f"The client spoke {name} to {server}. {when} the server sent {greeting.reading.text.partition(': ')[2]}."
    if case.speaks_http:
        misread = readings.no_status_line(case.answer)
        parts.append((0, misread.end, misread.text))
        see += f"\n{client_words(case.opening, BINARY)}"
    elif case.asked.protocol == "thrift":
        parts.append((0, 4, f"Thrift: {readings.sized(case.answer)}, no version and no length that is accepted"))
        witness = quote([thrift_reader(STRICT, case.answer), thrift_reader(FRAMED, case.answer)])
    client = greeting.client.format(host=server.address, port=server.port)
    return Finding(
        rule="server-speaks-first",
        severity="error",
        flow=case.flow.number,
        title=f"{name} sent to a server that speaks {greeting.name}",
        see=see,
        why=f"The client believes that the port speaks {name}, and that the server answers what it is asked.\n"
        f"The server speaks {greeting.name}, in which the server begins: its first bytes are a greeting and no answer.",
        do=(f"Use the client for it:\n{client}\n" if client else f"Use a client for {greeting.name}. ")
        + "Or look for the port of the service that you wanted.",
        evidence=reading_evidence(case, first) + answer_evidence(case, parts) + server_end_evidence(case),
        witness=witness,
        references=[
            "RFC 4253 section 4.2 (SSH), RFC 5321 section 4.2 (SMTP), RFC 959 section 5.4 (FTP)",
            "MySQL Internals, Connection Phase, Protocol::HandshakeV10",
        ],
    )


def _readings(case: Case) -> list[Reading]:
    if case.speaks_http:
        return [readings.http_reading(case.opening)]
    opening = opening_of(case.opening)
    return (
        [opening.reading] if opening is not None else [Reading(min(4, len(case.opening)), "the client's first bytes")]
    )
