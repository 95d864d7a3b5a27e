"""An event stream was asked for, or sent, but the response has another media type.

What you see
    EventSource fires an error and does not connect again: "EventSource's response has a MIME type that is not
    text/event-stream. Aborting the connection." Other clients show the lines as plain text.

Why it happens
    A browser reads events only from a 200 response of type text/event-stream. Error pages, logins and proxies answer in
    HTML or JSON; some servers send events and forget the header.

How we know (bytes)
    The Accept header of the request or the first line of the body, and the Content-Type header of the response.

What to do
    Let the server answer with "Content-Type: text/event-stream". If it is an error page, find out why the server did
    not answer as usual: its status and text tell.

References
    WHATWG HTML section 9.2.3 (processing model).
"""

from typing import Final

from inspector.diagnosis.event_streams import EVENT_STREAM, media_type_of, packet_evidence, status_of
from inspector.diagnosis.heads import head_of, header_of
from inspector.diagnosis.http2_flows import stream_of
from inspector.diagnosis.scene import Scene
from inspector.model.finding import Finding
from inspector.model.message import Message
from inspector.model.sides import SERVER

MAX_LOOKED_AT: Final = 1000
"""Bodies of unknown kind, and header blocks of HTTP/2, that are looked at in one capture."""
PLAIN: Final = ("", "text/plain", "application/octet-stream")
"""Media types that servers fall back on."""
FIELDS: Final = (b"data:", b"event:", b"id:", b"retry:")
FRAME_HEADER: Final = 9
"""Bytes before the payload of an HTTP/2 frame (RFC 9113 4.1)."""
PADDED: Final = 8


class Search:
    """What was looked at already: HTTP/1 requests with the same head share their facts."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.asked: dict[int, bool] = {}
        self.looked = 0
        self.data: dict[tuple[int, int], Message] | None = None

    def wants_events(self, request: Message) -> bool:
        """Whether the client accepts an event stream and nothing else."""
        key = id(request.facts)
        known = self.asked.get(key)
        if known is None:
            known = self._allowed(request) and header_of(request, "accept").value.lower() == EVENT_STREAM
            self.asked[key] = known
        return known

    def _allowed(self, request: Message) -> bool:
        self.looked += request.protocol == "http2"
        return self.looked <= MAX_LOOKED_AT

    def has_events(self, response: Message) -> bool:
        """Whether the body begins like an event stream."""
        facts = response.facts
        if media_type_of(response) not in PLAIN or self.looked > MAX_LOOKED_AT:
            return False
        if "http.content_length_header" in facts or "http2.headers.content_length" in facts:
            return False
        self.looked += 1
        body = self._body(response)
        return body.startswith(FIELDS) and b"\n\n" in body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _body(self, response: Message) -> bytes:
        """The first bytes of a response's body, as far as one chunk or frame holds them."""
        if response.protocol == "http2":
            return self._first_data(response)
        raw = head_of(response)
        at = raw.find(b"\r\n\r\n") + 4
        if at > 3 and "http.transfer_encoding" in response.facts:
            at = raw.find(b"\n", at) + 1
        return raw[at:] if at > 3 else b""

    def _first_data(self, response: Message) -> bytes:
        if self.data is None:
            self.data = {}
            for message in self.scene.messages:
                if message.protocol == "http2" and message.kind == "data" and message.side == SERVER:
                    self.data.setdefault((message.flow, stream_of(message)), message)
        frame = self.data.get((response.flow, stream_of(response)))
        if frame is None:
            return b""
        flags = frame.facts.get("http2.flags")
        padded = isinstance(flags, int) and bool(flags & PADDED)
        return head_of(frame)[FRAME_HEADER + padded :]


def find(scene: Scene) -> list[Finding]:
    """Responses of another type where an event stream was wanted, or sent."""
    found: list[Finding] = []
    search = Search(scene)
    for message in scene.answers:
        request = message.answers
        if request is None:
            continue
        code = _is_answer(message)
        if not code or code // 100 in (1, 3) or code == 204:
            continue
        media = media_type_of(message)
        if media == EVENT_STREAM or media.startswith("application/grpc"):
            continue
        if search.wants_events(request) or (code == 200 and search.has_events(message)):
            found.append(_finding(scene, message, request, code))
    return found


def _is_answer(message: Message) -> int:
    """The status of a response of either HTTP, 0 for anything else."""
    if message.protocol == "http" and message.kind == "response":
        return status_of(message)
    if message.protocol == "http2" and message.kind == "headers" and message.side == SERVER:
        return status_of(message)
    return 0


def _finding(scene: Scene, response: Message, request: Message, code: int) -> Finding:
    media = media_type_of(response) or "no media type"
    wish = header_of(request, "accept")
    evidence = packet_evidence(scene, request, wish.start, wish.end, "what the client asks for") if wish.end else []
    start, stop, _ = header_of(response, "content-type")
    if not stop and response.protocol == "http2":
        stop = response.length
    elif not stop:
        stop = max(head_of(response).find(b"\n"), 1)
    evidence += packet_evidence(scene, response, start, stop, f"what it gets: {media}")
    status = "" if code == 200 else f" with status {code}"
    return Finding(
        rule="sse-wrong-content-type",
        severity="error",
        flow=response.flow,
        title=f"An event stream was answered with {media}{status}",
        see=f"Response {response.number} to {request.summary[:120]} has {media}{status}, not {EVENT_STREAM}.",
        why="Browsers take events only from a 200 response of type text/event-stream; from any other they hang up and "
        "do not try again.",
        do="Let the server send this header:\nContent-Type: text/event-stream"
        if code == 200
        else "Find out why the server did not answer as usual: its status and the body tell.",
        evidence=evidence,
        references=["WHATWG HTML section 9.2.3 (processing model)"],
    )
