"""An HTTP request went to a Thrift port that begins with SASL, and the server complained in SASL.

What you see
    curl says "(1) Received HTTP/0.9 when not allowed"; older curl, wget and netcat print a few bytes of garbage
    that end in "Invalid status 71". A metastore with Kerberos and a HiveServer2 do this.

Why it happens
    Before the first call, client and server negotiate: each message is a status byte, a length and a payload. The
    server takes the request's first byte for the status. "G" of GET is 71, and there is no status 71, so it answers
    with a message of its own: status 4 (ERROR), a length, and the text. To an HTTP client that is no status line.

How we know (bytes)
    The request's first byte as a number; in the answer the status byte, the four bytes of length, and the text. The
    number that the text names is held against the request's first byte.

What to do
    Use a client that speaks SASL: beeline for HiveServer2, a metastore client with a Kerberos ticket (kinit) for a
    metastore.

References
    Apache Thrift, doc/specs/thrift-sasl-spec.txt; RFC 9112 section 3 and 4; RFC 4422.
"""

from inspector.diagnosis import readings
from inspector.diagnosis.answers import SaslAnswer, sasl_answer
from inspector.diagnosis.clients import BINARY, client_words
from inspector.diagnosis.evidence import ack_evidence, answer_evidence, reading_evidence, server_end_evidence
from inspector.diagnosis.readings import character
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.services import THRIFT_PORTS
from inspector.diagnosis.thrift_port import client_commands
from inspector.diagnosis.witness import quote, sasl_client
from inspector.diagnosis.words import count
from inspector.model.finding import Finding


def find(scene: Scene) -> list[Finding]:
    """HTTP requests that were answered with a SASL refusal."""
    found: list[Finding] = []
    for case in scene.cases:
        if case.speaks_http:
            answer = sasl_answer(case.answer)
            if answer is not None:
                found.append(_finding(case, answer))
    return found


def _finding(case: Case, answer: SaslAnswer) -> Finding:
    first = case.opening[0]
    misread = readings.no_status_line(case.answer)
    parts = [
        (0, misread.end, misread.text),
        *answer.parts(len(case.answer)),
    ]
    return Finding(
        rule="http-to-thrift-sasl",
        severity="error",
        flow=case.flow.number,
        title="HTTP sent to a Thrift port that begins with SASL",
        see=_see(case, answer),
        why=_why(case, answer, first),
        do=_do(case),
        evidence=reading_evidence(case, [readings.http_reading(case.opening), readings.sasl_reading(case.opening)])
        + ack_evidence(case)
        + answer_evidence(case, parts)
        + server_end_evidence(case),
        witness=quote([sasl_client(case.answer)]),
        references=[
            "Apache Thrift, doc/specs/thrift-sasl-spec.txt",
            "RFC 9112 section 3 (request line) and section 4 (status line)",
            "RFC 4422 (SASL)",
        ],
    )


def _see(case: Case, answer: SaslAnswer) -> str:
    return (
        f'The client sent "{case.request_line}" to {case.flow.server}. The server answered with '
        f"{count(case.flow.buffers[1].size, 'byte')} that are no HTTP: {answer.status:02x} is SASL status "
        f"{answer.name}, {case.answer[1:5].hex(' ')} a length of {answer.length}, and the rest "
        f'the text "{answer.text}".\n'
        f"{client_words(case.opening, BINARY)}"
    )


def _why(case: Case, answer: SaslAnswer, first: int) -> str:
    lines = [
        (
            f"The client believes that it speaks HTTP: text that begins with a method, and an answer that begins with "
            f'"HTTP/1.1". A first byte of 0x{case.answer[0]:02x} is no status line.'
        ),
        (
            f"The server believes that SASL negotiation begins: a status byte, a length, a payload. It takes the "
            f"request's first byte, {character(first)}, for the status: 0x{first:02x} = {first}. There are only "
            f"1 START, 2 OK, 3 BAD, 4 ERROR and 5 COMPLETE."
        ),
    ]
    # Java's bytes are signed
    signed = first - 256 if first > 127 else first
    if answer.named is None:
        lines.append("The server's text does not name the byte that it stumbled over.")
    elif answer.named == signed:
        lines.append(
            f'The text proves it: the {answer.named} of "Invalid status {answer.named}" is the {character(first)} that '
            "the client sent first."
        )
    else:
        lines.append(f"The text names {answer.named}, which is not the first byte that the client sent ({first}).")
    port = case.flow.server.port
    if port in THRIFT_PORTS:
        lines.append(f"Port {port} is {THRIFT_PORTS[port]}.")
    lines.append(
        "A Thrift port without SASL would not have sent a byte. This one asks for authentication first: Kerberos on a "
        "metastore, any setting but NOSASL on a HiveServer2."
    )
    return "\n".join(lines)


def _do(case: Case) -> str:
    server = case.flow.server
    lines = client_commands(server.address, server.port)
    if server.port == 9083:
        lines += ["With Kerberos, get a ticket first:", "kinit USER"]
    lines += [
        "To read the server's answer byte by byte:",
        f"inspector bytes {case.answer[:64].hex()} --as thrift",
        "The server logs nothing about this at its usual level.",
    ]
    return "\n".join(lines)
