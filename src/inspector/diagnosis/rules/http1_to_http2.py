"""An HTTP/1 request went to a port that speaks HTTP/2 only, such as gRPC.

What you see
    curl says "(1) Received HTTP/0.9 when not allowed"; wget and old curl print a few dozen bytes of garbage. The
    answer begins with 00 00 and the type byte 04.

Why it happens
    HTTP/2 without TLS has no negotiation: both sides must know beforehand. The server sends its SETTINGS frame at
    once and expects the 24 bytes "PRI * HTTP/2.0..." from the client. It got a request line, so it closed, often
    after a GOAWAY frame. The client expected a status line and got a frame. gRPC and Milvus ports do this.

How we know (bytes)
    The answer's first nine bytes are an HTTP/2 frame header: three bytes of length, a multiple of 6, type 4
    (SETTINGS), no flags, stream 0. The request does not begin with the preface.

What to do
    Speak HTTP/2 from the first byte: curl --http2-prior-knowledge. For gRPC use a gRPC client such as grpcurl.

References
    RFC 9113 sections 3.3, 3.4, 4.1 and 6.5; RFC 9112 section 3.
"""

from inspector.diagnosis import readings
from inspector.diagnosis.answers import SettingsFrame, settings_frame
from inspector.diagnosis.clients import BINARY, client_words
from inspector.diagnosis.evidence import answer_evidence, reading_evidence, server_end_evidence
from inspector.diagnosis.scene import Case, Scene
from inspector.diagnosis.witness import http2_server, quote
from inspector.diagnosis.words import count
from inspector.model.finding import Finding

SETTING_NAMES = {
    1: "HEADER_TABLE_SIZE",
    2: "ENABLE_PUSH",
    3: "MAX_CONCURRENT_STREAMS",
    4: "INITIAL_WINDOW_SIZE",
    5: "MAX_FRAME_SIZE",
    6: "MAX_HEADER_LIST_SIZE",
    8: "ENABLE_CONNECT_PROTOCOL",
    0xFE03: "gRPC's ALLOW_TRUE_BINARY_METADATA",
}
"""RFC 9113 6.5.2, RFC 8441 3, and gRPC's own."""

GRPC_SETTING = 0xFE03


def find(scene: Scene) -> list[Finding]:
    """HTTP/1 requests whose answer begins with an HTTP/2 SETTINGS frame."""
    found: list[Finding] = []
    for case in scene.cases:
        if case.speaks_http:
            frame = settings_frame(case.answer)
            if frame is not None:
                found.append(_finding(case, frame))
    return found


def _finding(case: Case, frame: SettingsFrame) -> Finding:
    named = ", ".join(f"{SETTING_NAMES.get(key, f'setting {key}')} = {value:,}" for key, value in frame.settings)
    end = min(9 + frame.length, len(case.answer))
    misread = readings.no_status_line(case.answer)
    parts = [
        (0, misread.end, misread.text),
        (0, 3, f"HTTP/2: a frame of {frame.length} bytes"),
        (3, 4, "HTTP/2: frame type 4, SETTINGS"),
        (4, 5, "HTTP/2: no flags"),
        (5, 9, "HTTP/2: stream 0, the connection itself"),
    ]
    if end > 9:
        parts.append((9, end, f"HTTP/2: the settings, {named}"))
    return Finding(
        rule="http1-to-http2",
        severity="error",
        flow=case.flow.number,
        title="HTTP/1 sent to a port that speaks HTTP/2",
        see=f'The client sent "{case.request_line}" to {case.flow.server}. The server\'s '
        f"{count(case.flow.buffers[1].size, 'byte')} begin with {case.answer[:9].hex(' ')}: an HTTP/2 SETTINGS frame.\n"
        f"{client_words(case.opening, BINARY)}",
        why=_why(case, frame),
        do=_do(case),
        evidence=reading_evidence(case, [readings.http_reading(case.opening), readings.http2_reading(case.opening)])
        + answer_evidence(case, parts)
        + server_end_evidence(case),
        witness=quote([http2_server(case.opening)]),
        references=[
            "RFC 9113 section 3.3 (prior knowledge), 3.4 (preface), 4.1 (frame header), 6.5 (SETTINGS)",
            "RFC 9112 section 3 (request line) and section 4 (status line)",
        ],
    )


def _why(case: Case, frame: SettingsFrame) -> str:
    lines = [
        (
            'The client believes that it speaks HTTP/1: text, and an answer that begins with "HTTP/1.1". The frame '
            "header begins with zero bytes, which is no status line."
        ),
        (
            'The server believes that HTTP/2 begins: 24 bytes, "PRI * HTTP/2.0" and so on, then frames. '
            f'It read "{case.opening[:4].decode("latin-1")}" instead.'
        ),
    ]
    if any(key == GRPC_SETTING for key, _ in frame.settings):
        lines.append("Setting 0xfe03 is gRPC's own: this is a gRPC server.")
    return "\n".join(lines)


def _do(case: Case) -> str:
    server = case.flow.server
    host = f"[{server.address}]" if ":" in server.address else server.address
    return "\n".join(
        [
            "Speak HTTP/2 from the first byte:",
            f"curl -v --http2-prior-knowledge http://{host}:{server.port}/",
            "If the service is gRPC, ask it what it offers:",
            f"grpcurl -plaintext {host}:{server.port} list",
        ]
    )
