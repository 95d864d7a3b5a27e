"""HTTP/2 was spoken to a server that answers in HTTP/1.

What you see
    curl --http2-prior-knowledge says "(52) Empty reply from server" or "(16) Error in the HTTP2 framing layer". gRPC
    clients say UNAVAILABLE and "Failed parsing HTTP/2", or name the length of a frame that is far too large.

Why it happens
    The client was told to begin with HTTP/2. The server speaks HTTP/1 only, or HTTP/2 only after a TLS handshake. It
    took the preface for a request with the method PRI, refused it, and answered in text. The client read that text as
    a frame: "HTT" is a length of 4,740,180 bytes.

How we know (bytes)
    The client's first 24 bytes are the connection preface. The server's first bytes are text: a status line of HTTP/1,
    or a page without one.

What to do
    Speak HTTP/1.1 to this port, ask for an upgrade (curl --http2), or use the server's port for HTTP/2. For a gRPC
    client the address is wrong, or a proxy before the server does not pass HTTP/2 on.

References
    RFC 9113 sections 3.3 and 3.4; RFC 9112 sections 3 and 4.
"""

from typing import Final

from inspector.diagnosis.evidence import answer_evidence, opening_evidence, server_end_evidence
from inspector.diagnosis.http2_witness import client_reading
from inspector.diagnosis.scene import Case, Scene
from inspector.model.finding import Finding
from inspector.model.sides import CLIENT
from inspector.protocols.http2_frames import MAGIC

TEXT: Final = 32
"""Bytes of an answer that must all be characters to call it text."""


def find(scene: Scene) -> list[Finding]:
    """Prefaces that were answered with text."""
    return [
        _finding(case)
        for case in scene.cases
        if case.asked.protocol == "http2" and case.opening.startswith(MAGIC[:16]) and _is_text(case.answer)
    ]


def _is_text(answer: bytes) -> bool:
    start = answer[:TEXT]
    return len(start) >= 9 and all(32 <= byte < 127 or byte in b"\t\r\n" for byte in start)


def _finding(case: Case) -> Finding:
    answer = case.answer
    line = answer.split(b"\n", 1)[0][:60].decode("latin-1").rstrip("\r")
    length = int.from_bytes(answer[:3], "big")
    first = answer[:3].decode("latin-1")
    server = case.flow.server
    what = "a status line of HTTP/1" if answer.startswith(b"HTTP/1.") else "text without a status line"
    parts = [
        (0, 3, f'"{first}" is the beginning of text; as the length of a frame it is {length:,} bytes'),
        (3, min(len(line), len(answer)), f'the rest of the line "{line}"'),
    ]
    preface = 'the connection preface; an HTTP/1 server reads a request line, "PRI * HTTP/2.0"'
    host = f"[{server.address}]" if ":" in server.address else server.address
    return Finding(
        rule="http2-to-http1",
        severity="error",
        flow=case.flow.number,
        title="HTTP/2 sent to a server that answers in HTTP/1",
        see=f'The client began with the HTTP/2 preface. {server} answered "{line}": {what}.',
        why="The client believes that both sides agreed on HTTP/2 beforehand. The server took the preface for a "
        "request with the method PRI, which it does not know.\n"
        f"The client read the answer as a frame of {length:,} bytes, and gave up.",
        do=f"Speak HTTP/1.1 to this port: curl -v --http1.1 http://{host}:{server.port}/\n"
        f"To ask whether it can do more: curl -v --http2 http://{host}:{server.port}/\n"
        "For gRPC check address and port, and that every proxy on the way passes HTTP/2 on.",
        evidence=opening_evidence(case, CLIENT, 0, len(MAGIC), preface, case.asked)
        + answer_evidence(case, parts)
        + server_end_evidence(case),
        witness=client_reading(answer),
        references=["RFC 9113 section 3.3 (prior knowledge) and 3.4 (preface)", "RFC 9112 section 4 (status line)"],
    )
