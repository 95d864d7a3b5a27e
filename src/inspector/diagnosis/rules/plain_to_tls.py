"""A client without TLS spoke another protocol than HTTP to a TLS port, and got an alert.

What you see
    A Thrift client says "Bad version in message" or "Frame size", a Redis or HTTP/2 client complains of the first byte
    that came back. The server sent 7 bytes, 15 03 03 00 02 02 0a or alike, and closed.

Why it happens
    TLS begins with a handshake record, whose first byte is 22. The server found another byte, said so in an alert,
    and closed. The client reads the alert as an answer in its own protocol.

How we know (bytes)
    The answer is a whole TLS record: type 21 (alert), version, length 2, level, description. The client's first byte
    is no 22.

What to do
    Switch TLS on in the client.

References
    RFC 8446 sections 5.1 and 6.
"""

from inspector.diagnosis import readings
from inspector.diagnosis.answers import TlsAlert, tls_alert
from inspector.diagnosis.evidence import answer_evidence, reading_evidence, server_end_evidence
from inspector.diagnosis.openings import dialect_of, opening_of, shown
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.witness import quote, tls_server
from inspector.model.finding import Finding


def find(scene: Scene) -> list[Finding]:
    """Conversations that began with anything but TLS or HTTP/1, and were answered with a TLS alert."""
    found: list[Finding] = []
    for case in scene.cases:
        alert = tls_alert(case.answer) if case.asked.protocol != "tls" and case.opening and case.whole else None
        if alert is not None and not case.speaks_http:
            found.append(_finding(case, alert))
    return found


def _finding(case: Case, alert: TlsAlert) -> Finding:
    opening = opening_of(case.opening)
    what = opening.name if opening is not None else "bytes of another protocol"
    if case.asked.protocol == "thrift":
        what = dialect_of(case.asked)
    first = case.opening[0]
    return Finding(
        rule="plain-to-tls",
        severity="error",
        flow=case.flow.number,
        title=f"{what[0].upper()}{what[1:]} sent in clear to a TLS port",
        see=f"The client sent {what} to {case.flow.server}: {shown(case)}. The server answered with a TLS "
        f"alert, {alert.severity}, {alert.name}: {case.answer[:7].hex(' ')}.",
        why="The client believes that the port speaks its protocol without encryption.\n"
        f"The server believes that TLS begins, with a record whose first byte is 22. It read {first} "
        f"(0x{first:02x}), said {alert.name}, and closed. What it speaks inside TLS is not known from this.",
        do="Switch TLS on in the client: hive.metastore.use.SSL=true and a truststore for a metastore, ;ssl=true for "
        "beeline, TSSLSocket in place of TSocket for other Thrift clients, rediss:// for Redis.\n"
        f"To see what the port offers: openssl s_client -connect {case.flow.server}",
        evidence=reading_evidence(case, [readings.tls_reading(case.opening)])
        + answer_evidence(case, alert.parts())
        + server_end_evidence(case),
        witness=quote([tls_server(case.opening)]),
        references=["RFC 8446 section 5.1 (record layer) and section 6 (alert protocol)"],
    )
