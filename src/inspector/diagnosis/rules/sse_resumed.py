"""A client took up a broken event stream where it had stopped.

What you see
    A second request for the same target, with a Last-Event-ID header. Events may be missing or come twice if the server
    ignores it.

Why it happens
    EventSource connects again after every end of a stream, and sends the id of the last event that it has seen.

How we know (bytes)
    The header of the request, and the id line of the event in the earlier response.

What to do
    Nothing, if the new stream goes on behind that event. Else let the server keep some events and send those that
    follow the id. To end a stream for good, answer 204.

References
    WHATWG HTML sections 9.2.3 and 9.2.4.
"""

from inspector.diagnosis.event_streams import EventStream, event_streams, packet_evidence
from inspector.diagnosis.heads import header_of
from inspector.diagnosis.scene import Scene
from inspector.model.finding import Finding
from inspector.model.message import Message


def find(scene: Scene) -> list[Finding]:
    """Requests with Last-Event-ID, each with the event that it names."""
    streams = event_streams(scene)
    found: list[Finding] = []
    for index, stream in enumerate(streams):
        request, wanted = stream.request, stream.resumes
        if request is not None and wanted:
            found.append(_finding(scene, stream, request, wanted, _event(streams[:index], stream, wanted)))
    return found


def _event(earlier: list[EventStream], stream: EventStream, wanted: str) -> Message | None:
    """The latest event with this id in an earlier stream of the same target."""
    for other in reversed(earlier):
        if other.target == stream.target:
            for event in reversed(other.messages):
                if event.facts.get("sse.id") == wanted:
                    return event
    return None


def _finding(scene: Scene, stream: EventStream, request: Message, wanted: str, event: Message | None) -> Finding:
    start, end, _ = header_of(request, "last-event-id")
    evidence = packet_evidence(
        scene, request, start, end or request.length, f"the client has seen the events up to {wanted!r}"
    )
    where = "The event with that id is not in this capture."
    if event is not None:
        response = event.parent.number if event.parent is not None else 0
        where = f"That is message {event.number}, in response {response}."
        evidence += packet_evidence(scene, event, 0, event.length, "the last event that the client had seen")
    first = stream.events[0] if stream.events else None
    goes_on = f" The new stream begins with message {first.number}." if first is not None else ""
    return Finding(
        rule="sse-resumed",
        severity="note",
        flow=stream.flow.number,
        title=f"An event stream is taken up again after event {wanted[:40]}",
        see=f"Request {request.number} for {stream.target} has Last-Event-ID: {wanted[:80]}. {where}{goes_on}",
        why="The stream before had ended, and the client asks for what it has missed.",
        do="Compare the first events of the new stream with the id: the server should go on right behind it.",
        evidence=evidence,
        references=["WHATWG HTML section 9.2.4 (the Last-Event-ID header)"],
    )
