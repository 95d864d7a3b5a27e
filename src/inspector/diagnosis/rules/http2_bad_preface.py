"""Something else than HTTP/2 was sent to a port that speaks HTTP/2.

What you see
    The client gets a few dozen bytes that it cannot read, then the connection ends. A TLS client says "wrong version
    number" or "record overflow", a Thrift client names an impossible length.

Why it happens
    An HTTP/2 server without TLS, such as a gRPC port, sends its SETTINGS and waits for the 24 bytes of the preface. It
    got the first bytes of another protocol, very often a TLS ClientHello: the client was told to use TLS, the server
    was not.

How we know (bytes)
    The server's first frame is SETTINGS. The client's first bytes are not "PRI * HTTP/2.0", and no HTTP/1 request.

What to do
    Let both ends agree: plaintext on both (grpcurl -plaintext, insecure_channel), or TLS on both. If the client speaks
    another protocol, its port is wrong.

References
    RFC 9113 sections 3.3 and 3.4; RFC 8446 section 5.1.
"""

from typing import Final

from inspector.diagnosis.evidence import answer_evidence, opening_evidence, server_end_evidence
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.witness import http2_server, quote
from inspector.model.finding import Finding
from inspector.model.sides import CLIENT
from inspector.protocols.http2_frames import HEADER

SHOWN: Final = 16
"""Bytes of the client's opening that are shown."""
HANDSHAKE: Final = b"\x16\x03"
"""How a TLS ClientHello begins (RFC 8446 5.1)."""


def find(scene: Scene) -> list[Finding]:
    """Connections to an HTTP/2 server whose client began with bytes of something else; HTTP/1 has its own rule."""
    return [
        _finding(case)
        for case in scene.cases
        if case.answered is not None
        and case.answered.protocol == "http2"
        and case.asked.protocol != "http2"
        and case.whole
        and case.opening
        and not case.speaks_http
    ]


def _finding(case: Case) -> Finding:
    opening = case.opening
    shown = opening[:SHOWN]
    tls = opening.startswith(HANDSHAKE)
    what = "a TLS handshake" if tls else "bytes of another protocol"
    server = case.flow.server
    host = f"[{server.address}]" if ":" in server.address else server.address
    reads = f"{what}, where the preface 50 52 49 20 (PRI and a space) is expected"
    return Finding(
        rule="http2-bad-preface",
        severity="error",
        flow=case.flow.number,
        title=("TLS" if tls else "Another protocol") + " sent to a port that speaks HTTP/2 without TLS",
        see=f"The client's first bytes are {shown.hex(' ')}: {what}. {server} speaks HTTP/2 in plain text: "
        "it began with a SETTINGS frame.",
        why="The server waits for the 24 bytes of the connection preface. Nothing else can begin an HTTP/2 connection, "
        "so it gives up.",
        do=f"If this is gRPC, use a client without TLS: grpcurl -plaintext {host}:{server.port} list\n"
        "Or give the server a certificate, so that both ends use TLS."
        if tls
        else f"Check the port that the client was given: {server.port} speaks HTTP/2.",
        evidence=opening_evidence(case, CLIENT, 0, len(shown), reads, case.asked)
        + answer_evidence(case, [(0, HEADER, "the server's first frame, SETTINGS on stream 0")])
        + server_end_evidence(case),
        witness=quote([http2_server(opening)]),
        references=["RFC 9113 section 3.3 (prior knowledge) and 3.4 (preface)"],
    )
