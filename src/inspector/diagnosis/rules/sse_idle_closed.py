"""An event stream was cut off after a time of silence.

What you see
    The stream works, then no event comes for a while, and the connection closes without the end of the response.
    EventSource connects again and again, always after the same time.

Why it happens
    Proxies, load balancers and servers close connections on which nothing moves: 60 seconds is a usual limit, 30, 100,
    120 and 300 are others. To them a stream without news looks dead.

How we know (bytes)
    The last bytes of the stream, and the packet with FIN or RST, or the RST_STREAM frame of HTTP/2, that followed after
    the silence. The body is not finished: no last chunk came, or the length is given by nothing but the close.

What to do
    Let the server send a comment, ":" and an empty line, every 15 seconds or so. Or raise the limit in the proxy
    (nginx: proxy_read_timeout).

References
    WHATWG HTML section 9.2.7; RFC 9112 section 8; nginx documentation, proxy_read_timeout.
"""

from inspector.diagnosis.event_streams import EventStream, event_streams, packet_evidence
from inspector.diagnosis.evidence import flags_evidence
from inspector.diagnosis.http2_flows import connections, stream_of
from inspector.diagnosis.idle import IDLE, usual_words
from inspector.diagnosis.scene import Scene
from inspector.diagnosis.words import duration
from inspector.model.finding import Finding
from inspector.model.flow import Flow
from inspector.model.message import Message
from inspector.model.sides import CLIENT, SERVER


def find(scene: Scene) -> list[Finding]:
    """Streams that the server's side ended, unfinished, after silence."""
    found: list[Finding] = []
    for stream in event_streams(scene):
        if _is_finished(stream):
            continue
        reset = _reset(scene, stream)
        packet = reset.packet if reset is not None else _last_packet(stream.flow)
        last = stream.last
        last_packet = last.buffer.packet_at(last.end - 1)
        if not packet or not last_packet:
            continue
        times = scene.flow_table.table.times
        idle = (int(times[packet - 1]) - int(times[last_packet - 1])) / 1e9
        if idle >= IDLE:
            found.append(_finding(scene, stream, packet, reset, idle))
    return found


def _last_packet(flow: Flow) -> int:
    """The packet with which the server's side ended the connection; 0 when it did not, or the client did so before."""
    mine, theirs = flow.rst_packets[SERVER] or flow.fin_packets[SERVER], flow.fin_packets[CLIENT]
    theirs = theirs or flow.rst_packets[CLIENT]
    return mine if not theirs or mine < theirs else 0


def _reset(scene: Scene, stream: EventStream) -> Message | None:
    """The frame with which the server reset the stream (RFC 9113 6.4)."""
    if stream.response.protocol != "http2":
        return None
    for connection in connections(scene):
        if connection.flow == stream.flow.number:
            for frame in connection.resets:
                if frame.side == SERVER and stream_of(frame) == stream_of(stream.response):
                    return frame
    return None


def _is_finished(stream: EventStream) -> bool:
    """Whether the response says itself that it ends here, or over HTTP/2 the client gave it up."""
    facts = stream.response.facts
    if stream.response.protocol == "http2":
        ended = str(stream.last.facts.get("sse.ended", ""))
        return ended == "ended by the server" or "by the client" in ended
    framed = "http.transfer_encoding" in facts or "http.content_length_header" in facts
    return stream.response.complete and framed


def _finding(scene: Scene, stream: EventStream, packet: int, reset: Message | None, idle: float) -> Finding:
    last = stream.last
    usual = usual_words(idle)
    beats = [message for message in stream.messages if message.kind == "comment"]
    said = "" if beats else " No comment was ever sent to keep it alive."
    evidence = packet_evidence(scene, last, 0, last.length, "the last bytes of the stream")
    if reset is not None:
        how = "reset the stream"
        evidence += packet_evidence(scene, reset, 0, reset.length, f"{reset.summary}, {duration(idle)} later")
    else:
        how = "closed the connection"
        text = f"the server's side ends the connection {duration(idle)} later"
        evidence += flags_evidence(scene.flow_table, packet, text)
    return Finding(
        rule="sse-idle-closed",
        severity="warning",
        flow=stream.flow.number,
        title=f"The event stream was cut off after {duration(idle)} of silence",
        see=f"Response {stream.response.number}: after message {last.number} nothing came for {duration(idle)}; then "
        f"the server's side {how}, and the body was not finished.",
        why=f"Something on the way, or the server, closes connections on which nothing moves.{usual}{said}",
        do="Send a comment line now and then, for example every 15 seconds:\n: keep-alive\n"
        "Or raise the limit, in nginx:\nproxy_read_timeout 1h;",
        evidence=evidence,
        references=["WHATWG HTML section 9.2.7 (authoring notes)", "RFC 9112 section 8 (incomplete messages)"],
    )
