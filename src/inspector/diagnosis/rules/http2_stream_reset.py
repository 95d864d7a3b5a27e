"""A stream was reset before it was complete.

What you see
    One request fails while others on the same connection go on. curl says "HTTP/2 stream 1 was not closed cleanly",
    gRPC calls end as CANCELLED, UNAVAILABLE or INTERNAL.

Why it happens
    RST_STREAM ends one stream at once. Clients send CANCEL when a deadline has passed or nobody waits any more.
    Servers send REFUSED_STREAM when they have too many streams, and other codes when something is wrong.

How we know (bytes)
    A frame of type 3 on the stream, with an error code of four bytes.

What to do
    CANCEL: find out why the client gave up, and give it a longer deadline if the server is only slow.
    REFUSED_STREAM: the request was not touched, send it again. Other codes: look at the log of the end that sent it.

References
    RFC 9113 sections 5.4.2, 6.4, 7 and 8.7.
"""

from typing import Final

from inspector.diagnosis.http2_flows import Connection, connections, evidence_of, number_of, stream_of, what_was_asked
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.words import count
from inspector.model.finding import Finding
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SIDE_NAMES
from inspector.protocols.http2_frames import HEADER, error_name

NO_ERROR: Final = 0
REFUSED_STREAM: Final = 7
CANCEL: Final = 8
MAX_SHOWN: Final = 5
"""Frames of one kind that are shown as evidence."""


def find(scene: Scene) -> list[Finding]:
    """Resets with an error, those of one side, code and connection together."""
    found: list[Finding] = []
    for connection in connections(scene):
        groups: dict[tuple[int, int], list[Message]] = {}
        for message in connection.resets:
            groups.setdefault((message.side, number_of(message, "http2.rst_stream.error")), []).append(message)
        for (side, code), resets in groups.items():
            if code != NO_ERROR:
                found.append(_finding(connection, side, code, resets))
    return found


def _finding(connection: Connection, side: int, code: int, resets: list[Message]) -> Finding:
    sender = SIDE_NAMES[side]
    name = error_name(code)
    first = resets[0]
    asked = what_was_asked(connection.frames, stream_of(first))
    more = f", and {count(len(resets) - 1, 'more stream')}" if len(resets) > 1 else ""
    request = f" ({asked})" if asked else ""
    evidence = []
    for message in resets[:MAX_SHOWN]:
        evidence += evidence_of(message, 5, HEADER, f"stream {stream_of(message)}")
        evidence += evidence_of(message, HEADER, HEADER + 4, f"error code {code}: {name}")
    return Finding(
        rule="http2-stream-reset",
        severity=_severity(side, code),
        flow=connection.flow,
        title=f"The {sender} reset {count(len(resets), 'stream')}: {name}",
        see=f"Message {first.number}: the {sender} sent RST_STREAM with {name} for "
        f"stream {stream_of(first)}{request}{more}.",
        why=_why(side, code),
        do=_do(side, code),
        evidence=evidence,
        references=["RFC 9113 section 6.4 (RST_STREAM) and section 7 (error codes)"],
    )


def _severity(side: int, code: int) -> str:
    if code == CANCEL:
        return "note" if side == CLIENT else "warning"
    return "warning" if code == REFUSED_STREAM else "error"


def _why(side: int, code: int) -> str:
    if code == CANCEL:
        whose = "client" if side == CLIENT else "server"
        return f"The {whose} does not need the stream any more: its deadline passed, or the call was given up."
    if code == REFUSED_STREAM:
        return "The stream was refused before any work was done, usually because too many were open at once."
    return f"The {SIDE_NAMES[side]} found something wrong with this stream, but not with the connection."


def _do(side: int, code: int) -> str:
    if code == CANCEL:
        return "Compare the time of the reset with the client's deadline (grpc-timeout for gRPC)."
    if code == REFUSED_STREAM:
        return "Send the request again, and open fewer streams than SETTINGS_MAX_CONCURRENT_STREAMS allows."
    return f"Look at the log of the {SIDE_NAMES[side]}, and at the frames before this one on its stream."
