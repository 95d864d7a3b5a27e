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
    def last(self) -> Message:
        """What was cut out of it last, or the response while there is nothing."""
        return self.messages[-1] if self.messages else self.response

    @property
    def resumes(self) -> str:
        """The id behind which the client asked it to go on, "" when it did not."""
        named = [message.facts["sse.resumes"] for message in self.messages if "sse.resumes" in message.facts]
        asked = self.request.facts.get("http.last_event_id") if self.request is not None else None
        return str(asked or (named[0] if named else ""))

    @property
    def target(self) -> str:
        """The path asked for, "" when it is not known."""
        facts = self.request.facts if self.request is not None else {}
        return str(facts.get("http.request.uri") or facts.get("http2.headers.path") or "")


def event_streams(scene: Scene) -> list[EventStream]:
    """All event streams, in the order in which they began."""
    known = scene.worked_out.get("sse")
    if isinstance(known, list):
        return known
    flows = scene.flow_table.flows
    found: dict[int, EventStream] = {}
    for message in scene.messages:
        if message.protocol != "sse" and message.answers is None:
            continue
        response = message.parent if message.protocol == "sse" else message
        if response is None or message.side != SERVER:
            continue
        stream = found.get(response.number)
        if stream is None and (response is not message or _is_event_stream(message)):
            stream = found[response.number] = EventStream(flows[message.flow - 1], response)
        if stream is not None and response is not message:
            stream.messages.append(message)
    streams = list(found.values())
    scene.worked_out["sse"] = streams
    return streams


def _is_event_stream(message: Message) -> bool:
    """Whether a message is the head of a response that is an event stream."""
    if message.protocol not in {"http", "http2"} or message.answers is None:
        return False
    return status_of(message) == 200 and media_type_of(message) == EVENT_STREAM


def status_of(message: Message) -> int:
    """The status of a response, 0 when it is none."""
    status = message.facts.get("http.response.code", message.facts.get("http2.headers.status"))
    return status if isinstance(status, int) else 0


def seconds_between(first: Message, last: Message) -> float:
    """Seconds from the first byte of one message to that of another."""
    return (last.time - first.time) / 1e9


def media_type_of(message: Message) -> str:
    """The media type of an HTTP message without parameters."""
    header = message.facts.get("http.content_type") or message.facts.get("http2.headers.content_type") or ""
    return str(header).partition(";")[0].strip().lower()


def packet_evidence(scene: Scene, message: Message, start: int, end: int, text: str) -> list[Evidence]:
    """The captured bytes that bytes `start:end` of a message, counted from its first byte, came from."""
    found: list[Evidence] = []
    for origin in message.buffer.origins(message.start + start, min(message.start + end, message.end)):
        raw = scene.flow_table.table.data(origin.packet)[origin.start : origin.end]
        found.append(Evidence(message.number, origin.packet, origin.start, origin.end, bytes(raw), text))
    return found
