"""HTTP/2 connections as rules see them."""

from inspector.diagnosis.evidence import message_evidence
from inspector.diagnosis.scene import Scene
from inspector.model.message import Message
from inspector.model.sides import CLIENT


class Connection:
    """The preface and frames of both sides in the order of the capture, and those that rules look for.

    `stopped` says that some DATA used up a window, `suspect` that something is wrong with some frame.
    """

    def __init__(self, flow: int) -> None:
        self.flow = flow
        self.frames: list[Message] = []
        self.resets: list[Message] = []
        self.goaways: list[Message] = []
        self.stopped = False
        self.suspect = False


def connections(scene: Scene) -> list[Connection]:
    """All connections in which a side speaks HTTP/2."""
    found = scene.worked_out.get("http2")
    if not isinstance(found, list):
        found = _gather(scene.messages)
        scene.worked_out["http2"] = found
    return found


def _gather(messages: list[Message]) -> list[Connection]:
    by_flow: dict[int, Connection] = {}
    for message in messages:
        if message.protocol != "http2":
            continue
        connection = by_flow.get(message.flow)
        if connection is None:
            connection = by_flow[message.flow] = Connection(message.flow)
        connection.frames.append(message)
        kind = message.kind
        if kind == "data":
            facts = message.facts
            if facts.get("http2.window.stream") == 0 or facts.get("http2.window.connection") == 0:
                connection.stopped = True
        elif kind == "rst_stream":
            connection.resets.append(message)
        elif kind == "goaway":
            connection.goaways.append(message)
        if message.issue is not None:
            connection.suspect = True
    return list(by_flow.values())


def stream_of(message: Message) -> int:
    """The stream of a frame; 0 for the connection and for a preface."""
    number = message.facts.get("http2.streamid")
    return number if isinstance(number, int) else 0


def number_of(message: Message, name: str) -> int:
    """A fact that is a number, 0 when it is missing."""
    value = message.facts.get(name)
    return value if isinstance(value, int) else 0


evidence_of = message_evidence
"""Bytes of a frame as evidence."""


def request_on(frames: list[Message], stream: int) -> Message | None:
    """The frame that opened a stream with a request, None when it was not captured."""
    for frame in frames:
        if frame.kind == "headers" and frame.side == CLIENT and stream_of(frame) == stream:
            return frame
    return None


def what_was_asked(frames: list[Message], stream: int) -> str:
    """The request of a stream for people, such as "POST /a.B/C"; "" when it is not known."""
    request = request_on(frames, stream)
    if request is None or "http2.headers.method" not in request.facts:
        return ""
    return f"{request.facts['http2.headers.method']} {request.facts.get('http2.headers.path', '')}".strip()
