"""An event stream was cut off after a time of silence.

What you see
    The stream works, then no event comes for a while, and the connection closes without the end of the response.
    EventSource connects again and again, always after the same time.

Why it happens
    Proxies, load balancers and servers close connections on which nothing moves: 60 seconds is a usual limit, 30, 100,
    120 and 300 are others. To them a stream without news looks dead.

How we know (bytes)
    The last bytes of the stream, and the packet with FIN or RST that followed after the silence. The body is not
    finished: no last chunk came, or the length is given by nothing but the close.

What to do
    Let the server send a comment, ":" and an empty line, every 15 seconds or so. Or raise the limit in the proxy
    (nginx: proxy_read_timeout).

References
    WHATWG HTML section 9.2.7; RFC 9112 section 8; nginx documentation, proxy_read_timeout.
"""

from typing import Final

from inspector.diagnosis.event_streams import EventStream, event_streams, packet_evidence
from inspector.diagnosis.evidence import flags_evidence
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.words import duration
from inspector.model.finding import Finding
from inspector.model.sides import SERVER

IDLE: Final = 10.0
"""Seconds of silence from which on a time limit is the likely reason."""
LIMITS: Final = (15, 20, 30, 45, 50, 55, 60, 75, 90, 100, 120, 180, 240, 300, 350, 600, 900, 3600)
"""Seconds that servers and proxies are set to by default."""


def find(scene: Scene) -> list[Finding]:
    """Streams that the server's side closed, unfinished, after silence."""
    found: list[Finding] = []
    for stream in event_streams(scene):
        flow = stream.flow
        packet = flow.rst_packets[SERVER] or flow.fin_packets[SERVER]
        if not packet or stream.response.protocol != "http" or _is_finished(stream):
            continue
        last = stream.messages[-1]
        last_packet = last.buffer.packet_at(last.end - 1)
        times = scene.flow_table.table.times
        idle = (int(times[packet - 1]) - int(times[last_packet - 1])) / 1e9
        if last_packet and idle >= IDLE:
            found.append(_finding(scene, stream, packet, idle))
    return found


def _is_finished(stream: EventStream) -> bool:
    """Whether the response says itself that it ends here."""
    facts = stream.response.facts
    framed = "http.transfer_encoding" in facts or "http.content_length_header" in facts
    return stream.response.complete and framed


def _finding(scene: Scene, stream: EventStream, packet: int, idle: float) -> Finding:
    last = stream.messages[-1]
    near = min(LIMITS, key=lambda limit: abs(limit - idle))
    usual = f" {near} seconds is a usual limit." if abs(near - idle) <= max(1.0, near / 50) else ""
    beats = [message for message in stream.messages if message.kind == "comment"]
    said = "" if beats else " No comment was ever sent to keep it alive."
    evidence = packet_evidence(scene, last, 0, last.length, "the last bytes of the stream")
    evidence += flags_evidence(
        scene.flow_table, packet, f"the server's side ends the connection {duration(idle)} later"
    )
    return Finding(
        rule="sse-idle-closed",
        severity="warning",
        flow=stream.flow.number,
        title=f"The event stream was cut off after {duration(idle)} of silence",
        see=f"Response {stream.response.number}: after message {last.number} nothing came for {duration(idle)}; then "
        "the server's side closed the connection, and the body was not finished.",
        why=f"Something on the way, or the server, closes connections on which nothing moves.{usual}{said}",
        do="Send a comment line now and then, for example every 15 seconds:\n: keep-alive\n"
        "Or raise the limit, in nginx:\nproxy_read_timeout 1h;",
        evidence=evidence,
        references=["WHATWG HTML section 9.2.7 (authoring notes)", "RFC 9112 section 8 (incomplete messages)"],
    )
