"""A Thrift client spoke to a port that speaks HTTP, and got an HTTP error.

What you see
    The client says "Bad version in message" or that a frame of 1213486160 bytes is too large. The server answered
    with a page: "HTTP/1.1 400 Bad Request" or alike.

Why it happens
    The server looked for a request line and found binary bytes. Its answer is text, which the client reads as its own
    protocol: "HTTP" is 0x48545450, 1,213,486,160 as a length.

How we know (bytes)
    The call's first bytes, and the first four of the answer as text and as a number.

What to do
    Use the HTTP transport (THttpClient; transportMode=http for HiveServer2), or the port of the binary service.

References
    RFC 9112 sections 3 and 4; Apache Thrift, doc/specs/thrift-rpc.md.
"""

from inspector.diagnosis.evidence import answer_evidence, opening_evidence, server_end_evidence
from inspector.diagnosis.openings import SHOWN, dialect_of, shown
from inspector.diagnosis.readings import sized
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.witness import FRAMED, STRICT, quote, thrift_reader
from inspector.model.finding import Finding
from inspector.model.sides import CLIENT

STATUS = b"HTTP/1."


def find(scene: Scene) -> list[Finding]:
    """Thrift calls that were answered with an HTTP status line."""
    return [
        _finding(case)
        for case in scene.cases
        if case.asked.protocol == "thrift" and case.asked.parent is None and case.answer.startswith(STATUS)
    ]


def _finding(case: Case) -> Finding:
    line = case.answer.split(b"\n", 1)[0][:80].decode("latin-1").rstrip("\r")
    end = min(SHOWN, len(case.opening))
    parts = [
        (0, min(len(line), len(case.answer)), f'HTTP/1: the status line "{line}"'),
        (0, 4, f"Thrift: {sized(case.answer)}, no version and no length that is accepted"),
    ]
    return Finding(
        rule="thrift-to-http",
        severity="error",
        flow=case.flow.number,
        title="Thrift sent to a port that speaks HTTP",
        see=f"The client sent {case.asked.summary} to {case.flow.server} as {dialect_of(case.asked)}: {shown(case)}. "
        f'The server answered "{line}".',
        why="The client believes that the port speaks Thrift without HTTP around it.\n"
        "The server believes that an HTTP request begins, and found no request line in these bytes.\n"
        f"To the client the answer is {sized(case.answer)}.",
        do="For Thrift over HTTP use THttpClient with the service's path; for HiveServer2 "
        "transportMode=http;httpPath=cliservice. Otherwise look for the port of the binary service.",
        evidence=opening_evidence(case, CLIENT, 0, end, "no HTTP request line: the beginning of a call", case.asked)
        + answer_evidence(case, parts)
        + server_end_evidence(case),
        witness=quote([thrift_reader(STRICT, case.answer), thrift_reader(FRAMED, case.answer)]),
        references=["RFC 9112 section 3 (request line) and section 4 (status line)"],
    )
