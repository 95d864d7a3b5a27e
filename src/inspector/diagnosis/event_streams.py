"""The event streams of a capture: each response with its messages, and how its connection ended."""

from inspector.diagnosis.scene import Scene
from inspector.model.finding import Evidence
from inspector.model.flow import Flow
from inspector.model.message import Message
from inspector.model.sides import SERVER

EVENT_STREAM = "text/event-stream"


class EventStream:
    """One response and what was cut out of it, in order; `response` may be an HTTP/2 frame."""

    def __init__(self, flow: Flow, response: Message) -> None:
        self.flow = flow
        self.response = response
        self.messages: list[Message] = []

    @property
    def events(self) -> list[Message]:
        """What a browser would dispatch."""
        return [message for message in self.messages if message.kind == "event"]

    @property
    def request(self) -> Message | None:
        """What the stream answers."""
        return self.response.answers

    @property
    def target(self) -> str:
        """The path asked for, "" when it is not known."""
        facts = self.request.facts if self.request is not None else {}
        return str(facts.get("http.request.uri") or facts.get("http2.headers.path") or "")


def event_streams(scene: Scene) -> list[EventStream]:
    """All event streams with at least one message, in the order in which they began."""
    flows = {flow.number: flow for flow in scene.flow_table.flows}
    found: dict[int, EventStream] = {}
    for message in scene.messages:
        parent = message.parent
        if message.protocol == "sse" and message.side == SERVER and parent is not None:
            stream = found.get(parent.number)
            if stream is None:
                stream = found[parent.number] = EventStream(flows[message.flow], parent)
            stream.messages.append(message)
    return list(found.values())


def seconds_between(first: Message, last: Message) -> float:
    """Seconds from the first byte of one message to that of another."""
    return (last.time - first.time) / 1e9


def media_type_of(message: Message) -> str:
    """The media type of an HTTP/1 message without parameters."""
    return str(message.facts.get("http.content_type", "")).partition(";")[0].strip().lower()


def packet_evidence(scene: Scene, message: Message, start: int, end: int, text: str) -> list[Evidence]:
    """The captured bytes that bytes `start:end` of a message, counted from its first byte, came from."""
    found: list[Evidence] = []
    for origin in message.buffer.origins(message.start + start, min(message.start + end, message.end)):
        raw = scene.flow_table.table.data(origin.packet)[origin.start : origin.end]
        found.append(Evidence(message.number, origin.packet, origin.start, origin.end, bytes(raw), text))
    return found
