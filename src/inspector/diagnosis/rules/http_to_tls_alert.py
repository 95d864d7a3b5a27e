"""An HTTP request went to a TLS port, and the server answered with a TLS alert.

What you see
    curl says "(1) Received HTTP/0.9 when not allowed". The server sends 7 bytes, 15 03 03 00 02 02 0a, and closes.

Why it happens
    TLS begins with a handshake record, whose first byte is 22. The server took the request's first byte for the
    type of a record, found no such type, and did what TLS asks of it: it sent an alert, "fatal,
    unexpected_message", and closed. The client reads that as an answer in HTTP.

How we know (bytes)
    The answer is a whole TLS record: type 21 (alert), version, length 2, level, description. The request's first
    byte is that of an HTTP method.

What to do
    Use https:// if the service is HTTP. On a Thrift port (9083 a metastore, 10000 a HiveServer2) the service is
    Thrift inside TLS: use its client with TLS switched on.

References
    RFC 8446 sections 5.1 and 6; RFC 9112 section 3.
"""

from inspector.diagnosis import readings
from inspector.diagnosis.answers import TlsAlert, tls_alert
from inspector.diagnosis.clients import BINARY, client_words
from inspector.diagnosis.evidence import ack_evidence, answer_evidence, reading_evidence, server_end_evidence
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.services import THRIFT_PORTS
from inspector.diagnosis.witness import quote, tls_server
from inspector.diagnosis.words import count
from inspector.model.finding import Finding


def find(scene: Scene) -> list[Finding]:
    """HTTP requests that were answered with a TLS alert."""
    found: list[Finding] = []
    for case in scene.cases:
        if case.speaks_http:
            alert = tls_alert(case.answer)
            if alert is not None:
                found.append(_finding(case, alert))
    return found


def _finding(case: Case, alert: TlsAlert) -> Finding:
    misread = readings.no_status_line(case.answer)
    parts = [
        (0, misread.end, misread.text),
        *alert.parts(),
    ]
    return Finding(
        rule="http-to-tls-alert",
        severity="error",
        flow=case.flow.number,
        title="HTTP sent to a TLS port: it answered with an alert",
        see=f'The client sent "{case.request_line}" in clear to {case.flow.server}. The server answered with '
        f"{count(case.flow.buffers[1].size, 'byte')}, {case.answer[:7].hex(' ')}: a TLS alert, "
        f"{alert.severity}, {alert.name}.\n"
        f"{client_words(case.opening, BINARY)}",
        why=_why(case, alert.name),
        do=_do(case),
        evidence=reading_evidence(case, [readings.http_reading(case.opening), readings.tls_reading(case.opening)])
        + ack_evidence(case)
        + answer_evidence(case, parts)
        + server_end_evidence(case),
        witness=quote([tls_server(case.opening)]),
        references=[
            "RFC 8446 section 5.1 (record layer) and section 6 (alert protocol)",
            "RFC 9112 section 3 (request line) and section 4 (status line)",
        ],
    )


def _why(case: Case, name: str) -> str:
    first = case.opening[0]
    lines = [
        (
            "The client believes that it speaks HTTP without encryption: it sent the request in clear, and expects an "
            'answer that begins with "HTTP/1.1".'
        ),
        (
            f"The server believes that TLS begins: a record whose first byte is 22, a handshake. It read {first} "
            f"(0x{first:02x}, '{chr(first)}'), said {name}, and closed."
        ),
    ]
    port = case.flow.server.port
    if port in THRIFT_PORTS:
        lines.append(
            f"Port {port} is {THRIFT_PORTS[port]}: most likely a Thrift service with TLS switched on. Even with "
            "https:// it would not understand HTTP: Thrift is what it expects inside TLS."
        )
    return "\n".join(lines)


def _do(case: Case) -> str:
    server = case.flow.server
    host = f"[{server.address}]" if ":" in server.address else server.address
    if server.port == 10000:
        lines = ["Use a Thrift client with TLS:", f"beeline -u 'jdbc:hive2://{host}:{server.port}/;ssl=true'"]
    elif server.port in THRIFT_PORTS:
        lines = [
            (
                "Use a Thrift client with TLS; for a Hive Metastore set hive.metastore.use.SSL=true on the client and "
                "give it the truststore."
            )
        ]
    else:
        lines = ["If the service is HTTP, ask with https:", f"curl -v https://{host}:{server.port}/"]
    lines += ["To see what the port offers:", f"openssl s_client -connect {host}:{server.port}"]
    lines.append(
        "The server's log says something like: SSLException: Unsupported or unrecognized SSL message (Java), "
        "http request or wrong version number (OpenSSL)."
    )
    return "\n".join(lines)
