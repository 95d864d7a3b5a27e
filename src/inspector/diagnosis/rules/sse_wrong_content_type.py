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

from inspector.diagnosis.event_streams import EVENT_STREAM, media_type_of, packet_evidence
from inspector.diagnosis.scene import Scene
from inspector.model.finding import Finding
from inspector.model.message import Message

MAX_HEAD: Final = 8192
"""Bytes of a message that are looked at."""
MAX_LOOKED_AT: Final = 1000
"""Bodies of unknown kind that are looked at in one capture."""
PLAIN: Final = ("", "text/plain", "application/octet-stream")
"""Media types that servers fall back on."""
FIELDS: Final = (b"data:", b"event:", b"id:", b"retry:")


class Search:
    """What was looked at already: requests with the same head share their facts."""

    def __init__(self) -> None:
        self.asked: dict[int, bool] = {}
        self.looked = 0

    def wants_events(self, request: Message) -> bool:
        """Whether the client accepts an event stream and nothing else."""
        key = id(request.facts)
        known = self.asked.get(key)
        if known is None:
            line = _header(request, b"accept")
            known = self.asked[key] = line[1] == EVENT_STREAM.encode()
        return known

    def has_events(self, response: Message) -> bool:
        """Whether the body begins like an event stream."""
        facts = response.facts
        if media_type_of(response) not in PLAIN or "http.content_length_header" in facts or self.looked > MAX_LOOKED_AT:
            return False
        self.looked += 1
        raw = _head(response)
        at = raw.find(b"\r\n\r\n") + 4
        if "http.transfer_encoding" in facts and at > 3:
            at = raw.find(b"\n", at) + 1
        return at > 3 and raw.startswith(FIELDS, at) and b"\n\n" in raw[at:].replace(b"\r", b"\n")


def find(scene: Scene) -> list[Finding]:
    """Responses of another type where an event stream was wanted, or sent."""
    found: list[Finding] = []
    search = Search()
    for message in scene.messages:
        if message.protocol != "http" or message.kind != "response" or message.answers is None:
            continue
        code = message.facts.get("http.response.code")
        if not isinstance(code, int) or media_type_of(message) == EVENT_STREAM or code // 100 in (1, 3) or code == 204:
            continue
        if search.wants_events(message.answers) or (code == 200 and search.has_events(message)):
            found.append(_finding(scene, message, message.answers, code))
    return found


def _head(message: Message) -> bytes:
    return message.buffer.read(message.start, min(message.end, message.start + MAX_HEAD))


def _header(message: Message, name: bytes) -> tuple[int, bytes, int]:
    """Where a header line starts, its value in lower case, and where the line ends; (0, b"", 0) without it."""
    raw = _head(message)
    lowered = raw.partition(b"\r\n\r\n")[0].lower()
    at = lowered.find(b"\n" + name + b":") + 1
    if not at:
        return 0, b"", 0
    stop = raw.find(b"\n", at)
    stop = len(raw) if stop < 0 else stop
    return at, lowered[at + len(name) + 1 : stop].strip(), stop


def _finding(scene: Scene, response: Message, request: Message, code: int) -> Finding:
    media = media_type_of(response) or "no media type"
    start, _, stop = _header(request, b"accept")
    evidence = packet_evidence(scene, request, start, stop, "what the client asks for") if stop else []
    start, _, stop = _header(response, b"content-type")
    first_line = _head(response).find(b"\n")
    if not stop:
        stop = max(first_line, 1)
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
