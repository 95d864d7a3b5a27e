"""A Thrift client made a call without logging in, on a port that begins with SASL.

What you see
    The client says that the message has a bad version, or an unexpected type, or hangs; the server sent a SASL
    ERROR such as "Invalid status -128", and closed.

Why it happens
    With Kerberos, and on HiveServer2 in its default setup, a connection begins with a SASL negotiation. The server
    takes the call's first byte for a status: 80 of the binary version word is -128 to Java, 00 of a frame length
    is 0. It answers ERROR in SASL's form, which the client reads as a Thrift message.

How we know (bytes)
    The call's first byte, the server's status byte, length and text.

What to do
    Give the client the SASL transport: with Kerberos GSSAPI and a ticket, on HiveServer2 without it PLAIN.

References
    Apache Thrift, doc/specs/thrift-sasl-spec.txt; RFC 4422.
"""

from inspector.diagnosis import readings
from inspector.diagnosis.answers import SaslAnswer, sasl_answer
from inspector.diagnosis.evidence import answer_evidence, reading_evidence, server_end_evidence
from inspector.diagnosis.openings import dialect_of, shown
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.witness import quote, sasl_client
from inspector.model.finding import Finding
from inspector.model.sides import CLIENT, SERVER


def find(scene: Scene) -> list[Finding]:
    """Calls that were answered with a SASL refusal."""
    found: list[Finding] = []
    for flow in scene.flow_table.flows:
        asked, answered = scene.first(flow.number, CLIENT), scene.first(flow.number, SERVER)
        if asked is None or answered is None or asked.protocol != "thrift" or answered.protocol != "thrift":
            continue
        if asked.kind != "sasl" and answered.kind == "sasl":
            case = Case(scene, flow, asked, answered)
            answer = sasl_answer(case.answer)
            if answer is not None:
                found.append(_finding(case, answer))
    return found


def _finding(case: Case, answer: SaslAnswer) -> Finding:
    first = case.opening[0]
    return Finding(
        rule="thrift-sasl-missing",
        severity="error",
        flow=case.flow.number,
        title="Thrift call without the login that the port begins with",
        see=f"The client sent {case.asked.summary} to {case.flow.server} as {dialect_of(case.asked)}: {shown(case)}. "
        f'The server answered SASL {answer.name}: "{answer.text}".',
        why="The client believes that calls may be made at once.\n"
        f"The server believes that a SASL negotiation begins, and took the call's first byte, 0x{first:02x}, for its "
        f"status: {first}, or {first - 256 if first > 127 else first} to Java. There are only 1 START to 5 COMPLETE.",
        do="Give the client the SASL transport: for a metastore with Kerberos hive.metastore.sasl.enabled=true and a "
        "ticket (kinit USER); for a HiveServer2 PLAIN with a user name, as beeline and impyla's auth_mechanism='PLAIN' "
        "use.",
        evidence=reading_evidence(case, [readings.sasl_reading(case.opening)])
        + answer_evidence(case, answer.parts(len(case.answer)))
        + server_end_evidence(case),
        witness=quote([sasl_client(case.answer)]),
        references=["Apache Thrift, doc/specs/thrift-sasl-spec.txt", "RFC 4422 (SASL)"],
    )
