"""An end of an HTTP/2 connection ended it with an error.

What you see
    All requests on the connection fail at once. curl says "HTTP/2 stream was not closed cleanly" or "received GOAWAY",
    gRPC calls end as UNAVAILABLE with the words of the frame.

Why it happens
    GOAWAY says that no new streams are taken; its code tells why. NO_ERROR is a gentle end, as for a restart. Every
    other code blames the other end: it broke a rule, sent too much, or asked too often.

How we know (bytes)
    A frame of type 7 on stream 0 whose last stream is followed by an error code other than 0; words for people may
    follow.

What to do
    Read the words in the frame and look at the frames just before it. Requests on streams above its last stream were
    not touched and may be sent again.

References
    RFC 9113 sections 6.8 and 7.
"""

from typing import Final

from inspector.diagnosis.http2_flows import connections, evidence_of, number_of
from inspector.diagnosis.scene import Scene
from inspector.model.finding import Finding
from inspector.model.message import Message
from inspector.model.sides import SIDE_NAMES
from inspector.protocols.http2_frames import HEADER, error_name

ADVICE: Final = {
    1: "A finding about broken rules may name the frame; else compare the frames before this one with RFC 9113.",
    3: "One end sent more than the window allowed: its library miscounts. Update it.",
    4: "One end did not acknowledge SETTINGS in time: look whether it was busy, or its packets were lost.",
    6: "A frame had a length that its type or SETTINGS_MAX_FRAME_SIZE does not allow.",
    9: "The header tables of the ends are out of step, often because something between them changed the bytes.",
    11: "Ask for less: longer keepalive intervals (gRPC: too_many_pings), shorter header fields, fewer resets.",
    12: "The TLS version or cipher is too weak for HTTP/2: allow TLS 1.2 with modern ciphers, or TLS 1.3.",
    13: "Use HTTP/1.1 for this server.",
}
"""What to do, by error code."""
USUAL: Final = "Look at the log of the end that sent it: it knows why it gave up."


def find(scene: Scene) -> list[Finding]:
    """Connections in which both sides speak HTTP/2 and one ended it with an error: its first such frame."""
    found: list[Finding] = []
    for connection in connections(scene):
        # where the other end speaks something else, other rules tell
        bad = [message for message in connection.goaways if number_of(message, "http2.goaway.error")]
        if bad and len({message.side for message in connection.frames}) == 2:
            found.append(_finding(connection.flow, bad[0]))
    return found


def _finding(flow: int, message: Message) -> Finding:
    code = number_of(message, "http2.goaway.error")
    last = number_of(message, "http2.goaway.last_stream_id")
    sender = SIDE_NAMES[message.side]
    words = message.buffer.read(message.start + HEADER + 8, message.end).decode("utf-8", "replace")
    said = f' and said "{words[:200]}"' if words else ""
    evidence = evidence_of(message, 3, 4, "frame type 7: GOAWAY")
    evidence += evidence_of(message, HEADER, HEADER + 4, f"last stream that the {sender} may have worked on: {last:,}")
    evidence += evidence_of(message, HEADER + 4, HEADER + 8, f"error code {code}: {error_name(code)}")
    if words:
        evidence += evidence_of(message, HEADER + 8, message.length, f'words for people: "{words[:80]}"')
    return Finding(
        rule="http2-goaway",
        severity="error",
        flow=flow,
        title=f"The {sender} ended the HTTP/2 connection: {error_name(code)}",
        see=f"Message {message.number}: the {sender} sent GOAWAY with {error_name(code)}{said}.",
        why=f"The {sender} will not go on with this connection. Requests on streams above {last:,} were not touched.",
        do=ADVICE.get(code, USUAL),
        evidence=evidence,
        references=["RFC 9113 section 6.8 (GOAWAY) and section 7 (error codes)"],
    )
