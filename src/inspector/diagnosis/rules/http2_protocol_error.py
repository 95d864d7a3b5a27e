"""One end of an HTTP/2 connection broke its rules.

What you see
    A GOAWAY or RST_STREAM with PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED or the like, or a connection that
    simply ends. Clients say "stream was not closed cleanly" or "protocol error".

Why it happens
    HTTP/2 gives every frame a place: after the preface, on a stream that is open, within the window, no longer than
    allowed. An end that breaks this is wrong, or something between the ends has changed its bytes. The other end must
    give up the stream or the connection.

How we know (bytes)
    The bytes of both ends are given to h2, a strict implementation, in the order of the capture. It names the first
    frame that it does not accept, and the error code that it would send.

What to do
    Look at the frame and at what came before it on its stream. Update the library of the end that sent it, and take
    proxies between the ends out of the way.

References
    RFC 9113 sections 3.4, 5.1, 5.4, 6.9 and 7.
"""

from typing import Final

from inspector.diagnosis.http2_flows import Connection, connections, evidence_of, number_of, stream_of
from inspector.diagnosis.http2_witness import GOAWAY, Objection, first_objection
from inspector.diagnosis.scene import Scene
from inspector.model.finding import Finding
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SIDE_NAMES
from inspector.protocols.http2_frames import HEADER, error_name

HARMLESS: Final = {0, 7, 8}
"""NO_ERROR, REFUSED_STREAM and CANCEL blame nobody."""
MAX_FRAMES: Final = 2000
"""Frames of one connection that h2 is asked about; it takes more than 100 µs for each."""
MAX_SUSPECT: Final = 10_000
"""Frames of all connections in which something looks wrong already."""
MAX_OTHERS: Final = 600
"""Frames of the other connections: lists of rows wait for findings, so these must not be felt."""


def find(scene: Scene) -> list[Finding]:
    """Connections with a frame that h2 does not accept."""
    found: list[Finding] = []
    left = {True: MAX_SUSPECT, False: MAX_OTHERS}
    for connection in connections(scene):
        suspect = connection.suspect or _complained(connection)
        if left[suspect] <= 0:
            continue
        frames = _readable(connection.frames)
        left[suspect] -= len(frames)
        objection = first_objection(frames, _upgrade(scene, connection.flow)) if frames else None
        if objection is not None:
            found.append(_finding(connection.flow, objection, "error" if suspect else "warning"))
    return found


def _complained(connection: Connection) -> bool:
    """Whether an end said that a rule was broken."""
    codes = {number_of(m, "http2.goaway.error") for m in connection.goaways}
    codes |= {number_of(m, "http2.rst_stream.error") for m in connection.resets}
    return not codes <= HARMLESS


def _readable(messages: list[Message]) -> list[Message]:
    """The frames from the beginning of the connection up to where any byte is missing."""
    first = next((m for m in messages if m.side == CLIENT), None)
    if first is None or first.kind != "preface":
        return []
    at = [-1, -1]
    frames: list[Message] = []
    for message in messages[:MAX_FRAMES]:
        whole = message.complete and message.buffer.holes == [] and at[message.side] in {-1, message.start}
        if not whole:
            break
        at[message.side] = message.end
        if message.facts.get("http2.type") != GOAWAY:
            frames.append(message)
    return frames


def _upgrade(scene: Scene, flow: int) -> str | None:
    """HTTP2-Settings of the request that was upgraded; None where HTTP/2 began at once."""
    first = scene.first(flow, CLIENT)
    if first is None or first.protocol != "http":
        return None
    return str(first.facts.get("http.http2_settings", ""))


def _finding(flow: int, objection: Objection, severity: str) -> Finding:
    """An error where somebody complained or frames make no sense; a warning where both ends went on all the same."""
    message = objection.message
    sender = SIDE_NAMES[message.side]
    receiver = SIDE_NAMES[1 - message.side]
    code = error_name(objection.code)
    what = "preface" if message.kind == "preface" else f"{message.kind.upper()} frame"
    where = f" on stream {stream_of(message)}" if stream_of(message) else ""
    ours = f" Here it reads: {message.issue}." if message.issue else ""
    end = message.length if message.kind == "preface" else HEADER
    return Finding(
        rule="http2-protocol-error",
        severity=severity,
        flow=flow,
        title=f"HTTP/2 rules broken by the {sender}: {code}",
        see=f"Message {message.number}, {what}{where} from the {sender}: {message.summary}.",
        why=f"A strict {receiver} does not accept it and answers {code}.{ours}",
        do=f"Look at what the {sender} sent before on this stream, and update its HTTP/2 library.\n"
        "If a proxy stands between, try without it.",
        evidence=evidence_of(message, 0, end, f"{what} of the {sender}: {message.summary}"),
        witness=objection.witness,
        references=["RFC 9113 section 5.4 (error handling) and section 7 (error codes)"],
    )
