"""HTTP/2 connections as rules see them."""

from collections.abc import Iterator

from inspector.diagnosis.scene import Scene
from inspector.model.finding import Evidence
from inspector.model.message import Message
from inspector.model.sides import CLIENT


def connections(scene: Scene) -> Iterator[tuple[int, list[Message]]]:
    """Flow numbers with their prefaces and frames, in the order of the capture."""
    found: dict[int, list[Message]] = {}
    for message in scene.messages:
        if message.protocol == "http2":
            found.setdefault(message.flow, []).append(message)
    yield from found.items()


def stream_of(message: Message) -> int:
    """The stream of a frame; 0 for the connection and for a preface."""
    number = message.facts.get("http2.streamid")
    return number if isinstance(number, int) else 0


def number_of(message: Message, name: str) -> int:
    """A fact that is a number, 0 when it is missing."""
    value = message.facts.get(name)
    return value if isinstance(value, int) else 0


def evidence_of(message: Message, start: int, end: int, text: str) -> list[Evidence]:
    """Bytes `start:end` of a message, counted from its first byte, in every packet that carries a part of them."""
    buffer = message.buffer
    at = message.start + start
    found: list[Evidence] = []
    for origin in buffer.origins(at, min(message.start + end, message.end)):
        length = origin.end - origin.start
        found.append(
            Evidence(message.number, origin.packet, origin.start, origin.end, buffer.read(at, at + length), text)
        )
        at += length
    return found


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
